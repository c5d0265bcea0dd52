"""The judge's own clock: it counts open time by the half hour, and knows nothing of the product's calendars.

The public holidays stand here as dates, as the governments publish them.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY = 2, 120, 2880
"""In ticks of half a minute."""
HALF_MINUTE, HALF_HOUR, ONE_DAY = timedelta(seconds=30), 60, timedelta(days=1)
Held = list[tuple[int, int]]
Hours = tuple[float, float]

US = ("2026-01-01", "2026-01-19", "2026-02-16", "2026-05-25", "2026-06-19", "2026-07-03", "2026-07-04", "2026-09-07",
      "2026-10-12", "2026-11-11", "2026-11-26", "2026-12-25", "2027-01-01", "2027-01-18", "2027-02-15")  # fmt: skip
ENGLAND = ("2026-01-01", "2026-04-03", "2026-04-06", "2026-05-04", "2026-05-25", "2026-08-31", "2026-12-25",
           "2026-12-26", "2026-12-28", "2027-01-01")  # fmt: skip


class Opening(NamedTuple):
    """The hours of Monday to Friday and of Saturday, None where it is closed; and the holidays."""

    zone: str
    week: Hours
    saturday: Hours | None = None
    holidays: tuple[str, ...] = ()


CALENDARS = {
    "office": Opening("America/Chicago", (8, 18)),
    "shift": Opening("Europe/Berlin", (6, 14), (6, 14)),
    "members": Opening("America/Chicago", (8, 20), (9, 17), US),
    "tiers": Opening("America/New_York", (8, 18), None, US),
    "success": Opening("Europe/London", (9, 17.5), None, ENGLAND),
    "east": Opening("America/New_York", (8, 20), (8, 20), US),
    "west": Opening("America/Los_Angeles", (8, 20), (8, 20), US),
}


class OwnClock:
    """Ticks of half a minute since the first instant."""

    def __init__(self, first: datetime, days: int) -> None:
        self.first, self.halves = first, days * 48

    def tick(self, at: datetime) -> int:
        return round((at - self.first) / HALF_MINUTE)

    def at(self, tick: int) -> datetime:
        return self.first + tick * HALF_MINUTE

    @cached_property
    def sums(self) -> dict[str, list[int]]:
        """For each calendar, the open ticks before each half hour."""
        return {name: self.count(one) for name, one in CALENDARS.items()}

    def count(self, calendar: Opening) -> list[int]:
        zone, sums = ZoneInfo(calendar.zone), [0]
        for half in range(self.halves):
            local = self.at(half * HALF_HOUR).astimezone(zone)
            hours = hours_on(calendar, local.date())
            is_open = hours and hours[0] <= local.hour + local.minute / 60 < hours[1]
            sums.append(sums[-1] + (HALF_HOUR if is_open else 0))
        return sums

    def open_before(self, calendar: str, tick: int) -> int:
        sums, (half, rest) = self.sums[calendar], divmod(tick, HALF_HOUR)
        return sums[half] + (rest if rest and sums[half + 1] > sums[half] else 0)

    def between(self, calendar: str, held: Held, start: int, end: int) -> int:
        """The ticks that run, without the held ones."""
        whole = self.run(calendar, start, end)
        return whole - sum(self.run(calendar, max(a, start), min(b, end)) for a, b in held)

    def run(self, calendar: str, start: int, end: int) -> int:
        if end <= start:
            return 0
        return self.open_before(calendar, end) - self.open_before(calendar, start) if calendar else end - start

    def reached(self, calendar: str, held: Held, start: int, ticks: int) -> int:
        """The first tick at which so many have run."""
        if ticks <= 0:
            return start
        for begin, end in held:
            if end <= start:
                continue
            runs = self.run(calendar, start, begin)
            if runs >= ticks:
                break
            ticks, start = ticks - runs, max(start, end)
        if not calendar:
            return start + ticks
        wanted, sums = self.open_before(calendar, start) + ticks, self.sums[calendar]
        half = bisect_left(sums, wanted) - 1
        return half * HALF_HOUR + wanted - sums[half]

    # -- whole days ------------------------------------------------------------------------------------------------

    def end_of_day(self, calendar: str, now: int, at_least: int) -> int:
        """The end of the business day that lies so far ahead at least."""
        return next(end for _, end in self.spans(calendar, now) if end >= now + at_least and end > now)

    def after_days(self, calendar: str, held: Held, start: int, count: int) -> int:
        """The clock time of the start so many open days later, within the opening hours of both days. A held time is
        as if it were closed."""
        zone, held = ZoneInfo(CALENDARS[calendar].zone), [one for one in held if one[1] > start]
        spans = ((a, b) for span in self.spans(calendar, start) for a, b in outside(span, held))
        days: dict[date, list[int]] = {}
        for begin, end in spans:
            day = self.at(begin).astimezone(zone).date()
            if day not in days and len(days) == count + 1:
                break
            days.setdefault(day, [begin])[1:] = [end]
        opened = list(days)
        first, last = opened[0], opened[count]
        wall = self.at(max(start, days[first][0])).astimezone(zone)
        same = datetime.combine(last, wall.time(), zone)
        return min(max(self.tick(same.astimezone(UTC)), days[last][0]), days[last][-1])

    def spans(self, calendar: str, start: int) -> Iterator[tuple[int, int]]:
        """The opening hours of each day from that of the start on."""
        opening = CALENDARS[calendar]
        zone = ZoneInfo(opening.zone)
        day = self.at(start).astimezone(zone).date()
        while True:
            if hours := hours_on(opening, day):
                midnight = datetime.combine(day, datetime.min.time(), zone)
                begin, end = (midnight.replace(hour=int(one), minute=int(one % 1 * 60)) for one in hours)
                yield self.tick(begin.astimezone(UTC)), self.tick(end.astimezone(UTC))
            day += ONE_DAY


def hours_on(calendar: Opening, day: date) -> Hours | None:
    if day.isoformat() in calendar.holidays or day.weekday() == 6:
        return None
    return calendar.saturday if day.weekday() == 5 else calendar.week


def outside(span: tuple[int, int], held: Held) -> list[tuple[int, int]]:
    """The parts of the span outside the held times."""
    parts = [span]
    for begin, end in held:
        parts = [piece for a, b in parts for piece in ((a, min(b, begin)), (max(a, end), b)) if piece[0] < piece[1]]
    return parts
