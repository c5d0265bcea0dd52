"""The state of a ledger, read from the ledger alone: its last runs, open and waiting escalations."""

import json
from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from sfdc_escalator.escalation.world.history import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import FIRST_RUNG
from sfdc_escalator.escalation.world.waitlist import Waiting, Waitlist
from sfdc_escalator.ledger.store import SqlHistory
from sfdc_escalator.ledger.tables.rows import checked, escalation_of, naming
from sfdc_escalator.ledger.tables.schema import escalations, runs
from sfdc_escalator.ledger.tables.times import time_of
from sfdc_escalator.pipeline.read_models.ledger_status import LedgerStatus, RunRecord

SETTLED_LATER = ("unknown", "rejected")
WAITING = (EscalationState.UNKNOWN, EscalationState.SENDING, EscalationState.REJECTED)
RUNS_LOOKED_AT = 1000
OF_NO_RUN = "{}"  # `resolve` and `ledger rebuild` hold the lease too, without a policy


def ledger_status(trail: SqlHistory) -> LedgerStatus:
    with trail.reading() as connection:
        newest = sa.select(runs).where(runs.c.policies != OF_NO_RUN).order_by(runs.c.event.desc())
        last = connection.execute(newest.limit(1)).mappings().first()
        ended = connection.execute(newest.where(runs.c.result.is_not(None)).limit(RUNS_LOOKED_AT)).mappings()
        success = next((record for row in ended if (record := run_record(row)).exit == 0), None)
        waiting = [escalation_of(row) for row in connection.execute(_waiting()).mappings()]
        # Until the case closes; also when its episode is over.
        is_open = (escalations.c.state == EscalationState.APPLIED) & (escalations.c.rung == FIRST_RUNG)
        count = connection.execute(sa.select(sa.func.count()).select_from(escalations).where(is_open)).scalar_one()
        orgs = connection.scalars(sa.select(runs.c.organization_id).distinct().order_by(runs.c.organization_id)).all()
        left = [trail.waitlist(connection, one) for one in orgs]
        found = [one for waitlist in left for one in still_waiting(connection, waitlist)]
    return LedgerStatus(
        where=trail.where,
        last_run=run_record(last) if last else None,
        last_success=success,
        open=count,
        unsettled=tuple(one for one in waiting if one.state is not EscalationState.REJECTED),
        rejected=tuple(sorted((one for one in waiting if one.state is EscalationState.REJECTED), key=_next_try)),
        waiting=(*found, *_lost(waiting, {one.key for one in found})),
        more_waiting=sum(one.count - len(one.entries) for one in left),
    )


def still_waiting(connection: sa.Connection, waitlist: Waitlist) -> Iterator[Waiting]:
    """The things that the last run left and that nobody has settled since, as `resolve` does."""
    for one in waitlist.entries:
        of_key = sa.select(escalations.c.state).where(escalations.c.key == one.key)
        state = connection.scalar(of_key) if one.state in SETTLED_LATER else None
        if state is None or state in WAITING:
            yield one


def _lost(waiting: Iterable[Escalation], known: set[str]) -> Iterator[Waiting]:
    """The outcomes that are unknown because their run did not live to record its end."""
    for one in waiting:
        if one.state is not EscalationState.REJECTED and one.key not in known:
            reason = one.message or "its run was killed, so the outcome is not known"
            yield Waiting("unknown", reason, one.policy, one.route, one.case_number, one.key)


def _waiting() -> sa.Select[tuple[object, ...]]:
    return sa.select(escalations).where(escalations.c.state.in_(WAITING))


def _next_try(escalation: Escalation) -> str:
    at = escalation.try_again_at()
    return at.isoformat() if at else ""


def run_record(row: sa.RowMapping) -> RunRecord:
    """Raises LedgerUnusable for a row that no run can have written."""
    with naming(f"run {row['run']!s:.60}"):
        checked(runs, row)
        started, result = time_of(row["started_at"]), json.loads(row["result"]) if row["result"] else None
        if started is None or not isinstance(result, dict | None):
            raise ValueError("it has no start, or its result is not an object")
        return RunRecord(
            run=row["run"],
            organization_id=row["organization_id"],
            host=row["host"],
            started=started,
            finished=time_of(row["finished_at"]),
            result=result,
        )
