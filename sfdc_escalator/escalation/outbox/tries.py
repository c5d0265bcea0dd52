"""Tries of a message that a channel did not take: when it is tried again, and when it is given up (rule N11)."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sfdc_escalator.escalation.outbox.quiet import first_time
from sfdc_escalator.escalation.policy.telling import Quiet
from sfdc_escalator.escalation.time.business_days import HORIZON

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60))
"""After the first try, the second and so on; the last one also after each later try."""
GIVEN_UP_AFTER = timedelta(hours=24)


def next_try(
    tries: int, last_try: datetime, asked: timedelta | None, quiet: Quiet | None, zone: ZoneInfo, urgent: bool
) -> datetime:
    """The time of the next try after this number of tries, 1 at least. `asked` is the time that the service asked to
    wait; of more than ten years the ten count."""
    pause = PAUSES[min(tries, len(PAUSES)) - 1]
    at = last_try + max(pause, min(asked or pause, HORIZON))
    return at if urgent else first_time(at, quiet, zone)


def is_given_up(first_try: datetime, now: datetime) -> bool:
    """True from 24 hours after the first try on.

    To be asked of a message whose try has just failed, or whose next try is not due yet. A message whose try is due is
    tried first: perhaps no run came for a day.
    """
    return now - first_try >= GIVEN_UP_AFTER
