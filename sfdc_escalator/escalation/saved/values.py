"""The values of a saved plan, each checked: ValueError for anything that no plan holds."""

from datetime import UTC, datetime
from typing import Any, TypeVar

from sfdc_escalator.escalation.decisions.order_json import time_of
from sfdc_escalator.escalation.world.case import long_id

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2500, 1, 1, tzinfo=UTC)
MOST = 2**31 - 1
Time = TypeVar("Time", datetime, datetime | None)


def record(found: Any, *prefixes: str) -> str:
    """An id of 18 characters, of an object with one of these prefixes."""
    if len(text(found)) != 18 or long_id(found) != found or not found.startswith(prefixes):
        raise ValueError(f"{found!r:.60} is not a record id of 18 characters that begins with {' or '.join(prefixes)}")
    return str(found)


def text(found: Any) -> str:
    if not isinstance(found, str):
        raise ValueError(f"{found!r:.60} is not a text")
    return found


def maybe_text(found: Any) -> None:
    if found is not None:
        text(found)


def count(found: Any) -> int:
    if type(found) is not int or not 0 <= found <= MOST:
        raise ValueError(f"{found!r:.60} is not a count")
    return found


def when(found: Any) -> datetime:
    at = time_of(text(found))
    if at is None:
        raise ValueError("a time is empty")
    return sound(at)


def optional_time(found: Any) -> datetime | None:
    return None if found is None else when(found)


def sound(at: Time) -> Time:
    """The time, if a plan can have it: one at the ends of the calendar cannot be reckoned with."""
    if at is not None and not EARLIEST <= at <= LATEST:
        raise ValueError(f"the time {at} is not between {EARLIEST.year} and {LATEST.year}")
    return at
