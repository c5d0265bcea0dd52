"""JSON as commands print it."""

import json
from typing import Any

from sfdc_escalator.reports.values import visible


def json_text(value: Any) -> str:
    """The value as JSON that can always be printed, also on a terminal: what a terminal would obey or hide, and half of
    a surrogate pair, is an escape such as `\\u202e`."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else "".join(one if visible(one) == one else escaped(one) for one in text)


def escaped(character: str) -> str:
    return json.dumps(character)[1:-1]
