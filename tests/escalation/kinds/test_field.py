"""`field`: an operator for the value of a field; the operand may come from a table."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.conditions.comparison import TESTS, Literal_, Operand, Operator
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.world.case import Value
from tests.builders import SCENE, case, policy, route

Words = Table[str | int | float | bool]
LEAST: Words = Table("least", ("Tier__c",), (Row(("Gold",), 1), Row(("Silver",), 3)))
AT_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ONLY_FOR_EMPTY = {"is_empty", "is_not", "not_in"}
OPERANDS: dict[Operator, Operand] = {
    "is": "x", "is_not": "x", "in": ("x", "y"), "not_in": ("x", "y"), "at_least": 1, "at_most": 1, "more_than": 1,
    "less_than": 1, "starts_with": "x", "contains_any": ("x",), "matches": ".*", "is_empty": True,
}  # fmt: skip
LITERALS: st.SearchStrategy[Literal_] = st.sampled_from(
    ["", "  ", "high", " High ", "\u00df", "ss", "5", "5.0", "true", "nan", 5, 5.0, 4.5, 0, 1, True, False]
)
SEEN: st.SearchStrategy[Value] = st.one_of(
    st.none(), LITERALS, st.sampled_from([AT_NOON, AT_NOON.date(), frozenset[str](), frozenset({"HIGH"})])
)


@pytest.mark.parametrize(
    ("operator", "tier", "holding"),
    [
        ("at_least", "Gold", [1, 2, 3, 4]),
        ("at_least", "silver", [3, 4]),
        ("more_than", "Silver", [4]),
        ("at_most", "Silver", [1, 2, 3]),
        ("less_than", "Silver", [1, 2]),
        ("is", "Silver", [3]),
        ("is_not", "Silver", [1, 2, 4]),
    ],
)
def test_each_row_may_have_a_limit_of_its_own(operator: Operator, tier: str, holding: list[int]) -> None:
    condition = Field("Count__c", operator, LEAST)
    counted = [n for n in (1, 2, 3, 4) if condition.holds(case(fields={"Count__c": n, "Tier__c": tier}), SCENE)]
    assert counted == holding


@pytest.mark.parametrize("operator", ["is", "is_not", "at_least", "at_most", "more_than", "less_than"])
@pytest.mark.parametrize("tier", ["Bronze", None])
def test_a_case_for_which_the_table_gives_no_limit_does_not_match(operator: Operator, tier: str | None) -> None:
    condition = Field("Count__c", operator, LEAST)
    for count in (None, 0, 9):
        assert not condition.holds(case(fields={"Count__c": count, "Tier__c": tier}), SCENE)


def test_a_table_in_place_is_read_with_the_field_and_with_the_steps() -> None:
    assert Field("Count__c", "at_least", LEAST).needs == {"Count__c", "Tier__c"}
    stepping = policy(route(priority=Table("p", ("Impact__c",), (Row(("High",), "Urgent"),), "High")))
    assert "Impact__c" in stepping.needs()


@given(st.sampled_from(tuple(OPERANDS)), LITERALS, LITERALS, SEEN)
@settings(max_examples=600, deadline=None)
def test_a_field_condition_holds_where_its_operator_holds(
    operator: Operator, first: Literal_, second: Literal_, value: Value
) -> None:
    operand: Operand = (first, second) if operator in ("in", "not_in", "contains_any") else first
    holds = Field("A", operator, operand).holds(case(fields={"A": value}), SCENE)
    assert holds == TESTS[operator](value, operand)


@pytest.mark.parametrize(
    ("operator", "holding"),
    [("at_least", [5, 5.5]), ("more_than", [5.5]), ("at_most", [4.5, 5]), ("less_than", [4.5])],
)
@pytest.mark.parametrize("limit", [5, 5.0, "5"])
def test_the_limit_of_a_number_is_inclusive(operator: Operator, holding: list[float], limit: Literal_) -> None:
    values: list[float] = [4.5, 5, 5.5]
    assert [one for one in values if Field("A", operator, limit).holds(case(fields={"A": one}), SCENE)] == holding


@pytest.mark.parametrize("operator", OPERANDS)
@pytest.mark.parametrize("empty", [None, "", " \t", frozenset[str]()])
def test_an_empty_field_satisfies_only_is_empty_is_not_and_not_in(empty: Value, operator: Operator) -> None:
    holds = Field("A", operator, OPERANDS[operator]).holds(case(fields={"A": empty}), SCENE)
    assert holds == (operator in ONLY_FOR_EMPTY)
