"""The org's database file: opened for one process, and only when it is the database of an embedded org."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sfdc_escalator.embedded_org.basics.plain_files import refuse_others
from sfdc_escalator.embedded_org.basics.problems import InvalidData, Problem

APPLICATION_ID = 0x5FE5CA1A
LAYOUT = 5
_OLDER_LAYOUTS = (3, 4)  # opened and upgraded


def connected(path: Path | None) -> sqlite3.Connection:
    """Opens the file exclusively. Raises InvalidData when it is not the database of an embedded org."""
    connection = None
    try:
        if path:
            refuse_others(path)
        connection = sqlite3.connect(
            str(path or ":memory:"), isolation_level=None, check_same_thread=False, timeout=0.1
        )
        if path:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA synchronous = OFF")  # the data survives the end of the process, which is enough
            _check_file(connection, path)
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA cache_size = -200000")
        return connection
    except (sqlite3.Error, OSError) as error:
        if connection:
            connection.close()
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidData([Problem(str(path), f"cannot be used as the org's database: {reason}")]) from None
    except InvalidData:
        if connection:
            connection.close()
        raise


def _check_file(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    layout = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute("ROLLBACK")
    if tables and mark != APPLICATION_ID:
        raise InvalidData([Problem(str(path), "is a database, but not of an embedded org")])
    if tables and layout not in (LAYOUT, *_OLDER_LAYOUTS):
        raise InvalidData([Problem(str(path), f"has layout {layout}", expected=f"layout {LAYOUT}")])
