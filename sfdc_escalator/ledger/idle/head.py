"""The head of a ledger: the newest event, or the idle runs after it."""

import sqlalchemy as sa

from sfdc_escalator.errors import EscalatorError, LedgerUnusable
from sfdc_escalator.ledger.idle.rows import IdleRow, open_rows
from sfdc_escalator.ledger.tables.rows import naming
from sfdc_escalator.ledger.tables.schema import events


def head_in(
    connection: sa.Connection, organization_id: str | None = None, damage: type[EscalatorError] = LedgerUnusable
) -> str | None:
    """The hash of the newest event, or of the idle runs that ended after it: those of this org, or of any. Raises
    `damage`."""
    newest = connection.execute(sa.select(events.c.seq, events.c.hash).order_by(events.c.seq.desc()).limit(1)).first()
    if newest is None:
        return None
    with naming("the newest event", damage):
        after = [row for row in open_rows(connection, organization_id) if row.last.after[0] == newest.seq]
        found = max(after, key=_started, default=None)
        return bytes.hex(found.columns["hash"] if found else newest.hash)


def _started(row: IdleRow) -> tuple[int, int]:
    return row.last.start, row.base.event
