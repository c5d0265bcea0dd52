"""The rows of idle runs in the ledger, each with the recorded run that it repeats."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.escalation.world.policy_use import PolicyUses
from sfdc_escalator.ledger.idle.runs import Base, IdleRun, base_of, runs_in
from sfdc_escalator.ledger.tables.policy_uses import policy_uses_in
from sfdc_escalator.ledger.tables.rows import checked, naming
from sfdc_escalator.ledger.tables.schema import events, idle_runs, leases, runs

IDLE = "idle"
"""The member of a run's last event that says: it found nothing to do, so that the next such run may count on it."""
IDLE_RUNS = "idle_runs"
"""The member of the first event after idle runs, which repeats their number and hash."""
COLUMNS = tuple(column.name for column in idle_runs.columns)
JOINED = sa.select(idle_runs, events.c.hash.label("base_hash"), events.c.body).join(
    events, events.c.seq == idle_runs.c.event
)


@dataclass(frozen=True, slots=True)
class IdleRow:
    """One row: the recorded run, the runs that repeat it, oldest first, and the columns."""

    base: Base
    runs: tuple[IdleRun, ...]
    columns: Mapping[str, Any]

    @property
    def last(self) -> IdleRun:
        return self.runs[-1]


def base_in(connection: sa.Connection, organization_id: str) -> Base | None:
    """The newest run of the org, where it was recorded as one that found nothing to do."""
    columns = (events.c.seq, events.c.event, events.c.hash, events.c.body)
    newest = (
        sa.select(*columns).join(runs, runs.c.event == events.c.seq).where(runs.c.organization_id == organization_id)
    )
    row = connection.execute(newest.order_by(runs.c.event.desc()).limit(1)).first()
    if row is None or row.event != "run_finished":
        return None
    with naming(f"event {row.seq}"):
        return base_of(row.seq, row.hash, row.body) if json.loads(row.body).get(IDLE) is True else None


def row_after(connection: sa.Connection, event: int) -> IdleRow | None:
    """The idle runs after the recorded run with this last event."""
    found = connection.execute(JOINED.where(idle_runs.c.event == event)).mappings().first()
    return idle_row_of(found) if found else None


def open_rows(connection: sa.Connection, organization_id: str | None = None) -> Iterator[IdleRow]:
    """The rows that may still grow: at most one for each org."""
    ours = sa.true() if organization_id is None else idle_runs.c.organization_id == organization_id
    found = connection.execute(JOINED.where(idle_runs.c.bound.is_(None), ours).order_by(idle_runs.c.event)).mappings()
    return (idle_row_of(row) for row in found.all())


def newest_rows(connection: sa.Connection) -> Iterator[IdleRow]:
    """The newest row of each org, whether or not it may still grow."""
    newest = sa.select(sa.func.max(idle_runs.c.event)).group_by(idle_runs.c.organization_id)
    found = connection.execute(JOINED.where(idle_runs.c.event.in_(newest)).order_by(idle_runs.c.event)).mappings()
    return (idle_row_of(row) for row in found.all())


def rows_in_order(connection: sa.Connection, numbers: Iterable[int]) -> Mapping[int, IdleRow]:
    """The rows after these events, by event."""
    found = connection.execute(JOINED.where(idle_runs.c.event.in_(list(numbers)))).mappings()
    return {row["event"]: idle_row_of(row) for row in found.all()}


def idle_row_of(row: Mapping[Any, Any]) -> IdleRow:
    """Raises LedgerUnusable for a row that no run can have written."""
    with naming(f"the idle runs after event {row['event']!s:.20}"):
        columns = checked(idle_runs, {name: row[name] for name in COLUMNS})
        base = base_of(columns["event"], row["base_hash"], row["body"])
        each = tuple(runs_in(base.run, columns["lines"]))
        if not each:
            raise ValueError("it has no lines")
        return IdleRow(base, each, columns)


def uses_now(row: IdleRow) -> PolicyUses:
    """The uses of policies after the last idle run."""
    with naming(f"event {row.base.event}"):
        uses = policy_uses_in(row.base.body)
        before = (row.runs[-2] if len(row.runs) > 1 else row.base.run).org_time
        now, policies = row.last.org_time, row.base.facts["policies"]
        return {
            name: replace(one, seen=now, watched=now, watched_before=before) if name in policies else one
            for name, one in uses.items()
        }


def has_idle_run(connection: sa.Connection, organization_id: str, run: str) -> bool:
    """True where an idle run has this id."""
    ours = (idle_runs.c.organization_id == organization_id) & idle_runs.c.lines.contains(run, autoescape=True)
    rows = connection.execute(JOINED.where(ours)).mappings().all()
    return any(one.run == run for row in rows for one in idle_row_of(row).runs)


def started_alone(connection: sa.Connection) -> Iterator[tuple[str, str, str, str, Mapping[str, Any]]]:
    """Org, run, host and start of each run that its lease alone has, and what is known of its start."""
    wanted = sa.select(leases).where(leases.c.start.is_not(None)).order_by(leases.c.organization_id)
    for row in connection.execute(wanted).mappings().all():
        with naming(f"the lease of the org {row['organization_id']!s:.60}"):
            found = json.loads(checked(leases, row)["start"])
            yield row["organization_id"], str(found["run"]), row["host"], row["started_at"], found
