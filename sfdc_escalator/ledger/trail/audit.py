"""The trail as people read it: the list of escalations, and the events of one."""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.errors import AuditBroken, Invalid, Problem
from sfdc_escalator.ledger.store import SqlHistory
from sfdc_escalator.ledger.tables.schema import escalations, events, payloads


@dataclass(frozen=True, slots=True)
class Entry:
    """One escalation in a list. `at` is the time of its newest event, of which `run` is the run."""

    key: str
    case_id: str
    case_number: str
    policy: str
    route: str
    rung: str
    state: str
    at: str
    run: str


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One event. `body` is the content that was hashed; `note` is None where there is none, or where it was erased."""

    seq: int
    at: str
    event: str
    run: str
    hash: str
    body: Mapping[str, Any]
    note: str | None


def audit_list(trail: SqlHistory, limit: int = 50) -> tuple[Entry, ...]:
    """The escalations, the one with the newest event first."""
    row = escalations.c
    wanted = (row.key, row.case_id, row.case_number, row.policy, row.route, row.rung, row.state, events.c.at, row.run)
    newest = sa.select(*wanted).join(events, events.c.seq == row.event).order_by(row.event.desc()).limit(limit)
    with trail.reading() as connection:
        return tuple(Entry(*found) for found in connection.execute(newest))


def audit_show(trail: SqlHistory, key: str) -> tuple[RecordedEvent, ...]:
    """All events of one escalation, oldest first. Raises Invalid for a key that the ledger does not have."""
    wanted = key.strip().upper()
    wanted_events = (
        sa.select(*(events.c[name] for name in ("seq", "at", "event", "run", "hash", "body")), payloads.c.text)
        .outerjoin(payloads, payloads.c.event == events.c.seq)
        .where(events.c.key == wanted)
        .order_by(events.c.seq)
    )
    with trail.reading() as connection:
        found = connection.execute(wanted_events).all()
        if not found:
            raise Invalid(f"the ledger {trail.where} has no escalation {key}", [nearest(connection, wanted)])
    return tuple(RecordedEvent(*row[:4], row.hash.hex(), _read(row.seq, row.body), row.text) for row in found)


def nearest(connection: sa.Connection, key: str) -> Problem:
    """The problem of an unknown key, with the nearest known one."""
    known = connection.execute(
        sa.select(escalations.c.key).order_by(escalations.c.event.desc()).limit(10_000)
    ).scalars()
    near = difflib.get_close_matches(key, known.all(), n=1)
    return Problem(
        "no such key", found=key, expected="a key such as ESC-XXXX-XXXX-XXXX", nearest=near[0] if near else None
    )


def _read(seq: int, body: bytes) -> Mapping[str, Any]:
    try:
        read = json.loads(body)
    except ValueError as error:
        raise AuditBroken(f"event {seq} cannot be read: it was changed; run: sfdc-escalator audit verify") from error
    if not isinstance(read, dict):
        raise AuditBroken(f"event {seq} cannot be read: it was changed; run: sfdc-escalator audit verify")
    return read
