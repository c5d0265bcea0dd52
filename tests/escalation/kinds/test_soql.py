"""`soql`: the answer of the org to a raw filter. Conditions that time alone never changes."""

from dataclasses import replace

import pytest

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.owner import Owner
from sfdc_escalator.escalation.conditions.kinds.soql import Soql
from sfdc_escalator.escalation.conditions.kinds.table_is import TableIs
from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.world.needs import Answered
from tests.builders import SCENE, case

Words = Table[str | int | float | bool]
URGENCY: Words = Table(
    "urgency",
    ("Impact__c", "Vip__c"),
    (
        Row(("High", True), "Critical"),
        Row((("High", "Medium"), False), "Urgent"),
        Row((("High", "Medium", "Low"), (True, False)), "High"),
    ),
    "Low",
)
LEAST: Words = Table("least", ("Tier__c",), (Row(("Gold",), 1), Row(("Silver",), 3)))


@pytest.mark.parametrize(
    ("answers", "holds"), [({}, False), ({"A = 1": False}, False), ({"A = 1": True}, True), ({"a = 1": True}, False)]
)
def test_a_raw_filter_holds_only_where_the_org_says_yes_to_that_filter(answers: dict[str, bool], holds: bool) -> None:
    condition = Soql("A = 1")
    one = replace(case(fields={"A": 1}), answers=answers)
    assert condition.holds(one, SCENE) is holds
    assert condition.look(one, SCENE) == answers.get("A = 1")
    assert condition.needs == {Answered("A = 1")}


@pytest.mark.parametrize(
    "condition",
    [TableIs(URGENCY, "is", "Low"), Owner("user"), Soql("A = 1"), Field("A", "is", 1), Field("Count__c", "is", LEAST)],
)
def test_time_alone_never_changes_a_field_an_owner_a_table_or_a_filter(condition: Condition) -> None:
    assert list(condition.crossings(case(), SCENE)) == []
