"""Holds of cases, recorded and ended: rows and their events, in one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.escalation.world.ladder_facts import Hold
from sfdc_escalator.ledger.tables.chain import plain
from sfdc_escalator.ledger.tables.ladder_rows import hold_facts, holds_of
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
        for found in holds_of(self._connection, query):
            if found.until is None or now < found.until:
                yield found

    def begin(self, one: Hold) -> Hold:
        """The hold as it is recorded, with the number of its event."""
        number = self._journal.next
        recorded = replace(one, event=number, released=None)
        facts = self._facts(recorded, number)
        self._journal.add("held", {"facts": facts}, case_id=one.case_id, texts=self._texts(one))
        self._new.append(self._row(recorded, number, facts))
        return recorded

    def end(self, one: Hold, by: str) -> None:
        """Records that the person or policy `by` has ended the hold at its time `released`."""
        facts = self._facts(one, one.event)
        about = {"facts": facts, "released_by": by}
        number = self._journal.add("released", about, case_id=one.case_id, texts=self._texts(one))
        self._changed.append({"known": one.event, **self._row(one, number, facts)})

    def known(self, ended: Sequence[Hold]) -> list[Hold]:
        """The holds of the ledger that these end, each with its end, which is never before its begin. Raises
        EscalatorError for one that the ledger does not have, or that has ended before, or without an end."""
        ends = {one.event: one.released for one in ended}
        query = sa.select(holds).where(holds.c.hold.in_(ends), holds.c.released.is_(None)).order_by(holds.c.hold)
        ours = query.where(holds.c.organization_id == self._organization_id)
        found = holds_of(self._connection, ours)
        known = [replace(one, released=max(one.begin, at)) for one in found if (at := ends[one.event])]
        if missing := sorted(ends.keys() - {one.event for one in known}):
            raise EscalatorError(f"the hold of event {missing[0]} is not there, has ended before, or is to have no end")
        return known

    def _facts(self, one: Hold, number: int) -> dict[str, Any]:
        """The facts for the next event, without the text that a person typed."""
        facts = hold_facts(one, number)
        return {**facts, "why": self._journal.hashed(facts["why"])}

    def _texts(self, one: Hold) -> dict[str, str]:
        return {"why": plain(one.why)}

    def _row(self, one: Hold, event: int, facts: Mapping[str, Any]) -> dict[str, Any]:
        return {"organization_id": self._organization_id, "case_id": one.case_id, "event": event, **facts}

    def write(self) -> None:
        if self._new:
            self._connection.execute(holds.insert(), self._new)
        if self._changed:
            self._connection.execute(holds.update().where(holds.c.hold == sa.bindparam("known")), self._changed)
