"""The times of the digest (rule N7)."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sfdc_escalator.escalation.policy.telling import DigestTime
from sfdc_escalator.escalation.time.zones import DAY, instant, midnight

A_WEEK_AND_A_SKIPPED_ONE = range(-1, 15)
"""From yesterday on: a clock change at midnight moves the last minutes of a day into the next one."""


def next_window(now: datetime, digest: DigestTime, zone: ZoneInfo) -> datetime:
    """The next time of the digest, by the clock of the zone: now or later.

    Now counts: a run queues its notices before it sends, so a notice that is queued at 09:00:00 is still in time for
    the digest of 09:00; otherwise one second would cost it a day. A time that a clock change skips is reached with the
    change; of a time that comes twice the first pass counts; a day that the zone skipped has no digest.
    """
    today = now.astimezone(zone).date()
    days = (today + number * DAY for number in A_WEEK_AND_A_SKIPPED_ONE)
    windows = (
        instant(zone, datetime.combine(day, digest.at, UTC))
        for day in days
        if day.weekday() in digest.days and exists(day, zone)
    )
    return next(at for at in windows if at >= now)


def exists(day: date, zone: ZoneInfo) -> bool:
    """True unless the zone skipped the day: Samoa had no 30 December 2011 (tz database, Pacific/Apia)."""
    return instant(zone, midnight(day)) < instant(zone, midnight(day + DAY))
