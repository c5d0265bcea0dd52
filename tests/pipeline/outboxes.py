"""An outbox in memory, and channels that keep what they get."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sfdc_escalator.escalation.notices.message import Message
from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.outbox.posting import Sender
from sfdc_escalator.escalation.outbox.queued import NoticeState, OutboxCounts, Queued
from sfdc_escalator.escalation.outbox.rows import Delivered as Sent
from sfdc_escalator.escalation.world.history import Escalation, EscalationState
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.ledger.writing.notices import INTENT, SETTLING, WITH_REMARK
from sfdc_escalator.pipeline.ports.channel import Broken, Delivered, Delivery, Way
from sfdc_escalator.pipeline.ports.ledger import Change
from sfdc_escalator.pipeline.ports.outbox import Settled

OPEN = (NoticeState.WAITING, NoticeState.SENDING)


@dataclass
class MemoryOutbox:
    """See `pipeline.ports.Outbox`; `record` does what the ledger does with the notices of changes."""

    rows: dict[str, Queued] = field(default_factory=dict)
    known: dict[str, Escalation] = field(default_factory=dict)
    bundles: dict[str, tuple[datetime, frozenset[str]]] = field(default_factory=dict)

    def record(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self.known[change.escalation.key] = change.escalation
            self.queue(change.notices, change.event)
            self.release(change)

    def queue(self, notices: Iterable[Notice], event: str = "") -> None:
        for one in notices:
            state = NoticeState.INTENDED if event == INTENT else NoticeState.WAITING
            state = NoticeState.UNDELIVERED if one.missing else state
            self.rows.setdefault(one.id, Queued(one, state, one.at, reason=one.missing))

    def release(self, change: Change) -> None:
        key, state = change.escalation.key, change.escalation.state
        intended = [
            one for one in self.rows.values() if one.notice.subject.key == key and one.state is NoticeState.INTENDED
        ]
        for one in intended:
            if change.event in SETTLING and state is EscalationState.APPLIED:
                self.rows[one.id] = replace(one, state=NoticeState.WAITING)
            elif change.event in WITH_REMARK and not change.escalation.is_start:
                self.rows[one.id] = replace(one, state=NoticeState.WAITING, remark=WITH_REMARK[change.event])
            elif change.event in SETTLING:
                del self.rows[one.id]

    def queued(self) -> tuple[Queued, ...]:
        return tuple(one for one in self.rows.values() if one.state in OPEN)

    def delivered(self, since: datetime) -> tuple[Sent, ...]:
        sent = [one for one in self.rows.values() if one.sent_at and one.sent_at >= since]
        return tuple(
            Sent(
                one.notice.channel,
                one.notice.to,
                one.sent_at,
                one.bundle,
                "" if one.notice.digest else one.notice.group,
                one.notice.group in self.bundles[one.bundle][1],
            )
            for one in sent
            if one.sent_at
        )

    def escalations(self, keys: Collection[str]) -> Mapping[str, Escalation]:
        return {key: one for key, one in self.known.items() if key in keys}

    def claim(self, ids: Sequence[str], bundle: str, now: datetime) -> bool:
        if not all(one in self.rows and self.rows[one].state in OPEN for one in ids):
            return False
        for one in ids:
            row = self.rows[one]
            self.rows[one] = replace(
                row,
                state=NoticeState.SENDING,
                bundle=bundle,
                first_try=row.first_try or now,
                repeats=row.repeats + (row.state is NoticeState.SENDING),
            )
        return True

    def settle(self, settled: Sequence[Settled]) -> None:
        for one in settled:
            for key in one.ids:
                row = replace(self.rows[key], state=one.state, reason=one.reason)
                row = replace(row, at=one.at or row.at, held=row.held if one.held is None else one.held)
                row = replace(row, repeats=row.repeats + one.repeats)
                if one.tried:
                    row = replace(row, first_try=row.first_try or one.tried, last_try=one.tried, tries=row.tries + 1)
                if one.state is NoticeState.SENT:
                    row = replace(row, sent_at=one.tried, reference=one.reference)
                    assert one.tried
                    self.bundles[row.bundle] = (one.tried, one.firsts)
                self.rows[key] = row

    def undelivered(self) -> tuple[Queued, ...]:
        return tuple(one for one in self.rows.values() if one.state is NoticeState.UNDELIVERED)

    def counts(self) -> OutboxCounts:
        states = [one.state for one in self.rows.values()]
        return OutboxCounts(sum(one in OPEN for one in states), states.count(NoticeState.UNDELIVERED))


@dataclass
class FakeChannels:
    """Channels that take everything, unless `answer` says otherwise. `got` has the messages by channel, in order."""

    answer: Callable[[str, Message], Delivery] = lambda _channel, _message: Delivered()
    got: list[tuple[str, Message]] = field(default_factory=list)
    lacking: frozenset[str] = frozenset()
    sender: Sender = field(default_factory=lambda: Sender("acme", "00D000000000001AAA"))

    def way(self, kind: str, name: str, to: str) -> Way | Broken:
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
