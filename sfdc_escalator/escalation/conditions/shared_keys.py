"""Keys that several kinds of conditions share: operators, limits and calendars."""

from collections.abc import Iterator
from typing import Any

from sfdc_escalator.escalation.conditions.clocks.clock import Clock
from sfdc_escalator.escalation.conditions.clocks.stopped_clock import LIMITS, BusinessHours, CalendarRef, Calendars
from sfdc_escalator.escalation.conditions.comparison import Literal_, Operand, Operator, as_text
from sfdc_escalator.escalation.conditions.declaration import Given, Key, Refusal, Takes, Terms
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.world.case import long_id

DURATION = "The value is {}: a duration (15m, 4h, 2d, 2w), by a calendar hours or `2 business days`, or a table."
EQUAL = ("is", "is_not", "in", "not_in")
SIDES: dict[str, str] = {
    "at_least": "this or more",
    "at_most": "this or less",
    "more_than": "more than this",
    "less_than": "less than this",
}


def side_keys(takes: Takes, hover: str = DURATION) -> tuple[Key, ...]:
    """at_least, at_most, more_than and less_than; `hover` has a placeholder for the operator."""
    return tuple(Key(name, takes, hover.format(words)) for name, words in SIDES.items())


CALENDAR = Key("calendar", Takes.CALENDAR, "Counts open time only: a calendar, `{business_hours: Name}`, or a table.")
LIMIT_KEYS = (CALENDAR, *side_keys(Takes.LIMIT))


def needs_limit(given: Given) -> Iterator[Refusal]:
    if LIMITS.keys().isdisjoint(given):
        expected = f"one or more of {', '.join(LIMITS)}"
        yield Refusal("the condition has no limit", expected, f"`{next(iter(given))}` alone")


def limits(given: Given) -> Iterator[tuple[Any, Any]]:
    return ((name, value) for name, value in given.items() if name in LIMITS)


def clocks(kind: type[Clock], given: Given, terms: Terms, **facts: Any) -> list[Clock]:
    """A clock of that kind for each of the limits."""
    calendar = calendar_of(given.get("calendar"), terms)
    return [kind(operator, limit, calendar, **facts) for operator, limit in limits(given)]


def calendar_of(given: str | BusinessHours | Table[str] | None, terms: Terms) -> Calendars:
    if isinstance(given, Table):
        return given.mapped(lambda name: known_calendar(name, terms))
    return None if given is None else known_calendar(given, terms)


def known_calendar(name: str | BusinessHours, terms: Terms) -> CalendarRef:
    return name if isinstance(name, BusinessHours) else terms.calendars[name]


def needs_operator(operators: tuple[Key, ...], given: Given) -> Iterator[Refusal]:
    if len(given) == 1:
        expected = f"an operator: {', '.join(key.name for key in operators)}"
        yield Refusal("the condition compares with nothing", expected, f"`{next(iter(given))}` alone")


def comparisons(given: Given, *, ids: bool = False) -> Iterator[tuple[Operator, Operand | Table[Any]]]:
    """The operators with their operands. With `ids`: record ids are taken in the form in which the org gives them."""
    _, *operators = given.items()
    for operator, value in operators:
        operand = tuple(value) if isinstance(value, list) else value
        yield operator, full_ids(operand) if ids and operator in EQUAL else operand  # type: ignore[misc]


def full_ids(operand: Operand | Table[Any]) -> Operand | Table[Any]:
    """Record ids in the form in which the org gives them."""
    if isinstance(operand, Table):
        return operand
    return tuple(map(full_id, operand)) if isinstance(operand, tuple) else full_id(operand)


def full_id(operand: Literal_) -> Literal_:
    try:
        return long_id(as_text(operand).strip())  # an id of digits alone is read as a number
    except ValueError:
        return operand
