"""The runs of a ledger by the org's time, and what they left for people."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.escalation.figures.facts import Place
from sfdc_escalator.escalation.figures.runs import RunTimes
from sfdc_escalator.escalation.figures.troubles import Troubles
from sfdc_escalator.ledger.figures.wanted import A_DAY, Wanted
from sfdc_escalator.ledger.tables.rows import ORG_TIME, naming
from sfdc_escalator.ledger.tables.schema import events, runs
from sfdc_escalator.ledger.tables.times import time_of
from sfdc_escalator.ledger.tables.waitlist import WAITLIST
from sfdc_escalator.ledger.trail.status import OF_NO_RUN

ORG_AT = "org_at"
"""The member of every event with the org's time of it."""


@dataclass(slots=True)
class RunsRead:
    """The runs in the period, and around it. `last` is the org's time of the last run of all. `safe_after` is the
    number of an event: everything of the period was recorded after it. `unlisted` says that more waited than a run
    lists."""

    times: list[datetime] = field(default_factory=list)
    before: datetime | None = None
    after: datetime | None = None
    last: datetime | None = None
    unknown: int = 0
    safe_after: int = 0
    unlisted: bool = False

    def of(self, until: datetime) -> RunTimes:
        return RunTimes(sorted(self.times), self.before, self.after, until, self.unknown)


def read_runs(connection: sa.Connection, wanted: Wanted, troubles: Troubles) -> RunsRead:
    """The runs; what those of the period left for people is added to `troubles`."""
    found, begun = RunsRead(), False
    for seq, policies, body in run_rows(connection, wanted):
        with naming(f"event {seq}"):
            event = json.loads(body)
            at = time_of(event.get(ORG_TIME) or event.get(ORG_AT))
            if counts(policies, wanted.policies):
                sort_in(found, at, wanted)
                if at and wanted.period.has(at):
                    add_waiting(event.get(WAITLIST), wanted, troubles, found)
            found.last = max(found.last or at, at) if at else found.last
        begun = begun or at is None or at >= wanted.period.begin - A_DAY
        found.safe_after = found.safe_after if begun else seq
    return found


def run_rows(connection: sa.Connection, wanted: Wanted) -> Iterator[tuple[int, str, bytes]]:
    """The newest event of each run, with the policies of the run, in order."""
    joined = sa.select(events.c.seq, runs.c.policies, events.c.body).join(events, events.c.seq == runs.c.event)
    last = 0
    while True:
        page = joined.where(runs.c.policies != OF_NO_RUN, runs.c.event > last, wanted.of(runs))
        rows = connection.execute(page.order_by(runs.c.event).limit(100)).all()
        if not rows:
            return
        yield from ((row.seq, row.policies, row.body) for row in rows)
        last = rows[-1].seq


def counts(policies: str, named: Collection[str]) -> bool:
    """True for a run with one of these policies."""
    return not named or not set(named).isdisjoint(json.loads(policies))


def sort_in(found: RunsRead, at: datetime | None, wanted: Wanted) -> None:
    if at is None:
        found.unknown += 1
    elif at < wanted.period.begin:
        found.before = max(found.before or at, at)
    elif at >= wanted.period.end:
        found.after = min(found.after or at, at)
    else:
        found.times.append(at)


def add_waiting(waitlist: Mapping[str, Any] | None, wanted: Wanted, troubles: Troubles, found: RunsRead) -> None:
    """Adds what one run left for people: routes that are withheld, and cases that wait for a part of their note."""
    if waitlist is None:
        return
    entries = waitlist["entries"]
    found.unlisted = found.unlisted or waitlist["count"] > len(entries)
    for one in entries:
        place = Place(one["policy"], one["route"])
        if wanted.policies and place.policy not in wanted.policies:
            continue
        if one["state"] == "withheld":
            troubles.withhold(place, one["cases"])
        elif one["state"] == "held":
            troubles.miss_a_part(place, one["case_number"])
