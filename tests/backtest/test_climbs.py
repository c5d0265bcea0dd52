"""A replay of ladders finds the same as looking at every poll."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.backtest.acts import Acts
from sfdc_escalator.backtest.climbs import Ladders, Walk
from sfdc_escalator.backtest.fitness import can_answer
from sfdc_escalator.backtest.history.mapping import FieldColumn, HistoryMapping
from sfdc_escalator.backtest.polls import Polls
from sfdc_escalator.backtest.replay import Segment, all_matches, first_matches
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.in_state import InState
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not
from sfdc_escalator.escalation.policy.escalate import Escalate, NoteSpec, Template
from sfdc_escalator.escalation.policy.ladder import (
    SOMEBODY_ACTED,
    After,
    AfterDue,
    BeforeDue,
    DueIn,
    Ladder,
    Repeat,
    Rung,
    When,
)
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.time.opening_hours import week_of
from sfdc_escalator.escalation.world.case import Case, FieldChange
from sfdc_escalator.pipeline.read_models.backtest_result import PastMatch
from tests.builders import NOW, case

START = NOW.replace(minute=0)
OFFICE = Calendar("office", ZoneInfo("UTC"), week_of({"mon-sun": "09:00-17:00"}), frozenset())
MAPPING = HistoryMapping("events", "number", (FieldColumn("Status", "s", "text"), FieldColumn("Priority", "p", "text")))
RAISE = Escalate(NoteSpec(Template("t", ""), (), {}), {"priority": "High"})
HOURS = st.integers(0, 12).map(lambda hours: timedelta(hours=hours))
WHENS: st.SearchStrategy[When] = st.one_of(
    st.builds(After, HOURS, st.sampled_from([None, OFFICE])), st.builds(BeforeDue, HOURS), st.builds(AfterDue, HOURS)
)
RUNGS = st.builds(
    lambda when, until, writes, repeat: Rung("", when, until, RAISE if writes else None, repeat=repeat),
    WHENS,
    st.sampled_from(["acknowledged", "closed"]),
    st.booleans(),
    st.one_of(st.none(), st.builds(Repeat, HOURS.filter(bool), st.integers(1, 4))),
)
PROOFS = st.sampled_from(
    [
        Field("Status", "is", "Working"),
        InState("at_least", timedelta(hours=3), paths=("Status",)),
        AnyOf((Field("Status", "is", "Working"), *SOMEBODY_ACTED.parts)),
        SOMEBODY_ACTED,
    ]
)
ROUTES = st.builds(
    lambda status, escalate, due, rungs, highest, proof: Route(
        "",
        "",
        All((Field("Status", "is", status), Field("Priority", "is", "Low"))),
        escalate,
        due=DueIn(due),
        ladder=Ladder(tuple(replace(one, id=f"rung{place}") for place, one in enumerate(rungs)), highest, proof),
    ),
    st.sampled_from(["New", "Waiting"]),
    st.sampled_from([None, RAISE]),
    HOURS,
    st.lists(RUNGS, max_size=3),
    st.booleans(),
    PROOFS,
)
POLICIES = st.builds(
    lambda routes, held: Policy(
        "p", "", "f", "d", (), ("Low", "High"), tuple(replace(r, name=f"route{n}") for n, r in enumerate(routes)),
        hold_while=(Field("Status", "is", "Legal"),) if held else (),
    ),
    st.lists(ROUTES, min_size=1, max_size=2),
    st.booleans(),
)  # fmt: skip
STATES = st.tuples(st.sampled_from(["New", "Waiting", "Working", "Legal", "Closed"]), st.sampled_from(["Low", "High"]))
HISTORIES = st.lists(st.tuples(st.integers(0, 60 * 48), STATES), min_size=1, max_size=6, unique_by=lambda row: row[0])
ACTS: st.SearchStrategy[Acts] = st.one_of(st.just("never"), HOURS)
OUTAGES = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=2)


class EveryPoll(Walk):
    """Looks at every poll."""

    def _next(self, case: Case, place: int, marks: Sequence[int]) -> int | None:
        return place + 1


def segments(history: list[tuple[int, tuple[str, str]]]) -> Iterator[Segment]:
    rows, changes, before = sorted(history), tuple[FieldChange, ...](), None
    for place, (minute, (status, priority)) in enumerate(rows):
        at = START + timedelta(minutes=minute)
        changes = changes if status == before else (*changes, FieldChange(at, before, status))
        before = status
        end = START + timedelta(minutes=rows[place + 1][0]) if place + 1 < len(rows) else None
        yield Segment(at, end, as_of(status, priority, changes))


def as_of(status: str, priority: str, changes: tuple[FieldChange, ...]) -> Case:
    one = case(status=status, priority=priority, created=START)
    fields = {**one.fields, "Status": status, "Priority": priority, "IsClosed": status == "Closed"}
    return replace(one, fields=fields, field_changes={"Status": changes})


def starts(policy: Policy, made: list[Segment], polls: Polls, *, every: bool) -> list[PastMatch]:
    conditions: dict[str, Condition] = {route.name: policy.condition(route) for route in policy.routes}
    if policy.hold_while:
        conditions = {name: All((one, Not(All(policy.hold_while)))) for name, one in conditions.items()}
    return list((all_matches if every else first_matches)("1", made, conditions, polls))


@given(POLICIES, HISTORIES, ACTS, OUTAGES, st.sampled_from([20, 60, 150]), st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_replay_of_ladders_finds_the_same_as_looking_at_every_poll(
    policy: Policy,
    history: list[tuple[int, tuple[str, str]]],
    acts: Acts,
    outages: list[tuple[int, int]],
    minutes: int,
    every: bool,
) -> None:
    """L2, L4, L5, L7, L8, L12, L16, L19"""
    hours = [(START + timedelta(hours=begin), START + timedelta(hours=begin + long)) for begin, long in outages]
    polls = Polls(START, START + timedelta(days=4), timedelta(minutes=minutes), hours)
    made = list(segments(history))
    found = starts(policy, made, polls, every=every)
    ladders = Ladders(policy, partial(can_answer, mapping=MAPPING), acts)
    rungs = list(ladders.climbed(made, found, polls))
    assert rungs == list(EveryPoll(ladders, found, polls).through(made))
    turns = [(one.route, one.episode, one.rung, one.turn) for one in rungs]
    assert len(turns) == len(set(turns)), "a turn twice"
    begun: dict[tuple[str, int], datetime] = {(one.route, one.episode): one.at for one in found}
    assert all(one.at > begun[one.route, one.episode] for one in rungs), "a rung at the poll of its start"
    at_once = [(one.route, one.at) for one in rungs]
    assert len(at_once) == len(set(at_once)), "two rungs of one escalation at one poll"
