"""Rows sorted by the number of their case, on disk."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from sfdc_escalator.backtest.history.duck import BATCH, Database
from sfdc_escalator.backtest.history.mapping import HistoryMapping
from sfdc_escalator.backtest.history.rows import Row

EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class Columns(NamedTuple):
    """The columns of the sorted table: the number of the case, the sort key, the line, the cells and the other time."""

    order: int
    cells: int

    def __str__(self) -> str:
        order = (f"o{n} TINYINT, n{n} DOUBLE, t{n} VARCHAR" for n in range(self.order))
        cells = (f"c{n} VARCHAR" for n in range(self.cells))
        return ", ".join(("number VARCHAR", "stamp BIGINT", *order, "line BIGINT", "until BIGINT", *cells))

    @property
    def sorting(self) -> str:
        order = (f"o{n}, n{n}, t{n}" for n in range(self.order))
        return ", ".join(("number", "stamp", *order, "line"))

    @property
    def width(self) -> int:
        return 4 + 3 * self.order + self.cells


def by_case(
    database: Database, rows: Iterable[tuple[str, Row]], mapping: HistoryMapping, all_read: Callable[[], None]
) -> Iterator[tuple[str, Row]]:
    """The rows sorted by the number of their case, then by time, order and line. `all_read` is called when all are
    read, before they are sorted."""
    columns = Columns(len(mapping.order), len(mapping.fields))
    database.change(f"CREATE TABLE rows ({columns})")
    database.change("BEGIN")
    values = ", ".join(f"unnest(${place + 1})" for place in range(columns.width))
    left = iter(rows)
    while some := list(islice(left, BATCH)):
        kept = zip(*(stored(number, row) for number, row in some), strict=True)
        database.change(f"INSERT INTO rows SELECT {values}", [list(column) for column in kept])
    database.change("COMMIT")
    all_read()
    cells = ", ".join(("number", "stamp", "line", "until", *(f"c{n}" for n in range(columns.cells))))
    for number, stamp, line, until, *texts in database.rows(f"SELECT {cells} FROM rows ORDER BY {columns.sorting}"):  # noqa: S608
        yield number, Row(line, time_of(stamp), (), tuple(texts), None if until is None else time_of(until))


def stored(number: str, row: Row) -> tuple[Any, ...]:
    until = None if row.until is None else (row.until - EPOCH) // MICROSECOND
    order = (part for key in row.order for part in key)
    return number, (row.at - EPOCH) // MICROSECOND, *order, row.line, until, *row.cells


def time_of(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)
