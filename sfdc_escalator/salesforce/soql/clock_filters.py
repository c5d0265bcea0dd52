"""Times against limits as filters on datetime fields. A calendar's limit becomes one cut-off: `created <= cutoff`."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sfdc_escalator.escalation.conditions.comparison import Operator
from sfdc_escalator.escalation.conditions.narrowing import Since, Until
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


def since_filter(column: Column, asked: Since, now: datetime) -> Filter:
    """At least the cases for which the comparison comes out as wanted. An empty field has no time since it."""
    if not column.info.filterable or column.kind != "datetime":
        return EVERYTHING
    if asked.want:
        return since(column, asked.operator, asked.limit, asked.calendar, now)
    found = since(column, OPPOSITE[asked.operator], asked.limit, asked.calendar, now)
    return either([found, Leaf(f"{column.path} = null")])


def since(column: Column, operator: Operator, limit: Limit, calendar: Calendar | None, now: datetime) -> Filter:
    """The field's time is that long ago; everything where one cut-off cannot say that."""
    if calendar is not None:
        return by_calendar(column, operator, limit, calendar, now)
    if isinstance(limit, BusinessDays):
        return EVERYTHING
    return against(column, TURNED[operator], lambda: now - limit)


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


def until_filter(column: Column, asked: Until, now: datetime) -> Filter:
    """`at_most 4h` left is `field <= now + 4h`."""
    limit = asked.limit
    if not column.info.filterable or column.kind != "datetime" or isinstance(limit, BusinessDays):
        return EVERYTHING
    return against(column, asked.operator, lambda: now + limit, asked.want)


def against(column: Column, operator: Operator, away: Callable[[], datetime], want: bool = True) -> Filter:
    """Against a moment, as far as there is such a moment."""
    try:
        moment = away()
    except OverflowError:
        return EVERYTHING
    if moment.year not in YEARS:
        return EVERYTHING
    return sided(column, operator, soql.instant(moment), soql.instant(moment, up=True), want)
