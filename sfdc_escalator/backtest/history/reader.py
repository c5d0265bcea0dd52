"""The cases of a history file, by the reader that its form and its size ask for.

A CSV file up to 200 MB, or 20 MB with gzip, is read by Python: a snapshot row by row, and of events the mapped cells of
all rows are kept, about 1 kB for each row. DuckDB sorts what is larger, Parquet files and JSON lines, in a folder for
temporary files, and gives the rows of one case after the other.
"""

import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Literal

from sfdc_escalator.backtest.history.cells import Cells
from sfdc_escalator.backtest.history.duck import Database, database
from sfdc_escalator.backtest.history.mapping import HistoryMapping
from sfdc_escalator.backtest.history.parquet import ParquetSource
from sfdc_escalator.backtest.history.rows import CheckedRows, Row, Source
from sfdc_escalator.backtest.history.sorting import by_case
from sfdc_escalator.backtest.history.texts import GZIP, CsvSource, JsonSource, bytes_of, text_of
from sfdc_escalator.pipeline.ports.progress import Progress, unseen

LARGEST = 200_000_000
"""The most bytes of a CSV file that Python reads."""
PACKED = 10
"""The times by which gzip makes a CSV file smaller, about."""
BEGINNING = 1_000
"""The first bytes, by which a form is known."""
ANY_HEADER = 32
PARQUET, OBJECT, BOM = b"PAR1", b"{", b"\xef\xbb\xbf"
Form = Literal["CSV", "JSON lines", "Parquet"]
NOTE = "{}: {}, read and sorted with DuckDB"
READ, SORTED = "rows read", "rows sorted"
STEP = 10_000
"""The number of rows between two reports of progress."""


@dataclass(frozen=True, slots=True)
class History:
    """The cases of a file, read once. `database` sorts its rows; without one Python does. `note` says how it is read,
    where that is not by Python alone."""

    rows: CheckedRows
    mapping: HistoryMapping
    database: Database | None = None
    note: str = ""

    @property
    def cells(self) -> Cells:
        return self.rows.cells

    @property
    def in_order(self) -> bool:
        """True where the cases come sorted by their number; else they come as in the file."""
        return self.database is not None or self.mapping.kind == "events"

    def cases(self, progress: Progress = unseen) -> Iterator[tuple[str, list[Row]]]:
        """Each case with its rows, oldest first; one row in a snapshot, where a number may come several times."""
        rows = reported(self.rows, progress)
        if self.database:
            rows = sorted_by(self.database, rows, self.mapping, progress)
        if self.mapping.kind == "snapshot":
            return ((number, [row]) for number, row in rows)
        return together(rows) if self.database else sorted_cases(rows)


def together(rows: Iterable[tuple[str, Row]]) -> Iterator[tuple[str, list[Row]]]:
    """The cases of sorted rows."""
    for number, found in groupby(rows, key=itemgetter(0)):
        yield number, [row for _, row in found]


def sorted_cases(rows: Iterable[tuple[str, Row]]) -> Iterator[tuple[str, list[Row]]]:
    found: dict[str, list[Row]] = {}
    for number, row in rows:
        found.setdefault(number, []).append(row)
    for number in sorted(found):
        yield number, sorted(found.pop(number), key=lambda row: (row.at, row.order, row.line))


def reported(rows: Iterable[tuple[str, Row]], progress: Progress) -> Iterator[tuple[str, Row]]:
    """The rows, while progress sees how many came."""
    count = 0
    for count, row in enumerate(rows, 1):
        if count % STEP == 0:
            progress(READ, count, 0)
        yield row
    progress(READ, count, count)


def sorted_by(
    database: Database, rows: Iterable[tuple[str, Row]], mapping: HistoryMapping, progress: Progress
) -> Iterator[tuple[str, Row]]:
    """The rows sorted by DuckDB, which takes its time before the first one comes."""
    for place, row in enumerate(by_case(database, rows, mapping, lambda: progress(SORTED, 0, 0))):
        if place == 0:
            progress(SORTED, 1, 1)
        yield row


@contextmanager
def open_history(
    path: Path, mapping: HistoryMapping, beside: Path | None = None, largest: int | None = None
) -> Iterator[History]:
    """The history in this file; what DuckDB sorts spills beside this folder. Raises Invalid where the file cannot be
    read, or needs DuckDB and that is not installed."""
    form, size = form_and_size(path)
    with ExitStack() as held:
        if form == "Parquet":
            found = held.enter_context(database(beside))
            source: Source = ParquetSource(path, found, mapping)
            yield History(CheckedRows(source, mapping), mapping, found, NOTE.format(path, form))
            return
        text = held.enter_context(text_of(path))
        source = JsonSource(path, text) if form == "JSON lines" else CsvSource(path, text)
        if form == "CSV" and size <= (LARGEST if largest is None else largest):
            yield History(CheckedRows(source, mapping), mapping)
            return
        found = held.enter_context(database(beside))
        yield History(CheckedRows(source, mapping), mapping, found, NOTE.format(path, form))


def form_and_size(path: Path) -> tuple[Form, int]:
    """The form of the file by its first bytes, and its size, about that before gzip."""
    with bytes_of(path) as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        first = stream.read(BEGINNING)
        if packed := first.startswith(GZIP):
            first = unpacked_beginning(first)
    if first.startswith(PARQUET) or path.suffix == ".parquet":
        return "Parquet", size
    form: Form = "JSON lines" if first.removeprefix(BOM).lstrip().startswith(OBJECT) else "CSV"
    return form, size * PACKED if packed else size


def unpacked_beginning(first: bytes) -> bytes:
    """The first bytes before gzip; none of what is not gzip, which fails where it is read."""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | ANY_HEADER).decompress(first)
    except zlib.error:
        return b""
