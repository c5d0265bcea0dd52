"""Durations as the policy writes them, and as people read them."""

import re
from datetime import timedelta

UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
DURATION = re.compile(r"(\d{1,6})([mhdw])", re.ASCII)
DURATION_FORM = "a whole number and a unit: 15m, 4h, 2d (48 hours), 2w"


def parse_duration(text: str) -> timedelta:
    """`15m`, `4h`, `2d` (48 hours), `2w`; anything else is a ValueError."""
    found = DURATION.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not a duration: {DURATION_FORM}")
    return int(found[1]) * UNITS[found[2]]


def in_words(duration: timedelta, *, days: bool = True) -> str:
    """The two greatest units: `3 d 4 h`, `5 h`, `12 min`; without days `76 h`, for open time, of which a day has no
    fixed length."""
    minutes, sign = int(abs(duration).total_seconds() // 60), "-" if duration < timedelta(0) else ""
    whole, hours = divmod(minutes // 60, 24) if days else (0, minutes // 60)
    parts = [f"{count} {unit}" for count, unit in ((whole, "d"), (hours, "h"), (minutes % 60, "min")) if count]
    return sign + (" ".join(parts[:2]) or "0 min")
