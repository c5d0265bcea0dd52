"""The cases in a history file. Only mapped columns are read.

A snapshot is read row by row. With events, the mapped cells of all rows are kept until the end of the file, because
the rows of a case may be anywhere in it: about 1 kB for each row.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, NamedTuple

from sfdc_escalator.backtest.cells import Cells
from sfdc_escalator.backtest.mapping import HistoryMapping
from sfdc_escalator.errors import Invalid, Problem, counted
from sfdc_escalator.files.text.fault import Fault, nearest, one_of, shortened
from sfdc_escalator.files.text.plain_file import open_to_read

GZIP = b"\x1f\x8b"
MOST_PROBLEMS = 20
EXPECTED = "a CSV file with a header line, plain or compressed with gzip"


class Row(NamedTuple):
    """One row: its line in the file, its stamp, the sort key of rows with the same stamp, and the mapped cells."""

    line: int
    at: datetime
    order: tuple[Any, ...]
    cells: tuple[str, ...]
    until: datetime | None = None


class HistoryFile:
    """Iterates over the cases; `rows` counts the rows read so far. Raises Invalid when the file cannot be read."""

    def __init__(self, path: Path, mapping: HistoryMapping) -> None:
        self.path, self.mapping, self.cells = path, mapping, Cells(mapping)
        self.rows = 0
        self._problems: list[Problem] = []

    def cases(self) -> Iterator[tuple[str, list[Row]]]:
        """Each case with its rows, oldest first; one row for each case in a snapshot."""
        if self.mapping.kind == "snapshot":
            for number, row in self._read():
                yield number, [row]
            self._raise_problems()
            return
        found: dict[str, list[Row]] = {}
        for number, row in self._read():
            found.setdefault(number, []).append(row)
        self._raise_problems()
        for number, rows in found.items():
            rows.sort(key=lambda row: (row.at, row.order, row.line))
            yield number, rows

    def _read(self) -> Iterator[tuple[str, Row]]:
        with opened(self.path) as stream:
            try:
                yield from self._rows(csv.reader(stream, strict=True))
            except (UnicodeDecodeError, csv.Error, EOFError, zlib.error, gzip.BadGzipFile) as error:
                found = f"{error.reason}" if isinstance(error, UnicodeDecodeError) else str(error)
                problem = Problem("the file cannot be read", str(self.path), found=found, expected=EXPECTED)
                raise Invalid(f"{self.path} cannot be read", [problem]) from error

    def _rows(self, reader: Any) -> Iterator[tuple[str, Row]]:
        header = next(reader, None)
        if not header:
            raise self._invalid(Problem("the file is empty", str(self.path), expected=EXPECTED))
        places = self._places(header)
        for cells in reader:
            if not cells:
                continue
            self.rows += 1
            if len(cells) != len(header):
                found, expected = counted(len(cells), "cell"), f"{len(header)}, as in the header"
                fault = Fault("the row does not match the header", found=found, expected=expected)
                self._problem(reader.line_num, None, fault)
            elif row := self._row(reader.line_num, [cells[place] for place in places]):
                yield cells[places[0]], row

    def _places(self, header: Sequence[str]) -> list[int]:
        """The places of the mapped columns, that of the case first."""
        missing = [name for name in self.mapping.columns if name not in header]
        if missing:
            raise self._invalid(*(self._no_column(name, header) for name in missing))
        return [header.index(name) for name in self.mapping.columns]

    def _no_column(self, name: str, header: Sequence[str]) -> Problem:
        message = f"the file has no column {shortened(name)!r}"
        return Problem(message, str(self.path), 1, expected=one_of(header), nearest=nearest(name, header))

    def _row(self, line: int, cells: list[str]) -> Row | None:
        """The row; None when it has a problem, which is kept."""
        mapping = self.mapping
        by_name = dict(zip(mapping.columns, cells, strict=True))
        column = mapping.stamp or mapping.opened
        try:
            at = self.cells.moment(by_name[column])
            if at is None:
                raise Fault("the row has no time", found="an empty cell", expected="the time of the update")
            column = mapping.closed_at
            until = self.cells.moment(by_name[column]) if column else None
            for one in mapping.fields:
                column = one.column
                self.cells.value(one.type, by_name[column])
        except Fault as fault:
            self._problem(line, column, fault)
            return None
        order = tuple(sortable(by_name[name]) for name in mapping.order)
        return Row(line, at, order, tuple(by_name[one.column] for one in mapping.fields), until)

    def _problem(self, line: int, column: str | None, fault: Fault) -> None:
        what = f"column {column}: {fault.message}" if column else fault.message
        self._problems.append(Problem(what, str(self.path), line, None, fault.found, fault.expected))
        if len(self._problems) >= MOST_PROBLEMS:
            self._raise_problems()

    def _raise_problems(self) -> None:
        if self._problems:
            raise self._invalid(*self._problems)

    def _invalid(self, *problems: Problem) -> Invalid:
        return Invalid(f"{self.path} does not match its mapping", problems)


def sortable(text: str) -> tuple[int, float, str]:
    """A sort key: numbers by value, then texts."""
    try:
        return 0, float(text), ""
    except ValueError:
        return 1, 0.0, text


@contextmanager
def opened(path: Path) -> Iterator[IO[str]]:
    try:
        stream = open_to_read(path)
    except (OSError, ValueError) as error:
        found = (getattr(error, "strerror", None) or str(error)).lower()
        problem = Problem("the file cannot be read", str(path), found=found, expected=EXPECTED)
        raise Invalid(f"{path} cannot be read", [problem]) from error
    with stream:
        packed = stream.read(2) == GZIP
        stream.seek(0)
        plain: Any = gzip.GzipFile(fileobj=stream) if packed else stream
        with io.TextIOWrapper(plain, encoding="utf-8-sig", newline="") as text:
            yield text
