"""Limits in business days: the same clock time a number of open days later."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from sfdc_escalator.escalation.time.opening_hours import Spans
from sfdc_escalator.escalation.time.zones import DAY, instant, midnight, wall_time

MICROSECOND = timedelta(microseconds=1)
HORIZON = timedelta(days=3653)
"""Ten years: what takes longer is never reached."""


@dataclass(frozen=True, slots=True)
class BusinessDays:
    """`2 business days`: the same clock time on the second open day after the day of the start.

    A start on a closed day, or before opening, counts as the next opening. The clock time is moved into the opening of
    the day that it falls on. In an hour that the clock repeats, the first pass counts as its beginning.
    """

    count: int


class OpenDays(Protocol):
    """The days of a calendar, each with its opening hours."""

    @property
    def zone(self) -> ZoneInfo: ...

    def spans_on(self, day: date) -> Spans: ...

    def __hash__(self) -> int: ...


def after_business_days(calendar: OpenDays, start: datetime, count: int) -> datetime | None:
    begin = wall_time(calendar.zone, start)
    day = begin.date() if is_business_day(calendar, begin.date()) else nth_business_day(calendar, begin.date(), 1)
    target = day and nth_business_day(calendar, day, count)
    if not day or not target:
        return None
    clock = max(begin, midnight(day) + calendar.spans_on(day)[0][0]) - midnight(day)
    spans = calendar.spans_on(target)
    return instant(calendar.zone, midnight(target) + min(max(clock, spans[0][0]), spans[-1][1]))


def before_business_days(calendar: OpenDays, now: datetime, limit: BusinessDays) -> datetime | None:
    """The latest start since which the limit has passed, by bisection: a later start never reaches it earlier."""

    def late(ago: int) -> bool:
        end = after_business_days(calendar, now - HORIZON + ago * MICROSECOND, limit.count)
        return end is None or end > now

    place = bisect_left(range(HORIZON // MICROSECOND + 1), True, key=late)
    return now - HORIZON + (place - 1) * MICROSECOND if place else None


@lru_cache(maxsize=512)
def business_days(calendar: OpenDays, year: int) -> list[date]:
    """The open days of a local year; without a day that a change of the date line skipped."""
    begin, zone = midnight(date(year, 1, 1)), calendar.zone
    days = (begin + count * DAY for count in range(midnight(date(year + 1, 1, 1)).toordinal() - begin.toordinal()))
    return [
        day.date() for day in days if calendar.spans_on(day.date()) and instant(zone, day) < instant(zone, day + DAY)
    ]


def is_business_day(calendar: OpenDays, day: date) -> bool:
    days = business_days(calendar, day.year)
    place = bisect_left(days, day)
    return place < len(days) and days[place] == day


def nth_business_day(calendar: OpenDays, day: date, count: int) -> date | None:
    """The count-th open day after the day."""
    place = bisect_right(business_days(calendar, day.year), day) + count - 1
    for year in range(day.year, day.year + 12):
        days = business_days(calendar, year)
        if place < len(days):
            return days[place]
        place -= len(days)
    return None
