"""Times, counts and foreign texts, as every report writes them."""

import unicodedata
from datetime import datetime

JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
"""Many scripts need them, and they hide nothing."""


def instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 case`, `2 cases`."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def visible(text: str) -> str:
    """The text on one line, with an escape such as `\\x1b` for each character that a terminal would obey or hide."""
    return text if text.isascii() and text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character == "\t":
        return " "
    obeyed = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in JOINERS
    return character.encode("unicode_escape").decode("ascii") if obeyed else character
