"""The standings of escalations after a run: derived, rewritten by each run, not part of the chain."""

from collections.abc import Mapping

import sqlalchemy as sa

from sfdc_escalator.escalation.world.ladder_facts import Standing
from sfdc_escalator.ledger.tables.ladder_rows import standing_row
from sfdc_escalator.ledger.tables.rows import Row
from sfdc_escalator.ledger.tables.schema import standings as table


def keep_standings(
    connection: sa.Connection, organization_id: str, standings: Mapping[str, tuple[Standing, str]]
) -> None:
    """Stores the standings that differ, and removes those of other keys."""
    ours = sa.select(table).where(table.c.organization_id == organization_id)
    known: dict[str, Row] = {row["key"]: dict(row) for row in connection.execute(ours).mappings()}
    rows = {
        key: {"key": key, "organization_id": organization_id, **standing_row(standing, digest)}
        for key, (standing, digest) in standings.items()
    }
    new = [row for key, row in rows.items() if key not in known]
    changed = [{"known": key, **row} for key, row in rows.items() if key in known and known[key] != row]
    removed = [{"known": key} for key in known if key not in rows]
    this = table.c.key == sa.bindparam("known")
    if removed:
        connection.execute(table.delete().where(this), removed)
    if changed:
        connection.execute(table.update().where(this), changed)
    if new:
        connection.execute(table.insert(), new)
