"""Field values: converts CSV cells and JSON values to stored values. Datetimes are stored as they are answered."""

from __future__ import annotations

import math
import re
import string
from datetime import date
from typing import Any

from sfdc_escalator.embedded_org.basics import clock
from sfdc_escalator.embedded_org.basics.api_error import ApiError
from sfdc_escalator.embedded_org.basics.ids import canonical
from sfdc_escalator.embedded_org.store.schema import NUMBER_TYPES, Field

_LARGEST_INT = 2**31
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.\d+)?)?Z?")
_EXPECTED = {
    "boolean": "true or false", "datetime": "an ISO 8601 datetime with its zone, such as 2026-03-01T10:00:00Z",
    "date": "a date, such as 2026-03-01", "time": "a time of day, such as 08:30:00.000Z", "int": "a whole number",
    "double": "a number", "currency": "a number", "percent": "a number", "id": "a record id",
}  # fmt: skip


def expected(field: Field) -> str:
    """A description of the values that a cell of this field may have."""
    return _EXPECTED.get(field.type, f"text of at most {field.length} character{'' if field.length == 1 else 's'}")


def parsed(field: Field, text: str) -> Any:
    """A CSV cell as the stored value, references untouched. Raises ValueError."""
    if field.type == "boolean":
        if text.lower() not in ("true", "false"):
            raise ValueError(text)
        return int(text.lower() == "true")
    if field.type == "datetime":
        return clock.stamp(clock.instant(text))
    if field.type == "date":
        return date.fromisoformat(text).isoformat()
    if field.type == "time":
        return _time(text)
    if field.type in NUMBER_TYPES:
        return _number(field, float(text))
    value = trimmed(text)
    if field.length and field.type != "reference" and len(value or "") > field.length:
        raise ValueError(text)
    return value


def trimmed(text: str) -> str | None:
    """The text as Salesforce saves it: without white space at its ends, None when only white space is left."""
    return text.strip(string.whitespace) or None


def _time(text: str) -> str:
    match = _TIME.fullmatch(text)
    if not match:
        raise ValueError(text)
    return f"{match[1]}:{match[2]}:{match[3] or '00'}.000Z"


def _number(field: Field, number: float) -> float | int:
    whole = number.is_integer() and abs(number) < _LARGEST_INT if math.isfinite(number) else False
    if not math.isfinite(number) or (field.type == "int" and not whole):
        raise ValueError(number)
    return int(number) if field.type == "int" else number


def accepted(field: Field, value: Any) -> Any:
    """A JSON value of a write as the stored value; ids in 18 characters. Raises ApiError."""
    if value is None or value == "":
        return 0 if field.type == "boolean" else None
    if field.type == "boolean":
        return int(value) if isinstance(value, bool) else _wrong_type("boolean", value)
    if field.type in NUMBER_TYPES:
        # Recorded orgs accept a number in quotes as well.
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            return _wrong_type(field.type, value)
        return _attempt(field, value, lambda: _number(field, float(value)))
    if not isinstance(value, str):
        return _wrong_type("string", value)
    if field.type in ("id", "reference"):
        return _record_id(field, value)
    if field.type in ("datetime", "date", "time"):
        return _attempt(field, value, lambda: parsed(field, value))
    return trimmed(_checked_text(field, value))


def _attempt(field: Field, value: Any, convert: Any) -> Any:
    try:
        return convert()
    except (ValueError, OverflowError):
        return _wrong_type(field.type, value)


def _wrong_type(kind: str, value: Any) -> Any:
    token = {bool: "VALUE_TRUE" if value else "VALUE_FALSE", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT",
             dict: "START_OBJECT", list: "START_ARRAY"}.get(type(value), "VALUE_STRING")  # fmt: skip
    raise ApiError(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {kind} from {token} value {value} or request may be missing a "
        "required field at [line:1, column:1]",
    )


def _record_id(field: Field, value: str) -> str:
    found = canonical(value)
    if found is None:
        raise ApiError("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", fields=[field.name])
    return found


def _checked_text(field: Field, value: str) -> str:
    if "\x00" in value:
        raise ApiError("JSON_PARSER_ERROR", f"Illegal character in value of {field.name}")
    # A comment is limited in bytes (Object Reference, CaseComment), and a line end is stored as two of them.
    size = len(value.replace("\r\n", "\n").replace("\n", "\r\n").encode()) if _in_bytes(field) else len(value)
    if field.length and size > field.length:
        raise ApiError(
            "STRING_TOO_LONG", f"{field.label}: data value too large: {value} (max length={field.length})",
            fields=[field.name],
        )  # fmt: skip
    return value


def _in_bytes(field: Field) -> bool:
    return field.name in ("CommentBody", "Comments")


def answered(kind: str, value: Any) -> Any:
    """A stored value as JSON."""
    return bool(value) if kind == "boolean" and value is not None else value
