"""A clock that may be stopped: the time on it for a case, its limit, its calendar, and when the limit is reached.

Limits are inclusive. A calendar counts open time only.
"""

import operator
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.comparison import Operator
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.time.calendars import BusinessDays, Calendar, Limit
from sfdc_escalator.escalation.world.case import Case

LIMITS: Mapping[Operator, Callable[[timedelta, timedelta], bool]] = {
    "at_least": operator.ge,
    "at_most": operator.le,
    "more_than": operator.gt,
    "less_than": operator.lt,
}
DUE: Mapping[Operator, Callable[[datetime, datetime], bool]] = {
    "at_least": operator.ge,
    "at_most": operator.le,
    "more_than": operator.gt,
    "less_than": operator.lt,
}


MOMENT = timedelta(microseconds=1)


class BusinessHours(NamedTuple):
    """Business hours that an admin keeps in the org, by name."""

    name: str


CalendarRef = Calendar | BusinessHours
Calendars = CalendarRef | Table[CalendarRef] | None
Limits = Limit | Table[Limit]


class Span(NamedTuple):
    """A clock as it runs for one case: its time, the start of its last stretch, its limit and calendar."""

    time: timedelta
    running: datetime | None
    limit: Limit
    calendar: Calendar | None


def calendar_of(calendar: Calendars, case: Case, circumstances: Circumstances) -> Calendar | None:
    found = calendar.value(case) if isinstance(calendar, Table) else calendar
    return circumstances.calendars.get(found.name) if isinstance(found, BusinessHours) else found


def elapsed(calendar: Calendar | None, start: datetime, end: datetime) -> timedelta:
    return calendar.open_between(start, end) if calendar else end - start


def due_at(span: Span, now: datetime) -> datetime | None:
    """The instant at which the limit is reached, if nothing changes; None while the clock is stopped, or beyond ten
    years."""
    if span.running is None:
        return None
    try:
        if isinstance(span.limit, BusinessDays):
            return span.calendar.reached(span.running, span.limit) if span.calendar else None
        left = span.limit - (span.time - elapsed(span.calendar, span.running, now))
        return span.calendar.reached(span.running, left) if span.calendar else span.running + left
    except (OverflowError, ValueError):  # beyond the years that a datetime can hold
        return None


def in_hours(limit: Limit) -> Limit:
    """A business day as 24 hours."""
    return timedelta(days=limit.count) if isinstance(limit, BusinessDays) else limit


def values(given: Any) -> tuple[Any, ...]:
    """Every possible value: those of the table, or the one value."""
    return given.values if isinstance(given, Table) else (given,)
