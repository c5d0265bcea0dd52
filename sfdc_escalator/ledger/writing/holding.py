"""Holds of cases, recorded and ended: rows and their events, in one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.escalation.world.ladder_facts import Hold
from sfdc_escalator.ledger.tables.ladder_rows import hold_facts, hold_of
from sfdc_escalator.ledger.tables.schema import holds
from sfdc_escalator.ledger.writing.journal import Journal


class Holds:
    """The holds that one transaction changes. `write` stores them after their events."""

    def __init__(self, connection: sa.Connection, journal: Journal, organization_id: str) -> None:
        self._connection, self._journal, self._organization_id = connection, journal, organization_id
        self._new: list[dict[str, Any]] = []
        self._changed: list[dict[str, Any]] = []

    def standing(self, case_id: str, now: datetime) -> Iterator[Hold]:
        """The holds of the case that are not over at that time."""
        ours = (holds.c.organization_id == self._organization_id) & (holds.c.case_id == case_id)
        query = sa.select(holds).where(ours & holds.c.released.is_(None)).order_by(holds.c.hold)
        for row in self._connection.execute(query).mappings().all():
            found = hold_of(row)
            if found.until is None or now < found.until:
                yield found

    def begin(self, one: Hold) -> Hold:
        """The hold as it is recorded, with the number of its event."""
        number = self._journal.next
        recorded = replace(one, event=number, released=None)
        facts = hold_facts(recorded, number)
        self._journal.add("held", {"facts": facts}, case_id=one.case_id)
        self._new.append(self._row(recorded, number, facts))
        return recorded

    def end(self, one: Hold, by: str) -> None:
        """Records that the person or policy `by` has ended the hold at its time `released`."""
        facts = hold_facts(one, one.event)
        number = self._journal.add("released", {"facts": facts, "released_by": by}, case_id=one.case_id)
        self._changed.append({"known": one.event, **self._row(one, number, facts)})

    def known(self, ended: Sequence[Hold]) -> list[Hold]:
        """The holds of the ledger that these end, each with its end, which is never before its begin. Raises
        EscalatorError for one that the ledger does not have, or that has ended before, or without an end."""
        ends = {one.event: one.released for one in ended}
        query = sa.select(holds).where(holds.c.hold.in_(ends), holds.c.released.is_(None)).order_by(holds.c.hold)
        ours = query.where(holds.c.organization_id == self._organization_id)
        found = [hold_of(row) for row in self._connection.execute(ours).mappings()]
        known = [replace(one, released=max(one.begin, at)) for one in found if (at := ends[one.event])]
        if missing := sorted(ends.keys() - {one.event for one in known}):
            raise EscalatorError(f"the hold of event {missing[0]} is not there, has ended before, or is to have no end")
        return known

    def _row(self, one: Hold, event: int, facts: Mapping[str, Any]) -> dict[str, Any]:
        return {"organization_id": self._organization_id, "case_id": one.case_id, "event": event, **facts}

    def write(self) -> None:
        if self._new:
            self._connection.execute(holds.insert(), self._new)
        if self._changed:
            self._connection.execute(holds.update().where(holds.c.hold == sa.bindparam("known")), self._changed)
