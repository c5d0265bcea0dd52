"""The outbox in the ledger: what waits, claims, ends. Each call is a transaction of its own, outside the lease."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.escalation.outbox.queued import KEPT, NoticeState, OutboxCounts, Queued
from sfdc_escalator.escalation.outbox.rows import Delivered
from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.ledger.store import SqlLedger
from sfdc_escalator.ledger.tables.kept_texts import readable
from sfdc_escalator.ledger.tables.notice_rows import queued_of
from sfdc_escalator.ledger.tables.rows import Row, escalation_of, naming
from sfdc_escalator.ledger.tables.schema import escalations, notices, payloads
from sfdc_escalator.ledger.tables.times import second, time_of, time_text
from sfdc_escalator.ledger.trail.notices import counted, undelivered
from sfdc_escalator.ledger.writing.holder import Holder
from sfdc_escalator.ledger.writing.journal import Author, Journal
from sfdc_escalator.ledger.writing.notices import erase_texts, parts
from sfdc_escalator.pipeline.ports.outbox import Settled

OPEN = (NoticeState.WAITING.value, NoticeState.SENDING.value)
ENDS = (NoticeState.SENT.value, NoticeState.UNDELIVERED.value, NoticeState.DROPPED.value)
TRIED = "notice_tried"
"""The event of a try that failed and is repeated later."""
LONGEST = timedelta(minutes=5)
"""After this time a process of another host counts as ended: a run sends for a minute."""


class SqlOutbox:
    """See `pipeline.ports.Outbox`. Used by several threads, which write one after the other: a thread that waits for
    the lock of SQLite asks for it again and again."""

    def __init__(self, ledger: SqlLedger, organization_id: str, run: str) -> None:
        self._ledger, self._organization_id = ledger, organization_id
        self._me = Holder.of_this_process()
        self._author = Author(organization_id, run, "", self._me.host)
        self._ours = notices.c.organization_id == organization_id
        self._lock = Lock()

    def queued(self) -> tuple[Queued, ...]:
        with self._ledger.reading() as connection:
            now = self._ledger.database.dialect.now(connection)
            return tuple(self._queued(connection, self._ours & notices.c.state.in_(OPEN), now))

    def _queued(self, connection: sa.Connection, wanted: sa.ColumnElement[bool], now: str) -> Iterator[Queued]:
        joined = sa.select(notices, payloads.c.text).outerjoin(payloads, payloads.c.event == notices.c.event)
        for row in connection.execute(joined.where(wanted).order_by(notices.c.event)).mappings():
            yield queued_of(row, row["text"], is_busy=self._is_busy(row, now))

    def _is_busy(self, row: Mapping[Any, Any], now: str) -> bool:
        """True where another process may still be sending it."""
        if row["state"] != NoticeState.SENDING.value or row["holder"] is None:
            return False
        with naming(f"the notice {row['id']!s:.60}"):
            found = json.loads(row["holder"])
            since, holder = time_of(found.pop("since")), Holder(**found)
            silent = time_of(now) - since  # type: ignore[operator]
        return holder != self._me and not holder.is_gone(self._me) and silent < LONGEST

    def delivered(self, since: datetime) -> tuple[Delivered, ...]:
        wanted = self._ours & (notices.c.last_try >= time_text(since))  # what is sent is not tried again
        with self._ledger.reading() as connection:
            rows = list(connection.execute(sa.select(notices).where(wanted).order_by(notices.c.event)).mappings())
        return tuple(
            Delivered(
                row["channel"],
                row["address"].lower(),
                at,
                row["bundle"],
                "" if row["digest"] else row["together"],
                bool(row["is_first"]),
            )
            for row in rows
            if row["state"] == NoticeState.SENT.value and (at := time_of(row["sent_at"]))
        )

    def escalations(self, keys: Collection[str]) -> Mapping[str, Escalation]:
        found: dict[str, Escalation] = {}
        with self._ledger.reading() as connection:
            for part in parts(sorted(keys)):
                some = sa.select(escalations).where(escalations.c.key.in_(part))
                rows = readable(connection, connection.execute(some).mappings(), "message")
                found |= {row["key"]: escalation_of(row) for row in rows}
        return found

    def claim(self, rows: Sequence[Queued], bundle: str, now: datetime) -> bool:
        with self._lock, self._ledger.writing() as (connection, at):
            found = {row["id"]: row for row in self._rows(connection, [one.id for one in rows])}
            if not all(one.id in found and self._is_as_read(found[one.id], one, at) for one in rows):
                return False
            claimed = {
                "state": NoticeState.SENDING.value,
                "bundle": bundle,
                "holder": json.dumps({**asdict(self._me), "since": at}),
                "first_try": sa.func.coalesce(notices.c.first_try, time_text(now)),
                "repeats": notices.c.repeats + sa.case((notices.c.state == NoticeState.SENDING.value, 1), else_=0),
            }
            for part in parts(list(found)):
                connection.execute(notices.update().where(notices.c.id.in_(part)).values(claimed))
            return True

    def _is_as_read(self, row: Mapping[Any, Any], one: Queued, now: str) -> bool:
        return self._is_free(row, now) and (row["state"], row["tries"]) == (one.state.value, one.tries)

    def _is_free(self, row: Mapping[Any, Any], now: str) -> bool:
        return row["state"] in OPEN and not self._is_busy(row, now)

    def _rows(self, connection: sa.Connection, ids: Sequence[str]) -> Iterator[Mapping[Any, Any]]:
        for part in parts(ids):
            wanted = sa.select(notices).where(self._ours & notices.c.id.in_(part))
            yield from connection.execute(wanted).mappings().all()

    def settle(self, settled: Sequence[Settled]) -> None:
        if not settled:
            return
        with self._lock, self._ledger.writing() as (connection, at):
            tried = max((one.tried for one in settled if one.tried), default=None)
            journal = Journal(connection, self._author, at, second(tried))
            for one in settled:
                for row in self._rows(connection, one.ids):
                    if self._is_free(row, at):
                        self._end(connection, journal, row, one)
            journal.write()

    def _end(self, connection: sa.Connection, journal: Journal, row: Mapping[Any, Any], one: Settled) -> None:
        changed: Row = {"state": one.state.value, "reason": one.reason, "holder": None}
        changed |= {"at": time_text(one.at)} if one.at else {}
        changed |= {"held": int(one.held)} if one.held is not None else {}
        changed |= {"repeats": row["repeats"] + one.repeats}
        if one.tried:
            tried = time_text(one.tried)
            changed |= {"first_try": row["first_try"] or tried, "last_try": tried, "tries": row["tries"] + 1}
        if one.state is NoticeState.SENT:
            changed |= {"sent_at": time_text(one.tried), "reference": one.reference}
            changed |= {"is_first": int(row["together"] in one.firsts)}
        connection.execute(notices.update().where(notices.c.id == row["id"]).values(changed))
        if one.state.value in ENDS or one.tried:
            facts = {"id": row["id"], "bundle": row["bundle"], "channel": row["channel"], "reason": one.reason}
            facts |= {"reference": one.reference, "tries": changed.get("tries", row["tries"])}
            if "sent_at" in changed:
                facts |= {"recipient": row["recipient"], "sent_at": changed["sent_at"]}
            name = f"notice_{one.state.value}" if one.state.value in ENDS else TRIED
            journal.add(name, {"facts": facts}, key=row["key"], case_id=row["case_id"] or None)

    def counts(self) -> OutboxCounts:
        with self._ledger.reading() as connection:
            return counted(connection, self._ours)

    def undelivered(self) -> tuple[Queued, ...]:
        with self._ledger.reading() as connection:
            return undelivered(connection, self._ours)

    def forget(self, now: datetime) -> int:
        with self._ledger.reading() as connection:  # most runs find none, and write nothing
            if not self._old(connection, now):
                return 0
        with self._lock, self._ledger.writing() as (connection, at):
            rows = self._old(connection, now)
            erase_texts(connection, Journal(connection, self._author, at, second(now)), rows)
            return len(rows)

    def _old(self, connection: sa.Connection, now: datetime) -> list[Mapping[Any, Any]]:
        """The notices that ended, whose text may go. One query for each kind of time, so that each has an index."""
        before = time_text(now - KEPT)
        kept = sa.select(notices).where(self._ours & notices.c.forgotten.is_(None))
        never_tried = notices.c.last_try.is_(None) & (notices.c.queued_at < before)
        found = (
            row
            for old in (notices.c.last_try < before, never_tried)
            for row in connection.execute(kept.where(old)).mappings()
        )
        return sorted((row for row in found if row["state"] in ENDS), key=lambda row: int(row["event"]))
