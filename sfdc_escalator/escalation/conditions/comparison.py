"""The meaning of each operator for one value. The answer is yes or no: an empty value satisfies only is_empty, is_not
and not_in."""

import operator
import string
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Literal
from unicodedata import normalize

from sfdc_escalator.escalation.conditions.patterns.search import pattern
from sfdc_escalator.escalation.world.case import Value
from sfdc_escalator.escalation.world.forms.one_form import alike, composed
from sfdc_escalator.escalation.world.forms.written_number import text_in_file

Operator = Literal[
    "is", "is_not", "in", "not_in", "at_least", "at_most", "more_than", "less_than",
    "starts_with", "contains_any", "matches", "is_empty",
]  # fmt: skip
Literal_ = str | int | float | bool
Operand = Literal_ | tuple[Literal_, ...]


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """The form in which texts are compared: trimmed, any case, letters composed or not. ASCII never equals non-ASCII
    (`\u00df` is not `ss`): the org does not find one by the other, so a condition must not either."""
    text = text.strip(string.whitespace)
    return text.lower() if text.isascii() else "\0" + normalize("NFC", normalize("NFD", text).casefold())


def form_as(part: str, text: str) -> str:
    """The text in the form in which this part is looked for in it. An ASCII letter matches only itself, as on the
    server, which is asked for such parts; it is never asked for others (`salesforce/soql/comparisons`)."""
    return alike(text) if alike(part).isascii() else composed(text)


def as_text(value: Literal_) -> str:
    """The literal as a text is compared with it: a number as the file writes it."""
    return str(value).lower() if isinstance(value, bool) else text_in_file(value) or str(value)


def is_empty(value: Value) -> bool:
    return value is None or value == frozenset() or (isinstance(value, str) and not value.strip(string.whitespace))


@lru_cache(maxsize=4096)
def moment(text: str) -> datetime | date | None:
    """A datetime with zone, or a date; None for any other text."""
    try:
        parsed = datetime.fromisoformat(text)
        if len(text) == 10:
            return parsed.date()
        return parsed.astimezone(UTC) if parsed.tzinfo else None
    except (ValueError, OverflowError):
        return None


def same(value: Value, operand: Literal_) -> bool:
    """True where the value equals the operand: texts folded, a multi-picklist as an exact set of one."""
    if isinstance(operand, bool) and (value is None or isinstance(value, bool)):
        return bool(value) == operand
    if value is None or isinstance(value, bool):
        return isinstance(value, bool) and fold(as_text(value)) == fold(as_text(operand))
    if isinstance(value, frozenset):
        return {fold(one) for one in value} == {fold(as_text(operand))}
    if isinstance(value, (datetime, date)):
        return value == moment(as_text(operand))
    if isinstance(value, (int, float)):
        return value == number(operand)
    return not is_empty(value) and fold(value) == fold(as_text(operand))


@lru_cache(maxsize=4096)
def number(operand: Literal_) -> float | None:
    """The operand as a number; None for a text that is not a number, and for `nan`, which has no order."""
    try:
        found = operand if isinstance(operand, (int, float)) else float(operand)
    except ValueError:
        return None
    return None if found != found else found


def compare(value: Value, operand: Literal_) -> int | None:
    """Less (-1), equal (0) or greater (1); None where the two have no order (empty, text, another type)."""
    left: float | datetime | date
    right: float | datetime | date | None
    if isinstance(value, (datetime, date)):
        left, right = value, moment(as_text(operand))
        if right is not None and isinstance(left, datetime) != isinstance(right, datetime):
            return None
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        left, right = value, None if isinstance(operand, bool) else number(operand)
    else:
        return None
    if right is None:
        return None
    return (left > right) - (left < right)  # type: ignore[operator]


def options(operand: Operand) -> tuple[Literal_, ...]:
    return operand if isinstance(operand, tuple) else (operand,)


def one(operand: Operand) -> Literal_:
    return operand[0] if isinstance(operand, tuple) else operand


def contains(value: Value, operand: Literal_) -> bool:
    if isinstance(value, frozenset):
        return fold(as_text(operand)) in {fold(chosen) for chosen in value}
    part = as_text(operand).strip(string.whitespace)
    return isinstance(value, str) and form_as(part, part) in form_as(part, value)


def starts(value: Value, operand: Literal_) -> bool:
    part = as_text(operand).strip(string.whitespace)
    return isinstance(value, str) and form_as(part, value.strip(string.whitespace)).startswith(form_as(part, part))


def matches(value: object, operand: Literal_) -> bool | None:
    """None where the search takes too long."""
    return isinstance(value, str) and not is_empty(value) and pattern(as_text(operand)).found_in(value)


TESTS: dict[Operator, Callable[[Value, Operand], bool]] = {
    "is": lambda value, operand: same(value, one(operand)),
    "is_not": lambda value, operand: not same(value, one(operand)),
    "in": lambda value, operand: any(same(value, option) for option in options(operand)),
    "not_in": lambda value, operand: not any(same(value, option) for option in options(operand)),
    "at_least": lambda value, operand: compare(value, one(operand)) in (0, 1),
    "at_most": lambda value, operand: compare(value, one(operand)) in (0, -1),
    "more_than": lambda value, operand: compare(value, one(operand)) == 1,
    "less_than": lambda value, operand: compare(value, one(operand)) == -1,
    "starts_with": lambda value, operand: starts(value, one(operand)),
    "contains_any": lambda value, operand: any(contains(value, option) for option in options(operand)),
    "matches": lambda value, operand: matches(value, one(operand)) is True,
    "is_empty": lambda value, operand: is_empty(value) == bool(one(operand)),
}


Test = Callable[[Value], bool]
ORDERED: dict[Operator, Callable[[Any, Any], bool]] = {
    "at_least": operator.ge,
    "at_most": operator.le,
    "more_than": operator.gt,
    "less_than": operator.lt,
}


def test_of(key: Operator, operand: Operand) -> Test:
    """`TESTS[key]` with this operand, for many values: the most common comparisons are prepared once."""
    if key in ("is", "in", "is_not", "not_in"):
        return _among(key, operand)
    if key == "contains_any":
        return _containing(operand)
    limit = number(one(operand)) if key in ORDERED and not isinstance(one(operand), bool) else None
    general = TESTS[key]
    if limit is None:
        return lambda value: general(value, operand)
    ordered = ORDERED[key]
    return lambda value: (
        ordered(value, limit) if type(value) in (int, float) else value is not None and general(value, operand)
    )


def _containing(operand: Operand) -> Test:
    parts = [as_text(option).strip(string.whitespace) for option in options(operand)]
    forms = tuple(map(alike, parts))
    plain, general = all(map(str.isascii, forms)), TESTS["contains_any"]

    def test(value: Value) -> bool:
        if not plain or type(value) is not str:
            return value is not None and general(value, operand)
        form = alike(value)
        for one in forms:  # noqa: SIM110 - this loop runs for every case
            if one in form:
                return True
        return False

    return test


def _among(key: Operator, operand: Operand) -> Test:
    asked = options(operand) if key in ("in", "not_in") else options(operand)[:1]
    general, wanted = TESTS[key], key in ("is", "in")
    if all(isinstance(option, bool) for option in asked):  # a checkbox; an empty one is false
        checks = frozenset(asked)
        return lambda value: (
            (bool(value) in checks) is wanted if value is None or type(value) is bool else general(value, operand)
        )
    folded = frozenset(fold(as_text(option)) for option in asked) - {""}
    empty = general(None, operand)
    return lambda value: (
        (fold(value) in folded) is wanted if type(value) is str else empty if value is None else general(value, operand)
    )
