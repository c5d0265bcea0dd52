"""The value of a plain YAML scalar: one without quotes (YAML 1.2, core schema)."""

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from sfdc_escalator.errors import Severity
from sfdc_escalator.escalation.world.forms.written_number import as_written, text_in_file

INTEGER = re.compile(r"[-+]?[0-9]{1,18}", re.ASCII)
LEADING_ZEROS = re.compile(r"[-+]?0\d", re.ASCII)
BASED = re.compile(r"0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15}", re.ASCII)
DECIMAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", re.ASCII)
WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class Doubt(NamedTuple):
    """Says of a scalar that something is wrong with it, and what is expected. A warning when the value is usable."""

    message: str
    expected: str
    severity: Severity


def plain_scalar(text: str) -> tuple[bool | int | float | str | None, Doubt | None]:
    """The value of the text, and what is doubtful about it. A number keeps its text."""
    if text in WORDS:
        return WORDS[text], None
    if INTEGER.fullmatch(text):
        return number(int(text), text)
    if BASED.fullmatch(text):
        return number(int(text, 0), text)
    if DECIMAL.fullmatch(text) or NOT_FINITE.fullmatch(text):
        return decimal(text)
    return text, None


def number(value: int | float, text: str) -> tuple[int | float, Doubt | None]:
    """The number, with a warning where it is not written back as it stands in the file."""
    kept = as_written(value, text)
    if not text_in_file(kept):
        return kept, None
    meant = "the zeros matter" if LEADING_ZEROS.match(text) else "a text is meant"
    message = f"{text} is read as the number {shortest(value)}"
    return kept, Doubt(message, f"quotes around it if {meant}", "warning")


def decimal(text: str) -> tuple[int | float | str, Doubt | None]:
    plain = text if DECIMAL.fullmatch(text) else "nan"
    if len(plain.lstrip("-+")) > 18 or not math.isfinite(float(plain)):
        return text, Doubt("the number is out of range", "at most 18 digits, or quotes around it", "error")
    return number(float(plain), text)


def shortest(number: int | float) -> str:
    """The number as a person writes it, without an empty fraction."""
    return str(int(number)) if number == int(number) else str(number)
