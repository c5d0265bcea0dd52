"""Phrases in free text: whole words, any case; `a|b` means either; ignored phrases are taken out first."""

import re
from collections.abc import Sequence
from functools import lru_cache

GAP = " \u01c1 "
"""The replacement for an ignored phrase: a word that nobody writes, so that its neighbours do not join."""
Phrase = tuple[tuple[str, ...], ...]


def parse_phrase(text: str) -> Phrase:
    """`speak|talk to` -> ((speak, talk), (to,)); ValueError when an alternative is empty."""
    phrase = tuple(tuple(word.split("|")) for word in text.lower().split())
    if not phrase or not all(choice for choices in phrase for choice in choices):
        raise ValueError(f"{text!r} is not a phrase: words with spaces between them, `this|that` for either")
    return phrase


@lru_cache(maxsize=2048)
def finder(phrase: Phrase) -> re.Pattern[str]:
    words = ("(?:" + "|".join(map(letters, choices)) + ")" for choices in phrase)
    return re.compile(r"(?<![^\W_])" + r"[\W_]+".join(words) + r"(?![^\W_])")


def letters(word: str) -> str:
    """The word in any case; an ASCII letter matches only itself, as on the server (`k` is not the Kelvin sign)."""
    return "".join(f"[{char}{char.upper()}]" if char.isascii() and char.isalpha() else other(char) for char in word)


def other(char: str) -> str:
    return re.escape(char) if char.isascii() else f"(?i:{re.escape(char)})"


def mentioned(text: str, mentions: Sequence[Phrase], ignoring: Sequence[Phrase]) -> str | None:
    """The first words of the text that one of the phrases finds, or None."""
    for phrase in ignoring:
        text = finder(phrase).sub(GAP, text)
    found = (finder(phrase).search(text) for phrase in mentions)
    return next((" ".join(match[0].split()) for match in found if match), None)
