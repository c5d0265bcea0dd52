"""The period of a report."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.time.zones import instant, midnight


@dataclass(frozen=True, slots=True)
class Period:
    """From `begin` on, up to `end`, in the org's time. Its days are those of `zone`."""

    begin: datetime
    end: datetime
    zone: ZoneInfo

    def has(self, at: datetime) -> bool:
        return self.begin <= at < self.end

    def day(self, at: datetime) -> date:
        """The day on which this time falls, in its zone."""
        return at.astimezone(self.zone).date()


def period_of(begin: date | datetime, end: date | datetime, zone: ZoneInfo, now: datetime) -> Period:
    """The period between two days or times. A day means its first moment in the zone. Raises Invalid for a period that
    has no time in it, or that begins after `now`."""
    period = Period(first_moment(begin, zone), first_moment(end, zone), zone)
    if period.end <= period.begin:
        reason = "the wrong way round" if period.end < period.begin else "empty: --to is not part of it"
        raise Invalid(f"the period from {said(begin)} to {said(end)} is {reason}; expected --from before --to")
    if period.begin > now:
        raise Invalid(f"the period begins in the future: --from {said(begin)} is after {said(now)}")
    return period


def first_moment(given: date | datetime, zone: ZoneInfo) -> datetime:
    return given if isinstance(given, datetime) else instant(zone, midnight(given))


def said(given: date | datetime) -> str:
    return f"{given:%Y-%m-%dT%H:%M:%SZ}" if isinstance(given, datetime) else given.isoformat()
