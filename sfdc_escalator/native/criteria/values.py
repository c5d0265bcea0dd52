"""The values of native criteria: lists with commas, numbers, dates, booleans."""

from datetime import date, datetime
from typing import NamedTuple

BOOLEANS = {"true": True, "false": False}
MOST_DIGITS = 15


class NotMappable(Exception):
    """The construct cannot be said in the policy language. `construct` as the file writes it."""

    def __init__(self, construct: str, why: str, nearest: str | None = None) -> None:
        super().__init__(why)
        self.construct, self.why, self.nearest = construct, why, nearest


class Pieces(NamedTuple):
    """The values of a list, trimmed; `dropped`: an empty one stood between them."""

    values: tuple[str, ...]
    dropped: bool = False


def pieces(text: str, separator: str = ",") -> Pieces:
    """One of these; quotation marks keep a comma, a doubled one inside them is one. Raises NotMappable."""
    found, rest = list[str](), text.strip() or None
    while rest is not None:
        piece, rest = first_piece(rest, separator, text)
        found.append(piece)
    values = tuple(one for one in found if one)
    return Pieces(values, len(values) < len(found) and len(found) > 1)


def first_piece(text: str, separator: str, whole: str) -> tuple[str, str | None]:
    """The first value, and what follows the comma behind it; None at the end."""
    text = text.lstrip()
    if not text.startswith('"'):
        piece, comma, rest = text.partition(separator)
        return piece.strip(), rest if comma else None
    inside, place = list[str](), 1
    while place < len(text):
        if text[place] != '"':
            inside.append(text[place])
        elif text[place + 1 : place + 2] == '"':
            inside.append('"')
            place += 1
        else:
            break
        place += 1
    rest = text[place + 1 :].lstrip()
    if place >= len(text) or (rest and not rest.startswith(separator)):
        raise NotMappable(whole, "a quotation mark without its partner", "quotation marks around a whole value")
    return "".join(inside).strip(), rest[len(separator) :] if rest else None


def literal(text: str, is_checkbox: bool | None) -> str | bool:
    """The text, or the boolean that it writes; `is_checkbox` None where the type of the field is not known."""
    return text if is_checkbox is False else BOOLEANS.get(text.lower(), text)


def boundary(text: str) -> int | float | str:
    """A number, an ISO date or an ISO time. Raises ValueError."""
    digits = text.lstrip("+-").replace(".", "", 1)
    if text.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS and len(text) - len(text.lstrip("+-")) < 2:
        return number(text)
    if len(text) == 10 and text[4] == text[7] == "-":
        return date.fromisoformat(text).isoformat()
    if len(text) > 10 and text[10] == "T":
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.isoformat().replace("+00:00", "Z")
    raise ValueError(text)


def number(text: str) -> int | float:
    value = float(text)
    return int(value) if value == int(value) else value
