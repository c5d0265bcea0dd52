"""The matches of a backtest, and the differences of two, as CSV files."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sfdc_escalator.pipeline.read_models.backtest_result import Difference, PastMatch
from sfdc_escalator.reports.json.backtest import difference_row, match_row

MATCH_COLUMNS = ("case_number", "route", "rung", "episode", "turn", "match_utc")
DIFFERENCE_COLUMNS = (
    *("case_number", "difference", "rung", "turn"),
    *("route", "match_utc", "other_route", "other_match_utc"),
)

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What begins a formula in a spreadsheet, also in full width, or is dropped before one."""


def matches_csv(matches: Iterable[PastMatch]) -> str:
    return csv_text(MATCH_COLUMNS, map(match_row, matches))


def differences_csv(differences: Iterable[Difference]) -> str:
    return csv_text(DIFFERENCE_COLUMNS, map(difference_row, differences))


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: as_text(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def as_text(value: Any) -> Any:
    """The value of a cell; a text that a spreadsheet would carry out as a formula begins with an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA) else value
