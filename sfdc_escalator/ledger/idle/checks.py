"""Proves the rows of idle runs: their lines, their hashes, and the events that bind them."""

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.errors import LedgerUnusable
from sfdc_escalator.ledger.idle.rows import IDLE_RUNS, IdleRow, idle_row_of
from sfdc_escalator.ledger.idle.runs import text_of
from sfdc_escalator.ledger.tables import chain
from sfdc_escalator.ledger.tables.rows import MISREAD
from sfdc_escalator.ledger.tables.schema import events, idle_runs

PER_QUERY = 500
BINDING = f'"{IDLE_RUNS}":{{"event":'.encode()
"""A part of the body of each event that binds idle runs, and of no other: quotes in texts have a backslash before."""
base, end = events.alias("base"), events.alias("end")
EVERY = (
    sa.select(
        idle_runs,
        base.c.hash.label("base_hash"),
        base.c.body,
        base.c.organization_id.label("base_organization"),
        end.c.body.label("end_body"),
    )
    .outerjoin(base, base.c.seq == idle_runs.c.event)
    .outerjoin(end, end.c.seq == idle_runs.c.bound)
    .order_by(idle_runs.c.event)
)


def idle_problems(connection: sa.Connection) -> Iterator[str]:
    """The faults of the rows."""
    last = 0
    while rows := connection.execute(EVERY.where(idle_runs.c.event > last).limit(PER_QUERY)).mappings().all():
        for row in rows:
            yield from _wrong_in(connection, row)
        last = rows[-1]["event"]


def _wrong_in(connection: sa.Connection, row: Mapping[Any, Any]) -> Iterator[str]:
    name = f"the idle runs after event {row['event']!s:.20}"
    try:
        found = idle_row_of(row)
        this = hash_of(found, len(found.runs), found.columns["lines"])
        is_ours = row["base_organization"] == row["organization_id"]
        last = found.last.after[0]
    except (*MISREAD, LedgerUnusable) as error:
        yield f"{name} were changed: {error}"
        return
    if not (this == row["hash"] and len(found.runs) == row["runs"] and is_ours):
        yield f"{name} were changed: their hash does not match their {row['runs']} runs"
    if not _follow(connection, found):
        yield f"{name} were changed: a run names an event after which it cannot have ended"
    if row["bound"] is None and _first_after(connection, row) is not None:
        yield f"{name} were changed: a later event does not repeat their hash"
    if row["bound"] is not None and not (_is_bound(row) and row["bound"] == _first_after(connection, row) > last):
        yield f"{name} were changed: event {row['bound']!s:.20} does not repeat their hash and number"


def hash_of(row: IdleRow, runs: int, lines: str) -> bytes:
    event, organization_id = row.columns["event"], row.columns["organization_id"]
    return chain.hash_of(bytes.fromhex(row.base.run.after[1]), text_of(event, organization_id, runs, lines))


def _is_bound(row: Mapping[Any, Any]) -> bool:
    """True where the first event after them has their number and hash."""
    member = {IDLE_RUNS: {"event": row["event"], "hash": row["hash"].hex(), "runs": row["runs"]}}
    return isinstance(row["end_body"], bytes) and chain.canonical(member)[1:-1] in row["end_body"]


def _first_after(connection: sa.Connection, row: Mapping[Any, Any]) -> int:
    later = sa.select(events.c.seq).where(events.c.seq > row["event"])
    ours = later.where(events.c.organization_id == row["organization_id"])
    return connection.execute(ours.order_by(events.c.seq).limit(1)).scalar()  # type: ignore[return-value]


def _follow(connection: sa.Connection, row: IdleRow) -> bool:
    """True where each newest event that a run names is there, none older than that of the run before."""
    named = [one.after for one in row.runs]
    wanted = sorted(set(named))
    found = {
        (seq, hash_.hex())
        for start in range(0, len(wanted), PER_QUERY)
        for seq, hash_ in connection.execute(
            sa.select(events.c.seq, events.c.hash).where(
                events.c.seq.in_([seq for seq, _ in wanted[start : start + PER_QUERY]])
            )
        )
    }
    return found >= set(wanted) and [seq for seq, _ in named] == sorted(seq for seq, _ in named)


def has_head(connection: sa.Connection, head: bytes) -> bool:
    """True where this was the hash of a row at the end of one of its runs."""
    last = 0
    while rows := connection.execute(EVERY.where(idle_runs.c.event > last).limit(PER_QUERY)).mappings().all():
        if any(head in _hashes(row) for row in rows):
            return True
        last = rows[-1]["event"]
    return False


def _hashes(row: Mapping[Any, Any]) -> Iterator[bytes]:
    """The hash after each run."""
    try:
        found = idle_row_of(row)
    except LedgerUnusable:
        return
    lines = ""
    for number, line in enumerate(found.columns["lines"].splitlines(keepends=True), 1):
        lines += line
        yield hash_of(found, number, lines)


def idle_counts(connection: sa.Connection) -> int:
    """The number of idle runs."""
    return int(connection.execute(sa.select(sa.func.sum(idle_runs.c.runs))).scalar() or 0)
