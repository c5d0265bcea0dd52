"""The replay gives the same as judging every case at every poll."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.backtest.polls import Polls
from sfdc_escalator.backtest.replay import Segment, all_matches, first_matches
from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.comparison import Operator
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.age import Age
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.in_state import InState
from sfdc_escalator.escalation.conditions.kinds.left import Left
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.time.opening_hours import week_of
from sfdc_escalator.escalation.time.zones import DAY
from sfdc_escalator.escalation.world.case import Case, FieldChange
from sfdc_escalator.files.values.calendar_files import zone
from sfdc_escalator.pipeline.read_models.backtest_result import PastMatch
from tests.builders import NOW, case

START = NOW.replace(minute=0)
OFFICE = Calendar("office", zone("America/New_York"), week_of({"mon-fri": "09:00-17:00"}), frozenset())
OPERATORS: tuple[Operator, ...] = ("at_least", "at_most", "more_than", "less_than")
LIMITS = st.integers(0, 60).map(lambda hours: timedelta(hours=hours))
PAUSE = Field("Status", "is", "Waiting")
CLOCKS: st.SearchStrategy[Condition] = st.one_of(
    st.builds(lambda op, limit: Age(op, limit, path="CreatedDate"), st.sampled_from(OPERATORS), LIMITS),
    st.builds(lambda op, limit: Age(op, limit, OFFICE, path="CreatedDate"), st.sampled_from(OPERATORS), LIMITS),
    st.builds(
        lambda op, limit: Age(op, limit, path="CreatedDate", except_while=PAUSE), st.sampled_from(OPERATORS), LIMITS
    ),
    st.builds(lambda op, limit: InState(op, limit, paths=("Status", "Priority")), st.sampled_from(OPERATORS), LIMITS),
    st.builds(lambda op, limit: InState(op, limit, OFFICE, paths=("Status",)), st.sampled_from(OPERATORS), LIMITS),
    st.builds(lambda op, limit: Left(op, limit, path="Target__c"), st.sampled_from(OPERATORS), LIMITS),
    st.builds(lambda value: Field("Status", "is", value), st.sampled_from(["New", "Waiting"])),
)
CONDITIONS = st.recursive(
    CLOCKS,
    lambda parts: st.one_of(
        st.builds(lambda some: All(tuple(some)), st.lists(parts, min_size=1, max_size=3)),
        st.builds(lambda some: AnyOf(tuple(some)), st.lists(parts, min_size=1, max_size=3)),
        st.builds(Not, parts),
    ),
    max_leaves=4,
)
VALUES = st.tuples(st.sampled_from(["New", "Waiting"]), st.sampled_from(["Low", "High"]))
HISTORIES = st.lists(
    st.tuples(st.integers(0, 60 * 24 * 4), VALUES), min_size=1, max_size=5, unique_by=lambda row: row[0]
)
EVERY = st.sampled_from([timedelta(minutes=15), timedelta(hours=1), timedelta(minutes=47)])
OUTAGES = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 30)), max_size=2)


def segments(history: list[tuple[int, tuple[str, str]]]) -> list[Segment]:
    """The segments of a case from row to row; a row is the whole case after one update."""
    rows = sorted(history)
    field_changes: dict[str, tuple[FieldChange, ...]] = {"Status": (), "Priority": ()}
    before: dict[str, str | None] = {"Status": None, "Priority": None}
    made = []
    for place, (minute, (status, priority)) in enumerate(rows):
        at = START + timedelta(minutes=minute)
        for path, value in (("Status", status), ("Priority", priority)):
            if value != before[path]:
                field_changes[path] = (*field_changes[path], FieldChange(at, before[path], value))
                before[path] = value
        end = START + timedelta(minutes=rows[place + 1][0]) if place + 1 < len(rows) else None
        made.append(Segment(at, end, as_of(status, priority, dict(field_changes))))
    return made


def as_of(status: str, priority: str, field_changes: dict[str, tuple[FieldChange, ...]]) -> Case:
    from dataclasses import replace

    one = case(status=status, priority=priority, created=START - timedelta(hours=7))
    return replace(one, fields={**one.fields, "Target__c": START + DAY}, field_changes=field_changes)


def instants(polls: Polls) -> list[datetime]:
    return [polls[place] for place in range(len(polls))]


def at_every_poll(made: list[Segment], conditions: dict[str, Condition], polls: Polls) -> list[dict[str, bool]]:
    """Each condition at each poll, judged directly."""
    answers = []
    for at in instants(polls):
        now = next((one for one in reversed(made) if one.begin <= at), None)
        answers.append(
            {name: bool(now) and one.holds(now.case, Circumstances(at)) for name, one in conditions.items() if now}
        )
    return answers


@given(HISTORIES, st.lists(CONDITIONS, min_size=1, max_size=3), EVERY, OUTAGES)
@settings(max_examples=150, deadline=None)
def test_a_replay_finds_the_same_as_judging_at_every_poll(
    history: list[tuple[int, tuple[str, str]]],
    some: list[Condition],
    every: timedelta,
    outages: list[tuple[int, int]],
) -> None:
    hours = [(START + timedelta(hours=begin), START + timedelta(hours=begin + long)) for begin, long in outages]
    polls = Polls(START, START + 5 * DAY, every, hours)
    conditions = {f"route{number}": condition for number, condition in enumerate(some)}
    made = segments(history)
    answers = at_every_poll(made, conditions, polls)
    expected = [
        PastMatch("1", name, 1 + sum(held(answers, name, earlier) for earlier in range(place)), polls[place])
        for name in conditions
        for place in range(len(answers))
        if held(answers, name, place)
    ]
    assert list(all_matches("1", made, conditions, polls)) == expected
    assert list(first_matches("1", made, conditions, polls)) == list(plain_first(answers, list(conditions), polls))


def held(answers: list[dict[str, bool]], name: str, place: int) -> bool:
    """True if an episode of the route begins at this poll."""
    return bool(answers[place].get(name)) and not (place and answers[place - 1].get(name))


def plain_first(answers: list[dict[str, bool]], names: list[str], polls: Polls) -> list[PastMatch]:
    found: list[PastMatch] = []
    left = names
    for place, holds in enumerate(answers):
        name = next((one for one in left if holds.get(one)), None)
        if name is not None:
            found.append(PastMatch("1", name, 1, polls[place]))
            left = left[: left.index(name)]
    return found


def test_the_first_and_the_last_time_are_polled() -> None:
    assert instants(Polls(START, START + 2 * DAY, DAY)) == [START, START + DAY, START + 2 * DAY]


def test_a_poll_at_the_beginning_of_an_outage_is_left_out_and_one_at_its_end_is_not() -> None:
    assert instants(Polls(START, START + 2 * DAY, DAY, [(START, START + DAY)])) == [START + DAY, START + 2 * DAY]


def test_polls_around_an_outage_are_neighbours() -> None:
    polls = Polls(START, START + 3 * DAY, DAY, [(START + DAY, START + 2 * DAY)])
    made = [Segment(START - DAY, None, as_of("New", "Low", {"Status": (), "Priority": ()}))]
    found = list(all_matches("1", made, {"r": Field("Status", "is", "New")}, polls))
    assert [(one.episode, one.at) for one in found] == [(1, START)]


def test_a_strict_limit_is_passed_at_the_poll_after_it() -> None:
    polls, made = Polls(START, START + 2 * DAY, timedelta(hours=1)), segments([(0, ("New", "Low"))])
    limits: list[tuple[Operator, int]] = [("at_least", 13), ("more_than", 14)]  # seven hours old at the first poll
    for operator, hour in limits:
        condition = Age(operator, timedelta(hours=20), path="CreatedDate")
        assert [one.at for one in all_matches("1", made, {"r": condition}, polls)] == [START + timedelta(hours=hour)]


def test_a_route_that_opens_nothing_keeps_a_case_only_while_it_holds() -> None:
    made = segments([(0, ("New", "High")), (300, ("Waiting", "High"))])
    conditions: dict[str, Condition] = {
        "fence": Field("Status", "is", "New"),
        "below": Field("Priority", "is", "High"),
    }
    polls = Polls(START, START + DAY, timedelta(hours=1))
    found = list(first_matches("1", made, conditions, polls, frozenset({"fence"})))
    assert [(one.route, one.at) for one in found] == [("fence", START), ("below", START + timedelta(hours=5))]
