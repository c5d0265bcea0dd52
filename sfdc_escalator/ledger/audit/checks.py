"""The queries of a verification: each returns the faults, with a message.

The columns of a row are put together as the canonical JSON that its event must hold: a database writes text as
`chain.canonical` does.
"""

import json
from collections.abc import Iterator

import sqlalchemy as sa

from sfdc_escalator.ledger.engines.database import Dialect
from sfdc_escalator.ledger.tables.schema import (
    ESCALATION_FACTS,
    EVENT_ABOUT,
    HOLD_FACTS,
    NOTICE_FACTS,
    ROUTE_FACTS,
    RUN_FACTS,
    RUNG_FACTS,
)
from sfdc_escalator.ledger.tables.shapes import members, members_0001, members_0002

RUNG_NAME = ("policy", "route", "rung")


def chain_rows(dialect: Dialect) -> str:
    """seq, prev, hash, body, whether the columns equal what the body holds, the hash of the note, and the bytes of that
    note to hash: one pass over the events and their notes for all."""
    text = f"""'{{"about":' || {dialect.object_of("v", EVENT_ABOUT)} || ',"'"""
    salted = dialect.bytes_of("p.salt || p.text")
    return f"""
        SELECT v.seq, v.prev, v.hash, v.body, {dialect.place(text, "v.body")} = 1, v.note, {salted}
        FROM events v LEFT JOIN payloads p ON p.event = v.seq ORDER BY v.seq
    """  # noqa: S608


NOTES = "SELECT COUNT(*) FROM payloads"
NOTES_ALONE = "SELECT p.event FROM payloads p LEFT JOIN events v ON v.seq = p.event WHERE v.seq IS NULL"
"""The notes of events that are not there."""
NOTES_MISSING = """
    SELECT v.seq FROM events v LEFT JOIN payloads p ON p.event = v.seq
    LEFT JOIN (
        SELECT organization_id, case_id, MAX(seq) AS seq FROM events
        WHERE key IS NULL AND event = 'erased' GROUP BY organization_id, case_id
    ) x ON x.organization_id = v.organization_id AND x.case_id = v.case_id
    LEFT JOIN (
        SELECT organization_id, COALESCE(case_id, '') AS of_case, MAX(seq) AS seq FROM events
        WHERE key IS NULL AND event = 'notices_erased' GROUP BY organization_id, COALESCE(case_id, '')
    ) y ON v.event = 'notice_queued' AND y.organization_id = v.organization_id
        AND y.of_case = COALESCE(v.case_id, '')
    LEFT JOIN (
        SELECT key AS of_key, MAX(seq) AS seq FROM events WHERE key IS NOT NULL AND event = 'pruned' GROUP BY key
    ) z ON z.of_key = v.key
    WHERE v.note IS NOT NULL AND p.event IS NULL
        AND COALESCE(x.seq, 0) < v.seq AND COALESCE(y.seq, 0) < v.seq AND COALESCE(z.seq, 0) < v.seq
"""
"""The events whose note is not there, though no event records that it was erased."""


def _escalations(dialect: Dialect) -> str:
    """A body holds the row in the shape of its version; the key that follows (`facts`) ends the object for sure."""
    texts = (
        members("t", ESCALATION_FACTS, dialect.members),
        members_0002("t", dialect.members),
        members_0001("t", dialect.members),
    )
    places = [dialect.place(f"""'"escalation":{{' || {text} || '}},"facts":'""", "v.body") for text in texts]
    return _unlike(dialect, "escalations", "key", ("key", "organization_id", "case_id", "run"), places)


def _facts(dialect: Dialect, table: str, name: str, facts: tuple[str, ...], same: tuple[str, ...]) -> str:
    text = f"""'"facts":{{' || {members("t", facts, dialect.members)} || '}},"'"""
    return _unlike(dialect, table, name, same, [dialect.place(text, "v.body")])


def _unlike(dialect: Dialect, table: str, name: str, same: tuple[str, ...], places: list[str]) -> str:
    """The rows that differ from their event: in a column, or in every place where its text may hold them."""
    columns = " OR ".join(f"t.{column} {dialect.differs} v.{column}" for column in same)
    nowhere = " AND ".join(f"{place} = 0" for place in places)
    return f"""
        SELECT t.{name}, t.event FROM {table} t LEFT JOIN events v ON v.seq = t.event
        WHERE {columns} OR ({nowhere})
    """  # noqa: S608 - names of our own tables and columns


def _rungs_missing(dialect: Dialect) -> str:
    """The events about rungs that no row names, and no row about the same rung that names a later one."""
    text = f"""{members("r", RUNG_NAME, dialect.members)} || ','"""
    return f"""
        SELECT v.seq FROM events v WHERE v.key IS NULL AND v.event IN ('rung_seen', 'rung_gone') AND NOT EXISTS (
            SELECT 1 FROM rungs r WHERE r.organization_id = v.organization_id AND r.event >= v.seq
            AND {dialect.place(text, "v.body")} > 0
        )
    """  # noqa: S608 - names of our own tables and columns


def ladder_checks(dialect: Dialect) -> dict[str, str]:
    """The same for what the ledger remembers of ladders beside the escalations."""
    return {
        _facts(dialect, "rungs", "rung", RUNG_FACTS, ("organization_id",)): (
            "the rung {} was changed: its row differs from its event {}"
        ),
        _facts(dialect, "notices", "id", NOTICE_FACTS, ("organization_id", "key")): (
            "the notice {} was changed: its row differs from its event {}"
        ),
        _rungs_missing(dialect): "the rung of event {} is missing, or not in the state of its newest event",
        _facts(dialect, "holds", "hold", HOLD_FACTS, ("organization_id", "case_id")): (
            "the hold of event {} was changed: its row differs from its event {}"
        ),
        """
            SELECT v.seq FROM events v LEFT JOIN holds h ON h.hold = v.seq
            WHERE v.key IS NULL AND v.event = 'held' AND h.hold IS NULL
        """: "the hold of event {} is missing",
        """
            SELECT v.seq FROM events v LEFT JOIN holds h ON h.event = v.seq
            WHERE v.key IS NULL AND v.event = 'released' AND h.event IS NULL
        """: "the hold that event {} ended is missing, or not in the state of its newest event",
        f"""
            SELECT s.key FROM standings s LEFT JOIN escalations e ON e.key = s.key
            WHERE e.organization_id {dialect.differs} s.organization_id
        """: "the standing of {} is not that of an escalation",  # noqa: S608
        """
            SELECT n.id, n.event FROM notices n LEFT JOIN events v
            ON v.seq = n.event AND v.event = 'notice_queued' AND v.organization_id = n.organization_id
            WHERE v.seq IS NULL
        """: "the notice {} is not that of its event {}",
    }


def table_checks(dialect: Dialect) -> dict[str, str]:
    """The message for the rows of each query."""
    differs = dialect.differs
    return ladder_checks(dialect) | {
        _escalations(dialect): "escalation {} was changed: its row differs from its event {}",
        _facts(dialect, "runs", "run", RUN_FACTS, ("organization_id", "run")): (
            "run {} was changed: its row differs from its event {}"
        ),
        _facts(dialect, "live_routes", "route", ROUTE_FACTS, ("organization_id",)): (
            "the live route {} was changed: its row differs from its event {}"
        ),
        f"""
            SELECT v.key, v.seq FROM (SELECT key, MAX(seq) AS seq FROM events WHERE key IS NOT NULL GROUP BY key) v
            LEFT JOIN escalations e ON e.key = v.key WHERE e.event {differs} v.seq AND EXISTS (
                SELECT 1 FROM events x
                WHERE x.key = v.key AND x.seq > COALESCE(e.event, 0) AND x.event NOT LIKE 'notice|_%' ESCAPE '|'
            )
        """: "escalation {} is missing, or not in the state of its newest event {}",  # noqa: S608
        f"""
            SELECT v.run, v.seq FROM (
                SELECT run, MAX(seq) AS seq FROM events
                WHERE key IS NULL AND event LIKE 'run|_%' ESCAPE '|' GROUP BY run
            ) v LEFT JOIN runs r ON r.run = v.run WHERE r.event {differs} v.seq
        """: "run {} is missing, or differs from its newest event {}",  # noqa: S608
        """
            SELECT v.seq FROM events v LEFT JOIN live_routes r ON r.event = v.seq
            WHERE v.key IS NULL AND v.event = 'went_live' AND r.event IS NULL
        """: "the live route of event {} is missing",
    }


def table_problems(connection: sa.Connection, dialect: Dialect) -> Iterator[str]:
    for query, message in table_checks(dialect).items():
        yield from (message.format(*row) for row in dialect.rows(connection, query))
    yield from _not_json(connection, dialect)


def _not_json(connection: sa.Connection, dialect: Dialect) -> Iterator[str]:
    """Two texts that are not JSON may equal the event's text once they are put together: names in them are free."""
    for run, *texts in dialect.rows(connection, "SELECT run, policies, COALESCE(result, 'null') FROM runs"):
        try:
            _ = [json.loads(text) for text in texts]
        except (ValueError, TypeError, RecursionError):
            yield f"run {run} was changed: its row does not hold JSON"
