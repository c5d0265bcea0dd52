"""Parquet files: the types of their columns checked, their cells as the texts that a CSV file would have."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sfdc_escalator.backtest.history.duck import Database, first_line
from sfdc_escalator.backtest.history.mapping import HistoryMapping, Type
from sfdc_escalator.backtest.history.rows import unreadable
from sfdc_escalator.errors import Invalid, Problem
from sfdc_escalator.files.text.fault import Fault, shortened

EXPECTED = "a Parquet file"
GLOB = re.compile(r"[*?[\]\\]")
FILE = "read_parquet(?, hive_partitioning = false{})"
"""The rows of the file alone: the names of folders above it give no columns."""
NULL = '"NULL"'  # the type of a column that has no value
SIZES = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
INTEGERS = frozenset(f"{sign}{size}" for sign in ("", "U") for size in SIZES)
NUMBERS = INTEGERS | {"FLOAT", "DOUBLE", "DECIMAL"}
TIMES = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"})
TIMES |= {"TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"}
EXACT = {"TIMESTAMP_NS": "TIMESTAMP", "TIMESTAMPTZ_NS": "TIMESTAMP WITH TIME ZONE"}
"""The types from which a time is read to the microsecond."""
TEXTS = frozenset({"VARCHAR", "ENUM", "UUID"})
ANY = TEXTS | NUMBERS | TIMES | {"BOOLEAN"}
READABLE: dict[Type, frozenset[str]] = {
    "text": ANY,
    "picklist": ANY,
    "number": TEXTS | NUMBERS,
    "checkbox": TEXTS | INTEGERS | {"BOOLEAN"},
    "datetime": TEXTS | TIMES,
    "date": TEXTS | {"DATE"},
    "multipicklist": TEXTS,
}
"""The types of columns of a Parquet file from which a value can be read."""
SAID: dict[Type, str] = {
    "number": "a column of numbers or texts",
    "checkbox": "a column of truth values, integers or texts",
    "datetime": "a column of times or texts",
    "date": "a column of dates or texts",
    "multipicklist": "a column of texts",
}
"""The readable types in words; the others take every single value."""


class ParquetSource:
    """The rows of a Parquet file by their numbers, from 1. Raises Invalid where a column has a type that its field
    cannot have."""

    def __init__(self, path: Path, database: Database, mapping: HistoryMapping) -> None:
        self.path, self._database, self._mapping = path, database, mapping
        # An absolute path is never an address; in it nothing stands for several files.
        self._place = GLOB.sub(lambda found: f"[{found.group()}]", os.path.abspath(path))
        described = f"DESCRIBE SELECT * FROM {FILE.format('')}"  # noqa: S608
        with self._readable():
            self._types = {name: kind.partition("(")[0] for name, kind, *_ in database.rows(described, self._place)}
        self.header = tuple(self._types)

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[int, Sequence[str] | Fault]]:
        if problems := list(self._wrong_types()):
            raise Invalid(f"{self.path} does not match its mapping", problems)
        cells = ", ".join(f"coalesce({self._as_text(name)}, '')" for name in columns)
        file = FILE.format(", file_row_number = true")
        statement = f"SELECT file_row_number + 1, {cells} FROM {file}"  # noqa: S608
        with self._readable():
            for line, *texts in self._database.rows(statement, self._place):
                yield line, texts

    def _as_text(self, name: str) -> str:
        quoted = '"{}"'.format(name.replace('"', '""'))
        exact = EXACT.get(self._types[name])
        return f"CAST({f'CAST({quoted} AS {exact})' if exact else quoted} AS VARCHAR)"

    def _wrong_types(self) -> Iterator[Problem]:
        for name, wanted in self._uses():
            found, about = self._types[name], f"column {shortened(name)}"
            if found not in READABLE[wanted] | {NULL}:
                message, expected = f"{about}: its type cannot be read", SAID.get(wanted, "a column of single values")
                yield Problem(message, str(self.path), found=found, expected=expected)
            elif wanted == "datetime" and found in TIMES and self._mapping.time_format:
                message, expected = f"{about}: it holds times, not texts", "a mapping without `times.format`"
                yield Problem(message, str(self.path), found=found, expected=expected)

    def _uses(self) -> Iterator[tuple[str, Type]]:
        """Each column with a type that is read from it."""
        mapping = self._mapping
        times = (name for name in (mapping.stamp, mapping.opened, mapping.closed_at) if name)
        uses: list[tuple[str, Type]] = [(mapping.case, "text"), *((name, "text") for name in mapping.order)]
        uses += [(name, "datetime") for name in times]
        yield from dict.fromkeys([*uses, *((one.column, one.type) for one in mapping.fields)])

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except self._database.Error as error:
            raise unreadable(self.path, first_line(error), EXPECTED) from error
