"""The clocks of the process under test, which can be set ahead. Installed before the program is imported."""

import time

_wall, _mono, _gettime = time.time, time.monotonic, time.clock_gettime
_ahead = {"wall": 0.0, "boot": 0.0}


def install() -> None:
    time.time = lambda: _wall() + _ahead["wall"]
    time.monotonic = lambda: _mono() + _ahead["boot"]
    time.clock_gettime = lambda clock: _gettime(clock) + _ahead["wall" if clock == time.CLOCK_REALTIME else "boot"]


def pass_time(seconds: float) -> None:
    """Moves every clock forward, as if the process had slept."""
    jump(seconds)
    _ahead["boot"] += seconds


def jump(seconds: float) -> None:
    """Moves the wall clock, as if somebody set it."""
    _ahead["wall"] += seconds
