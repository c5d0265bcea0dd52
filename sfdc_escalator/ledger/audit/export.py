"""The chain for others: its events of a period, with the bytes that are hashed."""

import re
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from sfdc_escalator.errors import AuditBroken
from sfdc_escalator.ledger.store import SqlHistory
from sfdc_escalator.ledger.tables.schema import events
from sfdc_escalator.ledger.tables.times import whole_second
from sfdc_escalator.pipeline.read_models.audit_trail import ExportedEvent

ORG_AT = re.compile(r'"org_at":(?:null|"([^"\\]*)")')
"""No text of a body can hold it: quotes in texts are escaped."""
EMPTY = (1, 0)


@contextmanager
def exported(trail: SqlHistory, begin: datetime | None, end: datetime | None) -> Iterator[Iterator[ExportedEvent]]:
    """The events from the first to the last one whose time lies in [begin, end), in their order, read as they are
    taken. Raises AuditBroken for one that is not a text."""
    with trail.reading() as connection:
        first, last = bounds(connection, begin, end)
        query = f"SELECT seq, at, prev, hash, body FROM events WHERE seq BETWEEN {first} AND {last} ORDER BY seq"  # noqa: S608
        with closing(cast("Generator[tuple[Any, ...]]", trail.database.dialect.rows(connection, query))) as rows:
            yield (event_of(*row) for row in rows)


def bounds(connection: sa.Connection, begin: datetime | None, end: datetime | None) -> tuple[int, int]:
    """The numbers of the first and the last event. A clock that was set back leaves no gap."""
    within = [events.c.at >= whole_second(begin)] if begin else []
    within += [events.c.at < whole_second(end)] if end else []
    row = connection.execute(sa.select(sa.func.min(events.c.seq), sa.func.max(events.c.seq)).where(*within)).one()
    return EMPTY if row[0] is None else (int(row[0]), int(row[1]))


def event_of(seq: object, at: object, prev: object, this: object, body: object) -> ExportedEvent:
    is_read = isinstance(seq, int) and isinstance(at, str)
    if not (is_read and isinstance(prev, bytes) and isinstance(this, bytes) and isinstance(body, bytes)):
        raise changed(seq)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise changed(seq) from error
    if not text.startswith('{"about":{'):
        raise changed(seq)
    found = ORG_AT.search(text)
    return ExportedEvent(seq, at, found and found[1], prev.hex(), this.hex(), text)  # type: ignore[arg-type]


def changed(seq: object) -> AuditBroken:
    return AuditBroken(f"event {seq!s:.20} cannot be read because it was changed; run: sfdc-escalator audit verify")
