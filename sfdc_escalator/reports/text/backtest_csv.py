"""The matches of a backtest, and the differences of two, as CSV files."""

import csv
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

MATCH_COLUMNS = ("case_number", "route", "rung", "episode", "turn", "match_utc")
DIFFERENCE_COLUMNS = (
    *("case_number", "difference", "rung", "turn"),
    *("route", "match_utc", "other_route", "other_match_utc"),
)

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What begins a formula in a spreadsheet, also in full width, or is dropped before one."""


def csv_page(stream: TextIO, columns: Sequence[str]) -> Callable[[Mapping[str, Any]], object]:
    """Writes the head of a CSV file, and gives the function that writes a row."""
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    return lambda row: writer.writerow({key: as_text(value) for key, value in row.items()})


def as_text(value: Any) -> Any:
    """The value of a cell; a text that a spreadsheet would carry out as a formula begins with an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA) else value
