"""Relative dates and date functions, by the calendar of the token's user (SOQL reference, "Date Formats", "Date
Functions")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

UNTIL_NOW = timedelta(milliseconds=1)  # times have milliseconds, and a span ends before its end
_SUNDAY_FIRST = "en_US"
_RELATIVE = re.compile(
    r"(?P<side>LAST|THIS|NEXT)_(?P<unit>WEEK|MONTH|QUARTER|YEAR|FISCAL_QUARTER|FISCAL_YEAR)"
    r"|(?P<sides>LAST_N|NEXT_N)_(?P<units>[A-Z_]+)S:(?P<n>\d+)|N_(?P<ago>[A-Z_]+)S_AGO:(?P<k>\d+)"
)
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}

# Function -> the type of its result.
FUNCTIONS = {
    "CALENDAR_MONTH": "int", "CALENDAR_QUARTER": "int", "CALENDAR_YEAR": "int", "DAY_IN_MONTH": "int",
    "DAY_IN_WEEK": "int", "DAY_IN_YEAR": "int", "DAY_ONLY": "date", "FISCAL_MONTH": "int", "FISCAL_QUARTER": "int",
    "FISCAL_YEAR": "int", "HOUR_IN_DAY": "int", "WEEK_IN_MONTH": "int", "WEEK_IN_YEAR": "int",
}  # fmt: skip
OF_DATETIMES = frozenset({"DAY_ONLY", "HOUR_IN_DAY"})


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to before `end`, both aware."""

    start: datetime
    end: datetime


class NotSupported(ValueError):
    """The calendar of the user or of the org is one that this org does not know."""


@dataclass(frozen=True, slots=True)
class UserCalendar:
    """The time of a query, and what its user and the org say about days, weeks and years."""

    now: datetime
    zone: ZoneInfo
    locale: str
    fiscal_start: int

    def span(self, literal: str, whole_days: bool = False) -> Span:
        """The span of a relative date such as `LAST_N_DAYS:7`, which ends now unless `whole_days`.

        Raises NotSupported, and OverflowError or ValueError for a span that the calendar cannot hold.
        """
        literal = literal.upper()
        today = self.now.astimezone(self.zone).date()
        days = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}.get(literal)
        if days is not None:
            return self._days(today + timedelta(days), 1)
        if literal.endswith("_90_DAYS"):
            literal = literal.replace("_90_DAYS", "_N_DAYS:90")
        found = _RELATIVE.fullmatch(literal)
        if found is None:
            raise NotSupported(literal)
        if found["unit"]:
            return self._units(today, found["unit"], {"LAST": -1, "THIS": 0, "NEXT": 1}[found["side"]], 1)
        if found["ago"]:
            return self._units(today, found["ago"], -int(found["k"]), 1)
        n, last = int(found["n"]), found["sides"] == "LAST_N"
        if found["units"] == "DAY" and last:
            since = self._midnight(today - timedelta(n))
            return self._days(since.date(), n + 1) if whole_days else Span(since, self.now + UNTIL_NOW)
        return self._units(today, found["units"], -n if last else 1, n)

    def _units(self, today: date, unit: str, first: int, count: int) -> Span:
        """`count` whole units from the one that is `first` units after that of today."""
        if unit == "DAY":
            return self._days(today + timedelta(first), count)
        if unit == "WEEK":
            if self.locale != _SUNDAY_FIRST:
                raise NotSupported(f"a week in the locale {self.locale}")
            sunday = today - timedelta(today.isoweekday() % 7)
            return self._days(sunday + timedelta(7 * first), 7 * count)
        months = _MONTHS[unit.removeprefix("FISCAL_")]
        begin = self.fiscal_start if unit.startswith("FISCAL_") else 1
        since = today.year * 12 + today.month - begin  # months since the first month of a year 0
        start = since - since % months + begin - 1
        low, high = (start + months * first, start + months * (first + count))
        return Span(self._midnight(_first_of(low)), self._midnight(_first_of(high)))

    def _days(self, first: date, count: int) -> Span:
        return Span(self._midnight(first), self._midnight(first + timedelta(count)))

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone)


def _first_of(months: int) -> date:
    return date(months // 12, months % 12 + 1, 1)


def part(function: str, text: str | None, zone: str, fiscal_start: int) -> int | str | None:
    """The value of a date function for a stored date or datetime."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if len(text) > len("2026-11-28"):
        moment = moment.astimezone(ZoneInfo(zone) if zone else UTC)
    if function == "DAY_ONLY":
        return moment.date().isoformat()
    day_of_year, fiscal_month = moment.timetuple().tm_yday, (moment.month - fiscal_start) % 12 + 1
    return {
        "CALENDAR_MONTH": moment.month, "CALENDAR_QUARTER": (moment.month + 2) // 3, "CALENDAR_YEAR": moment.year,
        "DAY_IN_MONTH": moment.day, "DAY_IN_WEEK": moment.isoweekday() % 7 + 1, "DAY_IN_YEAR": day_of_year,
        "FISCAL_MONTH": fiscal_month, "FISCAL_QUARTER": (fiscal_month + 2) // 3, "FISCAL_YEAR": moment.year,
        "HOUR_IN_DAY": moment.hour, "WEEK_IN_MONTH": (moment.day + 6) // 7, "WEEK_IN_YEAR": (day_of_year + 6) // 7,
    }[function]  # fmt: skip
