"""An outbox in memory, and channels that keep what they get."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sfdc_escalator.escalation.notices.message import Message
from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.outbox.posting import Sender
from sfdc_escalator.escalation.outbox.queued import KEPT, NoticeState, OutboxCounts, Queued
from sfdc_escalator.escalation.outbox.rows import Delivered as Sent
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.ledger.writing.notices import INTENT, SETTLING, remark_of
from sfdc_escalator.pipeline.ports.channel import Broken, Delivered, Delivery, Way
from sfdc_escalator.pipeline.ports.ledger import Change
from sfdc_escalator.pipeline.ports.outbox import Settled

OPEN = (NoticeState.WAITING, NoticeState.SENDING)
ENDS = (NoticeState.SENT, NoticeState.UNDELIVERED, NoticeState.DROPPED)


@dataclass
class MemoryOutbox:
    """See `pipeline.ports.Outbox`; `record` does what the ledger does with the notices of changes.

    `me` is the process that looks at it: `as_seen_by` is the same outbox for another one. `holders` are the processes
    that send, by notice, and `ended` those that are gone.
    """

    rows: dict[str, Queued] = field(default_factory=dict)
    known: dict[str, Escalation] = field(default_factory=dict)
    firsts: dict[str, frozenset[str]] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    me: str = "here"

    def as_seen_by(self, process: str) -> "MemoryOutbox":
        return replace(self, me=process)

    def record(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self.known[change.escalation.key] = change.escalation
            state = NoticeState.INTENDED if change.event == INTENT else NoticeState.WAITING
            self.add(change.notices, state, remark_of(change))
            self.release(change)

    def queue(self, notices: Iterable[Notice]) -> None:
        self.add(notices, NoticeState.WAITING)

    def add(self, notices: Iterable[Notice], state: NoticeState, remark: str = "") -> None:
        for one in notices:
            row = Queued(one, NoticeState.UNDELIVERED if one.missing else state, one.at, remark=remark)
            self.rows.setdefault(one.id, replace(row, reason=one.missing))

    def release(self, change: Change) -> None:
        key, state = change.escalation.key, change.escalation.state
        for one in list(self.rows.values()):
            if one.notice.subject.key != key or one.state is not NoticeState.INTENDED:
                continue
            if remark_of(change) or (change.event in SETTLING and state is EscalationState.APPLIED):
                self.rows[one.id] = replace(one, state=NoticeState.WAITING, remark=remark_of(change))
            elif change.event in SETTLING:
                del self.rows[one.id]

    def queued(self) -> tuple[Queued, ...]:
        waiting = (one for one in self.rows.values() if one.state in OPEN)
        return tuple(replace(one, is_busy=self.is_busy(one)) for one in waiting)

    def is_busy(self, row: Queued) -> bool:
        holder = self.holders.get(row.id, self.me)
        return row.state is NoticeState.SENDING and holder != self.me and holder not in self.ended

    def is_free(self, row: Queued) -> bool:
        return row.state in OPEN and not self.is_busy(row)

    def delivered(self, since: datetime) -> tuple[Sent, ...]:
        sent = [(one, one.sent_at) for one in self.rows.values() if one.state is NoticeState.SENT and one.sent_at]
        return tuple(self.as_sent(one, at) for one, at in sent if at >= since)

    def as_sent(self, one: Queued, at: datetime) -> Sent:
        about, group = one.notice, "" if one.notice.digest else one.notice.group
        return Sent(about.channel, about.to.lower(), at, one.bundle, group, about.group in self.firsts[one.id])

    def escalations(self, keys: Collection[str]) -> Mapping[str, Escalation]:
        return {key: one for key, one in self.known.items() if key in keys}

    def claim(self, rows: Sequence[Queued], bundle: str, now: datetime) -> bool:
        if not all(self.is_as_read(one) for one in rows):
            return False
        for one in rows:
            row = self.rows[one.id]
            again = row.state is NoticeState.SENDING
            first = row.first_try or now
            row = replace(row, bundle=bundle, first_try=first, repeats=row.repeats + again)
            self.rows[one.id] = replace(row, state=NoticeState.SENDING)
            self.holders[one.id] = self.me
        return True

    def is_as_read(self, one: Queued) -> bool:
        found = self.rows.get(one.id)
        return found is not None and self.is_free(found) and (found.state, found.tries) == (one.state, one.tries)

    def settle(self, settled: Sequence[Settled]) -> None:
        for one in settled:
            for key in one.ids:
                if self.is_free(self.rows[key]):
                    self.rows[key] = self.after(self.rows[key], one)

    def after(self, row: Queued, end: Settled) -> Queued:
        row = replace(row, state=end.state, reason=end.reason, repeats=row.repeats + end.repeats)
        row = replace(row, at=end.at or row.at, held=row.held if end.held is None else end.held)
        if end.tried:
            row = replace(row, first_try=row.first_try or end.tried, last_try=end.tried, tries=row.tries + 1)
        if end.state is NoticeState.SENT:
            self.firsts[row.id] = end.firsts
            row = replace(row, sent_at=end.tried, reference=end.reference)
        return row

    def undelivered(self) -> tuple[Queued, ...]:
        return tuple(one for one in self.rows.values() if one.state is NoticeState.UNDELIVERED)

    def counts(self) -> OutboxCounts:
        states = [one.state for one in self.rows.values()]
        return OutboxCounts(sum(one in OPEN for one in states), states.count(NoticeState.UNDELIVERED))

    def forget(self, now: datetime) -> int:
        old = [one for one in self.rows.values() if one.state in ENDS and has_text(one) and ended_at(one) < now - KEPT]
        for one in old:
            empty = Message(one.id, one.notice.subject.kind, "")
            self.rows[one.id] = replace(one, notice=replace(one.notice, message=empty))
        return len(old)


def has_text(one: Queued) -> bool:
    return bool(one.notice.message.title)


def ended_at(one: Queued) -> datetime:
    return one.last_try or one.notice.queued_at


@dataclass
class FakeChannels:
    """Channels that take everything, unless `answer` says otherwise. `got` has the messages by channel, in order;
    `asked` are the kind and the name of each channel that was asked for."""

    answer: Callable[[str, Message], Delivery] = lambda _channel, _message: Delivered()
    got: list[tuple[str, Message]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    lacking: frozenset[str] = frozenset()
    sender: Sender = field(default_factory=lambda: Sender("acme", "00D000000000001AAA"))

    def way(self, kind: str, name: str, to: str) -> Way | Broken:
        self.asked.append((kind, name))
        return Broken("no address") if name in self.lacking else Way(FakeChannel(self, name), to, kind)

    def __call__(self, org_facts: OrgFacts) -> "FakeChannels":
        return self


@dataclass
class FakeChannel:
    channels: FakeChannels
    name: str

    def deliver(self, message: Message) -> Delivery:
        self.channels.got.append((self.name, message))
        return self.channels.answer(self.name, message)
