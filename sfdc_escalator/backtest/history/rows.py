"""The rows of a history file with each cell checked, whatever the form of the file."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from sfdc_escalator.backtest.history.cells import Cells
from sfdc_escalator.backtest.history.mapping import HistoryMapping
from sfdc_escalator.errors import Invalid, Problem
from sfdc_escalator.files.text.fault import Fault, nearest, one_of, shortened

MOST_PROBLEMS = 20


class Row(NamedTuple):
    """One row: its line in the file, its stamp, the sort key of rows with the same stamp, and the mapped cells."""

    line: int
    at: datetime
    order: tuple[Any, ...]
    cells: tuple[str, ...]
    until: datetime | None = None


class Source(Protocol):
    """A file of rows, read once."""

    @property
    def path(self) -> Path: ...

    @property
    def header(self) -> Sequence[str]:
        """The names of its columns."""

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[int, Sequence[str] | Fault]]:
        """Each row with its number: the texts of these columns, in their order, or why it has none. Raises Invalid
        where the file cannot be read on."""


class CheckedRows:
    """The rows of a source by the number of their case; `count` counts those read so far. Raises Invalid with the first
    problems, when there are many or the file ends."""

    def __init__(self, source: Source, mapping: HistoryMapping) -> None:
        self.cells, self.count = Cells(mapping), 0
        self._source, self._mapping = source, mapping
        self._problems: list[Problem] = []
        places = {name: place for place, name in enumerate(mapping.columns)}
        self._at = mapping.stamp or mapping.opened, places[mapping.stamp or mapping.opened]
        self._until = (mapping.closed_at, places[mapping.closed_at]) if mapping.closed_at else None
        self._order = [places[name] for name in mapping.order]
        self._fields = [(one, places[one.column]) for one in mapping.fields]

    def __iter__(self) -> Iterator[tuple[str, Row]]:
        self._check_header()
        for line, cells in self._source.rows(self._mapping.columns):
            self.count += 1
            if isinstance(cells, Fault):
                self._problem(line, None, cells)
            elif row := self._row(line, cells):
                yield cells[0], row
        self._raise_problems()

    def _check_header(self) -> None:
        header = self._source.header
        for name in self._mapping.columns:
            if name not in header:
                message = f"the file has no column {shortened(name)!r}"
                about = message, str(self._source.path), 1
                self._problems.append(Problem(*about, expected=one_of(header), nearest=nearest(name, header)))
            elif (times := header.count(name)) > 1:
                message = f"the file has {times} columns {shortened(name)!r}"
                self._problems.append(Problem(message, str(self._source.path), 1, expected="one column of this name"))
        self._raise_problems()

    def _row(self, line: int, cells: Sequence[str]) -> Row | None:
        """The row; None when it has a problem, which is kept."""
        column, place = self._mapping.case, 0
        try:
            if self.cells.is_missing(cells[place]):
                raise Fault("the row has no case", found="an empty cell", expected="the number of the case")
            column, place = self._at
            at = self.cells.moment(cells[place])
            if at is None:
                raise Fault("the row has no time", found="an empty cell", expected="the time of the update")
            until = None
            if self._until:
                column, place = self._until
                until = self.cells.moment(cells[place])
            for one, place in self._fields:
                column = one.column
                self.cells.value(one.type, cells[place])
        except Fault as fault:
            self._problem(line, column, fault)
            return None
        order = tuple(sortable(cells[place]) for place in self._order)
        return Row(line, at, order, tuple(cells[place] for _, place in self._fields), until)

    def _problem(self, line: int, column: str | None, fault: Fault) -> None:
        what = f"column {column}: {fault.message}" if column else fault.message
        self._problems.append(Problem(what, str(self._source.path), line, None, fault.found, fault.expected))
        if len(self._problems) >= MOST_PROBLEMS:
            self._raise_problems()

    def _raise_problems(self) -> None:
        if self._problems:
            raise Invalid(f"{self._source.path} does not match its mapping", self._problems)


def sortable(text: str) -> tuple[int, float, str]:
    """A sort key: numbers by value, then texts."""
    try:
        number = float(text) + 0.0  # -0.0 is 0.0
    except ValueError:
        return 1, 0.0, text
    return (0, number, "") if number == number else (1, 0.0, text)  # "nan" has no place among numbers


def unreadable(path: Path, error: object, expected: str, line: int | None = None) -> Invalid:
    """The error for a file that cannot be read at all, or not on from this line."""
    problem = Problem("the file cannot be read", str(path), line, found=f"{error}", expected=expected)
    return Invalid(f"{path} cannot be read", [problem])
