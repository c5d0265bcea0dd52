"""Clocks that stand still while a case is held, as if the calendar were closed."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from sfdc_escalator.escalation.time.business_days import HORIZON, after_business_days
from sfdc_escalator.escalation.time.calendars import BusinessDays, Calendar, Limit
from sfdc_escalator.escalation.time.opening_hours import Spans
from sfdc_escalator.escalation.time.zones import DAY, midnight, wall_time
from sfdc_escalator.escalation.world.ladder_facts import Interval

ZERO, MOST = timedelta(0), 10 * HORIZON


def merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The intervals in order, overlapping and adjacent ones joined, empty ones left out."""
    whole: list[Interval] = []
    for one in sorted(one for one in intervals if one.begin < one.end):
        if whole and one.begin <= whole[-1].end:
            whole[-1] = Interval(whole[-1].begin, max(whole[-1].end, one.end))
        else:
            whole.append(one)
    return tuple(whole)


@dataclass(frozen=True)
class HeldClock:
    """Elapsed time, or the open time of a calendar, without the held time. `held` is merged."""

    calendar: Calendar | None = None
    held: tuple[Interval, ...] = ()

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The time that runs from start to end; zero when the end is not after the start."""
        if end <= start:
            return ZERO
        return self._whole(start, end) - sum(
            (self._whole(max(one.begin, start), min(one.end, end)) for one in self.held), ZERO
        )

    def reached(self, start: datetime, limit: Limit) -> datetime | None:
        """The earliest instant at which the limit has run since the start; None when not within ten years."""
        if isinstance(limit, BusinessDays):
            return self._after_days(start, limit)
        if limit <= ZERO:
            return start
        at = self._ahead(start, limit)
        for one in self.held:  # the clock cannot reach the limit inside one of them
            if at is None or at <= one.begin:
                break
            at = self._ahead(start, limit + self._held_until(start, one.end))
        return at if at and at - start <= HORIZON else None

    def _held_until(self, start: datetime, end: datetime) -> timedelta:
        return self._whole(start, end) - self.between(start, end)

    def _whole(self, start: datetime, end: datetime) -> timedelta:
        if end <= start:
            return ZERO
        return self.calendar.open_between(start, end) if self.calendar else end - start

    def _ahead(self, start: datetime, limit: timedelta) -> datetime | None:
        if self.calendar:
            return self.calendar.reached(start, limit)
        return (
            start + max(limit, ZERO) if limit <= HORIZON + (self.held[-1].end - start if self.held else ZERO) else None
        )

    def _after_days(self, start: datetime, limit: BusinessDays) -> datetime | None:
        if self.calendar is None:
            return None
        if not any(one.end > start for one in self.held):
            return self.calendar.reached(start, limit)
        if limit.count <= 0:
            return start
        end = after_business_days(DaysLeft(self.calendar, self.held), start, limit.count)
        return end if end and end - start <= HORIZON else None


@dataclass(frozen=True)
class DaysLeft:
    """The opening hours of a calendar without the held time."""

    calendar: Calendar
    held: tuple[Interval, ...]

    @property
    def zone(self) -> ZoneInfo:
        return self.calendar.zone

    @cached_property
    def _barred(self) -> list[tuple[datetime, datetime]]:
        return [(wall_time(self.zone, one.begin), wall_time(self.zone, one.end)) for one in self.held]

    def spans_on(self, day: date) -> Spans:
        begin, spans = midnight(day), self.calendar.spans_on(day)
        place = max(bisect_right(self._barred, (begin, begin)) - 1, 0)
        for barred_from, barred_to in self._barred[place:]:
            if barred_from >= begin + DAY:
                break
            spans = without(spans, barred_from - begin, barred_to - begin)
        return spans


def without(spans: Spans, begin: timedelta, end: timedelta) -> Spans:
    """The spans without the time from begin to end."""
    cut = (piece for opens, closes in spans for piece in ((opens, min(closes, begin)), (max(opens, end), closes)))
    return tuple((opens, closes) for opens, closes in cut if opens < closes)
