"""The database under a ledger: the two protocols of an engine, and the check that a ledger is ours."""

import shlex
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from sfdc_escalator.errors import EscalatorError, LedgerUnusable
from sfdc_escalator.ledger.tables import schema

BUSY = timedelta(seconds=10)
"""The time that one statement waits while another program writes."""

BATCH = 2_000
"""Rows that are fetched from a server at a time when a whole table is read."""


class Dialect(Protocol):
    """The SQL dialect of one kind of database. `differs` is its comparison that treats null as a value."""

    differs: str

    def now(self, connection: sa.Connection) -> str:
        """The database's clock as `YYYY-MM-DDTHH:MM:SSZ`: hosts that share a ledger need not agree on the time."""
        ...

    def lock(self, connection: sa.Connection) -> None:
        """Locks the chain: until the transaction ends no other program writes to it or migrates the ledger."""
        ...

    def rows(self, connection: sa.Connection, query: str) -> Iterator[tuple[Any, ...]]:
        """The rows as the driver gives them, read as they are taken: a Row object for each would double the time."""
        ...

    def columns(self, connection: sa.Connection) -> frozenset[tuple[str, str]]:
        """The (table, column) pairs that exist."""
        ...

    def guard(self, connection: sa.Connection) -> None:
        """Makes the guards that are missing: the database itself then refuses the actions in `schema.FORBIDDEN`, and
        an event whose number is not the next one."""
        ...

    def lift(self, connection: sa.Connection, tables: Collection[str]) -> None:
        """Lets rows of these tables be deleted in this transaction, until `guard`. Raises LedgerUnusable for a user
        that may not do that."""
        ...

    def problems(self, connection: sa.Connection) -> Iterator[str]:
        """The faults of the database itself: guards of its tables that are not in place, damaged pages."""
        ...

    def strangers(self, connection: sa.Connection) -> Iterator[str]:
        """The triggers, views, tables, rules, policies and functions beside the tables that are not ours."""
        ...

    def shape(self, connection: sa.Connection) -> tuple[set[tuple[str, str, str, bool]], set[tuple[str, str, bool]]]:
        """(table, column, type, may be null) of every column; (table, columns, is unique) of every key and index."""
        ...

    def json_of(self, column: str) -> str:
        """The SQL expression for the JSON text of a column, spelled as `chain.canonical` spells it."""
        ...

    def object_of(self, table: str, columns: Sequence[str]) -> str:
        """The SQL expression for columns as a JSON object, in the same spelling."""
        ...

    def members(self, table: str, columns: Sequence[str]) -> str:
        """The SQL expression for columns as the members of a JSON object, `"a":1,"b":null`, without its braces."""
        ...

    def place(self, text: str, within: str) -> str:
        """The SQL expression for the place, from 1, of a text in a column of bytes; 0 = nowhere."""
        ...

    def bytes_of(self, text: str) -> str:
        """The SQL expression for a text as UTF-8."""
        ...

    def clean(self, engine: sa.Engine, tables: Collection[str]) -> str:
        """Removes what the database still keeps of rows that were deleted from these tables, outside any transaction.
        Returns the reason where it
        cannot be done now, with the next step; else an empty text."""
        ...


class Database(Protocol):
    """The place of a ledger. Everything here raises LedgerUnusable, with advice and without secrets."""

    @property
    def dialect(self) -> Dialect: ...

    @property
    def is_on_a_server(self) -> bool:
        """True where a server keeps the ledger, with files of its own such as logs and replicas."""
        ...

    def copies(self) -> tuple[str, ...]:
        """The names of the backups that migrations have left."""
        ...

    @property
    def where(self) -> str:
        """The place as messages show it, without a password."""
        ...

    def exists(self) -> bool:
        """True when there is something that may be a ledger."""
        ...

    def create(self) -> None:
        """Makes an empty ledger, whole or not at all, unless another program is faster."""
        ...

    def engine(self, *, writing: bool, busy: timedelta) -> sa.Engine:
        """An engine on the existing ledger. A reader's connection sees one state of everything, and cannot write."""
        ...

    def translating(self, damage: type[EscalatorError] = LedgerUnusable) -> AbstractContextManager[None]:
        """Turns the database's errors inside into LedgerUnusable, and signs of damage into `damage`."""
        ...

    def check_mark(self, connection: sa.Connection, *, writing: bool = False) -> None:
        """Raises LedgerUnusable unless our mark is on it, and this user may read it, or with `writing` write to it."""
        ...

    def copy_to(self, file: Path, check: Callable[["Database"], None]) -> None:
        """Copies the ledger to a new file, which appears once `check` has passed it. Raises Invalid, with the advice
        how to back it up, where the ledger is not a file."""
        ...

    def kept(
        self, connection: sa.Connection, label: str, check: Callable[[sa.Connection], object]
    ) -> AbstractContextManager[str]:
        """A backup, complete and passed by `check`, of the ledger as it was before the transaction of `connection`,
        which holds the lock. Gives its name, which contains `label`; an error in the body removes it again."""
        ...


def version_of(
    database: Database, reading: sa.Engine, damage: type[EscalatorError] = LedgerUnusable, *, writing: bool = False
) -> str | None:
    """The version of the ledger's tables. Raises LedgerUnusable unless it is a ledger of ours."""
    with database.translating(damage), reading.connect() as connection:
        database.check_mark(connection, writing=writing)
        return the_version(database.where, connection, damage)


def the_version(where: str, connection: sa.Connection, damage: type[EscalatorError] = LedgerUnusable) -> str | None:
    """The version that the ledger's only version row has; None without one. Raises `damage` for other rows."""
    found = connection.execute(sa.select(schema.version.c.version_num).limit(3)).scalars().all()
    if len(found) > 1 or not all(isinstance(one, str) for one in found):
        shown = " and ".join(f"{one!r:.20}" for one in found)
        raise damage(
            f"the ledger {where} was changed by hand: its version is {shown}, expected one text; restore a backup"
        )
    return found[0] if found else None


def recognise(
    database: Database, reading: sa.Engine, damage: type[EscalatorError] = LedgerUnusable, *, writing: bool = False
) -> None:
    """Raises LedgerUnusable unless it is a ledger of ours, of this version, with the tables of this version."""
    with database.translating(damage), reading.connect() as connection:
        database.check_mark(connection, writing=writing)
        check_version(database.where, the_version(database.where, connection, damage))
        found = database.dialect.columns(connection)
    check_columns(database.where, schema.VERSION, schema.COLUMNS - found, damage)


def check_version(where: str, found: str | None) -> None:
    if found is None:
        raise LedgerUnusable(f"the ledger {where} has lost its version: it was changed by hand; restore a backup")
    if found > schema.VERSION:
        raise LedgerUnusable(
            f"the ledger {where} is of version {found:.40}, newer than this program knows ({schema.VERSION}); "
            "use the newer sfdc-escalator that wrote it"
        )
    if found != schema.VERSION:
        raise LedgerUnusable(
            f"the ledger {where} is of the older version {found:.40}, this program needs {schema.VERSION}; "
            f"run: sfdc-escalator ledger migrate --ledger {shlex.quote(where)}"
        )


def check_columns(
    where: str, version: str, missing: frozenset[tuple[str, str]], damage: type[EscalatorError] = LedgerUnusable
) -> None:
    """Raises `damage` when columns that the version has are missing."""
    if missing:
        names = ", ".join(".".join(one) for one in sorted(missing)[:3])
        raise damage(
            f"the ledger {where} is damaged or was changed by hand: its version row says {version}, but tables "
            f"of that version are incomplete (missing: {names}); restore a backup"
        )


def in_batches(cursor: Any, query: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, `BATCH` at a time; closes the driver's cursor."""
    try:
        cursor.execute(query)
        while found := cursor.fetchmany(BATCH):
            yield from found
    finally:
        cursor.close()


def table_of(guard: str) -> str:
    """The table that a guard belongs to, by the guard's name."""
    return guard.removesuffix("_in_order").partition("_no_")[0]
