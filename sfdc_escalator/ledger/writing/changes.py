"""Changes of escalations: the row and its event, in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.ledger.tables import states
from sfdc_escalator.ledger.tables.chain import plain
from sfdc_escalator.ledger.tables.rows import Row, checked, escalation_of, facts_of, naming, stored
from sfdc_escalator.ledger.tables.schema import escalations
from sfdc_escalator.ledger.writing.journal import Journal
from sfdc_escalator.ledger.writing.notices import queue
from sfdc_escalator.pipeline.ports.ledger import Change

KEYS_PER_QUERY = 500


class Changes:
    """The escalations that one transaction changes. `write` stores them after their events."""

    def __init__(self, connection: sa.Connection, journal: Journal, organization_id: str, run: str, epoch: int) -> None:
        self._connection, self._journal = connection, journal
        self._organization_id, self._run, self._epoch = organization_id, run, epoch
        self._rows: dict[str, Row] = {}
        self._new: set[str] = set()
        self._changed: dict[str, Row] = {}
        self._added: list[Change] = []

    def read(self, keys: Sequence[str]) -> None:
        """Reads the rows of these keys that exist."""
        for start in range(0, len(keys), KEYS_PER_QUERY):
            some = escalations.c.key.in_(keys[start : start + KEYS_PER_QUERY])
            self._take(self._connection.execute(sa.select(escalations).where(some)).mappings())

    def read_sending(self) -> list[Change]:
        """The escalations that a lost run was still sending, each as a change to `unknown`."""
        left = (escalations.c.organization_id == self._organization_id) & (
            escalations.c.state == EscalationState.SENDING.value
        )
        self._take(
            self._connection.execute(sa.select(escalations).where(left).order_by(escalations.c.event)).mappings()
        )
        return [_left_open(row) for row in self._rows.values()]

    def _take(self, rows: Iterable[Mapping[Any, Any]]) -> None:
        self._rows |= {row["key"]: dict(row) for row in rows}

    def add(self, change: Change) -> None:
        """Raises EscalatorError when the escalation's state does not allow the change."""
        key = change.escalation.key
        self._added.append(change)
        old = self._rows.get(key)
        with naming(f"escalation {key}"):
            before = EscalationState(checked(escalations, old)["state"]) if old else None
        states.check(key, change.event, before, change.escalation.state)
        if old is None:
            self._new.add(key)
        facts = self._facts(change, old)
        texts = {"message": facts["message"], "note": change.note, "reasons": [plain(one) for one in change.reasons]}
        facts["message"] = self._journal.hashed(facts["message"])
        event = self._journal.add(
            change.event,
            {
                "call": change.call,
                "escalation": facts,
                "facts": change.facts or {},
                "policy_digest": change.policy_digest,
                "reasons": [self._journal.hashed(one) for one in texts["reasons"]],
            },
            key=key,
            case_id=change.escalation.case_id,
            texts=texts,
        )
        self._rows[key] = self._changed[key] = {
            "key": key,
            "organization_id": self._organization_id,
            "case_id": change.escalation.case_id,
            "run": self._run,
            "event": event,
            **stored(facts),
        }

    def _facts(self, change: Change, old: Row | None) -> Row:
        if old is not None and old["organization_id"] != self._organization_id:
            raise EscalatorError(f"escalation {change.escalation.key} belongs to the org {old['organization_id']}")
        sent = {"sent_at": old["sent_at"], "epoch": old["epoch"]} if old else {"sent_at": None, "epoch": None}
        if change.event == "intended":
            sent = {"sent_at": self._journal.at, "epoch": self._epoch}
        return {**facts_of(change.escalation, change.case_number), **sent}

    def write(self) -> None:
        """Stores the rows, and the notices of the changes."""
        new = [row for key, row in self._changed.items() if key in self._new]
        known = [{"known": key, **row} for key, row in self._changed.items() if key not in self._new]
        if new:
            self._connection.execute(escalations.insert(), new)
        if known:
            self._connection.execute(escalations.update().where(escalations.c.key == sa.bindparam("known")), known)
        queue(self._connection, self._journal, self._organization_id, self._added)


def _left_open(row: Row) -> Change:
    escalation = escalation_of(
        {
            **row,
            "state": EscalationState.UNKNOWN.value,
            "message": "the run that was sending it ended before an answer came",
        }
    )
    return Change("unknown", escalation, row["case_number"], "", (escalation.message,), facts={"run_left": row["run"]})
