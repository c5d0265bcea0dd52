"""Clocks: inclusive limits, pauses, who speaks last, and when time alone changes an answer."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clocks.stopped_clock import BusinessHours
from sfdc_escalator.escalation.conditions.comparison import Operator
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.age import Age
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.idle import Idle
from sfdc_escalator.escalation.conditions.kinds.in_state import InState
from sfdc_escalator.escalation.conditions.kinds.left import Left
from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not
from sfdc_escalator.escalation.time.business_days import BusinessDays
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.time.opening_hours import week_of
from sfdc_escalator.escalation.world.case import Case, FieldChange, Speaker
from tests.builders import NOW, case, comment, email

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
OFFICE = Calendar("office", ZoneInfo("America/New_York"), week_of({"mon-fri": "09:00-17:00"}), frozenset())
OPERATORS: tuple[Operator, ...] = ("at_least", "at_most", "more_than", "less_than")
SIDES = {
    "at_least": (False, True, True),
    "more_than": (False, False, True),
    "at_most": (True, True, False),
    "less_than": (True, False, False),
}


def at(moment: datetime) -> Circumstances:
    return Circumstances(moment)


def turned(*field_changes: tuple[timedelta, str], status: str = "New", path: str = "Status") -> Case:
    """A case whose field took these values so long ago."""
    made = tuple(FieldChange(NOW - ago, None, value) for ago, value in field_changes)
    return replace(case(status=status, created=NOW - 9 * DAY), field_changes={path: made})


@pytest.mark.parametrize("operator", OPERATORS)
def test_the_limit_of_time_left_is_inclusive_and_the_past_is_negative(operator: Operator) -> None:
    clock = Left(operator, 4 * HOUR, path="Due__c")
    told = [clock.holds(case(fields={"Due__c": NOW + 4 * HOUR + by}), at(NOW)) for by in (-SECOND, timedelta(), SECOND)]
    assert tuple(told) == SIDES[operator]
    escalation = case(fields={"Due__c": NOW - HOUR})
    assert Left("at_most", timedelta(), path="Due__c").look(escalation, at(NOW)) == -HOUR
    assert Left("at_most", timedelta(), path="Due__c").holds(escalation, at(NOW))
    overdue, due = Left(operator, -4 * HOUR, path="Due__c"), NOW - 4 * HOUR
    told = [overdue.holds(case(fields={"Due__c": due + by}), at(NOW)) for by in (-SECOND, timedelta(), SECOND)]
    assert tuple(told) == SIDES[operator]


@pytest.mark.parametrize("operator", OPERATORS)
def test_the_limit_of_being_in_a_state_is_inclusive(operator: Operator) -> None:
    clock = InState(operator, 4 * HOUR, paths=("Status",))
    told = [clock.holds(turned((4 * HOUR + by, "New")), at(NOW)) for by in (-SECOND, timedelta(), SECOND)]
    assert tuple(told) == SIDES[operator]


@pytest.mark.parametrize("operator", OPERATORS)
def test_the_limit_of_silence_is_inclusive(operator: Operator) -> None:
    clock = Idle(operator, 4 * HOUR, who="agent")
    said = [replace(comment("x"), at=NOW - 4 * HOUR - by) for by in (-SECOND, timedelta(), SECOND)]
    assert tuple(clock.holds(case(comments=[one]), at(NOW)) for one in said) == SIDES[operator]


@pytest.mark.parametrize("operator", OPERATORS)
def test_the_limit_of_open_time_is_inclusive(operator: Operator) -> None:
    now = datetime.fromisoformat("2026-03-02T16:00:00+00:00")  # Monday, 11:00 in New York
    clock = Age(operator, 3 * HOUR, OFFICE, path="CreatedDate")
    friday = datetime.fromisoformat("2026-02-27T21:00:00+00:00")  # 16:00 in New York
    told = [clock.holds(case(created=friday - by), at(now)) for by in (-SECOND, timedelta(), SECOND)]
    assert tuple(told) == SIDES[operator]


def test_several_fields_are_in_their_state_since_the_last_change_of_any() -> None:
    one = replace(
        turned((5 * HOUR, "New")), field_changes={"Status": (FieldChange(NOW - 5 * HOUR, None, "New"),), "Priority": ()}
    )
    assert InState("at_least", HOUR, paths=("Status", "Priority")).look(one, at(NOW)) == 5 * HOUR
    later = replace(one, field_changes={**one.field_changes, "Priority": (FieldChange(NOW - HOUR, "Low", "High"),)})
    assert InState("at_least", HOUR, paths=("Status", "Priority")).look(later, at(NOW)) == HOUR


def test_a_change_and_back_within_a_moment_breaks_the_state() -> None:
    field_changes = (
        FieldChange(NOW - 9 * HOUR, None, "A"),
        FieldChange(NOW - HOUR, "A", "B"),
        FieldChange(NOW - HOUR, "B", "A"),
    )
    one = replace(case(status="A"), field_changes={"Status": field_changes})
    assert InState("at_least", HOUR, paths=("Status",)).look(one, at(NOW)) == HOUR


def test_a_field_without_history_is_in_no_state() -> None:
    clock = InState("at_least", HOUR, paths=("Status",))
    assert clock.look(case(), at(NOW)) is None
    assert not clock.holds(case(), at(NOW))
    assert Not(clock).holds(case(), at(NOW))


def spoken(*words: tuple[Speaker, int]) -> Case:
    """Who spoke how many hours ago; the case is ten hours old."""
    said = [comment("x", speaker=who, minutes_ago=60 * hours) for who, hours in words]
    return case(created=NOW - 10 * HOUR, comments=sorted(said, key=lambda one: one.at))


@pytest.mark.parametrize(
    ("words", "hours"),
    [
        ([], 10),  # the case itself is the customer's first word
        ([("agent", 5)], None),
        ([("agent", 5), ("customer", 3)], 3),
        ([("agent", 5), ("customer", 3), ("customer", 1)], 3),  # nagging does not start it again
        ([("customer", 8), ("agent", 5)], None),
        ([("agent", 5), ("nobody", 3)], None),
        ([("customer", 8), ("nobody", 5)], 10),
    ],
)
def test_the_answer_is_awaited_since_the_first_word_that_waits(
    words: list[tuple[Speaker, int]], hours: int | None
) -> None:
    clock = Idle("at_least", HOUR, who="agent", after_word_of="customer")
    assert clock.look(spoken(*words), at(NOW)) == (None if hours is None else hours * HOUR)


def test_a_word_of_the_agent_before_the_case_began_answers_nothing() -> None:
    one = case(created=NOW - 2 * HOUR, comments=[email("x", speaker="agent", minutes_ago=125)])
    assert Idle("at_least", HOUR, who="agent", after_word_of="customer").look(one, at(NOW)) == 2 * HOUR


def test_whoever_may_answer_does_not_answer_their_own_word() -> None:
    clock = Idle("at_least", HOUR, who="anyone", after_word_of="customer")
    assert clock.look(spoken(("agent", 8), ("customer", 5), ("customer", 3)), at(NOW)) == 5 * HOUR
    assert clock.look(spoken(("customer", 5), ("agent", 3)), at(NOW)) is None


@pytest.mark.parametrize(("who", "hours"), [("customer", 7), ("agent", 4), ("anyone", 4)])
def test_silence_counts_from_the_last_word_of_whom_it_is_about(who: str, hours: int) -> None:
    clock = Idle("at_least", HOUR, who=who)  # type: ignore[arg-type]
    assert clock.look(spoken(("customer", 7), ("agent", 4), ("nobody", 1)), at(NOW)) == hours * HOUR


def test_an_email_older_than_its_case_does_not_make_the_silence_longer_than_the_case() -> None:
    one = case(created=NOW - HOUR, comments=[email("x", minutes_ago=65)])
    assert Idle("at_least", HOUR, who="customer").look(one, at(NOW)) == HOUR


def test_a_limit_and_a_calendar_may_come_out_of_a_table() -> None:
    limits = Table("t", ("Priority",), (Row(("High",), HOUR), Row((("Low", "Medium"),), 8 * HOUR)))
    clock = Age("at_least", limits, path="CreatedDate")
    told = [clock.holds(case(priority=name, created=NOW - 2 * HOUR), at(NOW)) for name in ("high", "Low", None)]
    assert told == [True, False, False]
    hours = Table("h", ("Region__c",), (Row(("US",), OFFICE),))
    by_region = Age("at_least", HOUR, hours, path="CreatedDate")
    assert by_region.look(case(created=NOW - DAY), at(NOW)) is None


def test_business_hours_that_the_org_does_not_have_never_match() -> None:
    clock = Age("at_least", timedelta(), BusinessHours("Default"), path="CreatedDate")
    assert not clock.holds(case(), at(NOW))
    assert clock.holds(case(), Circumstances(NOW, calendars={"Default": OFFICE}))


def test_two_business_days_are_reached_at_the_same_time_of_the_second_day() -> None:
    clock = Age("at_least", BusinessDays(2), OFFICE, path="CreatedDate")
    one = case(created=datetime.fromisoformat("2026-02-27T16:00:00+00:00"))  # Friday, 11:00 in New York
    due = datetime.fromisoformat("2026-03-03T16:00:00+00:00")
    assert [clock.holds(one, at(due + by)) for by in (-SECOND, timedelta())] == [False, True]
    assert list(clock.crossings(one, at(due - DAY))) == [due]


STATE = st.tuples(st.integers(1, 60), st.sampled_from(["New", "Waiting"]))
STATES = st.lists(STATE, max_size=6, unique_by=lambda state: state[0])


def minute_by_minute(one: Case, hours: int) -> timedelta:
    """The plain way: each minute counts in which the case did not wait."""
    field_changes, counted = one.field_changes["Status"], 0
    for minute in range(hours * 60):
        begin = NOW - hours * HOUR + timedelta(minutes=minute)
        escalation = [turn.after for turn in field_changes if turn.at <= begin]
        value = escalation[-1] if escalation else field_changes[0].before if field_changes else one.fields["Status"]
        counted += value != "Waiting"
    return timedelta(minutes=counted)


@given(STATES, st.sampled_from(["New", "Waiting"]), st.integers(1, 12))
@settings(max_examples=100, deadline=None)
def test_a_clock_stands_while_its_pause_holds(states: list[tuple[int, str]], first: str, hours: int) -> None:
    values = [first, *(value for _, value in sorted(states, reverse=True))]
    times = [NOW - timedelta(minutes=12 * ago) for ago, _ in sorted(states, reverse=True)]
    field_changes = tuple(FieldChange(when, *pair) for when, pair in zip(times, pairwise(values), strict=True))
    one = replace(case(status=values[-1], created=NOW - hours * HOUR), field_changes={"Status": field_changes})
    clock = Age("at_least", HOUR, path="CreatedDate", except_while=Field("Status", "is", "Waiting"))
    assert clock.look(one, at(NOW)) == minute_by_minute(one, hours)
    assert bool(list(clock.crossings(one, at(NOW)))) is (values[-1] != "Waiting")


def test_a_pause_on_a_field_without_history_makes_the_clock_unknown() -> None:
    clock = Age("at_least", HOUR, path="CreatedDate", except_while=Field("Status", "is", "Waiting"))
    assert clock.look(case(), at(NOW)) is None


SIDE = st.sampled_from(OPERATORS)
CLOCKS: st.SearchStrategy[Condition] = st.one_of(
    st.builds(lambda op, h: Age(op, h * HOUR, path="CreatedDate"), st.sampled_from(OPERATORS), st.integers(0, 50)),
    st.builds(lambda op, h: Age(op, h * HOUR, OFFICE, path="CreatedDate"), SIDE, st.integers(0, 20)),
    st.builds(lambda op, h: Left(op, h * HOUR, path="Due__c"), st.sampled_from(OPERATORS), st.integers(0, 50)),
    st.builds(lambda op, h: Idle(op, h * HOUR, who="agent"), st.sampled_from(OPERATORS), st.integers(0, 50)),
    st.builds(lambda op, h: InState(op, h * HOUR, OFFICE, paths=("Status",)), SIDE, st.integers(0, 20)),
)  # fmt: skip
MIXED: st.SearchStrategy[Condition] = st.one_of(
    CLOCKS,
    st.lists(CLOCKS, min_size=1, max_size=3).map(lambda parts: All(tuple(parts))),
    st.lists(CLOCKS, min_size=1, max_size=3).map(lambda parts: AnyOf(tuple(Not(part) for part in parts))),
)


@given(MIXED)
@settings(max_examples=150, deadline=None)
def test_between_two_crossings_time_alone_changes_no_answer(condition: Condition) -> None:
    one = replace(
        case(created=NOW - 5 * HOUR, fields={"Due__c": NOW + 30 * HOUR}, comments=[comment("x", minutes_ago=90)]),
        field_changes={"Status": (FieldChange(NOW - 3 * HOUR, None, "New"),)},
    )
    crossings = sorted(when for when in condition.crossings(one, at(NOW)) if when >= NOW)
    for step in range(6 * 24 * 4):
        earlier, later = NOW + step * HOUR / 4, NOW + (step + 1) * HOUR / 4
        if not any(earlier <= when <= later for when in crossings):
            assert condition.holds(one, at(earlier)) == condition.holds(one, at(later))
