"""Text of the case for a note: data, never a template, a key or a control character."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sfdc_escalator.escalation.world.case import Value

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
LOOKS_LIKE_KEY = re.compile(r"ESC-(?=[0-9A-Za-z]{4}-)", re.IGNORECASE)


def text_of(value: Value) -> str:
    """The value as a note shows it; empty when there is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset):
        return harmless("; ".join(sorted(value)))
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return harmless(str(value))


def harmless(text: str) -> str:
    """Somebody's text without control characters, template code or anything that could pass for a key."""
    text = text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    text = LOOKS_LIKE_KEY.sub("ESC ", CONTROL.sub(" ", text).strip())
    return re.sub(r"\{(?=[{!%#]|$)", "{ ", text)


def shortened(text: str, cut: int) -> str:
    """At most `cut` characters, ending at a word; the whole text where a cut would not make it shorter."""
    if len(text) <= cut:
        return text
    kept = text[:cut].rsplit(None, 1)[0] if any(char.isspace() for char in text[:cut].strip()) else text[:cut]
    short = kept.rstrip() + " \N{HORIZONTAL ELLIPSIS}"
    return short if len(short.encode()) < len(text.encode()) else text


def nested(flat: Mapping[str, str]) -> Mapping[str, Any]:
    """`Account.Name` becomes reachable as `case.Account.Name`, and as `case["Account.Name"]`."""
    tree: dict[str, Any] = dict(flat)
    for path, value in flat.items():
        *steps, last = path.split(".")
        place = tree
        for step in steps:
            place = place.setdefault(step, {})
        place[last] = value
    return tree
