"""One comparison as a filter. When in doubt, everything: a case that is not returned is a case nobody escalates.

The Python meaning is in `escalation/comparison.py`: texts are folded, an empty value satisfies only is_empty,
is_not and not_in. Each filter here returns at least the cases for which the comparison comes out as `want`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from string import whitespace

from sfdc_escalator.escalation.conditions import comparison
from sfdc_escalator.escalation.conditions.comparison import Literal_, Operand, Operator, options
from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.escalation.world.forms.one_form import signs_alike
from sfdc_escalator.escalation.world.org import FieldInfo
from sfdc_escalator.salesforce.soql import soql
from sfdc_escalator.salesforce.soql.soql import EVERYTHING, NOTHING, Filter, Leaf, both, either, listed, render

WORDS = frozenset({"string", "email", "phone", "url", "textarea"})
EQUAL_ONLY = frozenset({"picklist", "combobox", "multipicklist"})
NUMBERS = frozenset({"int", "double", "currency", "percent", "long"})
REFERENCES = frozenset({"id", "reference"})
TIMES = frozenset({"datetime", "date"})
COMPARED = WORDS | EQUAL_ONLY | NUMBERS | REFERENCES | TIMES
# ASCII letters that some non-ASCII letter folds to (the long s to `s`, the Kelvin sign to `k`), alone or with others.
# For us they differ; an org that folds them would leave such a value out of `!= 'text'` and of NOT LIKE.
SHARED_ALONE = frozenset("fks")
SHARED = frozenset("afhijklnstwy")
LONGEST_LITERAL = 3_900  # a literal holds 4,000 characters (SOQL limits), escapes included
LARGEST_NUMBER = 1e15  # beyond it a JSON number is no longer the number that the org holds
YEARS = range(1701, 4000)  # of a datetime literal (SOAP guide, primitive data types)
ORDER: dict[str, tuple[str, str]] = {
    "at_least": (">=", "<"),
    "at_most": ("<=", ">"),
    "more_than": (">", "<="),
    "less_than": ("<", ">="),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A field where it stands in a query: its path from the case, and what describe says of it."""

    path: str
    info: FieldInfo

    @property
    def kind(self) -> str:
        return self.info.type

    def is_(self, sign: str, literal: str) -> Filter:
        return Leaf(f"{self.path} {sign} {literal}")

    def is_not(self, sign: str, literal: str) -> Filter:
        """An unlike value or none: SOQL compares an empty value with nothing."""
        return either([Leaf(f"{self.path} {sign} {literal}"), Leaf(f"{self.path} = null")])

    def no_parent(self) -> Filter:
        """The record on the way to the field is missing; a custom relationship `X__r` is the reference `X__c`."""
        steps = self.path.split(".")[:-1]
        names = [step[:-1] + "c" if step.lower().endswith("__r") else step + "Id" for step in steps]
        return either(Leaf(".".join([*steps[:place], name]) + " = null") for place, name in enumerate(names))


def field_filter(column: Column, operator: Operator, operand: Operand, want: bool) -> Filter:
    """At least the cases for which `field operator operand` comes out as `want`."""
    if not column.info.filterable:
        return EVERYTHING
    if column.kind == "boolean":
        return _boolean(column, operator, operand, want)
    if operator == "is_empty":
        empty = bool(comparison.one(operand)) == want
        return Leaf(f"{column.path} {'=' if empty else '!='} null") if column.kind in COMPARED else EVERYTHING
    if operator in ("is", "in"):
        return _among(column, options(operand) if operator == "in" else options(operand)[:1], want)
    if operator in ("is_not", "not_in"):
        return _among(column, options(operand) if operator == "not_in" else options(operand)[:1], not want)
    if operator in ORDER:
        return _ordered(column, operator, comparison.one(operand), want)
    if operator == "starts_with":
        return _like(column, "", comparison.one(operand), want)
    if operator == "contains_any":
        join = either if want else both
        return join(_containing(column, option, want) for option in options(operand))
    return EVERYTHING


def _boolean(column: Column, operator: Operator, operand: Operand, want: bool) -> Filter:
    """A checkbox has two values, and none where the record that it stands on is missing: each is tried."""
    test = comparison.TESTS[operator]
    states = [value for value in (True, False, None) if test(value, operand) == want]
    if {True, False} <= set(states):
        return EVERYTHING
    filters = [Leaf(f"{column.path} = {'true' if state else 'false'}") for state in states if state is not None]
    return either([*filters, column.no_parent()] if None in states else filters)


def _among(column: Column, literals: Sequence[Literal_], want: bool) -> Filter:
    """Equal to one of the literals, or to none of them. A literal that no value of the field can equal is left out."""
    texts = [equal_literal(column, literal, want) for literal in literals if not _is_blank(column, literal)]
    sure = [text for text in texts if text is not None]
    if want and len(sure) < len(texts):
        return EVERYTHING
    if not sure:
        return NOTHING if want else EVERYTHING
    return either(_one_of(column, some) for some in listed(sure)) if want else _none_of(column, sure)


def _one_of(column: Column, literals: Sequence[str]) -> Filter:
    joined = f"({','.join(literals)})"
    if column.kind == "multipicklist":
        return column.is_("INCLUDES", joined)
    return column.is_("IN", joined) if len(literals) > 1 else column.is_("=", literals[0])


def _none_of(column: Column, literals: Sequence[str]) -> Filter:
    """A long list is several filters, of which each can be left out when a query is too long. Each is one leaf:
    halving it would ask for empty values again and again."""
    parts = [
        column.is_not("NOT IN", f"({','.join(some)})") if len(some) > 1 else column.is_not("!=", some[0])
        for some in listed(literals)
    ]
    return parts[0] if len(parts) == 1 else both(Leaf(f"({render(part)})") for part in parts)


def _is_blank(column: Column, literal: Literal_) -> bool:
    return column.kind in WORDS | EQUAL_ONLY and comparison.is_empty(comparison.as_text(literal))


def equal_literal(column: Column, literal: Literal_, want: bool) -> str | None:
    """The SOQL literal for this field; None where SOQL and Python may differ in what is equal."""
    if isinstance(literal, bool):
        return None  # an empty value counts as false, whatever the field
    if column.kind in TIMES or column.kind in NUMBERS:
        return _scalar(column, literal)
    text = comparison.as_text(literal).strip(whitespace)
    if column.kind in REFERENCES:
        return soql.quote(text) if _is_long_id(text) else None
    if column.kind == "multipicklist" and ";" in text:
        return None
    if column.kind not in WORDS | EQUAL_ONLY or column.info.case_sensitive or not _is_plain(text):
        return None
    if not want and not SHARED_ALONE.isdisjoint(text.lower()):
        return None
    return soql.quote(text)


def _is_plain(text: str) -> bool:
    """Letters that every side folds alike, and no control characters."""
    return text.isascii() and text.isprintable() and len(soql.quote(text)) <= LONGEST_LITERAL


def _is_long_id(text: str) -> bool:
    try:
        return long_id(text) == text
    except ValueError:
        return False


def _scalar(column: Column, literal: Literal_) -> str | None:
    if column.kind in NUMBERS:
        value = None if isinstance(literal, bool) else comparison.number(literal)
        if value is None or abs(value) >= LARGEST_NUMBER or not isfinite(value):
            return None
        return soql.number(int(value) if value == int(value) else value)
    moment = comparison.moment(comparison.as_text(literal))
    if not _is_sayable(column, moment):
        return None
    if isinstance(moment, datetime):
        return soql.instant(moment) if moment.microsecond == 0 else None
    assert moment is not None
    return soql.day(moment)


def _is_sayable(column: Column, moment: date | None) -> bool:
    """True where the moment is of the field's type and SOQL has a literal for it."""
    of_type = isinstance(moment, datetime) if column.kind == "datetime" else type(moment) is date
    return of_type and moment is not None and moment.year in YEARS


def _ordered(column: Column, operator: Operator, literal: Literal_, want: bool) -> Filter:
    if column.kind not in NUMBERS | TIMES:
        return EVERYTHING
    text = _scalar(column, literal)
    return EVERYTHING if text is None else sided(column, operator, text, text, want)


def sided(column: Column, operator: Operator, low: str, high: str, want: bool) -> Filter:
    """`low` and `high` say the limit rounded down and up: the side that returns more is taken."""
    sign = ORDER[operator][0 if want else 1]
    literal = low if ">" in sign else high
    return column.is_(sign, literal) if want else column.is_not(sign, literal)


def _containing(column: Column, literal: Literal_, want: bool) -> Filter:
    if column.kind != "multipicklist":
        return _like(column, "%", literal, want)
    text = None if _is_blank(column, literal) else equal_literal(column, literal, want)
    if text is None:
        return EVERYTHING
    return column.is_("INCLUDES", f"({text})") if want else column.is_not("EXCLUDES", f"({text})")


def _like(column: Column, before: str, literal: Literal_, want: bool) -> Filter:
    """The text at this place: an apostrophe or a hyphen in it stands for any sign, as each has many forms."""
    text = signs_alike(comparison.as_text(literal).strip(whitespace))
    if not text or not _can_like(column, text):
        return EVERYTHING
    pattern = soql.like(before, text, "%", any_sign="'-")
    if want:
        return Leaf(f"{column.path} LIKE {pattern}")
    if not (SHARED | set("'-")).isdisjoint(text.lower()):
        return EVERYTHING
    return either([Leaf(f"(NOT {column.path} LIKE {pattern})"), Leaf(f"{column.path} = null")])


def _can_like(column: Column, text: str) -> bool:
    """No backslash: it is not documented whether LIKE unescapes it once or twice."""
    info = column.info
    return info.filterable and column.kind in WORDS and not info.case_sensitive and _is_plain(text) and "\\" not in text
