"""The rungs that live runs saw: rows and their events, in one transaction."""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa

from sfdc_escalator.escalation.world.keys import RungName
from sfdc_escalator.ledger.tables.ladder_rows import rung_facts, rung_of
from sfdc_escalator.ledger.tables.rows import Row
from sfdc_escalator.ledger.tables.schema import rungs
from sfdc_escalator.ledger.writing.journal import Journal

PRIMARY = ("organization_id", "policy", "route", "rung")


def see_rungs(
    connection: sa.Connection,
    journal: Journal,
    organization_id: str,
    seen: Mapping[RungName, datetime],
    gone: Collection[RungName],
) -> None:
    """Records the rungs that are new or came back, each at its time, and those that are gone now."""
    ours = sa.select(rungs).where(rungs.c.organization_id == organization_id)
    rows = [dict(row) for row in connection.execute(ours).mappings()]
    known = {name: (seen_at, bool(row["gone"])) for row in rows for name, seen_at in [rung_of(row)]}
    here = {name for name, (_, is_gone) in known.items() if not is_gone}
    changes = [("rung_seen", rung_facts(name, seen[name], gone=False)) for name in sorted({*seen} - here)]
    changes += [("rung_gone", rung_facts(name, known[name][0], gone=True)) for name in sorted({*gone} & here)]
    changed: list[Row] = [
        {"organization_id": organization_id, **facts, "event": journal.add(event, {"facts": facts})}
        for event, facts in changes
    ]
    journal.write()
    new = [row for row in changed if (row["policy"], row["route"], row["rung"]) not in known]
    old = [{f"the_{name}": row[name] for name in PRIMARY} | row for row in changed if row not in new]
    if new:
        connection.execute(rungs.insert(), new)
    if old:
        this = sa.and_(*(rungs.c[name] == sa.bindparam(f"the_{name}") for name in PRIMARY))
        connection.execute(rungs.update().where(this), old)
