"""A copy of a ledger that was verified before anybody relies on it."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from sfdc_escalator.errors import AuditBroken, Invalid, Problem
from sfdc_escalator.ledger.engines.sqlite_file import SqliteFile, under_another_name
from sfdc_escalator.ledger.store import SqlHistory, open_trail
from sfdc_escalator.ledger.trail.verification import verify
from sfdc_escalator.pipeline.read_models.audit_trail import Verification


def backup(trail: SqlHistory, target: Path) -> Verification:
    """Copies the ledger to a new file, also while a run is at work. Raises Invalid where it lies on a server,
    LedgerUnusable where the file is there already or cannot be made, AuditBroken where the copy does not verify."""
    if not isinstance(trail.database, SqliteFile):
        raise Invalid(
            f"the ledger {trail.where} lies in PostgreSQL; back it up with: pg_dump --schema=sfdc_escalator DATABASE"
        )
    copy = SqliteFile(target.absolute())
    with under_another_name(copy.path) as fresh:
        with trail.reading() as source, copy.speaking(), contextlib.closing(sqlite3.connect(fresh)) as connection:
            driver: Any = source.connection.driver_connection
            driver.backup(connection)
        with open_trail(str(fresh)) as copied:
            found = verify(copied)
        if found.problems:
            problems = [Problem(said) for said in found.problems]
            raise AuditBroken(f"the ledger {trail.where} does not verify; no backup was made", problems)
    return found
