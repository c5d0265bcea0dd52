"""Quiet hours, by the clock of the recipient, through every change of that clock (rule N6)."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfdc_escalator.escalation.outbox.quiet import first_time
from sfdc_escalator.escalation.policy.telling import Quiet

MINUTE = timedelta(minutes=1)
ZONES = sorted(available_timezones() - {"localtime", "Factory"})
CHANGES = [
    ("America/New_York", "2026-03-08T07:00"),
    ("America/New_York", "2026-11-01T06:00"),
    ("Europe/London", "2026-10-25T01:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("America/Sao_Paulo", "2018-02-18T02:00"),
    ("America/Sao_Paulo", "2018-11-04T03:00"),
    ("America/Nuuk", "2024-03-31T01:00"),
    ("Pacific/Apia", "2011-12-30T10:00"),
    ("Asia/Kolkata", "2026-12-31T18:30"),
]


def hours(begin: str, end: str) -> Quiet:
    return Quiet(time.fromisoformat(begin), time.fromisoformat(end))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shows_quiet(moment: datetime, quiet: Quiet, zone: ZoneInfo) -> bool:
    """True where a person who looks at the clock says that it is quiet."""
    clock = moment.astimezone(zone).time()
    if quiet.begin <= quiet.end:
        return quiet.begin <= clock < quiet.end
    return clock >= quiet.begin or clock < quiet.end


@pytest.mark.parametrize(
    ("zone", "quiet", "now", "first"),
    [
        # over midnight
        ("UTC", ("20:00", "08:00"), "2026-03-02T19:59:59", "2026-03-02T19:59:59"),
        ("UTC", ("20:00", "08:00"), "2026-03-02T20:00", "2026-03-03T08:00"),
        ("UTC", ("20:00", "08:00"), "2026-03-03T03:00", "2026-03-03T08:00"),
        ("UTC", ("20:00", "08:00"), "2026-03-03T07:59:59.999999", "2026-03-03T08:00"),
        ("UTC", ("20:00", "08:00"), "2026-03-03T08:00", "2026-03-03T08:00"),
        ("UTC", ("20:00", "00:00"), "2026-12-31T23:00", "2027-01-01T00:00"),
        ("UTC", ("00:00", "08:00"), "2026-03-02T23:59", "2026-03-02T23:59"),
        # within a day
        ("UTC", ("12:00", "13:00"), "2026-03-02T11:59", "2026-03-02T11:59"),
        ("UTC", ("12:00", "13:00"), "2026-03-02T12:30", "2026-03-02T13:00"),
        ("UTC", ("12:00", "13:00"), "2026-03-02T13:00", "2026-03-02T13:00"),
        # the clock of the recipient: 20:30 in Chicago, 09:30 in Kolkata
        ("America/Chicago", ("20:00", "08:00"), "2026-01-15T02:30", "2026-01-15T14:00"),
        ("Asia/Kolkata", ("20:00", "08:00"), "2026-01-15T04:00", "2026-01-15T04:00"),
        # New York moves 02:00 to 03:00: the night is an hour shorter, and an end at 02:30 is reached at 03:00
        ("America/New_York", ("20:00", "08:00"), "2026-03-08T02:00", "2026-03-08T12:00"),
        ("America/New_York", ("20:00", "02:30"), "2026-03-08T05:00", "2026-03-08T07:00"),
        # hours that the change skips whole do not come
        ("America/New_York", ("02:15", "02:45"), "2026-03-08T07:00", "2026-03-08T07:00"),
        # New York moves 02:00 back to 01:00: an end at 01:30 is reached at its first pass, and comes once more
        ("America/New_York", ("20:00", "08:00"), "2026-11-01T02:00", "2026-11-01T13:00"),
        ("America/New_York", ("20:00", "01:30"), "2026-11-01T05:10", "2026-11-01T05:30"),
        ("America/New_York", ("20:00", "01:30"), "2026-11-01T05:45", "2026-11-01T05:45"),
        ("America/New_York", ("20:00", "01:30"), "2026-11-01T06:10", "2026-11-01T06:30"),
        # an end at 02:00 is not shown at the end of the first pass, because the clock shows 01:00 again
        ("America/New_York", ("20:00", "02:00"), "2026-11-01T05:30", "2026-11-01T07:00"),
        # Sao Paulo moved midnight to 01:00, and midnight back to 23:00
        ("America/Sao_Paulo", ("20:00", "00:30"), "2018-11-04T02:30", "2018-11-04T03:00"),
        ("America/Sao_Paulo", ("20:00", "23:30"), "2018-02-18T01:10", "2018-02-18T01:30"),
        # Samoa had no 30 December 2011: the night of the 29th ends on the 31st
        ("Pacific/Apia", ("20:00", "08:00"), "2011-12-30T09:00", "2011-12-30T18:00"),
    ],
)
def test_a_notice_waits_until_the_clock_of_the_recipient_shows_no_quiet_hours(
    zone: str, quiet: tuple[str, str], now: str, first: str
) -> None:
    """N6"""
    assert first_time(at(now), hours(*quiet), ZoneInfo(zone)) == at(first)


def test_without_quiet_hours_and_with_hours_without_length_no_notice_waits() -> None:
    """N6"""
    now = at("2026-03-02T03:00")
    assert first_time(now, None, ZoneInfo("UTC")) == now
    assert first_time(now, hours("03:00", "03:00"), ZoneInfo("UTC")) == now


CLOCKS = st.integers(0, 1439).map(lambda minute: time(minute // 60, minute % 60))


@given(
    st.one_of(
        st.sampled_from(CHANGES),
        st.tuples(
            st.sampled_from(ZONES), st.integers(0, 35 * 365).map(lambda day: str(date(2000, 1, 1) + timedelta(day)))
        ),
    ),
    st.integers(-36 * 3600, 36 * 3600),
    st.builds(Quiet, CLOCKS, CLOCKS),
)
def test_it_is_the_first_minute_at_which_a_person_says_that_it_is_not_quiet(
    change: tuple[str, str], seconds: int, quiet: Quiet
) -> None:
    """N6, in every zone, near every kind of clock change, minute by minute."""
    zone, now = ZoneInfo(change[0]), at(change[1]) + timedelta(seconds=seconds)
    minute = now.replace(second=0, microsecond=0)
    minutes = (max(now, minute + number * MINUTE) for number in count())
    assert first_time(now, quiet, zone) == next(at for at in minutes if not shows_quiet(at, quiet, zone))
