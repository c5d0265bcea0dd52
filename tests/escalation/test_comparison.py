"""The meaning of each field operator for one value."""

from datetime import UTC, date, datetime

import pytest

from sfdc_escalator.escalation.conditions.comparison import TESTS, Literal_, Operand, Operator, fold, moment
from sfdc_escalator.escalation.conditions.comparison import test_of as prepared
from sfdc_escalator.escalation.world.case import Value

AT_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

HOLDS: list[tuple[Value, Operator, Operand]] = [
    ("High", "is", "high"),
    (" High ", "is", "HIGH"),
    ("ÄRGER", "is", "ärger"),
    (True, "is", True),
    (None, "is", False),
    (3, "is", "3"),
    (3.0, "is", 3),
    (frozenset({"a"}), "is", "A"),
    (AT_NOON, "is", "2026-03-02T13:00:00+01:00"),
    (date(2026, 3, 2), "is", "2026-03-02"),
    ("Low", "is_not", "High"),
    ("b", "in", ("a", "B")),
    ("c", "not_in", ("a", "b")),
    (5, "at_least", 5),
    (5, "at_most", 5),
    (5.5, "more_than", 5),
    (4, "less_than", 5),
    (AT_NOON, "at_least", "2026-03-02T12:00:00Z"),
    (date(2026, 3, 2), "less_than", "2026-03-03"),
    ("Priority One", "starts_with", "priority"),
    ("x(y", "contains_any", ("nothing", "X(Y")),
    (frozenset({"Red", "Blue"}), "contains_any", ("green", "blue")),
    ("RMA-1234", "matches", r"rma-\d{4}"),
    ("Re\u0301clamation", "is", "r\u00e9clamation"),
    ("r\u00e9clamation", "in", ("x", "RE\u0301CLAMATION")),
    ("", "is_empty", True),
    (" \t\n", "is_empty", True),
    (None, "is_empty", True),
    (frozenset(), "is_empty", True),
    ("x", "is_empty", False),
    (0, "is_empty", False),
    (False, "is_empty", False),
]
FAILS: list[tuple[Value, Operator, Operand]] = [
    ("High", "is", "Higher"),
    (False, "is", True),
    (frozenset({"a", "b"}), "is", "a"),
    (AT_NOON, "is", "soon"),
    ("high", "is_not", "HIGH"),
    (4, "at_least", 5),
    ("5", "at_least", 5),
    (True, "at_least", 1),
    (date(2026, 3, 2), "at_least", "2026-03-01T00:00:00Z"),
    ("One Priority", "starts_with", "priority"),
    ("Redish", "contains_any", ("blue",)),
    (frozenset({"Redish"}), "contains_any", ("red",)),
    ("RMA-12", "matches", r"rma-\d{4}"),
    ("re\u0301clamation", "is_not", "r\u00e9clamation"),
    ("cafe\u0301", "is", "cafe"),
]
ONLY_FOR_EMPTY = {"is_empty", "is_not", "not_in"}
OPERANDS: dict[Operator, Operand] = {
    "is": "x", "is_not": "x", "in": ("x", "y"), "not_in": ("x", "y"), "at_least": 1, "at_most": 1, "more_than": 1,
    "less_than": 1, "starts_with": "x", "contains_any": ("x",), "matches": ".*", "is_empty": True,
}  # fmt: skip


@pytest.mark.parametrize(("value", "operator", "operand"), HOLDS)
def test_a_comparison_holds(value: Value, operator: Operator, operand: Operand) -> None:
    assert TESTS[operator](value, operand)


@pytest.mark.parametrize(("value", "operator", "operand"), FAILS)
def test_a_comparison_does_not_hold(value: Value, operator: Operator, operand: Operand) -> None:
    assert not TESTS[operator](value, operand)


@pytest.mark.parametrize("operator", OPERANDS)
@pytest.mark.parametrize("empty", [None, "", "  "])
def test_an_empty_value_satisfies_only_is_empty_is_not_and_not_in(empty: Value, operator: Operator) -> None:
    assert TESTS[operator](empty, OPERANDS[operator]) == (operator in ONLY_FOR_EMPTY)


def test_a_null_checkbox_is_false() -> None:
    assert TESTS["is"](None, False)
    assert not TESTS["is"](None, True)


@pytest.mark.parametrize(("ascii_text", "look_alike"), [("ss", "ß"), ("k", "\u212a"), ("s", "\u017f"), ("i", "ı")])
def test_ascii_does_not_equal_a_character_that_folds_to_it(ascii_text: str, look_alike: str) -> None:
    assert fold(ascii_text) != fold(look_alike)
    assert not TESTS["contains_any"](look_alike, (ascii_text,))
    assert not TESTS["starts_with"](look_alike, ascii_text)


@pytest.mark.parametrize("text", ["2026-03-02T12:00:00", "2026", "soon", "2026-13-01", "20260302"])
def test_a_time_without_a_zone_is_not_a_time(text: str) -> None:
    assert moment(text) is None


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_beyond_the_calendar_is_not_a_time(text: str) -> None:
    """A time outside UTC is like any text that is not a time: it does not end a run with a traceback."""
    assert moment(text) is None


# -- a condition on a field is made ready once, and means the same ---------------------------------------------------


MIXED: tuple[Value, ...] = (
    None, "", "  ", True, False, "true", "FALSE", "High", " high ", 0, 1, 5, 5.0, "5", frozenset(), frozenset({"High"}),
    AT_NOON, date(2026, 3, 2),
)  # fmt: skip
ASKED: tuple[Literal_, ...] = (True, False, "true", "High", "", 1, 5, "5", "2026-03-02")


@pytest.mark.parametrize("operator", ["is", "is_not", "in", "not_in", "at_least", "less_than", "starts_with"])
def test_a_prepared_test_gives_the_same_answers(operator: Operator) -> None:
    several = [(one, other) for one in ASKED for other in ASKED]
    for operand in (*ASKED, *several) if operator in ("in", "not_in") else ASKED:
        for value in MIXED:
            assert prepared(operator, operand)(value) == TESTS[operator](value, operand), (operand, value)
