"""The implementations of a ledger that the contract is tested with."""

import contextlib
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import psycopg

from sfdc_escalator.ledger.audit.verification import verify
from sfdc_escalator.ledger.store import SqlLedger, open_ledger, open_trail
from sfdc_escalator.ledger.writing.lease import Terms
from sfdc_escalator.pipeline.read_models.audit_trail import Verification

FILES: dict[tuple[Any, ...], bytes] = {}
"""The ledgers that were made once, by what made them."""
DATABASES: dict[tuple[Any, ...], str] = {}


class Kind:
    """A ledger at `where`, and direct changes of its tables."""

    where: str

    def become(self, make: Callable[..., object], *given: Any) -> None:
        """Puts the ledger of `make(kind, *given)` in this place: it is made once, and then copied for each test."""
        raise NotImplementedError

    def open(self, terms: Terms | None = None) -> SqlLedger:
        return open_ledger(self.where, create=True, terms=terms)

    def verify(self, head: str | None = None) -> Verification:
        with open_trail(self.where) as trail:
            return verify(trail, head)

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """A statement with `?` for its values."""
        raise NotImplementedError

    def script(self, text: str) -> None:
        """Many statements, of a dump."""
        raise NotImplementedError

    def backups(self) -> list[str]:
        """The names of the backups that migrations have left."""
        raise NotImplementedError

    def restore(self, backup: str) -> None:
        """The backup in place of the ledger, by the steps of the README."""
        raise NotImplementedError


def empty(kind: Kind) -> None:
    """Makes a ledger without a run, for `become`."""
    kind.open().close()


class SqliteKind(Kind):
    """In a file of the test's own folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ledgers" / "ours.db"
        self.where = str(self.path)

    def become(self, make: Callable[..., object], *given: Any) -> None:
        if (make, given) not in FILES:
            with tempfile.TemporaryDirectory() as folder:
                model = SqliteKind(Path(folder))
                make(model, *given)
                model.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                FILES[make, given] = model.path.read_bytes()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(FILES[make, given])

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            return connection.execute(statement, values).fetchall()

    def script(self, text: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(text)

    def backups(self) -> list[str]:
        return sorted(str(path) for path in self.path.parent.glob("*.backup"))

    def restore(self, backup: str) -> None:
        for path in self.path.parent.glob(f"{self.path.name}*"):
            if str(path) != backup:
                path.unlink()
        Path(backup).rename(self.path)


class PostgresqlKind(Kind):
    """In a database of the tests' own; each test begins with no ledger and no backup in it. To be closed."""

    def __init__(self, database: str) -> None:
        self.where = database
        self._line: psycopg.Connection[tuple[Any, ...]] | None = None
        for (schema,) in self.execute(r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 'sfdc\_escalator%'"):
            self.execute(f"DROP SCHEMA {schema} CASCADE")

    def become(self, make: Callable[..., object], *given: Any) -> None:
        self.close()
        server, _, name = self.where.rpartition("/")
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            if (self.where, make, given) not in DATABASES:
                model = f"{name}_{len(DATABASES)}"
                connection.execute(f"CREATE DATABASE {model} ENCODING 'UTF8' TEMPLATE template0".encode())
                with PostgresqlKind(f"{server}/{model}") as kind:
                    make(kind, *given)
                DATABASES[self.where, make, given] = model
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
            how = "STRATEGY file_copy" if connection.info.server_version >= 150_000 else ""  # as older ones do
            copied = f"CREATE DATABASE {name} TEMPLATE {DATABASES[self.where, make, given]} {how}"
            connection.execute(copied.encode())

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        if self._line is None:
            self._line = psycopg.connect(self.where, autocommit=True, options="-csearch_path=sfdc_escalator")
        cursor = self._line.execute(statement.replace("?", "%s").encode(), values or None)
        return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def script(self, text: str) -> None:
        with psycopg.connect(self.where, autocommit=True) as connection:
            connection.execute(text.encode())

    def backups(self) -> list[str]:
        names = r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 'sfdc\_escalator\__%' ORDER BY 1"
        return [name for (name,) in self.execute(names)]

    def restore(self, backup: str) -> None:
        self.execute("DROP SCHEMA sfdc_escalator CASCADE")
        self.execute(f"ALTER SCHEMA {backup} RENAME TO sfdc_escalator")
