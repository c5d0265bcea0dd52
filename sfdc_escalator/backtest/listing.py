"""The list that a backtest gives: its matches, or the differences of two, written as they come."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, TextIO

from sfdc_escalator.backtest.backtest import Found
from sfdc_escalator.backtest.difference import differences
from sfdc_escalator.pipeline.read_models.backtest_result import Difference, DifferenceKind
from sfdc_escalator.reports.json.backtest import difference_row, match_row
from sfdc_escalator.reports.text.backtest import MOST_SHOWN
from sfdc_escalator.reports.text.backtest_csv import DIFFERENCE_COLUMNS, MATCH_COLUMNS, csv_page


class Listing:
    """A CSV file; without a stream a list of rows in memory, for a JSON object. Of differences those that a page shows
    are kept: the first, or `everything`."""

    def __init__(self, stream: TextIO | None, *, compares: bool, everything: bool) -> None:
        self.counts: Counter[DifferenceKind] = Counter()
        self.shown: list[Difference] = []
        self.rows: list[Mapping[str, Any]] = []
        columns = DIFFERENCE_COLUMNS if compares else MATCH_COLUMNS
        self._write = csv_page(stream, columns) if stream else self.rows.append
        self._compares, self._everything = compares, everything

    def take(self, found: Found) -> None:
        """The matches of one case."""
        if not self._compares:
            for match in found[0]:
                self._write(match_row(match))
            return
        for one in differences(*found):
            self.counts[one.kind] += 1
            if self._everything or len(self.shown) < MOST_SHOWN:
                self.shown.append(one)
            self._write(difference_row(one))
