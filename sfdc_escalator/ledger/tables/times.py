"""Times as the ledger holds them: text, in UTC."""

from datetime import UTC, datetime, timedelta

from sfdc_escalator.errors import EscalatorError

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)


ALMOST_A_SECOND = timedelta(seconds=1) - timedelta.resolution


def time_text(at: datetime | None) -> str | None:
    """A time as text, UTC; raises EscalatorError for a time without a zone."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise EscalatorError(f"the time {at} has no zone")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def second(at: datetime | None) -> str | None:
    """A time as text, without the part of a second."""
    return time_text(at and at.replace(microsecond=0))


def whole_second(at: datetime) -> str:
    """The time as the column `at` of an event has it, rounded up: events have no part of a second."""
    return second(at + ALMOST_A_SECOND if at < at.max.replace(tzinfo=UTC) - ALMOST_A_SECOND else at) or ""


def time_of(text: str | None) -> datetime | None:
    """The time of a text. Raises ValueError for one that no run can have written."""
    return in_range(datetime.fromisoformat(text)) if text else None


def in_range(at: datetime) -> datetime:
    """The same time. Raises ValueError for one that no run can have written."""
    if at.tzinfo is None or not EARLIEST <= at < LATEST:
        raise ValueError(f"the time {at} has no zone, or is out of range")
    return at
