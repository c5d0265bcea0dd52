"""When a message that a channel did not take is tried again, and when it is given up (rule N11)."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from sfdc_escalator.escalation.outbox.tries import is_given_up, next_try
from sfdc_escalator.escalation.policy.telling import Quiet

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EVENING = datetime(2026, 3, 2, 19, 58, tzinfo=UTC)
NIGHT = Quiet(time(20), time(8))
ZONE = ZoneInfo("UTC")


def test_it_is_tried_again_after_1_2_5_15_30_60_minutes_then_hourly() -> None:
    """N11"""
    pauses = [(next_try(tries, NOON, None, None, ZONE, False) - NOON) / MINUTE for tries in range(1, 10)]
    assert pauses == [1, 2, 5, 15, 30, 60, 60, 60, 60]


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        (0 * MINUTE, 5 * MINUTE),
        (4 * MINUTE, 5 * MINUTE),
        (7 * MINUTE, 7 * MINUTE),
        (30 * HOUR, 30 * HOUR),
    ],
)
def test_it_is_not_tried_before_the_time_that_the_service_asked_for(asked: timedelta, wait: timedelta) -> None:
    """N11"""
    assert next_try(3, NOON, asked, None, ZONE, False) == NOON + wait


def test_a_service_that_asks_for_centuries_stops_no_run() -> None:
    """N11"""
    assert next_try(1, NOON, timedelta.max, NIGHT, ZONE, False) > NOON + 3650 * 24 * HOUR


@pytest.mark.parametrize(
    ("tries", "asked", "urgent", "again"),
    [
        (1, None, False, EVENING + MINUTE),
        (2, None, False, EVENING + 12 * HOUR + 2 * MINUTE),
        (1, HOUR, False, EVENING + 12 * HOUR + 2 * MINUTE),
        (2, None, True, EVENING + 2 * MINUTE),
        (1, HOUR, True, EVENING + HOUR),
    ],
)
def test_a_try_that_falls_into_quiet_hours_waits_unless_it_is_urgent(
    tries: int, asked: timedelta | None, urgent: bool, again: datetime
) -> None:
    """N11"""
    assert next_try(tries, EVENING, asked, NIGHT, ZONE, urgent) == again


def test_it_is_given_up_24_hours_after_the_first_try() -> None:
    """N11"""
    assert not is_given_up(NOON, NOON + 24 * HOUR - timedelta(microseconds=1))
    assert is_given_up(NOON, NOON + 24 * HOUR)
