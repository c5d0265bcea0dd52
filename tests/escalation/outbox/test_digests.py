"""The times of the digest, by the clock of the recipient, through every change of that clock (rule N7)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfdc_escalator.escalation.outbox.digests import next_window
from sfdc_escalator.escalation.policy.telling import EVERY_DAY, DigestTime

QUARTER, DAY = timedelta(minutes=15), timedelta(days=1)
WORKDAYS = frozenset(range(5))
CHANGES = [
    ("America/New_York", "2026-03-08T07:00"),
    ("America/New_York", "2026-11-01T06:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("America/Sao_Paulo", "2018-02-18T02:00"),
    ("America/Sao_Paulo", "2018-11-04T03:00"),
    ("America/Nuuk", "2024-03-31T01:00"),
    ("Pacific/Apia", "2011-12-30T10:00"),
    ("Asia/Kolkata", "2026-12-31T18:30"),
    ("UTC", "2026-01-01T00:00"),
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "clock", "days", "now", "window"),
    [
        ("UTC", "09:00", EVERY_DAY, "2026-03-02T08:59:59", "2026-03-02T09:00"),
        ("UTC", "09:00", EVERY_DAY, "2026-03-02T09:00:01", "2026-03-03T09:00"),
        # days of the week: Friday evening, and a single day
        ("UTC", "09:00", WORKDAYS, "2026-03-06T18:00", "2026-03-09T09:00"),
        ("UTC", "09:00", frozenset({2}), "2026-03-04T09:01", "2026-03-11T09:00"),
        # the day of the week of the recipient: it is Monday already in Auckland
        ("Pacific/Auckland", "09:00", WORKDAYS, "2026-03-08T19:00", "2026-03-08T20:00"),
        # the same clock time on both sides of a clock change
        ("America/New_York", "09:00", EVERY_DAY, "2026-03-07T15:00", "2026-03-08T13:00"),
        ("America/New_York", "09:00", EVERY_DAY, "2026-10-31T14:00", "2026-11-01T14:00"),
        # a time that does not exist is reached with the change; of one that comes twice the first pass counts
        ("America/New_York", "02:30", EVERY_DAY, "2026-03-08T05:00", "2026-03-08T07:00"),
        ("America/New_York", "01:30", EVERY_DAY, "2026-11-01T05:00", "2026-11-01T05:30"),
        ("America/New_York", "01:30", EVERY_DAY, "2026-11-01T05:45", "2026-11-02T06:30"),
        # Nuuk moved 23:00 to midnight
        ("America/Nuuk", "23:30", EVERY_DAY, "2024-03-31T00:30", "2024-03-31T01:00"),
        ("America/Nuuk", "23:30", EVERY_DAY, "2024-03-31T01:00", "2024-03-31T01:00"),
        # Samoa had no Friday, 30 December 2011
        ("Pacific/Apia", "09:00", EVERY_DAY, "2011-12-29T20:00", "2011-12-30T19:00"),
        ("Pacific/Apia", "09:00", frozenset({4}), "2011-12-29T20:00", "2012-01-05T19:00"),
        ("Pacific/Apia", "09:00", frozenset({4}), "2011-12-23T20:00", "2012-01-05T19:00"),
    ],
)
def test_a_digest_comes_at_its_time_by_the_clock_of_the_recipient(
    zone: str, clock: str, days: frozenset[int], now: str, window: str
) -> None:
    """N7"""
    assert next_window(at(now), DigestTime(time.fromisoformat(clock), days), ZoneInfo(zone)) == at(window)


def test_a_notice_queued_in_the_second_of_the_digest_is_in_it() -> None:
    """N7"""
    nine = at("2026-03-02T09:00")
    assert next_window(nine, DigestTime(time(9)), ZoneInfo("UTC")) == nine


def first_showing(zone: ZoneInfo, day: date, clock: time) -> datetime | None:
    """The first quarter of an hour at which the clock shows this time of the day or later; None where the zone has no
    such day."""
    noon = datetime.combine(day, time(12), UTC)
    quarters = [noon + number * QUARTER for number in range(-4 * 28, 4 * 28)]
    shown = [(one, one.astimezone(zone).replace(tzinfo=None)) for one in quarters]
    if not any(wall.date() == day for _, wall in shown):
        return None
    return next(one for one, wall in shown if wall >= datetime.combine(day, clock))


@given(
    st.sampled_from(CHANGES),
    st.integers(-48 * 3600, 48 * 3600),
    st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15)),
    st.frozensets(st.integers(0, 6), min_size=1),
)
def test_it_is_the_first_time_on_one_of_its_days(
    change: tuple[str, str], seconds: int, clock: time, days: frozenset[int]
) -> None:
    """N7, near every kind of clock change, against the clock read every quarter of an hour."""
    zone, now = ZoneInfo(change[0]), at(change[1]) + timedelta(seconds=seconds)
    local = now.astimezone(zone).date()
    dates = [local + number * DAY for number in range(-2, 17)]
    windows = [first_showing(zone, day, clock) for day in dates if day.weekday() in days]
    assert next_window(now, DigestTime(clock, days), zone) == min(one for one in windows if one and one >= now)
