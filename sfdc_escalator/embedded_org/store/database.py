"""The org's records in SQLite, in memory or in a file: one table per object, a column per field."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from sfdc_escalator.embedded_org.basics import ids
from sfdc_escalator.embedded_org.store.automation import Automation, restored
from sfdc_escalator.embedded_org.store.file import APPLICATION_ID, LAYOUT, connected
from sfdc_escalator.embedded_org.store.schema import Field, Schema, SObject, custom_object, feed_items, standard

_NUMERIC = {"boolean": "INTEGER", "int": "INTEGER", "double": "REAL", "currency": "REAL", "percent": "REAL"}
_UNSTORED = "UserRecordAccess"


def folded(text: Any) -> Any:
    """The text as it is compared: case-insensitive in every script."""
    return text.casefold() if isinstance(text, str) else text


def raised(text: Any) -> Any:
    """The text as it is sorted: by its upper case form, in which an underscore comes after the letters."""
    return text.upper() if isinstance(text, str) else text


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Database:
    """The org's one connection; callers hold the org's lock."""

    def __init__(self, path: Path | None) -> None:
        self.schema: Schema = standard()
        self.automation = Automation()
        self._counters: dict[str, int] = {}
        self._connection = connected(path)
        self._connection.create_function("folded", 1, folded, deterministic=True)
        self._connection.create_function("raised", 1, raised, deterministic=True)
        self.sort_by("raised", raised)
        self.empty = not self.query("SELECT 1 FROM sqlite_master LIMIT 1")
        if not self.empty:
            self._upgrade()
            self._load_custom_schema()
            self.automation = restored(json.loads(self.fact("automation") or "[]"))
        self.visible = self._visible_schema()

    def close(self) -> None:
        self._connection.close()

    def execute(self, sql: str, values: Iterable[Any] = ()) -> sqlite3.Cursor:
        return self._connection.execute(sql, tuple(values))

    def query(self, sql: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, tuple(values)).fetchall()

    def add_function(self, name: str, arguments: int, function: Callable[..., Any]) -> None:
        """Makes a pure function known to SQL."""
        self._connection.create_function(name, arguments, function, deterministic=True)

    def sort_by(self, collation: str, key: Callable[[str], Any]) -> None:
        """Creates or replaces a collation; `key` gives a text's place."""

        def order(one: str, other: str) -> int:
            first, second = key(one), key(other)
            return int(first > second) - int(first < second)

        self._connection.create_collation(collation, order)

    # --- the org's own facts and custom schema -------------------------------------------------------------------

    def fact(self, name: str) -> str | None:
        rows = self.query("SELECT value FROM _facts WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    def remember(self, name: str, value: str) -> None:
        self.execute("INSERT OR REPLACE INTO _facts (name, value) VALUES (?, ?)", (name, value))

    def create(self, schema: Schema) -> None:
        """Creates the tables of an empty org."""
        self.schema = schema
        schema.put(feed_items(schema))
        self.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self.execute(f"PRAGMA user_version = {LAYOUT}")
        self.execute("CREATE TABLE _facts (name TEXT PRIMARY KEY, value TEXT)")
        self.execute("CREATE TABLE _locked (RecordId TEXT PRIMARY KEY)")
        self.execute("CREATE TABLE _not_editable (OwnerId TEXT, UserId TEXT, PRIMARY KEY (OwnerId, UserId))")
        self.execute("CREATE TABLE _bounces (Rule INTEGER, RecordId TEXT, Times INTEGER, PRIMARY KEY (Rule, RecordId))")
        for sobject in schema:
            if sobject.name != _UNSTORED:
                self._create_table(sobject)
        # Every active user has every right on every case, except on cases of owners listed as not editable.
        rights = "HasEditAccess", "HasDeleteAccess", "HasTransferAccess", "HasAllAccess"
        self.execute(
            f"CREATE VIEW {_UNSTORED} AS SELECT RecordId AS Id, UserId, RecordId, 1 AS HasReadAccess, "  # noqa: S608
            f"{', '.join(f'Edits AS {each}' for each in rights)}, "
            "CASE WHEN Edits THEN 'All' ELSE 'Read' END AS MaxAccessLevel, 0 AS IsDeleted "
            "FROM (SELECT c.Id AS RecordId, u.Id AS UserId, u.IsActive AND NOT EXISTS "
            "(SELECT 1 FROM _not_editable n WHERE n.OwnerId = c.OwnerId "
            'AND n.UserId = u.Id) AS Edits FROM "Case" c CROSS JOIN "User" u WHERE c.IsDeleted = 0)'
        )
        self.remember("schema", json.dumps(_custom_parts(schema)))
        self.empty = False

    def automate(self, automation: Automation, user_id: str) -> None:
        """Stores the automation of a new org; `user_id` is the token's user."""
        self.automation = automation
        self.remember("automation", json.dumps([asdict(each) for each in automation.rules]))
        owners = {each.source for each in automation.of("lose_edit_right")}
        locked = {case for each in automation.of("locked") for case in each.cases}
        self._connection.executemany("INSERT INTO _not_editable VALUES (?, ?)", [(each, user_id) for each in owners])
        self._connection.executemany("INSERT INTO _locked VALUES (?)", [(each,) for each in locked])
        self.visible = self._visible_schema()

    def _visible_schema(self) -> Schema:
        """The schema as field-level security shows it to the token's user."""
        seen = Schema(self.schema)
        for rule in self.automation.of("field_security"):
            seen.put(seen[rule.sobject].restricted(rule.readonly, rule.hidden))
        for rule in self.automation.of("object_security"):
            seen.drop(rule.sobject)
        return seen

    def _create_table(self, sobject: SObject) -> None:
        columns = ["Id TEXT PRIMARY KEY", "IsDeleted INTEGER NOT NULL DEFAULT 0"]
        columns += [column.sql for column in columns_of(sobject)]
        self.execute(f"CREATE TABLE {quoted(sobject.name)} ({', '.join(columns)})")

    def index(self) -> None:
        """Creates the indexes; after the first fill, because that is faster."""
        for sobject in self.schema:
            for field in sobject.fields.values():
                if (field.children or field.unique) and sobject.name != _UNSTORED:
                    name = quoted(f"{sobject.name}.{field.name}")
                    self.execute(f"CREATE INDEX {name} ON {quoted(sobject.name)} ({quoted(field.name)})")

    def _upgrade(self) -> None:
        """Adds the standard objects and fields that the file does not have yet, because it is of an older layout."""
        for sobject in self.schema:
            known = {row[1] for row in self.query(f"PRAGMA table_info({quoted(sobject.name)})")}
            if not known:
                self._create_table(sobject)
            elif sobject.name != _UNSTORED:
                for column in columns_of(sobject):
                    if column.name not in known:
                        self.execute(f"ALTER TABLE {quoted(sobject.name)} ADD COLUMN {column.sql}")
        self.execute(f"PRAGMA user_version = {LAYOUT}")

    def _load_custom_schema(self) -> None:
        for part in json.loads(self.fact("schema") or "[]"):
            fields = [Field(**{**each, "reference_to": tuple(each["reference_to"])}) for each in part["fields"]]
            known = self.schema.get(part["name"])
            self.schema.put(known.extended(fields) if known else custom_object(part["name"], part["prefix"], fields))
        self.schema.put(feed_items(self.schema))

    # --- records -------------------------------------------------------------------------------------------------

    def fill(self, sobject: SObject, columns: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
        names = ", ".join(quoted(each) for each in columns)
        marks = ", ".join("?" * len(columns))
        self._connection.executemany(f"INSERT INTO {quoted(sobject.name)} ({names}) VALUES ({marks})", rows)  # noqa: S608

    def insert(self, sobject: SObject, values: Mapping[str, Any]) -> None:
        self.fill(sobject, list(values), [tuple(values.values())])

    def update(self, sobject: SObject, record_id: str, values: Mapping[str, Any]) -> None:
        changes = ", ".join(f"{quoted(each)} = ?" for each in values)
        self.execute(f"UPDATE {quoted(sobject.name)} SET {changes} WHERE Id = ?", [*values.values(), record_id])  # noqa: S608

    def row(self, sobject: SObject, record_id: str) -> dict[str, Any] | None:
        """The stored record, deleted or not, by its 18-character id."""
        cursor = self.execute(f"SELECT * FROM {quoted(sobject.name)} WHERE Id = ?", (record_id,))  # noqa: S608
        found = cursor.fetchone()
        return dict(zip((each[0] for each in cursor.description), found, strict=True)) if found else None

    def next_id(self, sobject: SObject) -> str:
        """A new id; no id is given twice, because rows are only marked as deleted."""
        table = quoted(sobject.name)
        if sobject.name not in self._counters:
            self._counters[sobject.name] = self.query(f"SELECT coalesce(max(rowid), 0) FROM {table}")[0][0]  # noqa: S608
        while True:
            self._counters[sobject.name] += 1
            made = ids.make(sobject.prefix, self._counters[sobject.name])
            if not self.query(f"SELECT 1 FROM {table} WHERE Id = ?", (made,)):  # noqa: S608
                return made


class _StoredColumn(NamedTuple):
    name: str
    sql: str


def columns_of(sobject: SObject) -> list[_StoredColumn]:
    """The columns of the object's table besides Id and IsDeleted."""
    return [
        _StoredColumn(field.name, f"{quoted(field.name)} {_NUMERIC.get(field.type, 'TEXT')}")
        for field in sobject.fields.values()
        if field.name not in ("Id", "IsDeleted") and not field.via
    ]


def _custom_parts(schema: Schema) -> list[dict[str, Any]]:
    parts = []
    for sobject in schema:
        fields = [_plain(each) for each in sobject.fields.values() if each.custom]
        if fields or sobject.custom:
            parts.append({"name": sobject.name, "prefix": sobject.prefix, "fields": fields})
    return parts


def _plain(field: Field) -> dict[str, Any]:
    return {name: getattr(field, name) for name in Field.__slots__}
