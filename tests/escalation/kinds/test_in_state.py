"""`in_state`: the time since the last change of any of the fields."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.comparison import Operator
from sfdc_escalator.escalation.conditions.kinds.in_state import InState
from sfdc_escalator.escalation.conditions.tree import Not
from sfdc_escalator.escalation.world.case import Case, FieldChange
from tests.builders import NOW, case

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
OPERATORS: tuple[Operator, ...] = ("at_least", "at_most", "more_than", "less_than")
SIDES = {
    "at_least": (False, True, True),
    "more_than": (False, False, True),
    "at_most": (True, True, False),
    "less_than": (True, False, False),
}


def at(moment: datetime) -> Circumstances:
    return Circumstances(moment)


def changed(*field_changes: tuple[timedelta, str], status: str = "New", path: str = "Status") -> Case:
    """A case whose field took these values at these times before now."""
    made = tuple(FieldChange(NOW - ago, None, value) for ago, value in field_changes)
    return replace(case(status=status, created=NOW - 9 * DAY), field_changes={path: made})


@pytest.mark.parametrize("operator", OPERATORS)
def test_the_limit_of_being_in_a_state_is_inclusive(operator: Operator) -> None:
    clock = InState(operator, 4 * HOUR, paths=("Status",))
    actual = [clock.holds(changed((4 * HOUR + by, "New")), at(NOW)) for by in (-SECOND, timedelta(), SECOND)]
    assert tuple(actual) == SIDES[operator]


def test_several_fields_are_in_their_state_since_the_last_change_of_any() -> None:
    one = replace(
        changed((5 * HOUR, "New")),
        field_changes={"Status": (FieldChange(NOW - 5 * HOUR, None, "New"),), "Priority": ()},
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


def test_a_field_without_history_never_matches_in_state() -> None:
    clock = InState("at_least", HOUR, paths=("Status",))
    assert clock.look(case(), at(NOW)) is None
    assert not clock.holds(case(), at(NOW))
    assert Not(clock).holds(case(), at(NOW))
