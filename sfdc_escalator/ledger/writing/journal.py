"""Appends to the chain of events, inside one transaction of one writer."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.ledger.engines.database import Database, the_version
from sfdc_escalator.ledger.idle.rows import IDLE_RUNS
from sfdc_escalator.ledger.tables import chain
from sfdc_escalator.ledger.tables.rows import naming
from sfdc_escalator.ledger.tables.schema import events, idle_runs, payloads

KEPT = "kept"
"""The member of a body that names the texts that are kept apart, as one JSON object."""
ORG_AT = "org_at"
"""The member of a body with the org's time of the event; null where nobody asked the org."""
NO_TEXTS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Author:
    """The writer of events: a user and a host, in a run on an org. A migration is not part of a run or of an org."""

    organization_id: str
    run: str
    user_id: str
    host: str


def locked_version(connection: sa.Connection, database: Database) -> str | None:
    """The ledger's version. Until the transaction ends nobody else writes to the chain or migrates the ledger."""
    database.dialect.lock(connection)
    return the_version(database.where, connection)


class Journal:
    """The end of the chain. `at` is the time of the transaction, which holds the lock; `org_at` the org's time then,
    None where nobody asked the org. `opening` adds what comes before the first event. The first event binds the idle
    runs of its org that are not bound yet."""

    def __init__(
        self,
        connection: sa.Connection,
        author: Author,
        at: str,
        org_at: str | None = None,
        opening: Callable[["Journal"], object] | None = None,
    ) -> None:
        self.at, self.org_at, self._salt = at, org_at, secrets.token_hex(16)
        self._opening, self.added = opening, 0
        self._connection, self._author = connection, author
        newest = sa.select(events.c.seq, events.c.hash).order_by(events.c.seq.desc()).limit(1)
        found = connection.execute(newest).first()
        with naming("the newest event"):
            self._hash: bytes = bytes.fromhex(bytes.hex(found.hash)) if found else chain.GENESIS
        self._seq: int = found.seq if found else 0
        self._events: list[dict[str, Any]] = []
        self._payloads: list[dict[str, Any]] = []

    @property
    def next(self) -> int:
        """The number that the next event gets."""
        return self._seq + 1

    def hashed(self, text: str) -> str:
        """The value that the next event holds in place of this text, which is among its `texts`."""
        return chain.in_place_of(self._salt, text)

    def add(
        self,
        event: str,
        facts: Mapping[str, Any],
        *,
        key: str | None = None,
        case_id: str | None = None,
        note: str | None = None,
        texts: Mapping[str, Any] = NO_TEXTS,
    ) -> int:
        """Appends an event with these facts, and returns its number. `note`, or what is not empty of `texts`, stays out
        of the chain."""
        self.open()
        kept = {name: value for name, value in sorted(texts.items()) if value}
        if kept:
            note, facts = chain.canonical(kept).decode(), {**facts, KEPT: list(kept)}
        author = self._author
        row: dict[str, Any] = {
            "seq": self._seq + 1,
            "at": self.at,
            "run": author.run,
            "organization_id": author.organization_id,
            "event": event,
            "key": key,
            "case_id": case_id,
            "note": self._keep(note),
        }
        who = {"host": author.host, "user_id": author.user_id}
        bound = {} if self.added else self._bound()
        body = chain.canonical({"about": row, "who": who, ORG_AT: self.org_at, **bound, **facts})
        this = chain.hash_of(self._hash, body)
        self._events.append({**row, "prev": self._hash, "hash": this, "body": body})
        self._seq, self._hash, self._salt = self._seq + 1, this, secrets.token_hex(16)
        self.added += 1
        return self._seq

    def open(self) -> None:
        """Adds what comes before the first event, unless it was added."""
        opening, self._opening = self._opening, None
        if opening:
            opening(self)

    def _bound(self) -> dict[str, Any]:
        """The member that binds the idle runs of the org, which from now on never change."""
        ours = (idle_runs.c.organization_id == self._author.organization_id) & idle_runs.c.bound.is_(None)
        row = self._connection.execute(
            sa.select(idle_runs.c.event, idle_runs.c.hash, idle_runs.c.runs).where(ours)
        ).first()
        if row is None:
            return {}
        with naming(f"the idle runs after event {row.event!s:.20}"):
            found = {"event": row.event, "hash": bytes.hex(row.hash), "runs": row.runs}
        self._connection.execute(idle_runs.update().where(ours).values(bound=self._seq + 1))
        return {IDLE_RUNS: found}

    def _keep(self, note: str | None) -> str | None:
        if note is None:
            return None
        text = chain.plain(note)
        self._payloads.append({"event": self._seq + 1, "salt": self._salt, "text": text})
        return chain.note_hash(self._salt, text)

    def write(self) -> None:
        """Stores what was added; rows that name these events come after it."""
        if self._events:
            self._connection.execute(events.insert(), self._events)
        if self._payloads:
            self._connection.execute(payloads.insert(), self._payloads)
        self._events, self._payloads = [], []
