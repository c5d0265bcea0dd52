"""A clock as it runs for a case: the time on it, its limit, its calendar, and when the limit is reached.

Limits are inclusive. A calendar counts open time only.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.comparison import Operator
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.time.calendars import BusinessDays, Calendar, Limit
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import Need

LIMITS: Mapping[Operator, Callable[[timedelta, timedelta], bool]] = {
    "at_least": lambda time, limit: time >= limit,
    "at_most": lambda time, limit: time <= limit,
    "more_than": lambda time, limit: time > limit,
    "less_than": lambda time, limit: time < limit,
}
DUE: Mapping[Operator, Callable[[datetime, datetime], bool]] = {
    "at_least": lambda now, due: now >= due,
    "at_most": lambda now, due: now <= due,
    "more_than": lambda now, due: now > due,
    "less_than": lambda now, due: now < due,
}


MOMENT = timedelta(microseconds=1)


class BusinessHours(NamedTuple):
    """Business hours that an admin keeps in the org, by name."""

    name: str


CalendarRef = Calendar | BusinessHours
Calendars = CalendarRef | Table[CalendarRef] | None
Limits = Limit | Table[Limit]


class Span(NamedTuple):
    """A clock as it runs for one case: the time on it, since when it runs without a stop, its limit and calendar."""

    time: timedelta
    running: datetime | None
    limit: Limit
    calendar: Calendar | None


@dataclass(frozen=True, slots=True)
class Clock:
    """What all clocks share. `limit` and `calendar` may come out of a table, by fields of the case."""

    operator: Operator
    limit: Limits
    calendar: Calendars = None

    def start(self, case: Case, circumstances: Circumstances) -> datetime | None:
        """When it starts; None where it does not run."""
        raise NotImplementedError

    def limit_of(self, case: Case) -> Limit | None:
        return self.limit.value(case) if isinstance(self.limit, Table) else self.limit

    def span(self, case: Case, circumstances: Circumstances) -> Span | None:
        start, limit = self.start(case, circumstances), self.limit_of(case)
        calendar = calendar_of(self.calendar, case, circumstances)
        if start is None or limit is None or (calendar is None and self.calendar is not None):
            return None
        return Span(elapsed(calendar, start, circumstances.now), start, limit, calendar)

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        span = self.span(case, circumstances)
        if span is None:
            return False
        if isinstance(span.limit, BusinessDays):
            due = due_at(span, circumstances.now)
            return due is not None and DUE[self.operator](circumstances.now, due)
        return LIMITS[self.operator](span.time, span.limit)

    def look(self, case: Case, circumstances: Circumstances) -> timedelta | None:
        span = self.span(case, circumstances)
        return span.time if span else None

    def crossings(self, case: Case, circumstances: Circumstances) -> Iterator[datetime]:
        """When the limit is reached; and by a calendar when it is passed, which may be at the next opening."""
        span = self.span(case, circumstances)
        if span and (due := due_at(span, circumstances.now)):
            yield due
            later = span._replace(limit=span.limit + MOMENT) if isinstance(span.limit, timedelta) else None
            if span.calendar and later and (passed := due_at(later, circumstances.now)):
                yield passed

    @property
    def needs(self) -> frozenset[Need]:
        tables = [one for one in (self.limit, self.calendar) if isinstance(one, Table)]
        return frozenset(path for table in tables for path in table.by) | self.sources

    @property
    def sources(self) -> frozenset[Need]:
        raise NotImplementedError


def calendar_of(calendar: Calendars, case: Case, circumstances: Circumstances) -> Calendar | None:
    found = calendar.value(case) if isinstance(calendar, Table) else calendar
    return circumstances.calendars.get(found.name) if isinstance(found, BusinessHours) else found


def elapsed(calendar: Calendar | None, start: datetime, end: datetime) -> timedelta:
    return calendar.open_between(start, end) if calendar else end - start


def due_at(span: Span, now: datetime) -> datetime | None:
    """When the limit is reached, if nothing changes; None while the clock stands still, or beyond ten years."""
    if span.running is None:
        return None
    try:
        if isinstance(span.limit, BusinessDays):
            return span.calendar.reached(span.running, span.limit) if span.calendar else None
        left = span.limit - (span.time - elapsed(span.calendar, span.running, now))
        return span.calendar.reached(span.running, left) if span.calendar else span.running + left
    except (OverflowError, ValueError):  # beyond the years that a datetime can hold
        return None
