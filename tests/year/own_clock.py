"""The judge's own clock: it counts the open minutes one by one, and knows nothing of the product's calendars."""

from bisect import bisect_left
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from tests.year.policy import HOUR

HALF = timedelta(seconds=30)
ZONES = {"office": ("America/Chicago", 8, 18, 5), "shift": ("Europe/Berlin", 6, 14, 6)}
"""The zone, the hours from and to, and the number of days of a week from Monday on."""
Held = list[tuple[int, int]]


class OwnClock:
    """Ticks of half a minute since the first instant."""

    def __init__(self, first: datetime, days: int) -> None:
        self.first, self.minutes = first, days * 1440

    def tick(self, at: datetime) -> int:
        return round((at - self.first) / HALF)

    def at(self, tick: int) -> datetime:
        return self.first + tick * HALF

    @cached_property
    def open(self) -> dict[str, list[int]]:
        """For each calendar, the open ticks before each tick."""
        return {name: self.count(*rules) for name, rules in ZONES.items()}

    def count(self, zone_name: str, opens: int, closes: int, days: int) -> list[int]:
        zone, sums, total, one = ZoneInfo(zone_name), [0], 0, timedelta(minutes=1)
        at = self.first
        for _ in range(self.minutes):
            local = at.astimezone(zone)
            is_open = local.weekday() < days and opens <= local.hour < closes
            sums += (total + 1, total + 2) if is_open else (total, total)
            total += 2 * is_open
            at += one
        return sums

    def between(self, calendar: str, held: Held, start: int, end: int) -> int:
        """The ticks that run, without the held ones."""
        whole = self.run(calendar, start, end)
        return whole - sum(self.run(calendar, max(a, start), min(b, end)) for a, b in held)

    def run(self, calendar: str, start: int, end: int) -> int:
        if end <= start:
            return 0
        return self.open[calendar][end] - self.open[calendar][start] if calendar else end - start

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
        sums = self.open[calendar]
        return bisect_left(sums, sums[start] + ticks, start)

    def end_of_day(self, now: int) -> int:
        """The end of the office's day that lies an hour ahead at least."""
        zone, _, closes, days = ZONES["office"]
        day = self.at(now).astimezone(ZoneInfo(zone)).replace(hour=closes, minute=0, second=0, microsecond=0)
        while day.weekday() >= days or self.tick(day.astimezone(self.first.tzinfo)) < now + HOUR:
            day += timedelta(days=1)
        return self.tick(day.astimezone(self.first.tzinfo))
