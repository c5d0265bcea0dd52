"""Limits of open time that are never reached, because the calendar is hardly ever open or the limit is a slip."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sfdc_escalator.escalation.conditions.clocks.stopped_clock import LIMITS
from sfdc_escalator.escalation.time.calendars import Calendar, Limit
from sfdc_escalator.files.checks.cross_checks import Cross, mapping
from sfdc_escalator.files.language.table_values import raw_table
from sfdc_escalator.files.text.document import Document, Path, mappings
from sfdc_escalator.files.text.fault import Fault, shown
from sfdc_escalator.files.values import amounts


def cutoff_lints(document: Document, calendars: Mapping[str, Calendar]) -> Iterator[Cross]:
    """Check each limit of a valid policy by each calendar that it may be counted by."""
    now, tables = datetime.now(UTC), mapping(document.value, "tables")
    for path, given in mappings(document.value, ()):
        names = [name for _, name in choices(given.get("calendar"), tables) if isinstance(name, str)]
        for key in (*LIMITS, "after"):
            for place, limit in choices(given.get(key), tables) if names else ():
                never = [name for name in names if calendars[name].cutoff(now, limit_of(limit)) is None]
                if never:
                    message = f"by the calendar `{never[0]}` this takes more than ten years"
                    expected = "a limit that is reached within ten years"
                    at = place if place[:1] == ("tables",) else (*path, key, *place)
                    yield Cross(at, Fault(message, found=shown(limit), expected=expected))


def choices(given: Any, tables: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """The value, or every value of its table, each with its place in the value or in the file."""
    named = given.get("table") if isinstance(given, dict) else None
    table = tables[named] if named else given
    start: Path = ("tables", named) if named else ()
    if isinstance(table, dict) and "by" in table:
        raw = raw_table(table)
        given = [value for _, value in raw.rows] + ([] if raw.otherwise is None else [raw.otherwise])
        yield from (((*start, *place), value) for place, value in zip(raw.places, given, strict=False))
    elif given is not None:
        yield (), given


def limit_of(given: str) -> Limit:
    return amounts.business_days(given) or amounts.duration(given)
