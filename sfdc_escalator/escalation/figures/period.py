"""The period of a report."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo


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
