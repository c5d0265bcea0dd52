"""Clocks as filters on datetime fields. A calendar's limit becomes one cut-off: `created <= cutoff`."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clocks import Age, Left
from sfdc_escalator.escalation.conditions.comparison import Operator
from sfdc_escalator.escalation.conditions.stopped_clock import BusinessHours, Clock
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.time.business_days import BusinessDays
from sfdc_escalator.escalation.time.calendars import Calendar, Limit
from sfdc_escalator.salesforce.soql import soql
from sfdc_escalator.salesforce.soql.comparisons import YEARS, Column, sided
from sfdc_escalator.salesforce.soql.soql import EVERYTHING, Filter, Leaf, either

TURNED: dict[Operator, Operator] = {
    "at_least": "at_most",
    "at_most": "at_least",
    "more_than": "less_than",
    "less_than": "more_than",
}
OPPOSITE: dict[Operator, Operator] = {
    "at_least": "less_than",
    "at_most": "more_than",
    "more_than": "at_most",
    "less_than": "at_least",
}
SECOND = timedelta(seconds=1)


def clock_filter(column: Column, age: Age, circumstances: Circumstances, want: bool) -> Filter:
    """At least the cases for which the age comes out as `want`. A clock that pauses shows less than the plain one."""
    if not column.info.filterable or column.kind != "datetime":
        return EVERYTHING
    operator = age.operator if want else OPPOSITE[age.operator]
    if not want and (age.except_while or isinstance(age.limit, Table) or isinstance(age.calendar, Table)):
        return EVERYTHING  # where a table gives nothing, or a history is not known, the condition does not hold
    if age.except_while is not None and operator not in ("at_least", "more_than"):
        return EVERYTHING
    found = either(
        since(column, operator, limit, calendar, circumstances) for limit, calendar in choices(age, circumstances)
    )
    return found if want else either([found, Leaf(f"{column.path} = null")])


def at_least_as_old(created: Column, clock: Clock, circumstances: Circumstances) -> Filter:
    """A clock that starts with the case at the earliest cannot show more than the case's age."""
    if clock.operator not in ("at_least", "more_than"):
        return EVERYTHING
    return either(
        since(created, "at_least", limit, calendar, circumstances) for limit, calendar in choices(clock, circumstances)
    )


def choices(clock: Clock, circumstances: Circumstances) -> Iterator[tuple[Limit, Calendar | BusinessHours | None]]:
    """Every limit with every calendar that its tables may give."""
    limits = clock.limit.values if isinstance(clock.limit, Table) else (clock.limit,)
    calendars = clock.calendar.values if isinstance(clock.calendar, Table) else (clock.calendar,)
    for calendar in calendars:
        known = (
            circumstances.calendars.get(calendar.name, calendar) if isinstance(calendar, BusinessHours) else calendar
        )
        yield from ((limit, known) for limit in limits)


def since(
    column: Column,
    operator: Operator,
    limit: Limit,
    calendar: Calendar | BusinessHours | None,
    circumstances: Circumstances,
) -> Filter:
    """The field lies so long ago; everything where that cannot be said as one cut-off."""
    if isinstance(calendar, BusinessHours):
        return EVERYTHING
    if calendar is not None:
        return by_calendar(column, operator, limit, calendar, circumstances.now)
    if isinstance(limit, BusinessDays):
        return EVERYTHING
    return against(column, TURNED[operator], lambda: circumstances.now - limit)


def by_calendar(column: Column, operator: Operator, limit: Limit, calendar: Calendar, now: datetime) -> Filter:
    """`at_least d` is exactly `field <= cutoff`. The other operators are taken a little wider."""
    if operator == "at_least" and not isinstance(limit, BusinessDays) and limit <= timedelta():
        return EVERYTHING  # no open time has passed since a moment to come either
    if operator == "at_most":
        if isinstance(limit, BusinessDays):
            return EVERYTHING
        limit = limit + SECOND
    cutoff = calendar.cutoff(now, limit)
    if cutoff is None or cutoff.year not in YEARS:
        return EVERYTHING
    turned: Operator = "at_most" if operator in ("at_least", "more_than") else "at_least"
    return sided(column, turned, soql.instant(cutoff), soql.instant(cutoff, up=True), True)


def left_filter(column: Column, left: Left, now: datetime, want: bool) -> Filter:
    """`at_most 4h` left is `field <= now + 4h`."""
    if not column.info.filterable or column.kind != "datetime":
        return EVERYTHING
    if not isinstance(left.limit, Table):
        return until(column, left.operator, left.limit, now, want)
    if not want:
        return EVERYTHING
    return either(until(column, left.operator, limit, now) for limit in left.limit.values)


def until(column: Column, operator: Operator, limit: Limit, now: datetime, want: bool = True) -> Filter:
    """So much time is left until the field's time."""
    return EVERYTHING if isinstance(limit, BusinessDays) else against(column, operator, lambda: now + limit, want)


def against(column: Column, operator: Operator, away: Callable[[], datetime], want: bool = True) -> Filter:
    """Against a moment, as far as there is such a moment."""
    try:
        moment = away()
    except OverflowError:
        return EVERYTHING
    if moment.year not in YEARS:
        return EVERYTHING
    return sided(column, operator, soql.instant(moment), soql.instant(moment, up=True), want)
