"""The trail as an undo needs it: what a run wrote, who was notified of it, and the undos of a case for people."""

import json
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.escalation.outbox.queued import Queued
from sfdc_escalator.escalation.undoing.note import why_in
from sfdc_escalator.escalation.world.keys import FIRST_RUNG, UNDO
from sfdc_escalator.ledger.idle.rows import has_idle_run
from sfdc_escalator.ledger.store import SqlHistory
from sfdc_escalator.ledger.tables.kept_texts import kept_in
from sfdc_escalator.ledger.tables.rows import escalation_of, naming
from sfdc_escalator.ledger.tables.schema import escalations, events, notices, payloads, runs
from sfdc_escalator.ledger.trail.audit import nearest
from sfdc_escalator.ledger.trail.notices import rows
from sfdc_escalator.ledger.writing.notices import parts
from sfdc_escalator.pipeline.ports.undoing import RunWrites
from sfdc_escalator.pipeline.read_models.undone import UndoneOnCase


class SqlUndoTrail:
    """See `pipeline.ports.UndoTrail`."""

    def __init__(self, trail: SqlHistory, organization_id: str) -> None:
        self._trail, self._organization_id = trail, organization_id

    def written_by(self, run: str) -> RunWrites | None:
        ours = (events.c.organization_id == self._organization_id) & (events.c.run == run)
        later, sent = events.alias("later"), events.alias("sent")
        again = sa.exists().where(later.c.key == events.c.key, later.c.event == "intended", later.c.seq > events.c.seq)
        ever = sa.exists().where(sent.c.key == events.c.key, sent.c.event == "intended")
        wrote = sa.select(events.c.key).where(ours, events.c.event == "intended", ~again)
        alone = (
            sa.select(events.c.key)
            .join(escalations, escalations.c.key == events.c.key)
            .where(ours, events.c.event == "applied", escalations.c.rung == FIRST_RUNG, ~ever)
        )
        adopted = sa.select(sa.func.count()).where(ours, events.c.event == "adopted")
        known = sa.select(runs.c.run).where(runs.c.run == run, runs.c.organization_id == self._organization_id)
        with self._trail.reading() as connection:
            if connection.execute(known).first() is None and not has_idle_run(connection, self._organization_id, run):
                return None
            keys = [*connection.scalars(wrote), *connection.scalars(alone)]
            return RunWrites(frozenset(str(key) for key in keys), int(connection.scalar(adopted) or 0))

    def nearest(self, key: str) -> str | None:
        with self._trail.reading() as connection:
            return nearest(connection, key).nearest

    def notices_about(self, start_keys: Collection[str]) -> tuple[Queued, ...]:
        ours = notices.c.organization_id == self._organization_id
        with self._trail.reading() as connection:
            return tuple(
                one
                for part in parts(sorted(start_keys))
                for one in rows(connection, ours & notices.c.start_key.in_(part), (notices.c.event,))
            )


class NoTrail:
    """The trail of a ledger that does not exist yet."""

    def written_by(self, run: str) -> RunWrites | None:  # noqa: ARG002
        return None

    def nearest(self, key: str) -> str | None:  # noqa: ARG002
        return None

    def notices_about(self, start_keys: Collection[str]) -> tuple[Queued, ...]:  # noqa: ARG002
        return ()


def undos_of_case(trail: SqlHistory, organization_id: str, case_id: str) -> tuple[UndoneOnCase, ...]:
    """The undos that were written on the case, oldest first."""
    this = (escalations.c.organization_id == organization_id) & (escalations.c.case_id == case_id)
    with trail.reading() as connection:
        found = connection.execute(sa.select(escalations).where(this).order_by(escalations.c.event)).mappings().all()
        undos = (row for row in found if (row["rung"], row["state"]) == (UNDO, "applied"))
        return tuple(undone_of(connection, row) for row in undos)


def undone_of(connection: sa.Connection, row: Any) -> UndoneOnCase:
    """The person and the reason stand with the intent; another ledger has that of an undo that was found in the org."""
    undo = escalation_of(row)
    intent = (
        sa.select(events.c.seq, events.c.body, payloads.c.text)
        .outerjoin(payloads, payloads.c.event == events.c.seq)
        .where(events.c.key == undo.key, events.c.event == "intended")
        .order_by(events.c.seq.desc())
        .limit(1)
    )
    found = connection.execute(intent).first()
    if found is None:
        return UndoneOnCase(undo)
    with naming(f"event {found.seq}"):
        facts = json.loads(found.body)["facts"]
        return UndoneOnCase(
            undo,
            str(facts.get("by") or ""),
            why_in(str(kept_in(found.text).get("note") or "")),
            tuple(facts.get("undoes") or ()),
        )
