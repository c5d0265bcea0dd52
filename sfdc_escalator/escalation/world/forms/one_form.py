"""The one form of a text, in which a phrase and a text are compared: what people read as the same is the same.

NFKD and full case folding (Unicode 3.13, D146), which make the same texts equal as NFKC does; in NFKD each letter
stands for itself, so that a place in the form has a place in the text. Signs without width are removed, apostrophes of
every kind are `'`, and hyphens and dashes of every kind are `-`.
"""

import string
from collections.abc import Iterator
from functools import lru_cache
from unicodedata import category, combining, normalize

APOSTROPHES = (
    "\u0060\u00b4\u02b9\u02bb\u02bc\u02bd\u02c8\u02ca\u02cb\u2018\u2019\u201b\u2032\u2035\u055a\u05f3"
    "\u1fbd\u1fbf\u1fef\u1ffd\u1ffe\u275b\u275c\ua78b\ua78c\uff07\uff40"
)
HYPHENS = (
    "\u02d7\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u207b\u208b\u2212"
    "\u2e17\u2e1a\u2e3a\u2e3b\u2e40\ufe31\ufe32\ufe58\ufe63\uff0d"
)
TRADE_MARKS = "\u2120\u2122"
"""NFKD would write them as letters, which would join the word before them."""
BLANKS = "\u3164\uffa0"
"""They are letters to Unicode, and a space to everybody who reads them."""
ZERO_WIDTH_SPACE = "\u200b"
"""It stays: it may stand between two words, and inside one (see `speech/words`)."""
# Default_Ignorable_Code_Point of Unicode, without the zero width space and the blanks; and the strokes that only
# stretch a word (tatweel, lajanyalan).
WITHOUT_WIDTH = (
    (0x0640, 0x0640), (0x07FA, 0x07FA),
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200C, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
ALIKE = str.maketrans({**dict.fromkeys(APOSTROPHES, "'"), **dict.fromkeys(HYPHENS, "-")})
SIGNS: dict[int, str] = {
    **ALIKE,
    **{ord(sign): " " for sign in TRADE_MARKS + BLANKS},
    **{code: "" for first, last in WITHOUT_WIDTH for code in range(first, last + 1)},
}
LOWER = str.maketrans(string.ascii_uppercase + "`", string.ascii_lowercase + "'")
NO_PART_OF_A_WORD = (  # points that people leave out, and marks of scripts without spaces between words
    (0x0591, 0x05C7), (0x064B, 0x0652), (0x0670, 0x0670), (0x06D6, 0x06ED), (0x0E31, 0x0ECD), (0x102B, 0x109D),
    (0x17B6, 0x17D3),
)  # fmt: skip
MARK_LOW, MARK_HIGH = 0xAC00, 0xBC00


class Marks(dict[int, str]):
    """Each combining mark as two Hangul syllables, which are letters that no text has after NFKD: a letter with a mark
    is one word with what follows, not the end of a word."""

    def __missing__(self, code: int) -> str:
        known = self[code] = chr(code) if not is_part_of_word(code) else mark_letters(code)
        return known


def is_part_of_word(code: int) -> bool:
    return category(chr(code)).startswith("M") and not any(first <= code <= last for first, last in NO_PART_OF_A_WORD)


def mark_letters(code: int) -> str:
    return chr(MARK_LOW + code % 0x1000) + chr(MARK_HIGH + code // 0x1000)


MARKS = Marks()


def signs_alike(text: str) -> str:
    """The text with one apostrophe and one hyphen."""
    return text.translate(ALIKE)


def alike(text: str) -> str:
    """The text with one apostrophe and one hyphen, in lower case as far as it is ASCII."""
    return (text if text.isascii() else signs_alike(text)).translate(LOWER)


@lru_cache(maxsize=64)
def composed(text: str) -> str:
    """The one form of a text as the letters that people see: for parts of a text, where no word begins or ends."""
    return normalize("NFKC", folded(text).replace(ZERO_WIDTH_SPACE, ""))


@lru_cache(maxsize=16)  # many routes look into the same text of a case
def one_form(text: str) -> str:
    """The one form of a text for whole words: a combining mark is a letter."""
    return text.translate(LOWER) if text.isascii() else folded(text).translate(MARKS)


def folded(text: str) -> str:
    plain = normalize("NFD", normalize("NFD", text).translate(SIGNS))
    plain = normalize("NFKD", normalize("NFKD", plain.casefold()).casefold())
    return plain.translate(SIGNS)


def as_written(text: str, start: int, end: int) -> str:
    """The part of the text whose one form stands at these places of the text's one form."""
    if text.isascii():
        return text[start:end]
    kept, place = list[str](), 0
    for cluster in clusters(text):
        length = len(one_form(cluster))
        if place < end and place + length > start:
            kept.append(cluster)
        place += length
    return "".join(kept)


def clusters(text: str) -> Iterator[str]:
    """The text in pieces that are brought to the one form each by itself."""
    start = 0
    for place, char in enumerate(text):
        if place and not char.isascii() and not starts_cluster(char):
            continue
        if place:
            yield text[start:place]
        start = place
    yield text[start:]


@lru_cache(maxsize=4096)
def starts_cluster(char: str) -> bool:
    plain = normalize("NFKD", char.translate(SIGNS))
    return bool(plain) and not combining(plain[0])
