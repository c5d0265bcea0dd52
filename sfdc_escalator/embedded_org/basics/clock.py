"""The org's own clock. It can be moved forward, runs on from there, and never goes back."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime, timedelta

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_FIRST, _LAST = datetime(1700, 1, 2, tzinfo=UTC), datetime(4000, 12, 30, tzinfo=UTC)  # SOQL reference, dates


class OrgClock:
    """The time in UTC, driven by the monotonic clock, so that a jump of the machine's clock does not matter."""

    def __init__(self, now: datetime | None = None) -> None:
        self._lock = threading.Lock()
        self._origin = (now or datetime.now(UTC)).astimezone(UTC)
        self._started = time.monotonic()

    def now(self) -> datetime:
        return self._origin + timedelta(seconds=time.monotonic() - self._started)

    def offset(self) -> float:
        """The seconds by which the org is ahead of this machine; a database file keeps them."""
        return (self.now() - datetime.now(UTC)).total_seconds()

    def advance(self, step: timedelta) -> datetime:
        """Moves the clock forward. Raises ValueError when `step` is negative."""
        if step < timedelta(0):
            raise ValueError("the org's clock moves forward only")
        with self._lock:
            if step > _LAST - self.now():
                raise ValueError(f"the org's clock ends at {iso(_LAST)}")
            self._origin += step
        return self.now()

    def move_to(self, moment: datetime) -> datetime:
        """Moves the clock forward to `moment`. Raises ValueError when `moment` is in the past."""
        return self.advance(moment - self.now())


def duration(text: str) -> timedelta:
    """`90s`, `16m`, `1h30m`, `2d` as a timedelta. Raises ValueError."""
    parts = _DURATION.findall(text)
    if not parts or _DURATION.sub("", text).strip():
        raise ValueError(f"{text!r} is not a duration such as 90s, 16m, 4h or 2d")
    try:
        return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))
    except OverflowError:
        raise ValueError(f"{text!r} is too long") from None


def instant(text: str) -> datetime:
    """An ISO 8601 datetime with its zone, as UTC. Raises ValueError."""
    if "T" not in text and " " not in text:
        raise ValueError(f"{text!r} is not an ISO 8601 datetime")
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    if not _FIRST <= moment <= _LAST:
        raise ValueError(f"{text!r} is not between the years 1700 and 4000")
    return moment.astimezone(UTC)


def stamp(moment: datetime) -> str:
    """A datetime as the org stores and answers it: whole seconds, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def iso(moment: datetime) -> str:
    """A datetime with milliseconds, in UTC, with Z."""
    moment = moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
