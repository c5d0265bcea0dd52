"""The values of `calendars:`: time zones, opening hours, and holidays from the `holidays` library."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sfdc_escalator.escalation.time.opening_hours import Spans, week_of
from sfdc_escalator.files.text.fault import Fault, shown, unknown
from sfdc_escalator.files.values import texts

KEYS = ("country", "subdivision", "dates")


def zone(value: Any) -> ZoneInfo:
    name = texts.text(value)
    if name not in zone_names():
        expected = "a name of the tz database, such as America/Chicago"
        raise unknown("time zone", name, sorted(zone_names()), expected=expected)
    return ZoneInfo(name)


@cache
def zone_names() -> frozenset[str]:
    """Kept, because each call opens hundreds of files, and every calendar of every policy asks for them."""
    return frozenset(available_timezones())


def week(value: Any) -> tuple[Spans, ...]:
    form = 'days with their hours, such as {mon-fri: "08:00-20:00", sat: "09:00-17:00"}'
    if not isinstance(value, dict) or not value:
        raise Fault("opening hours are a mapping", found=shown(value), expected=form)
    hours = {str(days): of_days(str(days), text) for days, text in value.items()}
    try:
        found = week_of(hours)
    except ValueError as error:
        raise advice(error, found=str(error).rpartition("again in ")[2].partition(";")[0].strip("'")) from None
    if not any(found):
        raise Fault("the calendar is never open", found=shown(value), expected=form)
    return found


def of_days(days: str, given: Any) -> list[str]:
    """The checked hours of some days. A fault of the days themselves is reported at the key."""
    hours = [str(one) for one in given] if isinstance(given, list) else [str(given)]
    for part, key in (({days: "00:00-24:00"}, days), ({"mon": hours}, None)):
        try:
            week_of(part)
        except ValueError as error:
            fault = advice(error, found=days if key else shown(given))
            raise fault.but(key=key, inside=() if key else (days,)) from None
    return hours


def advice(error: ValueError, found: str) -> Fault:
    message, _, expected = str(error).partition("; expected ")
    return Fault(message, found=found, expected=expected or None)


def holidays(value: Any) -> Container[date]:
    """A country's holidays, dates of the team's own, or both."""
    if isinstance(value, list):
        return frozenset(map(day, value))
    if not isinstance(value, dict) or not value:
        expected = "`{country: US}`, with `subdivision` and `dates`, or a list of dates"
        raise Fault("these are not holidays", found=shown(value), expected=expected)
    for key in value:
        if key not in KEYS:
            raise unknown("key", str(key), KEYS, key=key)
    dates = value.get("dates", [])
    if not isinstance(dates, list):
        raise Fault("these are not dates", found=shown(dates), expected="a list of dates", inside=("dates",))
    own = frozenset(map(day, dates))
    if "country" not in value:
        return own
    return of_country(texts.text(value["country"]), value.get("subdivision"), own)


@dataclass(frozen=True, slots=True)
class CountryHolidays:
    """The holidays of a country or a part of it, and days of the team's own."""

    country: str
    part: str | None
    own: frozenset[date]

    def __contains__(self, day: object) -> bool:
        return day in self.own or day in days_of(self.country, self.part)


@cache
def days_of(country: str, part: str | None) -> Container[object]:
    """Those of the library, which is loaded once a calendar asks for them. Raises NotImplementedError for a country or
    part that it does not know."""
    from holidays import country_holidays

    return country_holidays(country, subdiv=part)


def of_country(country: str, subdivision: Any, own: frozenset[date]) -> Container[date]:
    part = None if subdivision is None else str(subdivision)
    try:
        days_of(country, part)
    except NotImplementedError:
        raise nowhere(country, part) from None
    return CountryHolidays(country, part, own)


def nowhere(country: str, part: str | None) -> Fault:
    """The fault of an unknown country or subdivision. The known ones are listed only here, because that loads every
    country."""
    from holidays import list_supported_countries

    known = list_supported_countries()
    if country not in known:
        return unknown("country", country, known, key="country", expected="a code of ISO 3166, such as US, GB, DE")
    otherwise = f"none: {country} has no subdivisions here"
    return unknown("subdivision", str(part), known[country], otherwise, key="subdivision")


def day(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise Fault("this is not a date", found=shown(value), expected="a date such as 2026-12-24") from None
