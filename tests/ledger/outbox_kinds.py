"""The implementations of an outbox that its contract is tested with, each with what other processes do to it."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.outbox.queued import NoticeState, Queued
from sfdc_escalator.ledger.store import SqlLedger
from sfdc_escalator.ledger.tables.times import time_text
from sfdc_escalator.ledger.trail.outbox import LONGEST, SqlOutbox
from sfdc_escalator.ledger.writing import holder
from sfdc_escalator.ledger.writing.holder import Holder
from sfdc_escalator.ledger.writing.lease import SqlLease
from sfdc_escalator.pipeline.ports.ledger import Change
from sfdc_escalator.pipeline.ports.outbox import Outbox
from tests.ledger.kinds import Kind
from tests.ledger.sample import ORG
from tests.pipeline.outboxes import MemoryOutbox

RIVAL = "the rival"


class OutboxKind(Protocol):
    """An outbox that `ours` is for this process, and `rivals` for another one that lives."""

    @property
    def ours(self) -> Outbox: ...

    @property
    def rivals(self) -> Outbox: ...

    def record(self, *changes: Change) -> None:
        """Stores these changes as one transaction of a run."""

    def queue(self, *notices: Notice) -> None:
        """Queues notices of a run that belong to no change."""

    def states(self) -> dict[str, NoticeState]:
        """The state of every notice, by id."""

    def rival_dies(self) -> None:
        """The other process ends without settling what it sends."""

    def rival_is_on_another_host(self) -> None:
        """What the other process sends, it sends from another host, where nobody can see whether it lives."""

    def minutes_pass(self, minutes: int) -> None:
        """The claims become older."""

    def with_texts(self) -> set[str]:
        """The ids of the notices whose text is kept."""


def states_of(rows: Sequence[Queued]) -> dict[str, NoticeState]:
    return {one.id: one.state for one in rows}


@dataclass
class MemoryKind:
    ours: MemoryOutbox = field(default_factory=MemoryOutbox)
    passed: int = 0
    is_far: bool = False

    @property
    def rivals(self) -> MemoryOutbox:
        return self.ours.as_seen_by(RIVAL)

    def record(self, *changes: Change) -> None:
        self.ours.record(changes)

    def queue(self, *notices: Notice) -> None:
        self.ours.queue(notices)

    def states(self) -> dict[str, NoticeState]:
        return states_of(list(self.ours.rows.values()))

    def rival_dies(self) -> None:
        self.ours.ended.add(RIVAL)

    def rival_is_on_another_host(self) -> None:
        """It may live, and nobody knows."""

    def minutes_pass(self, minutes: int) -> None:
        self.passed += minutes
        if self.passed * 60 >= LONGEST.total_seconds():
            self.rival_dies()

    def with_texts(self) -> set[str]:
        return {one.id for one in self.ours.rows.values() if one.notice.message.title}


class SqlKind:
    """Over a ledger. A rival is a process that lives: the one that started this one."""

    def __init__(self, kind: Kind, ledger: SqlLedger, lease: SqlLease) -> None:
        self.kind, self.lease = kind, lease
        self.ours = SqlOutbox(ledger, ORG, "run-1")
        self.rivals = SqlOutbox(ledger, ORG, "run-2")
        self.rivals._me = replace(Holder.of_this_process(), pid=os.getppid(), pid_start=start_of(os.getppid()))

    def record(self, *changes: Change) -> None:
        self.lease.record(changes)

    def queue(self, *notices: Notice) -> None:
        self.lease.queue(notices)

    def states(self) -> dict[str, NoticeState]:
        return {key: NoticeState(state) for key, state in self.kind.execute("SELECT id, state FROM notices")}

    def rival_dies(self) -> None:
        self.rival_is(replace(self.rivals._me, pid_start="0"))

    def rival_is_on_another_host(self) -> None:
        self.rival_is(replace(self.rivals._me, host="elsewhere", boot="another"))

    def rival_is(self, changed: Holder) -> None:
        old, new = (json.dumps(asdict(one))[:-1] for one in (self.rivals._me, changed))
        self.kind.execute("UPDATE notices SET holder = replace(holder, ?, ?)", old, new)

    def minutes_pass(self, minutes: int) -> None:
        for key, found in self.kind.execute("SELECT id, holder FROM notices WHERE holder IS NOT NULL"):
            held = json.loads(found)
            since = datetime.fromisoformat(held["since"]) - timedelta(minutes=minutes)
            earlier = json.dumps({**held, "since": time_text(since)})
            self.kind.execute("UPDATE notices SET holder = ? WHERE id = ?", earlier, key)

    def with_texts(self) -> set[str]:
        found = self.kind.execute("SELECT n.id FROM notices n JOIN payloads p ON p.event = n.event")
        return {key for (key,) in found}


def start_of(pid: int) -> str:
    return holder._start_of(pid) or ""
