"""`table`: the value of a table, compared as a field is."""

from dataclasses import replace

import pytest

from sfdc_escalator.escalation.conditions.comparison import Operand, Operator
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.table_is import TableIs
from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.conditions.tree import judge
from sfdc_escalator.escalation.proof.implication import contradiction, implies
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
NO_ELSE: Words = replace(URGENCY, otherwise=None)
OPERANDS: list[tuple[Operator, Operand, bool]] = [
    ("is", "Critical", False),
    ("is_not", "Critical", True),
    ("in", ("Critical", "Urgent"), False),
    ("not_in", ("Critical", "Urgent"), True),
    ("at_least", 1, False),
    ("at_most", 1, False),
    ("more_than", 1, False),
    ("less_than", 1, False),
]
LONG: Words = Table("long", ("Site__c",), tuple(Row((f"site {number}",), "yes") for number in range(1200)), "no")
SCORES: Words = Table("score", ("Risk__c",), (Row(("High",), 8), Row(("Low",), 2.5)), 5)


@pytest.mark.parametrize(("operator", "operand", "holds"), OPERANDS)
def test_a_table_that_gives_no_value_is_like_an_empty_field(operator: Operator, operand: Operand, holds: bool) -> None:
    nothing = case(fields={"Impact__c": None})
    assert TableIs(NO_ELSE, operator, operand).holds(nothing, SCENE) is holds
    assert Field("Impact__c", operator, operand).holds(nothing, SCENE) is holds


@pytest.mark.parametrize(
    ("operator", "limit", "matching"),
    [
        ("is", 5, ["None"]),
        ("is_not", 5, ["High", "Low"]),
        ("in", (8, "2.5"), ["High", "Low"]),
        ("at_least", 5, ["High", "None"]),
        ("more_than", 5, ["High"]),
        ("at_most", 5, ["Low", "None"]),
        ("less_than", 5, ["Low"]),
    ],
)
def test_a_table_is_compared_as_a_field_is_and_its_limits_are_inclusive(
    operator: Operator, limit: Operand, matching: list[str]
) -> None:
    condition = TableIs(SCORES, operator, limit)
    cases = {risk: case(fields={"Risk__c": risk}) for risk in ("High", "Low", "None")}
    assert [risk for risk, one in cases.items() if condition.holds(one, SCENE)] == matching


def test_a_condition_on_a_table_shows_the_value_of_the_table() -> None:
    one = case(fields={"Impact__c": "High", "Vip__c": True})
    finding = judge(TableIs(URGENCY, "is", "critical"), one, SCENE)
    assert (finding.holds, finding.seen) == (True, "Critical")
    assert TableIs(URGENCY, "is", "x").needs == {"Impact__c", "Vip__c"}


def test_a_long_table_is_called_impossible_only_for_a_value_that_it_never_gives() -> None:
    assert contradiction(TableIs(LONG, "is", "yes")) is None
    assert not implies(TableIs(LONG, "is", "yes"), Field("Subject", "is", "x"))
    assert contradiction(TableIs(LONG, "is", "maybe"))
