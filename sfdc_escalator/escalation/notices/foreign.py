"""Texts of strangers inside a message: no sign of theirs changes how the rest is read."""

import unicodedata

JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"  # of emoji, and of words in Persian and Indian scripts


def harmless(text: str) -> str:
    """The text without control signs, and without signs that turn the direction of writing; line ends are kept."""
    ends = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return "".join(harmless_sign(sign) for sign in ends)


def one_line(text: str) -> str:
    """The text on one line, such as for the subject of a mail."""
    return " ".join(harmless(text).split())


def harmless_sign(sign: str) -> str:
    if sign == "\n" or sign in JOINERS:
        return sign
    match unicodedata.category(sign):
        case "Cc":
            return " "
        case "Cf" | "Cs" | "Co" | "Cn":
            return ""
        case _:
            return sign
