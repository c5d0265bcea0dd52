"""Times, counts and foreign texts, as every report writes them."""

import re
import unicodedata
from datetime import datetime

from sfdc_escalator.errors import counted as counted

JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
"""Many scripts need them, and they hide nothing."""
TAGS = frozenset(map(chr, range(0xE0000, 0xE0080)))
"""Copies of ASCII that nobody sees; some of them have no category yet."""
STYLES = {
    "plain": "\x1b[0m",
    "bold": "\x1b[1m",
    "dim": "\x1b[2m",
    "red": "\x1b[31m",
    "green": "\x1b[32m",
    "yellow": "\x1b[33m",
    "cyan": "\x1b[36m",
}
"""The codes by which a terminal begins a style, and `plain` which ends it. A page has no others."""

_CODE = re.compile(r"(\x1b\[(?:[012]|3[1236])m)")
_COMMAND = re.compile(
    r"^\s*::|##(?=\[|vso\[)"
)  # GitHub Actions; GitHub Actions and Azure Pipelines, anywhere in a line


def instant(moment: datetime) -> str:
    return f"{moment.isoformat(timespec='seconds')[:19]}Z"


def visible(text: str) -> str:
    """The text on one line, with an escape such as `\\x1b` for each character that a terminal would obey or hide."""
    return text if text.isprintable() else "".join(map(_visible, text))


def printable(text: str, *, styled: bool = False) -> str:
    """A page as a terminal may get it: its lines, each `visible`; of control codes those of `STYLES`, if it is styled.

    No line of it is a command to a program that reads logs, such as `::error::` to GitHub Actions.
    """
    show = _visible_line if styled else visible
    return "\n".join(_COMMAND.sub(_as_text, show(line)) for line in text.split("\n"))


def unstyled(text: str) -> str:
    """The text without the codes of `STYLES`."""
    return _CODE.sub("", text)


def _visible_line(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(part if _CODE.fullmatch(part) else visible(part) for part in _CODE.split(line))


def _visible(character: str) -> str:
    if character == "\t":
        return " "
    obeyed = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in JOINERS
    obeyed = obeyed or character in TAGS
    return character.encode("unicode_escape").decode("ascii") if obeyed else character


def _as_text(command: re.Match[str]) -> str:
    """The command with an escape for one of its marks."""
    return f"{command[0][:-1]}\\x{ord(command[0][-1]):02x}"
