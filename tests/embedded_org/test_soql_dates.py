"""The spans of relative dates and the values of date functions, by the SOQL reference."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfdc_escalator.embedded_org.soql.dates import FUNCTIONS, NotSupported, UserCalendar, part

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)  # a Wednesday


def calendar(now: datetime = NOW, zone: str = "UTC", fiscal_start: int = 1) -> UserCalendar:
    return UserCalendar(now, ZoneInfo(zone), "en_US", fiscal_start)


@pytest.mark.parametrize(
    ("literal", "first", "after"),
    [
        ("YESTERDAY", "2026-03-03", "2026-03-04"),
        ("today", "2026-03-04", "2026-03-05"),
        ("TOMORROW", "2026-03-05", "2026-03-06"),
        ("LAST_WEEK", "2026-02-22", "2026-03-01"),
        ("THIS_WEEK", "2026-03-01", "2026-03-08"),
        ("NEXT_WEEK", "2026-03-08", "2026-03-15"),
        ("LAST_MONTH", "2026-02-01", "2026-03-01"),
        ("THIS_MONTH", "2026-03-01", "2026-04-01"),
        ("NEXT_MONTH", "2026-04-01", "2026-05-01"),
        ("LAST_QUARTER", "2025-10-01", "2026-01-01"),
        ("THIS_QUARTER", "2026-01-01", "2026-04-01"),
        ("NEXT_QUARTER", "2026-04-01", "2026-07-01"),
        ("LAST_YEAR", "2025-01-01", "2026-01-01"),
        ("THIS_YEAR", "2026-01-01", "2027-01-01"),
        ("NEXT_YEAR", "2027-01-01", "2028-01-01"),
        ("LAST_90_DAYS", "2025-12-04", "2026-03-05"),
        ("NEXT_90_DAYS", "2026-03-05", "2026-06-03"),
        ("LAST_N_DAYS:7", "2026-02-25", "2026-03-05"),
        ("LAST_N_DAYS:0", "2026-03-04", "2026-03-05"),
        ("NEXT_N_DAYS:3", "2026-03-05", "2026-03-08"),
        ("N_DAYS_AGO:3", "2026-03-01", "2026-03-02"),
        ("LAST_N_WEEKS:2", "2026-02-15", "2026-03-01"),
        ("NEXT_N_WEEKS:2", "2026-03-08", "2026-03-22"),
        ("N_WEEKS_AGO:2", "2026-02-15", "2026-02-22"),
        ("LAST_N_MONTHS:3", "2025-12-01", "2026-03-01"),
        ("N_MONTHS_AGO:3", "2025-12-01", "2026-01-01"),
        ("LAST_N_QUARTERS:2", "2025-07-01", "2026-01-01"),
        ("NEXT_N_YEARS:2", "2027-01-01", "2029-01-01"),
        ("N_YEARS_AGO:1", "2025-01-01", "2026-01-01"),
    ],
)
def test_a_relative_date_is_a_span_of_whole_days(literal: str, first: str, after: str) -> None:
    span = calendar().span(literal, whole_days=True)
    assert (span.start.date().isoformat(), span.end.date().isoformat()) == (first, after)
    assert {span.start.hour, span.end.hour} == {0}


def test_the_last_days_end_now_for_a_time() -> None:
    span = calendar().span("LAST_N_DAYS:1")
    assert span.start == datetime(2026, 3, 3, tzinfo=UTC)
    assert span.end - NOW == timedelta(milliseconds=1)


def test_a_day_of_a_clock_change_has_its_own_length() -> None:
    span = calendar(datetime(2026, 3, 29, 12, tzinfo=UTC), "Europe/Berlin").span("TODAY")
    assert span.end.astimezone(UTC) - span.start.astimezone(UTC) == timedelta(hours=23)


@pytest.mark.parametrize(
    ("literal", "first", "after"),
    [
        ("THIS_FISCAL_YEAR", "2025-10-01", "2026-10-01"),
        ("LAST_FISCAL_QUARTER", "2025-10-01", "2026-01-01"),
        ("THIS_FISCAL_QUARTER", "2026-01-01", "2026-04-01"),
        ("N_FISCAL_YEARS_AGO:1", "2024-10-01", "2025-10-01"),
        ("NEXT_N_FISCAL_QUARTERS:2", "2026-04-01", "2026-10-01"),
    ],
)
def test_a_fiscal_year_begins_in_the_month_of_the_org(literal: str, first: str, after: str) -> None:
    span = calendar(fiscal_start=10).span(literal)
    assert (span.start.date().isoformat(), span.end.date().isoformat()) == (first, after)


def test_a_week_depends_on_the_locale() -> None:
    with pytest.raises(NotSupported, match="a week in the locale fr_FR"):
        UserCalendar(NOW, ZoneInfo("UTC"), "fr_FR", 1).span("THIS_WEEK")


@given(st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)), st.integers(1, 12), st.integers(0, 40))  # noqa: DTZ001
def test_units_that_follow_each_other_leave_no_gap(moment: datetime, fiscal_start: int, n: int) -> None:
    here = calendar(moment.replace(tzinfo=UTC), "Asia/Tokyo", fiscal_start)
    for unit in ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR"):
        earlier, later = here.span(f"N_{unit}S_AGO:{n + 1}"), here.span(f"N_{unit}S_AGO:{n}")
        assert earlier.end == later.start
        assert here.span(f"N_{unit}S_AGO:0").start <= here.now < here.span(f"N_{unit}S_AGO:0").end


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)))  # noqa: DTZ001
def test_date_functions_agree_with_the_calendar(moment: datetime) -> None:
    text = moment.replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000").rjust(28, "0")
    local = moment.replace(tzinfo=UTC, microsecond=0).astimezone(ZoneInfo("America/New_York"))
    found = {name: part(name, text, "America/New_York", 1) for name in FUNCTIONS}
    assert found["DAY_ONLY"] == local.date().isoformat()
    assert (found["CALENDAR_YEAR"], found["CALENDAR_MONTH"], found["DAY_IN_MONTH"], found["HOUR_IN_DAY"]) == (
        local.year, local.month, local.day, local.hour,
    )  # fmt: skip
    assert found["DAY_IN_YEAR"] == (local.date() - date(local.year, 1, 1)).days + 1
    assert found["DAY_IN_WEEK"] == (1 if local.isoweekday() == 7 else local.isoweekday() + 1)
    assert found["FISCAL_QUARTER"] == found["CALENDAR_QUARTER"] == (local.month - 1) // 3 + 1
    assert (found["WEEK_IN_MONTH"], found["WEEK_IN_YEAR"]) == (
        (local.day - 1) // 7 + 1, (local.timetuple().tm_yday - 1) // 7 + 1,
    )  # fmt: skip


def test_a_missing_date_has_no_parts() -> None:
    assert {part(name, None, "UTC", 1) for name in FUNCTIONS} == {None}
    assert part("CALENDAR_YEAR", "2026-03-04", "UTC", 1) == 2026
