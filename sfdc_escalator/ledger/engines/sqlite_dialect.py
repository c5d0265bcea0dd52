"""The SQL dialect of SQLite: its clock, its catalogue, its triggers, and the SQL of a verification."""

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.ledger.engines.database import table_of
from sfdc_escalator.ledger.tables.schema import FORBIDDEN, GROWS, metadata


def _trigger(action: str, table: str) -> str:
    return (
        f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'the {table} of a ledger are never changed'); END"
    )


GUARDS = {
    f"{table}_no_{action.lower()}": _trigger(action, table)
    for table, actions in FORBIDDEN.items()
    for action in actions
} | {
    # An INSERT OR REPLACE deletes without asking the trigger above; only the next number is let in.
    "events_in_order": (
        "CREATE TRIGGER events_in_order BEFORE INSERT ON events "
        "WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM events) "
        "BEGIN SELECT RAISE(ABORT, 'the events of a ledger have no gaps'); END"
    ),
    "idle_runs_no_rewriting": (
        f"CREATE TRIGGER idle_runs_no_rewriting BEFORE UPDATE ON idle_runs WHEN ({GROWS}) IS NOT TRUE "
        "BEGIN SELECT RAISE(ABORT, 'the idle runs of a ledger are only counted on'); END"
    ),
}
"""The text by which SQLite's catalogue knows each trigger."""

IN_USE = (
    "another program has the ledger open, so its files may still hold pieces of the texts: run the same command again "
    "when that program has ended"
)

STRANGERS = "SELECT type, name, tbl_name FROM sqlite_master WHERE type IN ('table', 'view', 'trigger')"
SHAPE = """
    SELECT m.name, c.name, c.type, NOT c."notnull" FROM sqlite_master m, pragma_table_xinfo(m.name) c
    WHERE m.type = 'table' AND c.hidden = 0 AND c.dflt_value IS NULL
"""
KEYS = """
    SELECT m.name, group_concat(c.name, ', '), 1 FROM sqlite_master m, pragma_table_info(m.name) c
    WHERE m.type = 'table' AND c.pk > 0 GROUP BY m.name UNION ALL
    SELECT m.name, (SELECT group_concat(COALESCE(c.name, 'an expression'), ', ') FROM pragma_index_info(i.name) c)
        || iif(i.partial, ' WHERE ...', ''), i."unique"
    FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table' AND i.origin <> 'pk'
"""
COLUMNS = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"


@dataclass(frozen=True, slots=True)
class SqliteDialect:
    """See `database.Dialect`."""

    differs = "IS NOT"

    def now(self, connection: sa.Connection) -> str:
        return str(connection.exec_driver_sql("SELECT strftime('%Y-%m-%dT%H:%M:%SZ', 'now')").scalar_one())

    def lock(self, connection: sa.Connection) -> None:
        """A writing transaction begins as the only writer of the file."""

    def rows(self, connection: sa.Connection, query: str) -> Iterator[tuple[Any, ...]]:
        """One at a time: memory for a batch would be new memory each time."""
        driver: Any = connection.connection
        with contextlib.closing(driver.cursor()) as cursor:
            yield from cursor.execute(query)

    def columns(self, connection: sa.Connection) -> frozenset[tuple[str, str]]:
        return frozenset((table, column) for table, column in self.rows(connection, COLUMNS))

    def guard(self, connection: sa.Connection) -> None:
        present = {name for name, _ in self.rows(connection, TRIGGERS)}
        for name, statement in GUARDS.items():
            if name not in present:
                connection.exec_driver_sql(statement)

    def lift(self, connection: sa.Connection, tables: Collection[str]) -> None:
        for table in tables:
            connection.exec_driver_sql(f"DROP TRIGGER {table}_no_delete")

    def problems(self, connection: sa.Connection) -> Iterator[str]:
        found = dict(self.rows(connection, TRIGGERS))
        tables = {table for table, _ in self.columns(connection)}
        for name, statement in GUARDS.items():
            if found.get(name) != statement and table_of(name) in tables:
                yield f"the guard {name} is not in place"
        for (text,) in self.rows(connection, "PRAGMA integrity_check"):
            if text != "ok":
                yield f"SQLite finds the file damaged: {text}"

    def strangers(self, connection: sa.Connection) -> Iterator[str]:
        for kind, name, table in self.rows(connection, STRANGERS):
            ours = GUARDS if kind == "trigger" else metadata.tables
            if name not in ours or kind == "view":
                yield f"the {kind} {name}{f' on {table}' if kind == 'trigger' else ''} is not ours; remove it"

    def shape(self, connection: sa.Connection) -> tuple[set[tuple[str, str, str, bool]], set[tuple[str, str, bool]]]:
        columns = {(table, name, kind, bool(null)) for table, name, kind, null in self.rows(connection, SHAPE)}
        return columns, {(table, names, bool(unique)) for table, names, unique in self.rows(connection, KEYS)}

    def json_of(self, column: str) -> str:
        return f"json_quote({column})"

    def object_of(self, table: str, columns: Sequence[str]) -> str:
        """One call is faster than one per column."""
        pairs = ", ".join(f"'{name}', {table}.{name}" for name in columns)
        return f"json_object({pairs})"

    def members(self, table: str, columns: Sequence[str]) -> str:
        """A member neither begins nor ends with a brace."""
        return f"trim({self.object_of(table, columns)}, '{{}}')"

    def place(self, text: str, within: str) -> str:
        return f"instr({within}, {self.bytes_of(text)})"

    def clean(self, engine: sa.Engine, tables: Collection[str]) -> str:  # noqa: ARG002
        """Rewrites the file and empties its log: moves of rows between pages leave pieces behind."""
        with contextlib.closing(engine.raw_connection()) as line:
            cursor = line.cursor()
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            is_busy, *_ = cursor.fetchone() or (1,)
            cursor.close()
        return IN_USE if is_busy else ""

    def bytes_of(self, text: str) -> str:
        return f"CAST({text} AS BLOB)"
