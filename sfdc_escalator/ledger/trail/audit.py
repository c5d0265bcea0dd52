"""The trail for people: a list of escalations, and all events of one."""

import difflib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.errors import AuditBroken, Invalid, Problem
from sfdc_escalator.ledger.pruned.records import PRUNED
from sfdc_escalator.ledger.store import SqlHistory
from sfdc_escalator.ledger.tables.kept_texts import kept_in
from sfdc_escalator.ledger.tables.rows import MISREAD
from sfdc_escalator.ledger.tables.schema import escalations, events, payloads
from sfdc_escalator.ledger.tables.times import time_of, whole_second
from sfdc_escalator.ledger.writing.journal import KEPT
from sfdc_escalator.pipeline.read_models.audit_trail import AuditEvent, EscalationEntry, ListedOnly

NOTE = "note"
SHORT_ID = 15


EVERYTHING = ListedOnly()


def audit_list(trail: SqlHistory, limit: int = 50, only: ListedOnly = EVERYTHING) -> tuple[EscalationEntry, ...]:
    """The escalations, the one with the newest event first; those that were pruned come last."""
    row = escalations.c
    wanted = (row.key, row.case_id, row.case_number, row.policy, row.route, row.rung, row.state, events.c.at, row.run)
    newest = sa.select(*wanted).join(events, events.c.seq == row.event).where(*_filters(only))
    newest = newest.order_by(row.event.desc())
    with trail.reading() as connection:  # one query for both would sort every escalation of the ledger
        found = [*connection.execute(newest.where(events.c.event != PRUNED).limit(limit))]
        found += connection.execute(newest.where(events.c.event == PRUNED).limit(limit - len(found)))
    return tuple(_entry(row) for row in found)


def _filters(only: ListedOnly) -> Iterator[sa.ColumnElement[bool]]:
    row = escalations.c
    if only.case is not None:
        yield is_case(row.case_id, row.case_number, only.case)
    if only.route is not None:
        yield sa.or_(row.route == only.route, row.policy + "/" + row.route == only.route)
    if only.run is not None:
        of_run = events.alias("of_run")
        yield sa.exists().where(of_run.c.key == row.key, of_run.c.run == only.run)
    if only.state is not None:
        yield row.state == only.state
    if only.since is not None:
        yield events.c.at >= whole_second(only.since)
    if only.until is not None:
        yield events.c.at < whole_second(only.until)


def is_case(case_id: sa.ColumnElement[str], number: sa.ColumnElement[str], name: str) -> sa.ColumnElement[bool]:
    """True for the case of this name: its id, also with 15 characters as addresses have it, or its number, with or
    without the zeros before it."""
    is_short = len(name) == SHORT_ID and name.isalnum()
    named = sa.func.substr(case_id, 1, SHORT_ID) == name if is_short else case_id == name
    return named | number.in_(numbers_of(name))


def numbers_of(name: str) -> list[str]:
    """The case numbers that a person may mean: zeros at the beginning are left out when one types."""
    return [name, name.zfill(8)]


def _entry(row: Any) -> EscalationEntry:
    if not all(isinstance(one, str) for one in row):
        raise _changed(f"escalation {row.key!s:.60}")
    return EscalationEntry(
        key=row.key,
        case_id=row.case_id,
        case_number=row.case_number,
        policy=row.policy,
        route=row.route,
        rung=row.rung,
        state=row.state,
        at=_time(row.key, row.at),
        run=row.run,
    )


def audit_show(trail: SqlHistory, key: str) -> tuple[AuditEvent, ...]:
    """All events of one escalation, oldest first. Raises Invalid for a key that the ledger does not know."""
    wanted = as_stored(key)
    by_seq = (
        sa.select(*(events.c[name] for name in ("seq", "at", "event", "run", "hash", "body")), payloads.c.text)
        .outerjoin(payloads, payloads.c.event == events.c.seq)
        .where(events.c.key == wanted)
        .order_by(events.c.seq)
    )
    with trail.reading() as connection:
        found = connection.execute(by_seq).all()
        if not found:
            raise Invalid(f"the ledger {trail.where} has no escalation {key}", [nearest(connection, wanted)])
    return tuple(_event(row) for row in found)


def as_stored(key: str) -> str:
    """The key as the ledger has it. What no database takes, such as a character of a broken encoding, becomes `?`."""
    return key.strip().upper().replace("\0", "?").encode(errors="replace").decode()


def _event(row: Any) -> AuditEvent:
    at = _time(f"event {row.seq}", row.at)
    if not (isinstance(row.hash, bytes) and isinstance(row.text, str | None)):
        raise _changed(f"event {row.seq}")
    body = _body(row.seq, row.body)
    kept = body.get(KEPT)
    if not isinstance(kept, list):  # an event of a notice, or of an older version
        return AuditEvent(row.seq, at, row.event, row.run, row.hash.hex(), body, row.text)
    found = kept_in(row.text)
    texts = {str(name): found.get(name) for name in kept if name != NOTE}
    return AuditEvent(row.seq, at, row.event, row.run, row.hash.hex(), body, found.get(NOTE), texts)


def _time(what: str, text: str) -> datetime:
    try:
        at = time_of(text)
    except MISREAD as error:
        raise _changed(what) from error
    if at is None:
        raise _changed(what)
    return at


def nearest(connection: sa.Connection, key: str) -> Problem:
    """The fault of a key that is not known."""
    known = connection.execute(
        sa.select(escalations.c.key).order_by(escalations.c.event.desc()).limit(10_000)
    ).scalars()
    near = difflib.get_close_matches(key, known.all(), n=1)
    return Problem(
        "no such key",
        found=key or "an empty text",
        expected="a key such as ESC-XXXX-XXXX-XXXX",
        nearest=near[0] if near else None,
    )


def _body(seq: int, body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except MISREAD as error:
        raise _changed(f"event {seq}") from error
    if not isinstance(found, dict):
        raise _changed(f"event {seq}")
    return found


def _changed(what: str) -> AuditBroken:
    return AuditBroken(f"{what} cannot be read because it was changed; run: sfdc-escalator audit verify")
