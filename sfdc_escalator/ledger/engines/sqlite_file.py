"""A ledger in an SQLite file: opened, made, recognised, copied; its errors become ours."""

import contextlib
import glob
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from sfdc_escalator.errors import EscalatorError, LedgerUnusable
from sfdc_escalator.ledger.engines.database import BUSY, Database
from sfdc_escalator.ledger.engines.place import path_of, refuse_network_disk
from sfdc_escalator.ledger.engines.sqlite_dialect import SqliteDialect
from sfdc_escalator.ledger.tables import schema

APPLICATION_ID = 0x45534341
"""SQLite's application id of our files: the letters ESCA."""

CACHE_KIB = 8_192
"""A reader keeps at most this much of the file. More is slower in a verification, which reads the whole file: the
system keeps the file in memory, too, and pages found there cost less than new memory for them."""

LOCKED = "is locked by another program; see who has it open, then run again"
RIGHTS = "cannot be opened: look at the rights of the file and of its folder"
ADVICE = {
    "SQLITE_BUSY": LOCKED,
    "SQLITE_LOCKED": LOCKED,
    "SQLITE_READONLY": "cannot be written: the file, its -wal or -shm file, its folder or the disk is read-only",
    "SQLITE_CANTOPEN": RIGHTS,
    "SQLITE_PERM": RIGHTS,
    "SQLITE_FULL": "cannot be written: the disk is full",
    "SQLITE_NOTADB": "is not a ledger of sfdc-escalator: it is not an SQLite file",
}
DISK = "cannot be written: the disk reports an error (full, over a quota, or broken)"


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """See `database.Database`."""

    path: Path
    dialect = SqliteDialect()
    is_on_a_server = False

    @property
    def where(self) -> str:
        return str(self.path)

    def exists(self) -> bool:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._refuse_dead_link()
            return False
        except OSError as error:
            raise LedgerUnusable(f"the ledger {self.path} cannot be examined: {error.strerror}") from error
        if self.path.is_dir():
            raise LedgerUnusable(f"the ledger {self.path} is a folder; name a file in it")
        if not self.path.is_file():
            raise LedgerUnusable(f"the ledger {self.path} is not a file")
        if not status.st_size:
            raise LedgerUnusable(
                f"the ledger {self.path} is empty (0 bytes): it was cut short; restore a backup, or remove it to "
                "begin a new one"
            )
        refuse_network_disk(self.path)
        return True

    def _refuse_dead_link(self) -> None:
        """A link that leads nowhere, as to a disk that is not mounted, is not a ledger that nobody has made yet."""
        for place in (self.path, *self.path.parents):
            if place.is_symlink() and not place.exists():
                raise LedgerUnusable(
                    f"the ledger {self.path} cannot be found: the link {place} leads to {os.readlink(place)}, which "
                    "does not exist; is its disk mounted?"
                )

    def create(self) -> None:
        """The file appears whole or not at all: it is made under another name first."""
        refuse_network_disk(self.path)
        with under_another_name(self.path, replaceable=True) as fresh:
            engine = SqliteFile(fresh).engine(writing=True, busy=timedelta(0))
            try:
                with SqliteFile(fresh).translating(), engine.begin() as connection:
                    schema.create_tables(connection)
                    self.dialect.guard(connection)
                    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
            finally:
                engine.dispose()

    def engine(self, *, writing: bool, busy: timedelta) -> sa.Engine:
        """An engine on the existing file. A writing one starts each transaction as the writer."""
        file = f"file:{quote(os.fsencode(self.path))}"
        url = sa.URL.create("sqlite", database=file, query={"uri": "true", "mode": "rw" if writing else "ro"})
        pool = {} if writing else {"poolclass": NullPool}
        connect_args = {"timeout": busy.total_seconds(), "check_same_thread": False}
        engine = sa.create_engine(url, connect_args=connect_args, hide_parameters=True, **pool)
        # By default the driver begins a transaction late and as a reader: two writers then make each other fail.
        begin = "BEGIN IMMEDIATE" if writing else "BEGIN"

        @sa.event.listens_for(engine, "connect")
        def prepare(connection: sqlite3.Connection, _record: object) -> None:
            connection.isolation_level = None
            if writing:
                connection.execute("PRAGMA journal_mode = WAL").close()
                connection.execute("PRAGMA synchronous = FULL").close()
                connection.execute("PRAGMA secure_delete = ON").close()  # a text that is deleted is gone
            else:
                connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}").close()

        @sa.event.listens_for(engine, "begin")
        def start(connection: sa.Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine

    @contextlib.contextmanager
    def translating(self, damage: type[EscalatorError] = LedgerUnusable) -> Iterator[None]:
        try:
            yield
        except (sa.exc.DBAPIError, sqlite3.Error, UnicodeDecodeError) as error:  # the driver decodes SQLite's messages
            cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
            if advice := _advice(getattr(cause, "sqlite_errorname", "")):
                raise LedgerUnusable(f"the ledger {self.path} {advice}") from error
            raise damage(f"the ledger {self.path} is damaged or cut short (SQLite: {cause})") from error

    def check_mark(self, connection: sa.Connection, *, writing: bool = False) -> None:  # noqa: ARG002
        mark = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        if mark != APPLICATION_ID:
            raise LedgerUnusable(
                f"{self.path} is not a ledger of sfdc-escalator: it is an SQLite file of another program"
            )

    def copies(self) -> tuple[str, ...]:
        return tuple(sorted(map(str, self.path.parent.glob(f"{glob.escape(self.path.name)}.*.backup"))))

    def copy_to(self, file: Path, check: Callable[[Database], None]) -> None:
        """SQLite's own copy, which sees one committed state of the ledger, also while a run writes."""
        copy = SqliteFile(file.absolute())
        with under_another_name(copy.path) as fresh:
            _copy(self, fresh, copy)
            check(SqliteFile(fresh))

    @contextlib.contextmanager
    def kept(
        self,
        connection: sa.Connection,  # noqa: ARG002
        label: str,
        check: Callable[[sa.Connection], object],
    ) -> Iterator[str]:
        """A file beside the ledger: `<ledger>.<label>.backup`. Unfinished copies of a killed program are removed
        first; only the holder of the lock makes such a copy."""
        for half in self.path.parent.glob(f".{glob.escape(self.path.name)}.*.backup.*.new*"):
            half.unlink(missing_ok=True)
        target = self.path.with_name(f"{self.path.name}.{label}.backup")

        def check_copy(copy: Database) -> None:
            with _transaction(copy.engine(writing=False, busy=BUSY)) as copied, copy.translating():
                check(copied)

        self.copy_to(target, check_copy)
        try:
            yield str(target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise


def database_at(where: str) -> SqliteFile:
    """Raises Invalid."""
    return SqliteFile(path_of(where))


def _copy(source: SqliteFile, fresh: Path, target: SqliteFile) -> None:
    """Into the file `fresh`; errors name the one that it becomes."""
    engine = source.engine(writing=False, busy=BUSY)
    with source.translating(), _transaction(engine) as reading, contextlib.closing(sqlite3.connect(fresh)) as copy:
        driver: Any = reading.connection.driver_connection
        with target.translating():
            driver.backup(copy)


@contextlib.contextmanager
def _transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.connect() as connection, connection.begin():
        yield connection


def _advice(name: str) -> str | None:
    """The advice for a result code such as SQLITE_READONLY_DBMOVED; None where the file itself is damaged."""
    if name.startswith("SQLITE_IOERR") and "READ" not in name:
        return DISK
    return ADVICE.get("_".join(name.split("_")[:2]))


@contextlib.contextmanager
def under_another_name(path: Path, *, replaceable: bool = False) -> Iterator[Path]:
    """A new file beside `path`, for its user alone, that becomes `path` when the body is done. With `replaceable` it is
    removed where somebody else was faster. Raises LedgerUnusable."""
    fresh = path.parent / f".{path.name}.{secrets.token_hex(6)}.new"  # `/` has no name
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            yield fresh
            with contextlib.suppress(*([FileExistsError] if replaceable else [])):
                os.link(fresh, path)
        finally:
            for name in (fresh.name, f"{fresh.name}-wal", f"{fresh.name}-shm"):
                fresh.with_name(name).unlink(missing_ok=True)
        _sync(path.parent)
    except FileExistsError as error:
        raise LedgerUnusable(f"{path} exists already and is left as it is; name a new file") from error
    except OSError as error:
        raise LedgerUnusable(f"cannot make the file {path}: {error.strerror or error}") from error


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
