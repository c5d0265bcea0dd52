"""Look-up tables: the first row whose cells all match gives the value."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.conditions.comparison import Operand, options, same
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.table_is import TableIs
from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.world.case import Value
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


# -- which row -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("impact", "vip", "given_value"),
    [
        ("High", True, "Critical"),
        (" hIGH ", True, "Critical"),
        ("High", False, "Urgent"),
        ("Medium", False, "Urgent"),
        ("Medium", True, "High"),
        ("Low", False, "High"),
        ("None", True, "Low"),
        (None, True, "Low"),
        ("", False, "Low"),
    ],
)
def test_the_first_row_whose_cells_all_match_gives_the_value_or_else_does(
    impact: str | None, vip: bool, given_value: str
) -> None:
    assert URGENCY.value(case(fields={"Impact__c": impact, "Vip__c": vip})) == given_value


@pytest.mark.parametrize(
    ("value", "cell", "holds"),
    [
        (None, False, True),  # a null checkbox is false
        (None, True, False),
        (None, "", False),
        ("", "", False),
        ("x", "", False),
        ("*", "*", True),
        ("x", "*", False),  # no cell stands for anything: `else` does
        (5, 5, True),
        (5.0, "5", True),
        (5, (4, 5), True),
        (True, "true", True),
        (frozenset({"a"}), "A", True),
        (frozenset({"a", "b"}), "a", False),
        ("x", (), False),
    ],
)
def test_a_cell_matches_like_the_operators_is_and_in(value: Value, cell: Operand, holds: bool) -> None:
    one = case(fields={"A": value})
    assert Row((cell,), 1).matches(one, ("A",)) is holds
    assert Field("A", "in", options(cell)).holds(one, SCENE) is holds


def test_a_field_that_was_never_read_matches_only_the_cell_of_an_unticked_checkbox() -> None:
    assert [Row((cell,), 1).matches(case(), ("Nowhere__c",)) for cell in ("x", True, 0, False)] == [
        False,
        False,
        False,
        True,
    ]


CELL = st.sampled_from(["a", "B", ("a", "b"), True, 5])
SEEN: st.SearchStrategy[Value] = st.sampled_from(["a", "b", "c", None, True, 5, ""])
ROWS = st.lists(st.tuples(CELL, CELL, st.integers(0, 3)), min_size=1, max_size=5)


@given(ROWS, st.sampled_from([None, 9]), SEEN, SEEN)
@settings(max_examples=150, deadline=None)
def test_the_rows_of_a_table_are_tried_in_order(
    rows: list[tuple[Operand, Operand, int]], otherwise: int | None, first: Value, second: Value
) -> None:
    table = Table("t", ("A", "B"), tuple(Row((one, two), value) for one, two, value in rows), otherwise)
    expected = otherwise
    for one, two, value in rows:
        if any(same(first, cell) for cell in options(one)) and any(same(second, cell) for cell in options(two)):
            expected = value
            break
    found = table.value(case(fields={"A": first, "B": second}))
    assert found == expected
    assert found is None or found in table.values


# -- total or not --------------------------------------------------------------------------------------------------


def test_every_value_that_a_table_may_give_is_known_before() -> None:
    assert URGENCY.values == ("Critical", "Urgent", "High", "Low")
    assert NO_ELSE.values == ("Critical", "Urgent", "High")


@pytest.mark.parametrize("otherwise", [0, False, ""])
def test_an_else_of_zero_is_used(otherwise: str | int | bool) -> None:
    table: Words = Table("t", ("A",), (Row(("x",), 1),), otherwise)
    assert table.values == (1, otherwise)
    assert table.value(case()) == otherwise
    assert TableIs(table, "is_empty", False).holds(case(), SCENE) is (otherwise != "")
