"""The implementations of a ledger that the contract is tried on."""

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
    """A ledger at `where`, and what somebody does to its tables behind its back."""

    where: str

    def open(self, terms: Terms | None = None) -> SqlLedger:
        return open_ledger(self.where, create=True, terms=terms)

    def verify(self, head: str | None = None) -> Verification:
        with open_trail(self.where) as trail:
            return verify(trail, head)

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """A statement with `?` for its values."""
        raise NotImplementedError


class SqliteKind(Kind):
    """In a file of the test's own folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ledgers" / "ours.db"
        self.where = str(self.path)

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            return connection.execute(statement, values).fetchall()


class PostgresqlKind(Kind):
    """In a database of the tests' own; each test begins with no ledger in it."""

    def __init__(self, database: str) -> None:
        self.where = database
        self.execute("DROP SCHEMA IF EXISTS sfdc_escalator CASCADE")

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        path = "-csearch_path=sfdc_escalator"
        with psycopg.connect(self.where, autocommit=True, options=path) as connection:
            cursor = connection.execute(statement.replace("?", "%s").encode(), values or None)
            return cursor.fetchall() if cursor.description else []
