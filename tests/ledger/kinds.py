"""The implementations of a ledger that the contract is tested with."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import psycopg

from sfdc_escalator.ledger.store import SqlLedger, open_ledger, open_trail
from sfdc_escalator.ledger.trail.verification import verify
from sfdc_escalator.ledger.writing.lease import Terms
from sfdc_escalator.pipeline.read_models.audit_trail import Verification


class Kind:
    """A ledger at `where`, and direct changes of its tables."""

    where: str

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


class SqliteKind(Kind):
    """In a file of the test's own folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ledgers" / "ours.db"
        self.where = str(self.path)

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
    """In a database of the tests' own; each test begins with no ledger and no backup in it."""

    def __init__(self, database: str) -> None:
        self.where = database
        for schema in ("sfdc_escalator", *self.backups()):
            self.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        path = "-csearch_path=sfdc_escalator"
        with psycopg.connect(self.where, autocommit=True, options=path) as connection:
            cursor = connection.execute(statement.replace("?", "%s").encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def script(self, text: str) -> None:
        with psycopg.connect(self.where, autocommit=True) as connection:
            connection.execute(text.encode())

    def backups(self) -> list[str]:
        names = r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 'sfdc\_escalator\__%' ORDER BY 1"
        return [name for (name,) in self.execute(names)]

    def restore(self, backup: str) -> None:
        self.execute("DROP SCHEMA sfdc_escalator CASCADE")
        self.execute(f"ALTER SCHEMA {backup} RENAME TO sfdc_escalator")
