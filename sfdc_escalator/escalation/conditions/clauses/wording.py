"""Conditions as sentences for the people who follow a procedure: fields, values and times in plain English."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from sfdc_escalator.errors import counted
from sfdc_escalator.escalation.conditions.comparison import Literal_, Operand, Operator, as_text, options
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.time.calendars import BusinessDays

CASE = "the case"
UNITS = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))
HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
CHECKBOX = re.compile(r"Is([A-Z][a-z]+)")
PHRASES: dict[Operator, tuple[str, str]] = {
    "is": ("is {}", "is not {}"),
    "is_not": ("is not {}", "is {}"),
    "in": ("is {}", "is not {}"),
    "not_in": ("is not {}", "is {}"),
    "at_least": ("is at least {}", "is not at least {}"),
    "at_most": ("is at most {}", "is not at most {}"),
    "more_than": ("is more than {}", "is not more than {}"),
    "less_than": ("is less than {}", "is not less than {}"),
    "starts_with": ("begins with {}", "does not begin with {}"),
    "contains_any": ("contains {}", "does not contain {}"),
    "matches": ("matches the pattern {}", "does not match the pattern {}"),
}
OPPOSITE: dict[Operator, Operator] = {
    "at_least": "less_than",
    "less_than": "at_least",
    "at_most": "more_than",
    "more_than": "at_most",
}


class Clause(NamedTuple):
    """A condition as a clause behind "when". `words` are the phrases that it looks for, `but` those that do not
    count."""

    text: str
    words: tuple[str, ...] = ()
    but: tuple[str, ...] = ()


def label(name: str) -> str:
    """The name of a field or an object as people know it: `RMA_Count__c` -> RMA Count, `OwnerId` -> Owner."""
    plain = re.sub(r"__[cr]$", "", name)
    plain = plain[:-2] if plain.endswith("Id") and len(plain) > 2 else plain
    return " ".join(HUMPS.sub(" ", plain.replace("_", " ")).split())


def field_words(path: str) -> str:
    """`Priority` -> the Priority; `Account.Owner.Name` -> the Name of the Owner of the Account."""
    return " of ".join(f"the {label(step)}" for step in reversed(path.split(".")))


def quoted(value: Any) -> str:
    """A value between quotation marks; a number without."""
    if isinstance(value, bool) or not isinstance(value, str):
        return as_text(value) if isinstance(value, (bool, int, float)) else f"\u201c{named(value)}\u201d"
    return f"\u201c{value}\u201d"


def named(value: Any) -> str:
    return str(getattr(value, "name", value))


def listed(texts: Sequence[str], last: str = "or") -> str:
    """`a, b or c`"""
    *first, end = texts or ("nothing",)
    return f"{', '.join(first)} {last} {end}" if first else end


def comparison(path: str, operator: Operator, operand: Operand | Table[Literal_], holds: bool, subject: str) -> str:
    """The comparison of a field, or that it does not hold."""
    if isinstance(operand, bool) and operator in ("is", "is_not"):
        return checkbox(path, operand == (holds == (operator == "is")), subject)
    return f"{field_words(path)} {compared(operator, operand, holds)}"


def compared(operator: Operator, operand: Operand | Table[Literal_], holds: bool) -> str:
    if isinstance(operand, Table):
        return PHRASES[operator][not holds].format(table_words(operand))
    if operator == "is_empty":
        return "is empty" if bool(options(operand)[0]) == holds else "is filled in"
    return PHRASES[operator][not holds].format(listed([quoted(one) for one in options(operand)]))


def checkbox(path: str, ticked: bool, subject: str) -> str:
    """`IsClosed` -> the case is open; `Vip__c` -> the Vip is ticked."""
    if path == "IsClosed":
        return f"{subject} is {'closed' if ticked else 'open'}"
    if found := CHECKBOX.fullmatch(path):
        return f"{subject} is {'' if ticked else 'not '}{found[1].lower()}"
    return f"{field_words(path)} is {'' if ticked else 'not '}ticked"


def table_words(table: Table[Any]) -> str:
    """`what the table "decision" gives`, or the rows of a table without a name."""
    if table.name:
        return f"what the table {quoted(table.name)} gives"
    rows = [f"{value_words(row.value)} where {cells_words(table.by, row.cells)}" for row in table.rows]
    last = [] if table.otherwise is None else [f"else {value_words(table.otherwise)}"]
    return ", ".join([*rows, *last])


def by_table(table: Table[Any], noun: str) -> str:
    """`the team that the table "supervisor" gives`; the rows of a table without a name."""
    if table.name:
        return f"the {noun} that the table {quoted(table.name)} gives"
    return f"the {noun} {table_words(table)}"


def cells_words(by: Sequence[str], cells: Sequence[Operand]) -> str:
    pairs = zip(by, cells, strict=True)
    return " and ".join(f"{field_words(path)} is {listed(list(map(quoted, options(cell))))}" for path, cell in pairs)


def value_words(value: Any) -> str:
    """A value that a table gives: a time, a text, or something with a name."""
    return time_words(value) if isinstance(value, (timedelta, BusinessDays)) else quoted(value)


def time_words(time: timedelta | BusinessDays, *, days: bool = True) -> str:
    """`2 days 4 hours`, `24 hours`, `3 business days`; without days for open time, of which a day has no length."""
    if isinstance(time, BusinessDays):
        return counted(time.count, "business day")
    left, parts = abs(time), list[str]()
    if left < timedelta(hours=2) and left % timedelta(hours=1):
        return counted(left // timedelta(minutes=1), "minute")
    for unit, name in UNITS if days and left >= timedelta(days=2) else UNITS[1:]:
        count, left = divmod(left, unit)
        parts += [counted(count, name)] if count else []
    return " ".join(parts) or "0 minutes"


def timed(text: str, operator: Operator, limit: Any, calendar: Any, holds: bool = True) -> str:
    """The text with the time on a clock in its place; what a table gives stands behind it."""
    asked = (operator if holds else OPPOSITE[operator]).replace("_", " ")
    if isinstance(limit, Table):
        return f"{text.format('some time')}: {asked} {table_words(limit)}{calendar_words(calendar)}"
    return text.format(f"{asked} {time_words(limit, days=calendar is None)}") + calendar_words(calendar)


def calendar_words(calendar: Any) -> str:
    if calendar is None:
        return ""
    if isinstance(calendar, Table):
        return f", counted in {by_table(calendar, 'opening hours')}"
    return f", counted in the opening hours {quoted(calendar.name)}"
