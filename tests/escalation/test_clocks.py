"""Clocks of every kind: time alone changes an answer only at a crossing."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.comparison import Operator
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.age import Age
from sfdc_escalator.escalation.conditions.kinds.idle import Idle
from sfdc_escalator.escalation.conditions.kinds.in_state import InState
from sfdc_escalator.escalation.conditions.kinds.left import Left
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.time.opening_hours import week_of
from sfdc_escalator.escalation.world.case import FieldChange
from tests.builders import NOW, case, comment

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
OFFICE = Calendar("office", ZoneInfo("America/New_York"), week_of({"mon-fri": "09:00-17:00"}), frozenset())
OPERATORS: tuple[Operator, ...] = ("at_least", "at_most", "more_than", "less_than")


def at(moment: datetime) -> Circumstances:
    return Circumstances(moment)


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
