"""`left`: the time left until a field, negative when it is past."""

from datetime import datetime, timedelta

import pytest

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.comparison import Operator
from sfdc_escalator.escalation.conditions.kinds.left import Left
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


@pytest.mark.parametrize("operator", OPERATORS)
def test_the_limit_of_time_left_is_inclusive_and_the_past_is_negative(operator: Operator) -> None:
    clock = Left(operator, 4 * HOUR, path="Due__c")
    actual = [
        clock.holds(case(fields={"Due__c": NOW + 4 * HOUR + by}), at(NOW)) for by in (-SECOND, timedelta(), SECOND)
    ]
    assert tuple(actual) == SIDES[operator]
    past = case(fields={"Due__c": NOW - HOUR})
    assert Left("at_most", timedelta(), path="Due__c").look(past, at(NOW)) == -HOUR
    assert Left("at_most", timedelta(), path="Due__c").holds(past, at(NOW))
    overdue, due = Left(operator, -4 * HOUR, path="Due__c"), NOW - 4 * HOUR
    actual = [overdue.holds(case(fields={"Due__c": due + by}), at(NOW)) for by in (-SECOND, timedelta(), SECOND)]
    assert tuple(actual) == SIDES[operator]
