"""The SQLite file under a ledger: opened, made, recognised; its errors become ours."""

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from sfdc_escalator.errors import EscalatorError, LedgerUnusable
from sfdc_escalator.ledger import schema
from sfdc_escalator.ledger.place import refuse_network_disk
from sfdc_escalator.ledger.rows import said

BUSY_SECONDS = 10.0
"""How long one statement waits while another program writes."""

ADVICE = {
    "SQLITE_BUSY": "is locked by another program; see who has it open, then run again",
    "SQLITE_LOCKED": "is locked by another program; see who has it open, then run again",
    "SQLITE_READONLY": "cannot be written: the file, its folder or the disk is read-only",
    "SQLITE_CANTOPEN": "cannot be opened: look at the rights of the file and of its folder",
    "SQLITE_PERM": "cannot be opened: look at the rights of the file and of its folder",
    "SQLITE_FULL": "cannot be written: the disk is full",
    "SQLITE_NOTADB": "is not a ledger of sfdc-escalator: it is no SQLite file",
}


@contextlib.contextmanager
def speaking_of(path: Path, damage: type[EscalatorError] = LedgerUnusable) -> Iterator[None]:
    """Turns what SQLite says inside into LedgerUnusable, and signs of damage into `damage`."""
    try:
        yield
    except (sa.exc.DBAPIError, sqlite3.Error, UnicodeDecodeError) as error:  # the driver decodes what SQLite says
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        name = "_".join(getattr(cause, "sqlite_errorname", "").split("_")[:2])  # SQLITE_READONLY_DBMOVED and its like
        if name in ADVICE:
            raise LedgerUnusable(f"the ledger {path} {ADVICE[name]}") from error
        raise damage(f"the ledger {path} is damaged or cut short: SQLite says: {cause}") from error


def engine_of(path: Path, *, writing: bool, busy_seconds: float = BUSY_SECONDS) -> sa.Engine:
    """An engine on an existing file; it never makes one. A writing one starts each transaction as the writer."""
    url = sa.URL.create(
        "sqlite", database=f"file:{quote(os.fsencode(path))}", query={"uri": "true", "mode": "rw" if writing else "ro"}
    )
    connect_args = {"timeout": busy_seconds, "check_same_thread": False}
    if writing:
        engine = sa.create_engine(url, connect_args=connect_args)
    else:
        engine = sa.create_engine(url, connect_args=connect_args, poolclass=NullPool)
    # Left to itself the driver begins a transaction late and as a reader: two writers then fail each other.
    begin = "BEGIN IMMEDIATE" if writing else "BEGIN"

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        if writing:
            connection.execute("PRAGMA journal_mode = WAL").close()
            connection.execute("PRAGMA synchronous = FULL").close()

    @sa.event.listens_for(engine, "begin")
    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def now(connection: sa.Connection) -> str:
    """The database's clock: hosts that share a ledger need not agree on the time."""
    at = connection.execute(sa.select(sa.func.current_timestamp())).scalar_one()
    return said(at.replace(tzinfo=UTC) if at.tzinfo is None else at) or ""


def create(path: Path) -> None:
    """Makes an empty ledger, unless somebody else is faster. It appears whole or not at all: it is made under another
    name first. Raises LedgerUnusable."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            _fill(fresh)
            with contextlib.suppress(FileExistsError):
                os.link(fresh, path)
        finally:
            fresh.unlink()
        _sync(path.parent)
    except OSError as error:
        raise LedgerUnusable(f"cannot make the ledger {path}: {error.strerror or error}") from error


def _fill(fresh: Path) -> None:
    engine = engine_of(fresh, writing=True)
    try:
        with speaking_of(fresh), engine.begin() as connection:
            schema.create_all(connection)
    finally:
        engine.dispose()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def exists(path: Path) -> bool:
    """Whether something that may be a ledger lies there. Raises LedgerUnusable for what cannot be one."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise LedgerUnusable(f"the ledger {path} cannot be looked at: {error.strerror}") from error
    if path.is_dir():
        raise LedgerUnusable(f"the ledger {path} is a folder; name a file in it")
    if not path.is_file():
        raise LedgerUnusable(f"the ledger {path} is not a file")
    if not status.st_size:
        raise LedgerUnusable(
            f"the ledger {path} is empty (0 bytes): it was cut short; bring back a copy, or remove it to start anew"
        )
    refuse_network_disk(path)
    return True


def recognise(path: Path, reading: sa.Engine, damage: type[EscalatorError] = LedgerUnusable) -> None:
    """Raises LedgerUnusable unless the file is a ledger of ours, of this version."""
    with speaking_of(path, damage), reading.connect() as connection:
        mark = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        if mark != schema.APPLICATION_ID:
            raise LedgerUnusable(f"{path} is not a ledger of sfdc-escalator: it is an SQLite file of another program")
        found = connection.execute(sa.select(schema.version.c.version_num)).scalar()
    if found is None or found < schema.VERSION:
        raise LedgerUnusable(
            f"the ledger {path} is of the older version {found}, this program needs {schema.VERSION}; "
            "run: sfdc-escalator ledger migrate"
        )
    if found > schema.VERSION:
        raise LedgerUnusable(
            f"the ledger {path} is of version {found}, newer than this program knows ({schema.VERSION}); "
            "use the newer sfdc-escalator that wrote it"
        )
