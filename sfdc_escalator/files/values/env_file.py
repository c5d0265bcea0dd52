"""`.env`: the settings and secrets of a team, for cron and for commands by hand.

Values are literal: no `$NAME`, no escapes, no comment after a bare value. Libraries that read such files change at
least one of these, and a secret may hold any character.
"""

import re
from collections.abc import Mapping

from sfdc_escalator.files.text.fault import Fault
from sfdc_escalator.files.values.secret import MOST_BYTES, private_bytes

LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.ASCII)
QUOTED = re.compile(r"""(["'])(.*)\1|(["'])((?:(?!\3).)*)\3\s+#.*""")
EXPECTED = "lines of NAME=VALUE"


def settings_of(path: str) -> Mapping[str, str]:
    """The settings by name; the last line of a name counts. Raises Fault, without any value, for an invalid file."""
    data = private_bytes(path, EXPECTED)
    if len(data) > MOST_BYTES:
        raise Fault(f"{path} is too large", expected=f"{MOST_BYTES:,} bytes at most")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Fault(f"{path} is not UTF-8 text", expected=EXPECTED) from None
    lines = enumerate(text.split("\n"), start=1)
    return dict(setting(path, number, line.strip()) for number, line in lines if not re.match(r"\s*(#|$)", line))


def setting(path: str, number: int, line: str) -> tuple[str, str]:
    found = LINE.fullmatch(line)
    if not found or "\0" in line:
        raise Fault(f"{path}:{number}: this is not NAME=VALUE", expected="a name of letters, digits and `_`, then `=`")
    name, value = found.groups()
    quoted = QUOTED.fullmatch(value)
    return name, (quoted[2] if quoted[1] else quoted[4]) if quoted else value
