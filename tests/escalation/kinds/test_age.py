"""`age`: the time since a field, by a calendar, with pauses, against an inclusive limit."""

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
from sfdc_escalator.escalation.conditions.kinds.age import Age
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.time.business_days import BusinessDays
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.time.opening_hours import week_of
from sfdc_escalator.escalation.world.case import Case, FieldChange
from tests.builders import NOW, SCENE, case

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
OFFICE = Calendar("office", ZoneInfo("America/New_York"), week_of({"mon-fri": "09:00-17:00"}), frozenset())
OPERATORS: tuple[Operator, ...] = ("at_least", "at_most", "more_than", "less_than")
SIDES = {
    "at_least": (False, True, True),
    "more_than": (False, False, True),
    "at_most": (True, True, False),
    "less_than": (True, False, False),
}
STATE = st.tuples(st.integers(1, 60), st.sampled_from(["New", "Waiting"]))
STATES = st.lists(STATE, max_size=6, unique_by=lambda state: state[0])


@pytest.mark.parametrize(
    ("operator", "younger", "exact", "older"),
    [
        ("at_least", False, True, True),
        ("more_than", False, False, True),
        ("at_most", True, True, False),
        ("less_than", True, False, False),
    ],
)
def test_the_limit_of_an_age_is_inclusive(operator: Operator, younger: bool, exact: bool, older: bool) -> None:
    condition, second = Age(operator, DAY, path="CreatedDate"), timedelta(seconds=1)
    ages = (DAY - second, DAY, DAY + second)
    assert [condition.holds(case(created=NOW - age), SCENE) for age in ages] == [younger, exact, older]


@pytest.mark.parametrize("operator", ["at_least", "at_most", "more_than", "less_than"])
@pytest.mark.parametrize("value", [None, "yesterday"])
def test_an_empty_field_has_no_age(operator: Operator, value: str | None) -> None:
    assert not Age(operator, DAY, path="Due__c").holds(case(fields={"Due__c": value}), SCENE)


def at(moment: datetime) -> Circumstances:
    return Circumstances(moment)


@pytest.mark.parametrize("operator", OPERATORS)
def test_the_limit_of_open_time_is_inclusive(operator: Operator) -> None:
    now = datetime.fromisoformat("2026-03-02T16:00:00+00:00")  # Monday, 11:00 in New York
    clock = Age(operator, 3 * HOUR, OFFICE, path="CreatedDate")
    friday = datetime.fromisoformat("2026-02-27T21:00:00+00:00")  # 16:00 in New York
    actual = [clock.holds(case(created=friday - by), at(now)) for by in (-SECOND, timedelta(), SECOND)]
    assert tuple(actual) == SIDES[operator]


def test_a_limit_and_a_calendar_may_come_from_a_table() -> None:
    limits = Table("t", ("Priority",), (Row(("High",), HOUR), Row((("Low", "Medium"),), 8 * HOUR)))
    clock = Age("at_least", limits, path="CreatedDate")
    actual = [clock.holds(case(priority=name, created=NOW - 2 * HOUR), at(NOW)) for name in ("high", "Low", None)]
    assert actual == [True, False, False]
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


def minute_by_minute(one: Case, hours: int) -> timedelta:
    """The time counted minute by minute, without the minutes of the pause."""
    field_changes, counted = one.field_changes["Status"], 0
    for minute in range(hours * 60):
        begin = NOW - hours * HOUR + timedelta(minutes=minute)
        past = [change.after for change in field_changes if change.at <= begin]
        value = past[-1] if past else field_changes[0].before if field_changes else one.fields["Status"]
        counted += value != "Waiting"
    return timedelta(minutes=counted)


@given(STATES, st.sampled_from(["New", "Waiting"]), st.integers(1, 12))
@settings(max_examples=100, deadline=None)
def test_a_clock_is_stopped_while_its_pause_holds(states: list[tuple[int, str]], first: str, hours: int) -> None:
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
