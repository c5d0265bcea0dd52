"""Values of an answer in the types that the describe gives them; a value of another type is another shape."""

import math
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from sfdc_escalator.escalation.world.case import Value, long_id
from sfdc_escalator.salesforce.line.shapes import Odd, expected

Result = TypeVar("Result")
FIRST, LAST = 1700, 4000  # the years that Salesforce takes (SOQL reference, Date Formats and Date Literals)


def pick(record: Any, name: str) -> Any:
    """The value under a key of a record, ignoring case; None when the key or the record is missing."""
    if record is None:
        return None
    if not isinstance(record, dict):
        raise expected(record, f"the record with {name}")
    if name in record:
        return record[name]
    wanted = name.lower()
    return next((value for key, value in record.items() if key.lower() == wanted), None)


def selected_value(record: Any, name: str) -> Any:
    """The value of a field that the query selects: an org answers each of them, null where it is empty."""
    found = pick(record, name)
    if found is not None or record is None or name in record:
        return found
    if name.lower() not in map(str.lower, record):
        raise Odd(f"{name} is missing")
    return found


def given(
    record: Any, name: str, convert: Callable[[Any], Result], pick: Callable[[Any, str], Any] = pick
) -> Result | None:
    """The value under a key in its type, None where it is empty."""
    found = pick(record, name)
    try:
        return None if found is None else convert(found)
    except Odd as error:
        raise Odd(f"{name}: {error}") from None


def needed(record: Any, name: str, convert: Callable[[Any], Result]) -> Result:
    """The value under a key that is never empty, in its type."""
    found = given(record, name, convert)
    if found is None:
        raise Odd(f"{name} is empty or missing")
    return found


def text(found: Any) -> str:
    if type(found) is not str:
        raise expected(found, "a text")
    return found


def interned(found: Any) -> str:
    """A text of which the same few occur in thousands of cases."""
    return sys.intern(text(found))


def texts(found: Any) -> tuple[str, ...]:
    if type(found) is not list:
        raise expected(found, "a list of texts")
    return tuple(map(text, found))


def flag(found: Any) -> bool:
    if type(found) is not bool:
        raise expected(found, "true or false")
    return found


def number(found: Any) -> int | float:
    try:
        if type(found) in (int, float) and math.isfinite(found):
            return found  # type: ignore[no-any-return]
    except OverflowError:
        pass
    raise expected(found, "a number that a field can hold")


def count(found: Any) -> int:
    if type(found) is not int or not 0 <= found < sys.maxsize:
        raise expected(found, "a count")
    return found


def record_id(found: Any) -> str:
    """The id in its form of 18 characters."""
    try:
        return long_id(text(found))
    except Odd:
        raise
    except ValueError:
        raise Odd("a text in place of a record id") from None


def id_as_given(found: Any) -> str:
    record_id(found)
    return sys.intern(found)


def instant(found: Any) -> datetime:
    """A datetime as REST answers it, such as `2026-03-01T10:00:00.000+0000`."""
    try:
        moment = datetime.fromisoformat(text(found))
        if moment.tzinfo and FIRST <= moment.year <= LAST:
            return moment.astimezone(UTC)
    except Odd:
        raise
    except ValueError:
        pass
    raise Odd("a text in place of a time with its zone, from 1700 to 4000")


def day(found: Any) -> date:
    try:
        whole = date.fromisoformat(text(found))
        if FIRST <= whole.year <= LAST:
            return whole
    except Odd:
        raise
    except ValueError:
        pass
    raise Odd("a text in place of a date, from 1700 to 4000")


def chosen(found: Any) -> frozenset[str]:
    return frozenset(text(found).split(";"))


def plain(found: Any) -> Value:
    """A text, a number, or true or false."""
    if isinstance(found, (str, bool)):
        return found
    return number(found)


TYPES: Mapping[str, Callable[[Any], Value]] = {
    "boolean": flag,
    "int": number,
    "long": number,
    "double": number,
    "currency": number,
    "percent": number,
    "date": day,
    "datetime": instant,
    "multipicklist": chosen,
    "picklist": interned,
    "reference": id_as_given,
    "id": id_as_given,
    **dict.fromkeys(("string", "textarea", "longtextarea", "email", "phone", "url"), text),
    **dict.fromkeys(("combobox", "encryptedstring", "time", "base64"), text),
}
"""By the type of a field in the describe (REST guide, Field Types); a field of another type has a plain value."""
