"""The present state by the ledger alone: its last runs, open escalations, and those that wait."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.escalation.world.history import Escalation, EscalationState
from sfdc_escalator.ledger.store import SqlHistory
from sfdc_escalator.ledger.tables.rows import escalation_of
from sfdc_escalator.ledger.tables.schema import escalations, runs


@dataclass(frozen=True, slots=True)
class Ran:
    """One live run. `result` holds its counts and exit code; None while it runs, or where it was killed."""

    run: str
    organization_id: str
    host: str
    started: datetime
    finished: datetime | None
    result: Mapping[str, Any] | None

    @property
    def exit(self) -> int | None:
        code = self.result.get("exit") if self.result else None
        return code if isinstance(code, int) else None


@dataclass(frozen=True, slots=True)
class Standing:
    """`last` run and last `success` (exit 0), None without one.

    `unsettled` outcomes are not known yet; `rejected` ones are tried again, the next first.
    """

    where: str
    last: Ran | None
    success: Ran | None
    open: int
    unsettled: tuple[Escalation, ...]
    rejected: tuple[Escalation, ...]


def standing(trail: SqlHistory) -> Standing:
    with trail.reading() as connection:
        newest = sa.select(runs).order_by(runs.c.event.desc())
        last = connection.execute(newest.limit(1)).mappings().first()
        ended = connection.execute(newest.where(runs.c.result.is_not(None)).limit(1000)).mappings()
        success = next((found for row in ended if (found := ran(row)).exit == 0), None)
        waiting = escalations.c.state.in_([EscalationState.UNKNOWN, EscalationState.SENDING, EscalationState.REJECTED])
        escalation = [
            escalation_of(row) for row in connection.execute(sa.select(escalations).where(waiting)).mappings()
        ]
        is_open = (escalations.c.state == EscalationState.APPLIED) & escalations.c.ended_at.is_(None)
        count = connection.execute(sa.select(sa.func.count()).select_from(escalations).where(is_open)).scalar_one()
    return Standing(
        where=trail.where,
        last=ran(last) if last else None,
        success=success,
        open=count,
        unsettled=tuple(one for one in escalation if one.state is not EscalationState.REJECTED),
        rejected=tuple(sorted((one for one in escalation if one.state is EscalationState.REJECTED), key=next_try)),
    )


def next_try(escalation: Escalation) -> str:
    at = escalation.try_again_at()
    return at.isoformat() if at else ""


def ran(row: sa.RowMapping) -> Ran:
    return Ran(
        run=row["run"],
        organization_id=row["organization_id"],
        host=row["host"],
        started=datetime.fromisoformat(row["started_at"]),
        finished=datetime.fromisoformat(row["finished_at"]) if row["finished_at"] else None,
        result=json.loads(row["result"]) if row["result"] else None,
    )
