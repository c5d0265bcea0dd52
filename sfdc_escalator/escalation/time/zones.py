"""Local clocks: the wall time at an instant, and the instant of a wall time, through every change of the clock.

Instants are aware and in UTC. A wall time is the time that the local clock shows, written as if it were UTC.
"""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

ZERO, DAY = timedelta(0), timedelta(days=1)


@lru_cache(maxsize=512)
def stretches(zone: ZoneInfo, year: int) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """Begin, end and UTC offset of each stretch without a clock change, from two days before the year to two after."""
    first = midnight(date(year, 1, 1)) - 2 * DAY
    instants = [first + count * DAY for count in range(371)]
    changes = [first]
    for before, after in pairwise(instants):
        if offset_at(zone, before) != offset_at(zone, after):
            changes.append(clock_change(zone, before))
    return tuple((begin, end, offset_at(zone, begin)) for begin, end in pairwise([*changes, instants[-1]]))


def offset_at(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or ZERO


def clock_change(zone: ZoneInfo, before: datetime) -> datetime:
    """The clock change in the 24 hours after `before`; clocks change on whole seconds, never twice a day."""
    old, seconds = offset_at(zone, before), range(86_400)
    changed = bisect_left(seconds, True, key=lambda second: offset_at(zone, before + timedelta(seconds=second)) != old)
    return before + timedelta(seconds=changed)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def wall_time(zone: ZoneInfo, at: datetime) -> datetime:
    """The earliest wall time from this instant on: never runs backwards."""
    return min(max(begin, at) + offset for begin, end, offset in stretches(zone, at.year) if at < end)


def instant(zone: ZoneInfo, wall: datetime) -> datetime:
    """The first instant at which the local clock shows this or later."""
    return min(max(begin, wall - offset) for begin, end, offset in stretches(zone, wall.year) if wall < end + offset)


def clock_text(at: datetime, zone: ZoneInfo) -> str:
    """The time as people in this zone read it: `Tue 2026-03-03 10:01 CST`."""
    return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"
