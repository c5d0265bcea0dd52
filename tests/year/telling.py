"""The outbox of the year, its channels, which fail now and then, and the judge of its notices."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from sfdc_escalator.escalation.notices.message import Message
from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.outbox.queued import NoticeState, OutboxCounts, Queued
from sfdc_escalator.escalation.outbox.rows import Delivered as Sent
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.pipeline.ports.channel import Delayed, Delivered, Delivery, Unanswered
from sfdc_escalator.pipeline.ports.ledger import Change
from sfdc_escalator.pipeline.ports.outbox import Settled
from tests.pipeline.outboxes import FakeChannels, MemoryOutbox

ENDS = (NoticeState.SENT, NoticeState.UNDELIVERED, NoticeState.DROPPED)
DAY = timedelta(days=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class YearOutbox(MemoryOutbox):
    """`rows` are those that wait, `done` those that ended, `recent` the deliveries in the order of their time."""

    done: dict[str, Queued] = field(default_factory=dict)
    recent: list[tuple[datetime, Sent]] = field(default_factory=list)
    given_up: int = 0

    def add(self, notices: Iterable[Notice], state: NoticeState, remark: str = "") -> None:
        super().add((one for one in notices if one.id not in self.done), state, remark)

    def settle(self, settled: Sequence[Settled]) -> None:
        super().settle(settled)
        for key in (key for one in settled for key in one.ids):
            if self.rows[key].state in ENDS:
                row = self.done[key] = self.rows.pop(key)
                self.given_up += row.state is NoticeState.UNDELIVERED
                if row.state is NoticeState.SENT and row.sent_at:
                    self.recent.append((row.sent_at, self.as_sent(row, row.sent_at)))

    def delivered(self, since: datetime) -> tuple[Sent, ...]:
        found = []
        for at, one in reversed(self.recent):
            if at < since - DAY:  # channels run side by side: their times may be out of order a little
                break
            found.append((at, one))
        return tuple(one for at, one in found if at >= since)

    def counts(self) -> OutboxCounts:
        return OutboxCounts(len(self.rows), self.given_up)

    def forget(self, now: datetime) -> int:
        return 0


class Arrival(NamedTuple):
    """A message that a channel took. `ids` are the notices in it; `answered` is false where its answer got lost."""

    at: datetime
    recipient: tuple[str, str]
    ids: tuple[str, ...]
    is_repeat: bool
    answered: bool


@dataclass
class YearChannels(FakeChannels):
    """Channels that are down for some time, and whose answers get lost now and then."""

    rng: Random = field(default_factory=Random)
    now: Callable[[], datetime] = lambda: LONG_AGO
    down: Sequence[tuple[datetime, datetime]] = ()
    arrivals: list[Arrival] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.answer = self.take

    def take(self, channel: str, message: Message) -> Delivery:
        self.got.clear()
        now, chance = self.now(), self.rng.random()
        if chance < 0.02 or any(begin <= now < end for begin, end in self.down):
            return Delayed("the service cannot be reached")
        answered = chance >= 0.03
        if answered or self.rng.random() < 0.5:
            found = message.facts.get("of")
            ids = tuple(one["id"] for one in found) if found else (message.id,)
            self.arrivals.append(Arrival(now, (channel, message.to), ids, message.is_repeat, answered))
        return Delivered() if answered else Unanswered("no answer came")


def violations(
    outbox: YearOutbox, channels: YearChannels, rows: Iterable[tuple[datetime, Change]], wanted: "Wanted"
) -> Iterator[str]:
    """Each notice that is lost, doubled, late without a reason, or dropped though people got it; and each turn that was
    carried out without its notices."""
    arrivals: dict[str, list[Arrival]] = defaultdict(list)
    for arrival in channels.arrivals:
        for key in arrival.ids:
            arrivals[key].append(arrival)
    told: dict[str, set[str]] = defaultdict(set)
    for row in (*outbox.done.values(), *outbox.rows.values()):
        yield from of_row(row, arrivals[row.id], outbox, channels.now())
        told[row.notice.subject.key].add(row.notice.recipient)
    for _, change in rows:
        one = change.escalation
        if change.event == "applied" and one.state is EscalationState.APPLIED:
            lacking = wanted.get((one.policy, one.route, one.rung), frozenset()) - told[one.key]
            if lacking:
                yield f"NOBODY NOTIFIED: {one.key} {one.route}/{one.rung}: {', '.join(sorted(lacking))}"


Wanted = Mapping[tuple[str, str, str], frozenset[str]]
"""The teams that each rung notifies, by policy, route and rung; `start` for the first."""


def of_row(row: Queued, arrivals: Sequence[Arrival], outbox: YearOutbox, end: datetime) -> Iterator[str]:
    about = f"{row.id} {row.notice.subject.kind} {row.notice.subject.key} ({row.state}, {row.reason})"
    lost_answers = sum(not one.answered for one in arrivals)
    if len(arrivals) > 1 + lost_answers:
        yield f"NOTICE TWICE: {about}"
    if any(not one.is_repeat for one in arrivals[1:]):
        yield f"REPEAT THAT DOES NOT SAY SO: {about}"
    if row.state is NoticeState.SENT and not arrivals:
        yield f"NOTICE LOST: {about}"
    if row.state is NoticeState.DROPPED and arrivals:
        yield f"DROPPED AFTER IT ARRIVED: {about}"
    if row.state is NoticeState.UNDELIVERED and not (row.tries or row.notice.missing):
        yield f"GIVEN UP WITHOUT A TRY: {about}"
    start = outbox.known.get(row.notice.subject.key)
    if row.state is NoticeState.INTENDED and start and start.state is EscalationState.APPLIED:
        yield f"NEVER RELEASED: {about}"
    if row.state is NoticeState.SENDING or (row.state is NoticeState.WAITING and row.at <= end - DAY):
        yield f"LEFT BEHIND: {about}"


def counted(outbox: YearOutbox, channels: YearChannels) -> Counter[str]:
    """Figures of the year: notices by their end, and the messages to each recipient."""
    found = Counter({f"notices: {state}": 0 for state in ENDS})
    for row in outbox.done.values():
        found[f"notices: {row.state}"] += 1
        found["nobody to reach"] += bool(row.notice.missing)
    found["notices: waiting"] = len(outbox.rows)
    found["messages"] = len(channels.arrivals)
    each = Counter(f"messages to {to or 'the channel'} by {channel}" for channel, to in recipients_of(channels))
    found.update(each)
    return found


def recipients_of(channels: YearChannels) -> Iterator[tuple[str, str]]:
    return (one.recipient for one in channels.arrivals)
