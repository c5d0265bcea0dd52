"""DuckDB, which reads Parquet files and sorts more rows than fit into memory. The only module that imports duckdb."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from sfdc_escalator.errors import Interrupted, Invalid

MEMORY, MORE = "150MB", ("300MB", "600MB", "2400MB")
"""The memory of DuckDB, and what it gets in steps where it needs more, as for long cells of a Parquet file."""
BATCH = 2_000


class Database:
    """A database in a folder of its own, which goes with it. `folder` is the place for it, None for that of temporary
    files."""

    def __init__(self, folder: Path) -> None:
        try:
            import duckdb
        except ImportError:
            install = "pip install 'sfdc-escalator[history]'"
            raise Invalid(f"this history is read with DuckDB, which is not installed; run: {install}") from None
        self.Error: type[Exception] = duckdb.Error
        self.OutOfMemory: type[Exception] = duckdb.OutOfMemoryException
        self.folder = folder
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY,
            "temp_directory": str(folder),
            "threads": 2,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        self._connection = duckdb.connect(str(folder / "rows"), config=settings)
        self.change("SET enable_progress_bar = false")  # it would stand between the rows on stdout
        self.change("SET GLOBAL TimeZone = 'UTC'")  # a time as a text is the same on every machine

    def rows(self, statement: str, *given: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of the answer, read little by little, beside other statements. They have an order: where DuckDB
        needs more memory, it begins again, and the rows that came are left out."""
        count = 0
        for more in (*MORE, None):
            try:
                for row in islice(self._rows(statement, given), count, None):
                    count += 1
                    yield row
                return
            except self.OutOfMemory:
                if not more:
                    raise
                self.change(f"SET memory_limit = '{more}'")

    def _rows(self, statement: str, given: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        cursor = self._connection.cursor()
        try:
            with signals_pass():
                cursor.execute(statement, given)
                some = cursor.fetchmany(BATCH)
            while some:
                yield from some
                with signals_pass():
                    some = cursor.fetchmany(BATCH)
        finally:
            cursor.close()

    def change(self, statement: str, given: Sequence[Any] = ()) -> None:
        with signals_pass():
            self._connection.execute(statement, given)

    def close(self) -> None:
        self._connection.close()


@contextmanager
def signals_pass() -> Iterator[None]:
    """DuckDB ends a statement at a signal, and drops the error by which its handler ends the command."""
    try:
        yield
    except RuntimeError as error:
        if "interrupted" not in str(error):
            raise
        raise Interrupted("a signal") from error


@contextmanager
def database(beside: Path | None) -> Iterator[Database]:
    """A database that spills into a new folder beside this one, or where temporary files are, and is gone afterwards.
    Raises Invalid where DuckDB is not installed, or where it cannot write there."""
    try:
        folder = tempfile.TemporaryDirectory(prefix=".sfdc-escalator-", dir=beside, ignore_cleanup_errors=True)
    except OSError as error:
        raise Invalid(f"the history cannot be sorted: {(error.strerror or str(error)).lower()}") from error
    with folder as name:
        found = Database(Path(name))
        try:
            yield found
        except found.Error as error:
            raise cannot_sort(Path(name), first_line(error)) from error
        finally:
            found.close()


def cannot_sort(folder: Path, reason: str) -> Invalid:
    """The error for a folder of a database in which DuckDB cannot work."""
    return Invalid(f"the history cannot be sorted in {folder.parent}: {reason}")


def first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
