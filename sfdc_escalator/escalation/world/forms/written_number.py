"""A number of a policy file that does not write itself back: `1.10`, `12e3`, `0x1F`, `+49`.

It counts as a number where a number is meant, and as the text of the file where a text is.
"""


class WrittenInt(int):
    """A whole number; `written` is its text in the file."""

    written: str


class WrittenFloat(float):
    """A number with a point or an exponent; `written` is its text in the file."""

    written: str


def as_written(number: int | float, text: str) -> int | float:
    """The number, with its text in the file where it writes itself otherwise."""
    if str(number) == text:
        return number
    kept = WrittenInt(number) if isinstance(number, int) else WrittenFloat(number)
    kept.written = text
    return kept


def text_in_file(value: object) -> str | None:
    """The text of a number that writes itself otherwise; None for any other value."""
    return value.written if isinstance(value, (WrittenInt, WrittenFloat)) else None
