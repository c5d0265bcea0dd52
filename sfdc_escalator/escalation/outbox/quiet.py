"""Quiet hours: until when a notice that is not urgent waits (rule N6)."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sfdc_escalator.escalation.policy.telling import Quiet
from sfdc_escalator.escalation.time.zones import DAY, ZERO, stretches


def first_time(now: datetime, quiet: Quiet | None, zone: ZoneInfo) -> datetime:
    """The first instant from now on at which the clock of the zone does not show quiet hours.

    The clock alone decides: an end that a clock change skips is reached with the change, in an hour that the clock
    shows twice each pass counts, and a day that the zone skipped has no end. Hours without length are never quiet.
    """
    if quiet is None:
        return now
    for begin, end, offset in stretches(zone, now.year):
        at = max(begin, now)
        free = at + rest_of(quiet, at + offset)
        if free < end:
            return free
    raise AssertionError("quiet hours are shorter than the two days that the last stretch goes on after the year")


def rest_of(quiet: Quiet, wall: datetime) -> timedelta:
    """The time until the clock shows the end of the quiet hours; zero outside of them."""
    gone = (since_midnight(wall.time()) - since_midnight(quiet.begin)) % DAY
    length = (since_midnight(quiet.end) - since_midnight(quiet.begin)) % DAY
    return length - gone if gone < length else ZERO


def since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond)
