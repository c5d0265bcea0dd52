"""Counts an idle run on the row of those before it, or finds that it must be recorded by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.ledger.idle.rows import IDLE, base_in, row_after
from sfdc_escalator.ledger.idle.runs import (
    NAME,
    Base,
    IdleRun,
    first_of,
    line_of,
    next_run,
    numbers_of,
    shortest_gap,
    text_of,
    uses_after,
)
from sfdc_escalator.ledger.tables import chain
from sfdc_escalator.ledger.tables.policy_uses import POLICY_USES
from sfdc_escalator.ledger.tables.rows import ORG_TIME
from sfdc_escalator.ledger.tables.schema import events, idle_runs, notices
from sfdc_escalator.ledger.tables.times import time_text

MOST = 1_000
"""The runs of one row: a longer one would cost too much to write again with each run."""
SHORTEST = 10
"""Seconds: no schedule has a shorter interval, so a run by hand soon after another one is not a measure of gaps."""
WAITING = ("waiting", "sending")
NOT_LEFT = ("about", "facts", "idle_runs", "org_at", "who", IDLE, ORG_TIME, POLICY_USES)
"""The members of a run's last event beside what it leaves for later runs and does not change by itself."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a run that wrote nothing: by whom, when, its counts, what it leaves in its last event. `every` is the
    time in which a run is expected, where the caller says it."""

    organization_id: str
    run: str
    user_id: str
    host: str
    policies: Mapping[str, str]
    started: datetime
    finished: datetime
    org_time: datetime | None
    result: Mapping[str, Any]
    left: Mapping[str, Any]
    every: timedelta | None = None

    def found_nothing(self, connection: sa.Connection) -> bool:
        """True for exit code 0 without a notice that is to be sent now."""
        sound = self.result.get("exit") == 0 and all(type(one) is int for one in self.result.values())
        if not (sound and self.left and self.org_time and not self.org_time.microsecond and NAME.fullmatch(self.run)):
            return False
        due = notices.c.state.in_(WAITING) & (notices.c.at <= time_text(self.org_time + (self.finished - self.started)))
        ours = sa.select(notices.c.id).where(notices.c.organization_id == self.organization_id, due)
        return connection.execute(ours.limit(1)).first() is None


def may_repeat(
    connection: sa.Connection, organization_id: str, user_id: str, host: str, policies: Mapping[str, str]
) -> Base | None:
    """The recorded run that a run by this user and host with these policies may repeat."""
    base = base_in(connection, organization_id)
    if base is None:
        return None
    facts = base.facts
    same = (facts["user_id"], facts["host"], facts["policies"]) == (user_id, host, dict(policies))
    return base if same else None


def counted_on(connection: sa.Connection, ending: Ending) -> bool:
    """Stores the run as one more of the row. False where it must be recorded by itself: it follows no idle run, leaves
    something else, comes too late after the one before, or the row is full."""
    base = may_repeat(connection, ending.organization_id, ending.user_id, ending.host, ending.policies)
    if base is None or not ending.found_nothing(connection):
        return False
    row = row_after(connection, base.event)
    if row is None and _has_later_events(connection, base.event, ending.organization_id):
        return False
    before, runs = (row.last, row.runs) if row else (base.run, ())
    one = _run_after(connection, before, ending)
    if (row and row.columns["bound"] is not None) or not (repeats(base, before, ending) and goes_on(runs, one, ending)):
        return False
    _store(connection, base, row.columns if row else None, line_of(first_of(base.run, runs), before, one))
    return True


def _run_after(connection: sa.Connection, before: IdleRun, ending: Ending) -> IdleRun:
    newest = connection.execute(sa.select(events.c.seq, events.c.hash).order_by(events.c.seq.desc()).limit(1)).one()
    numbers = numbers_of(before, ending.started, ending.finished, ending.org_time or ending.started)
    return next_run(before, ending.run, numbers, ending.result, (newest.seq, newest.hash.hex()))


def _has_later_events(connection: sa.Connection, event: int, organization_id: str) -> bool:
    later = sa.select(events.c.seq).where(events.c.seq > event, events.c.organization_id == organization_id)
    return connection.execute(later.limit(1)).first() is not None


def repeats(base: Base, before: IdleRun, ending: Ending) -> bool:
    """True where the run leaves what the recorded one left, except for the times of its policies."""
    at, watched = time_text(ending.org_time) or "", time_text(before.org_time) or ""
    left = {name: value for name, value in base.body.items() if name not in NOT_LEFT}
    expected = {**left, POLICY_USES: uses_after(base.body, at, watched)}
    return ending.left == expected and ending.result.keys() == before.result.keys()


def goes_on(runs: Sequence[IdleRun], one: IdleRun, ending: Ending) -> bool:
    """True where the row has room, and the run comes in time: no run was missed, where the caller says how often one
    is expected, or the gap is at most three times the shortest one of the row."""
    shortest = shortest_gap(runs)
    if len(runs) >= MOST or min(one.numbers[:2]) < 0:
        return False
    if ending.every is not None:
        return one.numbers[0] < ending.every.total_seconds() * 1.5
    return shortest is None or one.numbers[0] <= 3 * max(shortest, SHORTEST)


def _store(connection: sa.Connection, base: Base, old: Mapping[str, Any] | None, line: str) -> None:
    organization_id = base.body["about"]["organization_id"]
    runs, lines = (old["runs"] + 1, old["lines"] + line) if old else (1, line)
    this = chain.hash_of(bytes.fromhex(base.run.after[1]), text_of(base.event, organization_id, runs, lines))
    grown = {"runs": runs, "lines": lines, "hash": this}
    if old:
        connection.execute(idle_runs.update().where(idle_runs.c.event == base.event).values(grown))
    else:
        new = {"event": base.event, "organization_id": organization_id, **grown}
        connection.execute(idle_runs.insert().values(new))
