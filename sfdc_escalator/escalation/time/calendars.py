"""Business calendars: the opening hours of a team, and the open time between two instants, all of them in UTC."""

from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

from sfdc_escalator.escalation.time.business_days import (
    HORIZON,
    BusinessDays,
    after_business_days,
    before_business_days,
)
from sfdc_escalator.escalation.time.opening_hours import Spans, week_of
from sfdc_escalator.escalation.time.zones import DAY, midnight, stretches

__all__ = ["BusinessDays", "Calendar", "Limit", "week_of"]

ZERO = timedelta(0)
Limit = timedelta | BusinessDays


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """`week` has seven days, Monday first. A holiday closes its whole local day; `holidays` must not change."""

    name: str
    zone: ZoneInfo
    week: tuple[Spans, ...]
    holidays: Container[date]

    def is_open(self, at: datetime) -> bool:
        return year_of(self, at.year).is_open(at)

    def open_between(self, start: datetime, end: datetime) -> timedelta:
        """True elapsed open time; zero when the end is not after the start."""
        if end <= start:
            return ZERO
        time_open = year_of(self, end.year).open_until(end) - year_of(self, start.year).open_until(start)
        for year in range(start.year, end.year):
            time_open += year_of(self, year).total
        return time_open

    def reached(self, start: datetime, limit: Limit) -> datetime | None:
        """The earliest instant at which the limit has passed since the start; None when not within ten years."""
        if isinstance(limit, BusinessDays):
            end = start if limit.count <= 0 else after_business_days(self, start, limit.count)
        else:
            end = start if limit <= ZERO else after_open_time(self, start, limit)
        return end if end and end - start <= HORIZON else None

    def cutoff(self, now: datetime, limit: Limit) -> datetime | None:
        """The latest instant since which the limit has passed; None when not within ten years."""
        if isinstance(limit, BusinessDays):
            return now if limit.count <= 0 else before_business_days(self, now, limit)
        start = now if limit <= ZERO else before_open_time(self, now, limit)
        return start if start and now - start <= HORIZON else None

    def spans_on(self, day: date) -> Spans:
        return () if day in self.holidays else self.week[day.weekday()]


@dataclass(frozen=True, slots=True)
class Year:
    """The open spans of one UTC year; `sums` is the time open from its beginning to the end of each span."""

    begins: list[datetime]
    ends: list[datetime]
    sums: list[timedelta]
    total: timedelta

    def is_open(self, at: datetime) -> bool:
        place = bisect_right(self.begins, at)
        return place > 0 and at < self.ends[place - 1]

    def open_until(self, at: datetime) -> timedelta:
        place = bisect_right(self.begins, at)
        if not place:
            return ZERO
        left = self.ends[place - 1] - at
        return self.sums[place - 1] - left if left > ZERO else self.sums[place - 1]


@lru_cache(maxsize=512)
def year_of(calendar: Calendar, year: int) -> Year:
    spans = list(spans_of(calendar, year))
    sums = list(accumulate(end - begin for begin, end in spans))
    return Year([begin for begin, _ in spans], [end for _, end in spans], sums, sums[-1] if sums else ZERO)


def spans_of(calendar: Calendar, year: int) -> Iterator[tuple[datetime, datetime]]:
    january, next_january = midnight(date(year, 1, 1)), midnight(date(year + 1, 1, 1))
    for stretch_begin, stretch_end, offset in stretches(calendar.zone, year):
        begin, end = max(stretch_begin, january), min(stretch_end, next_january)
        for count in range((end + offset).toordinal() - (begin + offset).toordinal() + 1):
            day = (begin + offset).date() + count * DAY
            for opens, closes in calendar.spans_on(day):
                span = max(midnight(day) + opens - offset, begin), min(midnight(day) + closes - offset, end)
                if span[0] < span[1]:
                    yield span


def after_open_time(calendar: Calendar, start: datetime, limit: timedelta) -> datetime | None:
    need = year_of(calendar, start.year).open_until(start) + limit
    for number in range(start.year, start.year + 12):
        year = year_of(calendar, number)
        if need <= year.total:
            place = bisect_left(year.sums, need)
            return year.ends[place] - (year.sums[place] - need)
        need -= year.total
    return None


def before_open_time(calendar: Calendar, now: datetime, limit: timedelta) -> datetime | None:
    spare = year_of(calendar, now.year).open_until(now) - limit
    for number in range(now.year, now.year - 12, -1):
        year = year_of(calendar, number)
        if spare >= ZERO:
            place = bisect_right(year.sums, spare)
            return year.ends[place] - (year.sums[place] - spare)
        spare += year_of(calendar, number - 1).total
    return None
