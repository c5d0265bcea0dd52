"""JSON as commands print it."""

import json
import re
from typing import Any

HALF_OF_A_PAIR = re.compile("[\ud800-\udfff]")


def json_text(value: Any) -> str:
    """The value as JSON that can always be printed: half of a surrogate pair becomes an escape such as `\\ud800`."""
    return HALF_OF_A_PAIR.sub(lambda half: f"\\u{ord(half[0]):04x}", json.dumps(value, ensure_ascii=False))
