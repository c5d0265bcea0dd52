"""Rows sorted by the number of their case, on disk.

DuckDB has some thousand rows in memory at a time, so long cells stay out of its table: they wait in a file beside it.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

from sfdc_escalator.backtest.history.duck import BATCH, Database, cannot_sort
from sfdc_escalator.backtest.history.mapping import HistoryMapping
from sfdc_escalator.backtest.history.rows import Row

LONG = 1_000
"""The most characters that the cells of a row have in the table."""
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class Columns(NamedTuple):
    """The columns of the sorted table: the number of the case, the sort key, the line, the other time, the place of
    long cells, and the cells."""

    order: int
    cells: int

    def __str__(self) -> str:
        order = (f"o{n} TINYINT, n{n} DOUBLE, t{n} VARCHAR" for n in range(self.order))
        cells = (f"c{n} VARCHAR" for n in range(self.cells))
        return ", ".join(
            ("number VARCHAR", "stamp BIGINT", *order, "line BIGINT", "until BIGINT", "aside BIGINT", *cells)
        )

    @property
    def sorting(self) -> str:
        order = (f"o{n}, n{n}, t{n}" for n in range(self.order))
        return ", ".join(("number", "stamp", *order, "line"))

    @property
    def width(self) -> int:
        return 5 + 3 * self.order + self.cells


def by_case(
    database: Database, rows: Iterable[tuple[str, Row]], mapping: HistoryMapping, all_read: Callable[[], None]
) -> Iterator[tuple[str, Row]]:
    """The rows sorted by the number of their case, then by time, order and line. `all_read` is called when all are
    read, before they are sorted."""
    columns = Columns(len(mapping.order), len(mapping.fields))
    database.change(f"CREATE TABLE rows ({columns})")
    database.change("BEGIN")
    values = ", ".join(f"unnest(${place + 1})" for place in range(columns.width))
    with aside(database.folder) as long_cells:
        left = (stored(number, row, long_cells) for number, row in rows)
        while some := list(islice(left, BATCH)):
            kept = zip(*some, strict=True)
            database.change(f"INSERT INTO rows SELECT {values}", [list(column) for column in kept])
        database.change("COMMIT")
        all_read()
        cells = ", ".join(("number", "stamp", "line", "until", "aside", *(f"c{n}" for n in range(columns.cells))))
        statement = f"SELECT {cells} FROM rows ORDER BY {columns.sorting}"  # noqa: S608
        for number, stamp, line, until, place, *texts in database.rows(statement):
            whole = texts if place is None else long_cells.at(place)
            yield number, Row(line, time_of(stamp), (), tuple(whole), None if until is None else time_of(until))


class LongCells:
    """The cells of rows in a file, each row in a line."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._end = file, 0

    def put(self, cells: Sequence[str]) -> int:
        """Writes the cells, and returns their place."""
        place = self._end
        self._end += self._file.write(json.dumps(cells, ensure_ascii=False).encode() + b"\n")
        return place

    def at(self, place: int) -> Sequence[str]:
        self._file.seek(place)
        found: list[str] = json.loads(self._file.readline())
        return found


@contextmanager
def aside(folder: Path) -> Iterator[LongCells]:
    """A new file for long cells in the folder. Raises Invalid where it cannot be written or read."""
    try:
        with (folder / "long-cells").open("w+b") as file:
            yield LongCells(file)
    except OSError as error:
        raise cannot_sort(folder, (error.strerror or str(error)).lower()) from error


def stored(number: str, row: Row, long_cells: LongCells) -> tuple[Any, ...]:
    until = None if row.until is None else (row.until - EPOCH) // MICROSECOND
    order = (part for key in row.order for part in key)
    place, cells = None, row.cells
    if sum(map(len, cells)) > LONG:
        place, cells = long_cells.put(cells), ("",) * len(cells)
    return number, (row.at - EPOCH) // MICROSECOND, *order, row.line, until, place, *cells


def time_of(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)
