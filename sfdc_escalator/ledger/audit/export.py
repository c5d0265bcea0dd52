"""The chain for others: its events of a period, with the bytes that are hashed."""

import re
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from sfdc_escalator.errors import AuditBroken
from sfdc_escalator.ledger.engines.database import Dialect
from sfdc_escalator.ledger.idle.checks import BINDING
from sfdc_escalator.ledger.idle.rows import IdleRow, row_after
from sfdc_escalator.ledger.idle.runs import text_of
from sfdc_escalator.ledger.pruned.records import IS_PRUNED, pruned_orgs
from sfdc_escalator.ledger.store import SqlHistory
from sfdc_escalator.ledger.tables.schema import events, idle_runs
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
        if lacks_any(connection, trail.database.dialect, first, last):
            last = max(last, connection.scalar(sa.select(sa.func.max(events.c.seq)).where(IS_PRUNED)) or 0)
        query = f"SELECT seq, at, prev, hash, body FROM events WHERE seq BETWEEN {first} AND {last} ORDER BY seq"  # noqa: S608
        with closing(cast("Generator[tuple[Any, ...]]", trail.database.dialect.rows(connection, query))) as rows:
            yield with_idle_runs(connection, first, last, (event_of(*row) for row in rows))


def with_idle_runs(
    connection: sa.Connection, first: int, last: int, each: Iterator[ExportedEvent]
) -> Iterator[ExportedEvent]:
    """The events, and after the last one of a run the idle runs that repeat it."""
    ours = sa.select(idle_runs.c.event).where(idle_runs.c.event.between(first, last))
    numbers = set(connection.scalars(ours))
    for event in each:
        yield event
        if event.seq in numbers and (row := row_after(connection, event.seq)):
            yield idle_of(event, row)


def idle_of(event: ExportedEvent, row: IdleRow) -> ExportedEvent:
    """The idle runs as a line of their own: it has the number and the times of the event that they repeat."""
    columns = row.columns
    text = text_of(event.seq, columns["organization_id"], columns["runs"], columns["lines"]).decode()
    return ExportedEvent(event.seq, event.at, event.org_at, event.hash, columns["hash"].hex(), text)


def bounds(connection: sa.Connection, begin: datetime | None, end: datetime | None) -> tuple[int, int]:
    """The numbers of the first and the last event. A clock that was set back leaves no gap. Idle runs that reach into
    the period bring the event that they repeat."""
    within = [events.c.at >= whole_second(begin)] if begin else []
    within += [events.c.at < whole_second(end)] if end else []
    ends = sa.select(sa.func.min(events.c.seq), sa.func.max(events.c.seq)).where(*within)
    found = (one for query in (ends, reaching(begin, end)) for one in connection.execute(query).one())
    numbers: list[int] = [one for one in found if one is not None]
    return (min(numbers), max(numbers)) if numbers else EMPTY


def lacks_any(connection: sa.Connection, dialect: Dialect, first: int, last: int) -> bool:
    """True where some of these events were pruned, or rows of idle runs that they bind: the export must go on to the
    events that prove it."""
    present = sa.select(sa.func.count()).select_from(events).where(events.c.seq.between(first, last))
    if connection.scalar(present) != last - first + 1:
        return True
    pruned = (one.idle_runs_through for each in pruned_orgs(connection).values() for one in each)
    binding = dialect.place(f"'{BINDING.decode()}'", "v.body")
    query = f"""
        SELECT v.seq FROM events v LEFT JOIN idle_runs i ON i.bound = v.seq
        WHERE v.seq BETWEEN {first} AND {min(last, max(pruned, default=0))} AND i.event IS NULL AND {binding} > 0
    """  # noqa: S608 - numbers
    return any(dialect.rows(connection, query))


def reaching(begin: datetime | None, end: datetime | None) -> sa.Select[Any]:
    """The first and the last event with idle runs that may be of the period: they end before the event that binds
    them."""
    bound = events.alias("bound")
    joined = idle_runs.join(events, events.c.seq == idle_runs.c.event).outerjoin(
        bound, bound.c.seq == idle_runs.c.bound
    )
    within = [sa.or_(bound.c.at.is_(None), bound.c.at >= whole_second(begin))] if begin else []
    within += [events.c.at < whole_second(end)] if end else []
    number = idle_runs.c.event
    return sa.select(sa.func.min(number), sa.func.max(number)).select_from(joined).where(*within)


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
