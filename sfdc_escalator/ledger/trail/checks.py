"""What a database is asked when the trail is verified: queries that return what is wrong, and how to say it.

The columns of a row are put together as the canonical JSON that its event must hold: SQLite and PostgreSQL both write
text as `chain.canonical` does.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.ledger.tables.guards import FUNCTIONS, POSTGRESQL_GUARDS, REVOKED, SQLITE_GUARDS
from sfdc_escalator.ledger.tables.schema import ESCALATION_FACTS, EVENT_ABOUT, ROUTE_FACTS, RUN_FACTS

BATCH = 2_000
JSON_COLUMNS = ("policies", "result")


@dataclass(frozen=True, slots=True)
class Sqlite:
    """How SQLite says it."""

    differs = "IS NOT"

    def object(self, table: str, columns: tuple[str, ...]) -> str:
        said = (f"'{name}', {self.value(table, name)}" for name in columns)
        return f"json_object({', '.join(said)})"

    def value(self, table: str, name: str) -> str:
        column = f"{table}.{name}"
        return f"CASE WHEN json_valid({column}) THEN json({column}) END" if name in JSON_COLUMNS else column

    def place(self, text: str) -> str:
        """Where the text stands in an event; 0 = nowhere."""
        return f"instr(v.body, CAST({text} AS BLOB))"

    def bytes_of(self, text: str) -> str:
        return f"CAST({text} AS BLOB)"


@dataclass(frozen=True, slots=True)
class Postgresql:
    """How PostgreSQL says it."""

    differs = "IS DISTINCT FROM"

    def object(self, table: str, columns: tuple[str, ...]) -> str:
        said = (f"'\"{name}\":' || {self.value(table, name)}" for name in columns)
        return "'{' || " + " || ',' || ".join(said) + " || '}'"

    def value(self, table: str, name: str) -> str:
        column = f"{table}.{name}"
        return f"COALESCE({column if name in JSON_COLUMNS else f'to_json({column})::text'}, 'null')"

    def place(self, text: str) -> str:
        return f"position({self.bytes_of(text)} IN v.body)"

    def bytes_of(self, text: str) -> str:
        return f"convert_to({text}, 'UTF8')"


Tongue = Sqlite | Postgresql


def tongue_of(connection: sa.Connection) -> Tongue:
    return Sqlite() if connection.dialect.name == "sqlite" else Postgresql()


def rows(connection: sa.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    """The rows as the driver gives them, some at a time: a Row object for each would double the time."""
    driver: Any = connection.connection
    cursor = driver.cursor() if connection.dialect.name == "sqlite" else driver.cursor("rows", binary=True)
    try:
        cursor.execute(query)
        while found := cursor.fetchmany(BATCH):
            yield from found
    finally:
        cursor.close()


def chain_rows(tongue: Tongue) -> str:
    """seq, prev, hash, body, and whether the columns say what the body says: one pass over the events for all."""
    about = tongue.place(f"""'{{"about":' || {tongue.object("v", EVENT_ABOUT)} || ','""")
    return f"SELECT seq, prev, hash, body, {about} = 1 FROM events v ORDER BY seq"  # noqa: S608 - our own names


def note_rows(tongue: Tongue) -> str:
    """The event that a note is stored for, the hash in that event, and the bytes to hash."""
    salted = tongue.bytes_of("p.salt || p.text")
    return f"SELECT p.event, v.note, {salted} FROM payloads p LEFT JOIN events v ON v.seq = p.event"  # noqa: S608


def table_checks(tongue: Tongue) -> dict[str, str]:
    """Queries for what is wrong, and how to say it."""
    differs = tongue.differs

    def unlike(table: str, name: str, part: str, facts: tuple[str, ...], same: tuple[str, ...]) -> str:
        """A query for the rows that do not say what their event says, in `part` of its text and in columns."""
        others = " OR ".join(f"t.{column} {differs} v.{column}" for column in same)
        text = f"""'"{part}":' || {tongue.object("t", facts)} || ','"""
        return f"""
            SELECT t.{name}, t.event FROM {table} t LEFT JOIN events v ON v.seq = t.event
            WHERE {others} OR {tongue.place(text)} = 0
        """  # noqa: S608 - names of our own tables and columns

    same = ("key", "organization_id", "case_id", "run")
    return {
        unlike("escalations", "key", "escalation", ESCALATION_FACTS, same): (
            "escalation {} was changed: its row does not say what its event {} says"
        ),
        unlike("runs", "run", "facts", RUN_FACTS, ("organization_id", "run")): (
            "run {} was changed: its row does not say what its event {} says"
        ),
        unlike("live_routes", "route", "facts", ROUTE_FACTS, ("organization_id",)): (
            "the live route {} was changed: its row does not say what its event {} says"
        ),
        f"""
            SELECT v.key, v.seq FROM (SELECT key, MAX(seq) AS seq FROM events WHERE key IS NOT NULL GROUP BY key) v
            LEFT JOIN escalations e ON e.key = v.key WHERE e.event {differs} v.seq
        """: "escalation {} is missing, or not in the state that its newest event {} tells of",  # noqa: S608
        f"""
            SELECT v.run, v.seq FROM (
                SELECT run, MAX(seq) AS seq FROM events
                WHERE key IS NULL AND event LIKE 'run|_%' ESCAPE '|' GROUP BY run
            ) v LEFT JOIN runs r ON r.run = v.run WHERE r.event {differs} v.seq
        """: "run {} is missing, or not as its newest event {} tells",  # noqa: S608
        """
            SELECT v.seq FROM events v LEFT JOIN live_routes r ON r.event = v.seq
            WHERE v.key IS NULL AND v.event = 'went_live' AND r.event IS NULL
        """: "the live route that event {} tells of is missing",
        """
            SELECT v.seq FROM events v LEFT JOIN payloads p ON p.event = v.seq
            LEFT JOIN (
                SELECT organization_id, case_id, MAX(seq) AS seq FROM events
                WHERE key IS NULL AND event = 'erased' GROUP BY organization_id, case_id
            ) x ON x.organization_id = v.organization_id AND x.case_id = v.case_id
            WHERE v.note IS NOT NULL AND p.event IS NULL AND (x.seq IS NULL OR x.seq < v.seq)
        """: "the note of event {} is gone, and no event says that it was erased",
    }


def table_problems(connection: sa.Connection) -> Iterator[str]:
    for query, words in table_checks(tongue_of(connection)).items():
        yield from (words.format(*row) for row in rows(connection, query))


def database_problems(connection: sa.Connection) -> Iterator[str]:
    """What is wrong with the database itself: its guards, and an SQLite file's pages."""
    if connection.dialect.name == "sqlite":
        triggers = dict(rows(connection, "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
        yield from _not_in_place(SQLITE_GUARDS, triggers)
        found = rows(connection, "PRAGMA integrity_check")
        yield from (f"SQLite finds the file damaged: {said}" for (said,) in found if said != "ok")
    else:
        yield from _not_in_place(POSTGRESQL_GUARDS, dict(rows(connection, TRIGGERS)))
        yield from _not_in_place(FUNCTIONS, dict(rows(connection, BODIES)))
        for table, right, who in rows(connection, RIGHTS):
            if right in REVOKED.get(table, ()):
                yield f"the guard of {table} is not in place: {who} was granted {right}; REVOKE it"
        yield from _not_json(connection)


def _not_in_place(guards: dict[str, str], found: dict[str, str]) -> Iterator[str]:
    return (f"the guard {name} is not in place" for name, said in guards.items() if found.get(name) != said)


def _not_json(connection: sa.Connection) -> Iterator[str]:
    """A text that is no JSON by itself may still read like the event's once it is put together."""
    for run, *texts in rows(connection, "SELECT run, policies, COALESCE(result, 'null') FROM runs"):
        try:
            _ = [json.loads(text) for text in texts]
        except ValueError:
            yield f"run {run} was changed: its row holds no JSON"


OURS = "pg_namespace n WHERE n.nspname = 'sfdc_escalator'"
TRIGGERS = f"""
    SELECT t.tgname::text, pg_get_triggerdef(t.oid) FROM pg_trigger t, pg_class c, {OURS}
    AND c.oid = t.tgrelid AND c.relnamespace = n.oid AND t.tgenabled IN ('O', 'A')
"""  # noqa: S608
BODIES = f"SELECT p.proname::text, p.prosrc FROM pg_proc p, {OURS} AND p.pronamespace = n.oid"  # noqa: S608
RIGHTS = f"""
    SELECT c.relname::text, a.privilege_type, CASE a.grantee WHEN 0 THEN 'everybody' ELSE a.grantee::regrole::text END
    FROM pg_class c, aclexplode(COALESCE(c.relacl, acldefault('r', c.relowner))) a, {OURS} AND c.relnamespace = n.oid
"""  # noqa: S608
