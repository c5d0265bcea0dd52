"""The time of a run: the org's, read once; our own clocks only measure the time since then.

A process that was stopped, or a machine that slept, must notice it: boot time runs on while we are suspended, and the
wall clock runs on in a virtual machine that is paused as a whole.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

BOOT_TIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


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
