"""The escalations of a period, each with what became of it: read in the order of their rows, some hundred at a time."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa

from sfdc_escalator.escalation.figures.facts import Climb, Place, Started
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.keys import FIRST_RUNG, UNDO
from sfdc_escalator.ledger.figures.wanted import A_DAY, Wanted, day_text
from sfdc_escalator.ledger.happened import READ, Happened
from sfdc_escalator.ledger.tables.rows import MISREAD, naming
from sfdc_escalator.ledger.tables.schema import escalations, events
from sfdc_escalator.ledger.tables.times import time_of

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
NOT_A_RUNG = (FIRST_RUNG, UNDO)
START = ("key", "organization_id", "case_id", "policy", "route", "episode", "state", "tried_at", "ladder", "event")
TURN = ("organization_id", "case_id", "policy", "route", "episode", "rung", "tried_at", "start_key")
TYPES = (str, str, str, str, str, int, str)
"""Of the first columns of START: SQLite stores any value."""
FIRST = itemgetter(0)

start = escalations.alias("start")
turn = escalations.alias("turn")
CLIMBED = turn.c.rung.not_in(NOT_A_RUNG) & turn.c.state.not_in(NOT_CLIMBED)


class StartRow(NamedTuple):
    key: str
    organization_id: str
    case_id: str
    policy: str
    route: str
    episode: int
    state: str
    tried_at: str | None
    ladder: str | None
    event: int


class TurnRow(NamedTuple):
    organization_id: str
    case_id: str
    policy: str
    route: str
    episode: int
    rung: str
    tried_at: str | None
    start_key: str | None


TurnsByStart = Mapping[str, Sequence[TurnRow]]


def started_in(connection: sa.Connection, wanted: Wanted) -> Iterator[Started]:
    """The escalations that started in the period or shortly beside it."""
    of_period = sa.and_(
        start.c.rung == FIRST_RUNG, start.c.state.not_in(NO_START), wanted.by(start), wanted.about(start.c.tried_at)
    )
    query = sa.select(*(start.c[name] for name in START)).order_by(start.c.event).limit(AT_A_TIME)
    moved, last = moved_turns(connection, of_period, wanted), 0
    while rows := connection.execute(query.where(of_period, start.c.event > last)).all():
        found = [StartRow(*row) for row in rows]
        page = sa.and_(of_period, start.c.event > last, start.c.event <= found[-1].event)
        yield from with_events(connection, found, page, moved)
        last = found[-1].event


def with_events(
    connection: sa.Connection, rows: Sequence[StartRow], page: sa.ColumnElement[bool], moved: TurnsByStart
) -> Iterator[Started]:
    happened, turns = events_of(connection, page), turns_of(connection, page)
    for row in rows:
        try:
            here = (one for one in turns.get((row.organization_id, row.case_id), ()) if is_of(one, row))
            climbs = climbs_of([*here, *moved.get(row.key, ())])
            if found := started(row, happened.get(row.key, NOTHING), climbs):
                yield found
        except MISREAD:
            with naming(f"escalation {row.key!s:.60}"):
                raise


# -- events ------------------------------------------------------------------------------------------------------------


NOTHING = Happened()


def events_of(connection: sa.Connection, page: sa.ColumnElement[bool]) -> Mapping[str, Happened]:
    """The events of these starts, by key."""
    found: dict[str, Happened] = defaultdict(Happened)
    is_needed = (events.c.event != "applied") | start.c.sent_at.is_(None)  # what was sent is counted by its intent
    columns = (events.c.seq, events.c.key, events.c.event, sa.case((is_needed, events.c.body)))
    joined = sa.select(*columns).join(start, start.c.key == events.c.key).where(page, events.c.event.in_(READ))
    for seq, key, event, body in sorted(connection.execute(joined).all(), key=FIRST):
        try:
            found[key].note(event, body)
        except MISREAD:
            with naming(f"event {seq}"):
                raise
    return found


# -- rungs -------------------------------------------------------------------------------------------------------------


def turns_of(connection: sa.Connection, page: sa.ColumnElement[bool]) -> Mapping[tuple[str, str], list[TurnRow]]:
    """The turns of rungs that were climbed on the cases of these starts, by org and case; each once for a case."""
    same = (turn.c.case_id == start.c.case_id) & (turn.c.organization_id == start.c.organization_id)
    wanted = sa.select(*(turn.c[name] for name in ("key", *TURN))).join(start, same).where(page, CLIMBED).distinct()
    found: dict[tuple[str, str], list[TurnRow]] = defaultdict(list)
    for _, *row in connection.execute(wanted).all():
        one = TurnRow(*row)
        found[one.organization_id, one.case_id].append(one)
    return found


def moved_turns(connection: sa.Connection, of_period: sa.ColumnElement[bool], wanted: Wanted) -> TurnsByStart:
    """The turns that are at another case than their start: a merge takes them to the master, and leaves a start that
    was over."""
    moved = sa.and_(turn.c.start_key == start.c.key, turn.c.case_id != start.c.case_id)
    late = turn.c.tried_at >= day_text(wanted.period.begin - A_DAY)  # no turn comes before its start
    found: dict[str, list[TurnRow]] = defaultdict(list)
    query = sa.select(*(turn.c[name] for name in TURN)).join(start, moved).where(of_period, CLIMBED, late)
    for row in connection.execute(query).all():
        one = TurnRow(*row)
        found[one.start_key or ""].append(one)
    return found


def is_of(one: TurnRow, row: StartRow) -> bool:
    """True for a turn of this escalation. One that was found in the org does not name its start."""
    if one.start_key is not None:
        return one.start_key == row.key
    return (one.policy, one.route, one.episode) == (row.policy, row.route, row.episode)


def climbs_of(turns: Iterable[TurnRow]) -> tuple[Climb, ...]:
    found = [Climb(one.rung, at) for one in turns if (at := time_of(one.tried_at))]
    return tuple(sorted(found, key=lambda one: (one.at, one.rung)))


# -- one escalation ----------------------------------------------------------------------------------------------------


class Counted(NamedTuple):
    """The facts that a start is counted by; None where no event has them."""

    team: str | None = None
    counts_as: str = ""
    watched: bool | None = None
    values: Mapping[str, str | None] | None = None


NOT_COUNTED = Counted()


def started(row: StartRow, happened: Happened, climbs: tuple[Climb, ...]) -> Started | None:
    """The escalation; None where nothing was ever written, as for a case that was adopted."""
    if tuple(map(type, row[: len(TYPES)])) != TYPES:
        raise ValueError("a value is not of the type of its column")
    ladder: Mapping[str, Any] = json.loads(row.ladder) if row.ladder else {}
    begin = time_of(ladder.get("started") or row.tried_at)
    if not happened.was_carried_out or begin is None:
        return None
    about = Counted(**happened.counted) if happened.counted else NOT_COUNTED
    return Started(
        place=Place(row.policy, row.route),
        state=row.state,
        started=begin,
        episode=row.episode,
        due=time_of(ladder.get("due")),
        acknowledged=time_of((ladder.get("acknowledged") or {}).get("at")),
        closed=happened.closed,
        climbs=climbs,
        team=about.team,
        counts_as=about.counts_as,
        watched=about.watched,
        values=about.values,
    )
