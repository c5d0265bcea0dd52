"""The due time of an escalation, fixed when its start is planned."""

from datetime import datetime, timedelta

from sfdc_escalator.escalation.time.business_days import nth_business_day
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.time.zones import instant, midnight, wall_time

MINUTE = timedelta(minutes=1)


def due_in(now: datetime, time: timedelta) -> datetime:
    """This long from now, rounded up to a full minute."""
    return next_minute(now + time)


def end_of_day(now: datetime, calendar: Calendar, at_least: timedelta = timedelta()) -> datetime | None:
    """The last closing time of the calendar's current day where it lies at least this far ahead, else that of the next
    open day; None for a calendar without one."""
    today = wall_time(calendar.zone, now).date()
    day = today if calendar.spans_on(today) else nth_business_day(calendar, today, 1)
    while day is not None:
        closes = instant(calendar.zone, midnight(day) + calendar.spans_on(day)[-1][1])
        if closes >= now + at_least and closes > now:
            return next_minute(closes)
        day = nth_business_day(calendar, day, 1)
    return None


def next_minute(at: datetime) -> datetime:
    part = timedelta(seconds=at.second, microseconds=at.microsecond)
    return at - part + MINUTE if part else at
