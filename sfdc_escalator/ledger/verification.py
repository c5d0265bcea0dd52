"""Proves that nobody changed the trail: numbers, hashes, columns, notes, and what was derived from them."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain as one_after_another
from itertools import islice
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.ledger import chain
from sfdc_escalator.ledger.schema import ESCALATION_FACTS, RUN_FACTS, SQLITE_GUARDS, events, live_routes, runs
from sfdc_escalator.ledger.store import SqlHistory

BATCH = 2_000
MOST_PROBLEMS = 50
"""Past this many the rest is left out: the trail is broken anyway."""

EVENTS = """
    SELECT v.seq, v.prev, v.hash, v.at, v.run, v.organization_id, v.event, v.key, v.case_id, v.note, v.body,
           p.salt, p.text
    FROM events v LEFT JOIN payloads p ON p.event = v.seq ORDER BY v.seq
"""
ESCALATIONS = f"""
    SELECT e.event, v.body, e.key, e.organization_id, e.case_id, e.run, v.key, v.organization_id, v.case_id, v.run,
           {", ".join(f"e.{name}" for name in ESCALATION_FACTS)}
    FROM escalations e LEFT JOIN events v ON v.seq = e.event ORDER BY e.event
"""  # noqa: S608 - names of our own columns
OUT_OF_STEP = """
    SELECT v.key, MAX(v.seq) FROM events v LEFT JOIN escalations e ON e.key = v.key
    WHERE v.key IS NOT NULL GROUP BY v.key, e.event HAVING e.event IS NULL OR e.event <> MAX(v.seq)
"""
LOOSE_NOTES = "SELECT event FROM payloads WHERE event NOT IN (SELECT seq FROM events)"


@dataclass(frozen=True, slots=True)
class Verification:
    """`head` is the hash of the newest event. The trail is whole when there are no problems."""

    events: int
    head: str | None
    problems: tuple[str, ...]


def verify(trail: SqlHistory, expected_head: str | None = None) -> Verification:
    """Reads the whole ledger; `expected_head` must be a hash of its chain. Raises AuditBroken where it is too damaged
    to be read."""
    with trail.reading() as connection, trail.reading() as beside, ThreadPoolExecutor(1) as other_core:
        file = other_core.submit(lambda: list(islice(_file_problems(beside), MOST_PROBLEMS)))
        walk = _Walk(expected_head)
        steps = (walk.problems, walk.late_problems, _escalation_problems, walk.run_problems, walk.route_problems)
        all_of_them = one_after_another.from_iterable(step(connection) for step in steps)
        problems = list(islice(all_of_them, MOST_PROBLEMS))
        problems += file.result()
    return Verification(walk.events, walk.head, tuple(problems[:MOST_PROBLEMS]))


def _raw(connection: sa.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    """The rows as the driver gives them: a Row object for each would double the time."""
    cursor = connection.exec_driver_sql(query).cursor
    while cursor and (rows := cursor.fetchmany(BATCH)):
        yield from rows


@dataclass(slots=True)
class _Walk:
    """One pass over the chain, and what it met on the way."""

    expected_head: str | None
    events: int = 0
    head: str | None = None
    met_expected: bool = False
    kinds: Counter[str] = field(default_factory=Counter)
    without_note: list[tuple[int, str, str]] = field(default_factory=list)
    erased: dict[tuple[str, str], int] = field(default_factory=dict)

    def problems(self, connection: sa.Connection) -> Iterator[str]:
        head, number = chain.GENESIS, 0
        for row in _raw(connection, EVENTS):
            seq, prev, this, at, run, organization_id, event, key, case_id, note, body, salt, text = row
            self.events += 1
            number += 1
            if seq != number:
                yield f"event {number} is missing: the next one is {seq}"
                number = seq
            if prev != head:
                yield f"event {seq} does not follow the event before it: its `prev` is not that one's hash"
            head = this
            try:
                if sha256(prev.encode() + body).hexdigest() != this:
                    yield f"event {seq} was changed: its hash does not fit its text"
                if not body.startswith(chain.about(seq, at, run, organization_id, event, key, case_id, note).encode()):
                    yield f"event {seq} was changed: its columns do not say what its text says"
                if note is not None and salt is not None and sha256((salt + text).encode()).hexdigest() != note:
                    yield f"the note of event {seq} was changed: it does not fit its hash"
            except (TypeError, AttributeError):
                yield f"event {seq} was changed: a column holds another kind of value"
            if key is None:
                self.kinds[event] += 1
                if event == "erased":
                    self.erased[organization_id, case_id] = seq
            if (note is None) is not (salt is None):
                self.without_note.append((seq, organization_id, case_id))
            if this == self.expected_head:
                self.met_expected = True
        self.head = head if self.events else None

    def late_problems(self, _: sa.Connection) -> Iterator[str]:
        """What can only be told at the end of the chain."""
        for seq, organization_id, case_id in self.without_note:
            if self.erased.get((organization_id, case_id), 0) < seq:
                yield f"event {seq} and its note do not fit: one is missing, and no event says that it was erased"
        if self.expected_head is not None and not self.met_expected:
            yield f"the expected head {self.expected_head} is not in the chain: events were removed or written anew"

    def run_problems(self, connection: sa.Connection) -> Iterator[str]:
        yield from _table_problems(connection, runs, ("run", "organization_id"), RUN_FACTS, self.kinds["run_started"])
        finished = connection.execute(sa.select(sa.func.count(runs.c.finished_at))).scalar_one()
        if finished != self.kinds["run_finished"]:
            yield f"the trail tells of {self.kinds['run_finished']} finished runs, the ledger lists {finished}"

    def route_problems(self, connection: sa.Connection) -> Iterator[str]:
        told = self.kinds["went_live"]
        yield from _table_problems(connection, live_routes, ("organization_id",), ("policy", "route"), told)


def _table_problems(
    connection: sa.Connection, table: sa.Table, about: tuple[str, ...], facts: tuple[str, ...], told: int
) -> Iterator[str]:
    """Each row must say what its event says, and there must be as many as the trail tells of."""
    joined = sa.select(table, events.c.body).outerjoin(events, events.c.seq == table.c.event)
    number = 0
    try:
        for row in connection.execute(joined).mappings():
            number += 1
            body = json.loads(row["body"] or "null")
            if not isinstance(body, dict) or any(
                body[part].get(name) != row[name]
                for part, names in (("about", about), ("facts", facts))
                for name in names
            ):
                yield f"a row of {table.name} was changed: it does not say what event {row['event']} says"
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        yield f"a row of {table.name} or its event cannot be read: {error}"
    if number != told:
        yield f"the trail tells of {told} {table.name.replace('_', ' ')}, the ledger lists {number}"


def _escalation_problems(connection: sa.Connection) -> Iterator[str]:
    facts = chain.Fragment(ESCALATION_FACTS)
    for row in _raw(connection, ESCALATIONS):
        said = f'"escalation":{facts.of(row[10:])},'
        if row[2:6] != row[6:10] or said.encode() not in row[1]:
            yield f"escalation {row[2]} was changed: it does not say what its event {row[0]} says"


def _file_problems(connection: sa.Connection) -> Iterator[str]:
    """What needs no look into the events' texts; it runs beside the walk over them."""
    for key, seq in _raw(connection, OUT_OF_STEP):
        yield f"escalation {key} is missing or not in the state that its newest event {seq} tells of"
    for (seq,) in _raw(connection, LOOSE_NOTES):
        yield f"there is a note of an event {seq} that does not exist"
    if connection.dialect.name != "sqlite":
        return
    found = dict(_raw(connection, "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    yield from (f"the guard {name} is not in place" for name, sql in SQLITE_GUARDS.items() if found.get(name) != sql)
    for (said,) in _raw(connection, "PRAGMA integrity_check"):
        if said != "ok":
            yield f"SQLite finds the file damaged: {said}"
