"""The escalations of a period, each with what became of it: read in the order of their rows, some hundred at a time."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.escalation.figures.facts import Climb, Place, Started
from sfdc_escalator.escalation.world.history import EscalationState
from sfdc_escalator.escalation.world.keys import FIRST_RUNG
from sfdc_escalator.ledger.figures.wanted import Wanted
from sfdc_escalator.ledger.tables.ladder import ladder_facts_of
from sfdc_escalator.ledger.tables.rows import Row, checked, naming
from sfdc_escalator.ledger.tables.schema import escalations, events
from sfdc_escalator.ledger.tables.times import time_of
from sfdc_escalator.ledger.trail.open_escalations import rows_of

AT_A_TIME = 500
NO_START = (
    EscalationState.PLANNED,
    EscalationState.SENDING,
    EscalationState.REJECTED,
    EscalationState.UNKNOWN,
    EscalationState.ADOPTED,
)
"""States of a start that wrote no note, or of which that is not known."""
NOT_CLIMBED = (
    EscalationState.PLANNED,
    EscalationState.SENDING,
    EscalationState.UNKNOWN,
    EscalationState.SKIPPED,
    EscalationState.SUPERSEDED,
)
NOT_A_RUNG = (FIRST_RUNG, "undo")
CARRIED_OUT = frozenset({"applied", "found", "recovered", "resolved"})
"""Events by which a note was there."""
READ = (*CARRIED_OUT, "intended", "closed")
COUNTED, CLOSED_AT = "counted", "closed_at"
START = tuple(
    escalations.c[name]
    for name in (
        "key", "organization_id", "case_id", "policy", "route", "episode", "state", "tried_at", "ladder", "event"
    )
)  # fmt: skip
TURN = tuple(
    escalations.c[name]
    for name in ("key", "organization_id", "case_id", "policy", "route", "episode", "rung", "tried_at", "start_key")
)


def started_in(connection: sa.Connection, wanted: Wanted) -> Iterator[Started]:
    """The escalations that started in the period or shortly beside it."""
    starts = sa.select(*START).where(
        escalations.c.rung == FIRST_RUNG,
        escalations.c.state.not_in(NO_START),
        wanted.by(escalations),
        wanted.about(escalations.c.tried_at),
    )
    last = 0
    while True:
        page = starts.where(escalations.c.event > last).order_by(escalations.c.event).limit(AT_A_TIME)
        rows = list(rows_of(connection.execute(page)))
        if not rows:
            return
        yield from with_events(connection, rows)
        last = rows[-1]["event"]


def with_events(connection: sa.Connection, rows: Sequence[Row]) -> Iterator[Started]:
    happened, turns = events_of(connection, rows), turns_on(connection, rows)
    for row in rows:
        with naming(f"escalation {row['key']!s:.60}"):
            checked(escalations, row)
            known = happened.get(row["key"], NOTHING)
            climbs = (turn for turn in turns.get((row["organization_id"], row["case_id"]), ()) if is_of(turn, row))
            if found := started(row, known, climbs_of(climbs)):
                yield found


# -- events ------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Happened:
    """`counted` are the facts that the start is counted by, None where no event has them. `closed` is the time at which
    the case was closed."""

    was_carried_out: bool = False
    counted: Mapping[str, Any] | None = None
    closed: datetime | None = None


NOTHING = Happened()


def events_of(connection: sa.Connection, rows: Sequence[Row]) -> Mapping[str, Happened]:
    """The events of these starts, by key."""
    found: dict[str, Happened] = defaultdict(Happened)
    keys = [row["key"] for row in rows]
    wanted = sa.select(events.c.seq, events.c.key, events.c.event, events.c.body)
    these = wanted.where(events.c.key.in_(keys), events.c.event.in_(READ)).order_by(events.c.key, events.c.seq)
    for seq, key, event, body in connection.execute(these):
        with naming(f"event {seq}"):
            note(found[key], event, body)
    return found


def note(known: Happened, event: str, body: bytes) -> None:
    known.was_carried_out = known.was_carried_out or event in CARRIED_OUT
    if event == "intended" or (event == "applied" and known.counted is None):
        known.counted = facts_in(body).get(COUNTED, known.counted)
    elif event == "closed":
        known.closed = time_of(facts_in(body).get(CLOSED_AT))


def facts_in(body: bytes) -> Mapping[str, Any]:
    found = json.loads(body)["facts"]
    if not isinstance(found, dict):
        raise ValueError(f"{found!r:.60} is not an object")
    return found


# -- rungs -------------------------------------------------------------------------------------------------------------


def turns_on(connection: sa.Connection, rows: Sequence[Row]) -> Mapping[tuple[str, str], list[Row]]:
    """The turns of rungs that were climbed on the cases of these starts, by org and case."""
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    climbed = escalations.c.rung.not_in(NOT_A_RUNG) & escalations.c.state.not_in(NOT_CLIMBED)
    cases = sorted({row["case_id"] for row in rows})
    for turn in rows_of(connection.execute(sa.select(*TURN).where(escalations.c.case_id.in_(cases), climbed))):
        found[turn["organization_id"], turn["case_id"]].append(turn)
    return found


def is_of(turn: Row, start: Row) -> bool:
    """True for a turn of this escalation. One that was found in the org does not name its start."""
    if turn["start_key"] is not None:
        return bool(turn["start_key"] == start["key"])
    return all(turn[name] == start[name] for name in ("policy", "route", "episode"))


def climbs_of(turns: Iterator[Row]) -> tuple[Climb, ...]:
    found = [(time_of(turn["tried_at"]), turn["rung"]) for turn in turns]
    return tuple(sorted((Climb(rung, at) for at, rung in found if at), key=lambda one: (one.at, one.rung)))


# -- one escalation ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recorded:
    """The facts that a start is counted by; None where no event has them."""

    team: str | None = None
    counts_as: str = ""
    watched: bool | None = None
    values: Mapping[str, str | None] | None = field(default=None)


def started(row: Row, happened: Happened, climbs: tuple[Climb, ...]) -> Started | None:
    """The escalation; None where nothing was ever written, as for a case that was adopted."""
    ladder = ladder_facts_of(row["ladder"])
    begin = (ladder.started if ladder else None) or time_of(row["tried_at"])
    if not happened.was_carried_out or begin is None:
        return None
    about = Recorded(**happened.counted) if happened.counted else Recorded()
    return Started(
        place=Place(row["policy"], row["route"]),
        state=row["state"],
        started=begin,
        episode=row["episode"],
        due=ladder.due if ladder else None,
        acknowledged=ladder.acknowledged.at if ladder and ladder.acknowledged else None,
        closed=happened.closed,
        climbs=climbs,
        team=about.team,
        counts_as=about.counts_as,
        watched=about.watched,
        values=about.values,
    )
