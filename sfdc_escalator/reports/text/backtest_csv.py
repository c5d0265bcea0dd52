"""The matches of a backtest, and the differences of two, as CSV files."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sfdc_escalator.pipeline.read_models.backtest_result import Difference, PastMatch
from sfdc_escalator.reports.json.backtest import difference_row, match_row

MATCH_COLUMNS = ("case_number", "route", "rung", "episode", "match_utc")
DIFFERENCE_COLUMNS = ("case_number", "difference", "route", "match_utc", "other_route", "other_match_utc")


def matches_csv(matches: Iterable[PastMatch]) -> str:
    return csv_text(MATCH_COLUMNS, map(match_row, matches))


def differences_csv(differences: Iterable[Difference]) -> str:
    return csv_text(DIFFERENCE_COLUMNS, map(difference_row, differences))


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
