"""The runs of a ledger by the org's time, and what they left for people."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.escalation.figures.facts import Place
from sfdc_escalator.escalation.figures.runs import RunTimes
from sfdc_escalator.escalation.figures.troubles import Troubles
from sfdc_escalator.ledger.figures.wanted import A_DAY, Wanted
from sfdc_escalator.ledger.idle.rows import rows_in_order, started_alone
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
    for seq, policies, event, times in each_run(connection, wanted):
        for at in times:
            if counts(policies, wanted.policies):
                sort_in(found, at, wanted)
                if at and wanted.period.has(at):
                    add_waiting(event.get(WAITLIST), wanted, troubles, found)
            found.last = max(found.last or at, at) if at else found.last
            begun = begun or at is None or at >= wanted.period.begin - A_DAY
        found.safe_after = found.safe_after if begun else seq
    for organization_id, _, _, _, start in started_alone(connection):
        with naming(f"the lease of the org {organization_id!s:.60}"):
            at, policies = time_of(start["org_time"]), json.dumps(start["policies"])
        if wanted.organization_id in (None, organization_id) and counts(policies, wanted.policies):
            sort_in(found, at, wanted)
            found.last = max(found.last or at, at) if at else found.last
    return found


def each_run(
    connection: sa.Connection, wanted: Wanted
) -> Iterator[tuple[int, str, Mapping[str, Any], Sequence[datetime | None]]]:
    """The newest event of each run, in order: its number, the policies of the run, its body, and the org's times of
    the run and of the idle ones that repeat it."""
    for page in run_pages(connection, wanted):
        idle = rows_in_order(connection, [seq for seq, *_ in page])
        for seq, policies, body in page:
            with naming(f"event {seq}"):
                event = json.loads(body)
                at = time_of(event.get(ORG_TIME) or event.get(ORG_AT))
            more = idle[seq].runs if seq in idle else ()
            yield seq, policies, event, [at, *(one.org_time for one in more)]


def run_pages(connection: sa.Connection, wanted: Wanted) -> Iterator[Sequence[tuple[int, str, bytes]]]:
    """The newest event of each run, with the policies of the run, in order, some at a time."""
    joined = sa.select(events.c.seq, runs.c.policies, events.c.body).join(events, events.c.seq == runs.c.event)
    last = 0
    while True:
        page = joined.where(runs.c.policies != OF_NO_RUN, runs.c.event > last, wanted.of(runs))
        rows = connection.execute(page.order_by(runs.c.event).limit(100)).all()
        if not rows:
            return
        yield [(row.seq, row.policies, row.body) for row in rows]
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
