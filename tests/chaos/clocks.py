"""The clocks of a subject's process, which can be set ahead. Installed before anything of the subject is imported."""

import time

_wall, _mono, _gettime = time.time, time.monotonic, time.clock_gettime
_ahead = {"wall": 0.0, "boot": 0.0}


def install() -> None:
    time.time = lambda: _wall() + _ahead["wall"]
    time.monotonic = lambda: _mono() + _ahead["boot"]
    time.clock_gettime = lambda clock: _gettime(clock) + _ahead["wall" if clock == time.CLOCK_REALTIME else "boot"]


def pass_time(seconds: float) -> None:
    """As if the process had slept so long: every clock goes on."""
    jump(seconds)
    _ahead["boot"] += seconds


def jump(seconds: float) -> None:
    """Somebody set the wall clock."""
    _ahead["wall"] += seconds
