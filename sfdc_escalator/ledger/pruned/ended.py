"""The escalations that ended before a time, and the rows of idle runs before it."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.escalation.outbox.queued import NoticeState
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.ledger.idle.rows import IdleRow, rows_in_order
from sfdc_escalator.ledger.pruned.records import PRUNED
from sfdc_escalator.ledger.tables.rows import escalation_of, naming
from sfdc_escalator.ledger.tables.schema import escalations, events, idle_runs, notices, runs
from sfdc_escalator.ledger.tables.times import time_of

ENDED = (EscalationState.CLOSED, EscalationState.GONE, EscalationState.SUPERSEDED, EscalationState.UNDONE)
NOT_SETTLED = (NoticeState.INTENDED, NoticeState.WAITING, NoticeState.SENDING, NoticeState.UNDELIVERED)
PER_QUERY = 500
WITH_EVENT = sa.select(escalations, events.c.event.label("name"), events.c.at, events.c.body).join(
    events, events.c.seq == escalations.c.event
)
Known = tuple[Escalation, Mapping[Any, Any]]
"""An escalation, and its row with its newest event."""


def ended_before(connection: sa.Connection, organization_id: str, before: datetime) -> list[str]:
    """The keys of the escalations of the org that ended before, with their rungs. None of a case on which another one
    is not over, and none about which a notice waits. Raises LedgerUnusable."""
    waiting = set(connection.scalars(_waiting(organization_id)))
    found: list[str] = []
    for _, rows in groupby(_rows(connection, organization_id), lambda row: row["case_id"]):
        of_case = [(escalation_of(row), row) for row in rows]
        if all(one.is_over for one, _ in of_case):
            starts = _ended([*of_case, *_elsewhere(connection, of_case)], before, waiting)
            found += [
                one.key
                for one, row in of_case
                if row["name"] != PRUNED and _end_of(row) < before and one.key not in waiting and _is_of(one, starts)
            ]
    return found


def _waiting(organization_id: str) -> sa.CompoundSelect[Any]:
    """The keys about which a notice is not sent, dropped or given up."""
    ours = (notices.c.organization_id == organization_id) & notices.c.state.in_([one.value for one in NOT_SETTLED])
    return sa.select(notices.c.key).where(ours).union(sa.select(notices.c.start_key).where(ours))


def _rows(connection: sa.Connection, organization_id: str) -> Iterator[Mapping[str, Any]]:
    """The rows by case, each with its newest event."""
    ours = WITH_EVENT.where(escalations.c.organization_id == organization_id).order_by(escalations.c.case_id)
    rows = connection.execute(ours.execution_options(yield_per=PER_QUERY)).mappings()
    return (dict(row) for row in rows)


def _elsewhere(connection: sa.Connection, of_case: Sequence[Known]) -> list[Known]:
    """The starts that a merge left at another case than their turns."""
    wanted = sorted({one.start_key for one, _ in of_case if one.start_key} - {one.key for one, _ in of_case})
    rows = connection.execute(WITH_EVENT.where(escalations.c.key.in_(wanted))).mappings().all() if wanted else ()
    return [(escalation_of(row), row) for row in rows]


def _ended(some: Iterable[Known], before: datetime, waiting: Collection[str]) -> Mapping[str, Escalation]:
    """The starts among these that ended before, by key."""
    starts = ((one, row) for one, row in some if one.is_start and one.is_over and one.state in ENDED)
    return {
        one.key: one
        for one, row in starts
        if row["name"] == PRUNED or (_end_of(row) < before and one.key not in waiting)
    }


def _is_of(one: Escalation, starts: Mapping[str, Escalation]) -> bool:
    """True for one of these starts, and for what belongs to one. A turn that was found in the org does not name its
    start."""
    if one.is_start or one.start_key:
        return (one.start_key or one.key) in starts
    alike = (one.policy, one.route, one.episode)
    return any((it.policy, it.route, it.episode) == alike for it in starts.values())


def _end_of(row: Mapping[str, Any]) -> datetime:
    """The org's time of its newest event, else the ledger's."""
    with naming(f"event {row['event']!s:.20}"):
        at = time_of(json.loads(row["body"]).get("org_at") or row["at"])
        if at is None:
            raise ValueError("its time is empty")
        return at


def idle_rows_before(connection: sa.Connection, organization_id: str, before: datetime) -> list[IdleRow]:
    """The oldest rows of idle runs of the org, all of whose runs were before. Not the newest runs of the org."""
    newest = sa.select(sa.func.max(runs.c.event)).where(runs.c.organization_id == organization_id).scalar_subquery()
    ours = (idle_runs.c.organization_id == organization_id) & (idle_runs.c.event < newest)
    numbers = connection.scalars(sa.select(idle_runs.c.event).where(ours).order_by(idle_runs.c.event)).all()
    found: list[IdleRow] = []
    for row in _each(connection, numbers):
        if row.last.org_time >= before:
            break
        found.append(row)
    return found


def named_by_idle_runs(connection: sa.Connection) -> set[int]:
    """The numbers of the events after which idle runs ended: their proof needs these."""
    numbers = connection.scalars(sa.select(idle_runs.c.event).order_by(idle_runs.c.event)).all()
    return {run.after[0] for row in _each(connection, numbers) for run in row.runs}


def _each(connection: sa.Connection, numbers: Iterable[int]) -> Iterator[IdleRow]:
    every = list(numbers)
    for start in range(0, len(every), 50):
        rows = rows_in_order(connection, every[start : start + 50])
        yield from (rows[number] for number in sorted(rows))
