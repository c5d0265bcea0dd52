"""The database under a ledger, whichever it is: an SQLite file or a PostgreSQL server."""

from contextlib import AbstractContextManager
from datetime import UTC, timedelta
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from sfdc_escalator.errors import EscalatorError, Invalid, LedgerUnusable
from sfdc_escalator.ledger.engines.place import is_server, path_of
from sfdc_escalator.ledger.engines.sqlite_file import SqliteFile
from sfdc_escalator.ledger.tables import schema
from sfdc_escalator.ledger.tables.rows import said

BUSY = timedelta(seconds=10)
"""How long one statement waits while another program writes."""


class Database(Protocol):
    """Where a ledger lies. Everything here raises LedgerUnusable, with advice and without secrets."""

    @property
    def where(self) -> str:
        """For people: never with a password."""
        ...

    def exists(self) -> bool:
        """Whether something that may be a ledger lies there."""
        ...

    def create(self) -> None:
        """Makes an empty ledger, whole or not at all, unless somebody else is faster."""
        ...

    def engine(self, *, writing: bool, busy: timedelta) -> sa.Engine:
        """An engine on what exists. A reader's connection sees one state of everything, and cannot write."""
        ...

    def speaking(self, damage: type[EscalatorError] = LedgerUnusable) -> AbstractContextManager[None]:
        """Turns what the database says inside into LedgerUnusable, and signs of damage into `damage`."""
        ...

    def check_mark(self, connection: sa.Connection) -> None:
        """Raises LedgerUnusable unless our mark is on it."""
        ...


def database_of(where: str) -> Database:
    """What a path or a URL names. Raises Invalid."""
    if not is_server(where):
        return SqliteFile(path_of(where))
    try:
        from sfdc_escalator.ledger.engines.postgresql import PostgresqlSchema
    except ImportError as error:
        raise Invalid(
            "a ledger in PostgreSQL needs psycopg, which is not installed; run: pip install 'sfdc-escalator[pg]'"
        ) from error
    return PostgresqlSchema.at(where)


def file_of(where: str) -> Path | None:
    """The file that holds the ledger; None when it lies on a server."""
    database = database_of(where)
    return database.path if isinstance(database, SqliteFile) else None


def now(connection: sa.Connection) -> str:
    """The database's clock, in seconds: hosts that share a ledger need not agree on the time."""
    clock = sa.func.clock_timestamp() if connection.dialect.name == "postgresql" else sa.func.current_timestamp()
    at = connection.execute(sa.select(clock)).scalar_one().replace(microsecond=0)
    return said(at.replace(tzinfo=UTC) if at.tzinfo is None else at) or ""


def version_of(database: Database, reading: sa.Engine, damage: type[EscalatorError] = LedgerUnusable) -> str | None:
    """The version of the ledger's tables. Raises LedgerUnusable unless it is a ledger of ours."""
    with database.speaking(damage), reading.connect() as connection:
        database.check_mark(connection)
        return connection.execute(sa.select(schema.version.c.version_num)).scalar()


def recognise(database: Database, reading: sa.Engine, damage: type[EscalatorError] = LedgerUnusable) -> None:
    """Raises LedgerUnusable unless it is a ledger of ours, of this version."""
    check_version(database.where, version_of(database, reading, damage))


def check_version(where: str, found: str | None) -> None:
    if found is not None and found > schema.VERSION:
        raise LedgerUnusable(
            f"the ledger {where} is of version {found}, newer than this program knows ({schema.VERSION}); "
            "use the newer sfdc-escalator that wrote it"
        )
    if found != schema.VERSION:
        raise LedgerUnusable(
            f"the ledger {where} is of the older version {found}, this program needs {schema.VERSION}; "
            "run: sfdc-escalator ledger migrate"
        )
