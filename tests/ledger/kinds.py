"""The implementations of a ledger that the contract is tried on."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from sfdc_escalator.ledger.lease import Terms
from sfdc_escalator.ledger.store import SqlLedger, open_ledger, open_trail
from sfdc_escalator.ledger.verification import Verification, verify


class SqliteKind:
    """A ledger in a file of the test's own folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ledgers" / "ours.db"

    def open(self, terms: Terms | None = None) -> SqlLedger:
        return open_ledger(str(self.path), create=True, terms=terms)

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What somebody does to the tables behind the ledger's back."""
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            return connection.execute(statement, values).fetchall()

    def verify(self, head: str | None = None) -> Verification:
        with open_trail(str(self.path)) as trail:
            return verify(trail, head)


KINDS = {"sqlite": SqliteKind}
