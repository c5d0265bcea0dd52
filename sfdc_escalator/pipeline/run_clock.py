"""The time of a run: the org's, read once; our own clocks only measure the time since then.

A process that was stopped, or a machine that slept, must notice it: boot time runs on while we are suspended, and the
wall clock runs on in a virtual machine that is paused as a whole.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.escalation.time.durations import in_words
from sfdc_escalator.escalation.world.org import Caller

BOOT_TIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

BACK = timedelta(days=1)
AHEAD = timedelta(days=366)
"""The limits between the org's times of two runs; an outage, and a test clock that is moved by days, are within."""


SKEW = timedelta(seconds=30)


def skew_text(caller: Caller) -> str | None:
    """The warning about two clocks that differ; None where they agree."""
    if abs(caller.skew) <= SKEW:
        return None
    way = "ahead of" if caller.skew > timedelta() else "behind"
    return (
        f"the org's clock is {in_words(abs(caller.skew))} {way} the clock of this machine ({caller.now:%Y-%m-%d %H:%M} "
        "UTC in the org): a run goes by the org's time; set the clock of this machine"
    )


def check_clock(now: datetime, last: datetime | None, *, accept: bool) -> None:
    """Raises OrgUnavailable where the org's time cannot be right after that of the last run, unless the person accepts
    it: with a clock that is years off, every case looks old."""
    if last is None or accept or now - AHEAD <= last <= now + BACK:
        return
    raise OrgUnavailable(
        f"the org says that it is {now:%Y-%m-%d %H:%M} UTC, but at the last run of this ledger it said "
        f"{last:%Y-%m-%d %H:%M} UTC: a wrong clock makes cases look older or newer than they are, so nothing was done. "
        "Find out which time is right (a proxy may have replaced the Date header); if the new one is, run once with "
        "--accept-clock"
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """Our own two clocks at one moment, in seconds."""

    boot: float = field(default_factory=lambda: time.clock_gettime(BOOT_TIME))
    wall: float = field(default_factory=time.time)

    def age(self) -> float:
        """The seconds since then, by the clock that shows more. A wall clock that was set back counts too."""
        now = Reading()
        return max(now.boot - self.boot, abs(now.wall - self.wall))


@dataclass(frozen=True, slots=True)
class RunClock:
    """`start` is the org's time of its first answer."""

    start: datetime
    read: Reading = field(default_factory=Reading)

    def now(self) -> datetime:
        """The org's time now, by our own boot-time clock."""
        return self.start + timedelta(seconds=time.clock_gettime(BOOT_TIME) - self.read.boot)
