"""Salesforce record ids: 15 case-sensitive characters, and 18 with a checksum of the letters' case."""

from __future__ import annotations

import re
import string

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CHECK = string.ascii_uppercase + "012345"
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?")
_INSTANCE = "Ee0"


def suffix(id15: str) -> str:
    """The three check characters: one bit per capital letter, five letters each."""
    return "".join(
        _CHECK[sum(1 << i for i, char in enumerate(id15[start : start + 5]) if "A" <= char <= "Z")]
        for start in (0, 5, 10)
    )


def canonical(text: object) -> str | None:
    """The 18-character form of a well-formed id (15, or 18 with the right suffix), else None."""
    if not isinstance(text, str) or not _SHAPE.fullmatch(text):
        return None
    full = text[:15] + suffix(text[:15])
    return full if text in (full, full[:15]) else None


def make(prefix: str, number: int) -> str:
    """The 18-character id of the `number`-th record of a kind."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    id15 = prefix + _INSTANCE + digits.rjust(15 - len(prefix) - len(_INSTANCE), "0")
    return id15 + suffix(id15)
