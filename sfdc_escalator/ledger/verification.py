"""Proves that nobody changed the trail: numbers, hashes, columns, notes, and what was derived from them.

Python walks the chain; all else is asked of SQLite in queries that return what is wrong, in threads beside it, because
SQLite works without Python's lock.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.ledger import chain
from sfdc_escalator.ledger.schema import ESCALATION_FACTS, EVENT_ABOUT, ROUTE_FACTS, RUN_FACTS, SQLITE_GUARDS
from sfdc_escalator.ledger.store import SqlHistory

BATCH = 2_000
MOST_PROBLEMS = 50
"""Past this many the rest is left out: the trail is broken anyway."""


@dataclass(frozen=True, slots=True)
class Verification:
    """`head` is the hash of the newest event. The trail is whole when there are no problems."""

    events: int
    head: str | None
    problems: tuple[str, ...]


def verify(trail: SqlHistory, expected_head: str | None = None) -> Verification:
    """Reads the whole ledger; `expected_head` must be a hash of its chain. Raises AuditBroken where it is too damaged
    to be read."""
    walk = _Walk(expected_head)
    with trail.reading() as rows, trail.reading() as tables, trail.reading() as file, ThreadPoolExecutor(2) as beside:
        aside = [beside.submit(_first, _table_problems(tables)), beside.submit(_first, _file_problems(file))]
        problems = _first(walk.problems(rows)) + [problem for part in aside for problem in part.result()]
    return Verification(walk.events, walk.head.hex() if walk.events else None, tuple(problems[:MOST_PROBLEMS]))


def _first(problems: Iterator[str]) -> list[str]:
    first = list(islice(problems, MOST_PROBLEMS))
    for _ in problems:
        pass  # to the end all the same: the events are counted on the way
    return first


def _raw(connection: sa.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    """The rows as the driver gives them: a Row object for each would double the time."""
    cursor = connection.exec_driver_sql(query).cursor
    while cursor and (rows := cursor.fetchmany(BATCH)):
        yield from rows


class _Walk:
    """One pass over the chain and its notes."""

    def __init__(self, expected_head: str | None) -> None:
        self.events, self.head = 0, chain.GENESIS
        self._expected = expected_head

    def problems(self, connection: sa.Connection) -> Iterator[str]:
        yield from self._chain(connection)
        for seq, note, salted in _raw(connection, NOTES):
            if not isinstance(salted, bytes) or sha256(salted).hexdigest() != note:
                yield f"the note of event {seq} was changed: it does not fit its hash"

    def _chain(self, connection: sa.Connection) -> Iterator[str]:
        number, count, head, expected = 0, 0, chain.GENESIS, self._expected_bytes()
        met = self._expected is None
        for seq, prev, this, body in _raw(connection, "SELECT seq, prev, hash, body FROM events ORDER BY seq"):
            number += 1
            count += 1
            if seq != number:
                yield f"event {number} is missing: the next one is {seq}"
                number = seq
            if prev != head:
                yield f"event {seq} does not follow the one before it: its `prev` is not that one's hash"
            if type(body) is not bytes or sha256(head + body).digest() != this:
                yield f"event {seq} was changed: its hash does not fit its text"
            head = this if type(this) is bytes else b""
            if head == expected:
                met = True
        self.events, self.head = count, head
        if not met:
            yield f"the expected head {self._expected} is not in the chain: events were removed or written anew"

    def _expected_bytes(self) -> bytes | None:
        try:
            return bytes.fromhex(self._expected or "")
        except ValueError:
            return None


JSON_COLUMNS = ("policies", "result")
_JSON = "CASE WHEN json_valid({0}.{1}) THEN json({0}.{1}) END"


def _object(table: str, columns: tuple[str, ...]) -> str:
    """The columns of a row as canonical JSON; some are JSON already."""
    said = (
        f"'{name}', " + (_JSON.format(table, name) if name in JSON_COLUMNS else f"{table}.{name}") for name in columns
    )
    return f"json_object({', '.join(said)})"


def _unlike_told(table: str, part: str, facts: tuple[str, ...], same: tuple[str, ...]) -> str:
    """A query for the rows of `table` that do not say what their event says, in `part` of its text and in columns."""
    differs = " OR ".join(f"t.{name} IS NOT v.{name}" for name in same)
    text = f"""CAST('"{part}":' || {_object("t", facts)} || ',' AS BLOB)"""
    return f"""
        SELECT t.rowid, t.event FROM {table} t LEFT JOIN events v ON v.seq = t.event
        WHERE {differs} OR instr(v.body, {text}) = 0
    """  # noqa: S608 - names of our own tables and columns


NOTES = "SELECT v.seq, v.note, CAST(p.salt || p.text AS BLOB) FROM payloads p JOIN events v ON v.seq = p.event"

UNLIKE_COLUMNS = f"""
    SELECT seq FROM events v
    WHERE instr(body, CAST('{{"about":' || {_object("v", EVENT_ABOUT)} || ',' AS BLOB)) <> 1
"""  # noqa: S608 - names of our own columns

TABLE_CHECKS = {
    UNLIKE_COLUMNS: "event {} was changed: its columns do not say what its text says",
    _unlike_told("escalations", "escalation", ESCALATION_FACTS, ("key", "organization_id", "case_id", "run")): (
        "row {} of the escalations was changed: it does not say what its event {} says"
    ),
    _unlike_told("runs", "facts", RUN_FACTS, ("organization_id", "run")): (
        "row {} of the runs was changed: it does not say what its event {} says"
    ),
    _unlike_told("live_routes", "facts", ROUTE_FACTS, ("organization_id",)): (
        "row {} of the live routes was changed: it does not say what its event {} says"
    ),
    """
        SELECT v.key, v.seq FROM (SELECT key, MAX(seq) seq FROM events WHERE key IS NOT NULL GROUP BY key) v
        LEFT JOIN escalations e ON e.key = v.key WHERE e.event IS NOT v.seq
    """: "escalation {} is missing, or not in the state that its newest event {} tells of",
    """
        SELECT v.run, v.seq FROM (
            SELECT run, MAX(seq) seq FROM events WHERE key IS NULL AND event LIKE 'run|_%' ESCAPE '|' GROUP BY run
        ) v LEFT JOIN runs r ON r.run = v.run WHERE r.event IS NOT v.seq
    """: "run {} is missing, or not as its newest event {} tells",
    """
        SELECT v.seq FROM events v LEFT JOIN live_routes r ON r.event = v.seq
        WHERE v.key IS NULL AND v.event = 'went_live' AND r.event IS NULL
    """: "the live route that event {} tells of is missing",
    """
        SELECT v.seq FROM events v LEFT JOIN payloads p ON p.event = v.seq
        LEFT JOIN (
            SELECT organization_id, case_id, MAX(seq) seq FROM events
            WHERE key IS NULL AND event = 'erased' GROUP BY organization_id, case_id
        ) x ON x.organization_id = v.organization_id AND x.case_id = v.case_id
        WHERE v.note IS NOT NULL AND p.event IS NULL AND (x.seq IS NULL OR x.seq < v.seq)
    """: "the note of event {} is gone, and no event says that it was erased",
    """
        SELECT p.event FROM payloads p LEFT JOIN events v ON v.seq = p.event WHERE v.note IS NULL
    """: "there is a note of event {}, which has none",
}
"""Queries for what is wrong, and how to say it. JSON is built as SQLite builds it, which is our canonical JSON."""


def _table_problems(connection: sa.Connection) -> Iterator[str]:
    for query, words in TABLE_CHECKS.items():
        yield from (words.format(*row) for row in _raw(connection, query))
    triggers = dict(_raw(connection, "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    yield from (f"the guard {name} is not in place" for name, sql in SQLITE_GUARDS.items() if triggers.get(name) != sql)


def _file_problems(connection: sa.Connection) -> Iterator[str]:
    found = _raw(connection, "PRAGMA integrity_check")
    yield from (f"SQLite finds the file damaged: {said}" for (said,) in found if said != "ok")
