"""Escalations by need: those of the cases where something is not over, and those of cases and keys that are asked for.
Nothing here reads more than it returns."""

from collections.abc import Collection, Iterator
from datetime import datetime

import sqlalchemy as sa

from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import FIRST_RUNG
from sfdc_escalator.ledger.tables.kept_texts import PER_QUERY, readable
from sfdc_escalator.ledger.tables.rows import escalation_of
from sfdc_escalator.ledger.tables.schema import escalations
from sfdc_escalator.ledger.tables.times import time_of

STATE, IS_START = escalations.c.state, escalations.c.rung == FIRST_RUNG
NOT_OVER = (
    STATE.in_([EscalationState.SENDING, EscalationState.UNKNOWN]),
    IS_START & STATE.in_([EscalationState.APPLIED, EscalationState.ADOPTED]),
    IS_START & (STATE == EscalationState.UNDONE) & (escalations.c.message == ""),
)
"""The rows whose escalation is not over (`Escalation.is_over`), each by a look into the index of the states."""


def not_over(connection: sa.Connection, organization_id: str) -> list[Escalation]:
    """All of the cases with an escalation that is not over. Raises LedgerUnusable."""
    ours = sa.select(escalations.c.case_id).where(escalations.c.organization_id == organization_id)
    case_ids = {found for one in NOT_OVER for found in connection.scalars(ours.where(one))}
    return list(of_cases(connection, organization_id, case_ids))


def cases_of(connection: sa.Connection, organization_id: str, keys: Collection[str]) -> Iterator[str]:
    """The ids of the cases of the escalations with these keys."""
    ours = sa.select(escalations.c.case_id).where(escalations.c.organization_id == organization_id)
    wanted = sorted(keys)
    for start in range(0, len(wanted), PER_QUERY):
        yield from connection.scalars(ours.where(escalations.c.key.in_(wanted[start : start + PER_QUERY])))


def of_cases(connection: sa.Connection, organization_id: str, case_ids: Collection[str]) -> Iterator[Escalation]:
    """All of these cases, in the order of the keys for each part of them. Raises LedgerUnusable."""
    ours = sa.select(escalations).where(escalations.c.organization_id == organization_id)
    wanted = sorted(case_ids)
    for start in range(0, len(wanted), PER_QUERY):
        some = ours.where(escalations.c.case_id.in_(wanted[start : start + PER_QUERY]))
        rows = connection.execute(some.order_by(escalations.c.key)).mappings()
        yield from (escalation_of(row) for row in readable(connection, rows, "message"))


def has_any(connection: sa.Connection, organization_id: str) -> bool:
    """True where the ledger has an escalation of this org, over or not."""
    ours = sa.select(escalations.c.key).where(escalations.c.organization_id == organization_id)
    return connection.execute(ours.limit(1)).first() is not None


def last_time(connection: sa.Connection, organization_id: str) -> datetime | None:
    """The org's time of the newest try or end. It reads every row."""
    ours = escalations.c.organization_id == organization_id
    times = sa.select(sa.func.max(escalations.c.tried_at), sa.func.max(escalations.c.ended_at)).where(ours)
    return max((at for text in connection.execute(times).one() if (at := time_of(text))), default=None)
