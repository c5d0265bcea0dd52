"""The period of a report."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Period:
    """From `begin` on, up to `end`, in the org's time. Its days are those of `zone`."""

    begin: datetime
    end: datetime
    zone: ZoneInfo

    def has(self, at: datetime) -> bool:
        return self.begin <= at < self.end
