"""The delivery of what waits in the outbox, after the escalations and outside their lease.

No channel can undo, delay or hide an escalation: a channel that fails twice is left for the next run, and after a
minute the rest is.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.escalation.notices.message import Message
from sfdc_escalator.escalation.notices.notice import bundle_id
from sfdc_escalator.escalation.outbox.batches import Batch, batches
from sfdc_escalator.escalation.outbox.posting import message_now, together
from sfdc_escalator.escalation.outbox.queued import NoticeState, OutboxCounts, Queued
from sfdc_escalator.escalation.outbox.rows import Waiting
from sfdc_escalator.escalation.outbox.tries import is_given_up, next_try
from sfdc_escalator.escalation.policy.telling import NO_RULES, NoticeRules
from sfdc_escalator.escalation.world.history import Escalation
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged
from sfdc_escalator.pipeline.notify.truth import no_longer_true
from sfdc_escalator.pipeline.ports.channel import (
    Broken,
    Channels,
    Delayed,
    Delivered,
    Delivery,
    Refused,
    Unanswered,
    Way,
)
from sfdc_escalator.pipeline.ports.outbox import Outbox, Settled

log = logging.getLogger(__name__)
SECONDS = 60.0
"""The longest time that a run delivers."""
SIDE_BY_SIDE = 8
FAILURES = 2
"""After this number of failures in a run a channel is left for the next run."""
LOOK_BACK = timedelta(days=8)
"""Deliveries that may count for a cap or a group; none lasts longer in a policy that anybody writes."""
LOG = "log"


@dataclass(frozen=True, slots=True)
class Sent:
    """The work of one delivery, and what stands in the outbox after it."""

    sent: int = 0
    dropped: int = 0
    counts: OutboxCounts = field(default_factory=OutboxCounts)
    problems: tuple[str, ...] = ()


def deliver(
    outbox: Outbox,
    channels: Channels,
    rules: Mapping[str, NoticeRules],
    now: Callable[[], datetime],
    seconds: float = SECONDS,
) -> Sent:
    """Sends what is due. `rules` are those of the policies by name; `now` is the org's time."""
    queued = of_policies(outbox.queued(), rules)
    if not queued:
        return Sent(counts=outbox.counts())
    begin = now().replace(microsecond=0)
    starts = outbox.escalations({one.notice.subject.start_key for one in queued} - {""})
    dropped = [*no_longer_true(free(queued), starts), *given_up(free(queued), begin)]
    outbox.settle(dropped)
    ended = {key for one in dropped for key in one.ids}
    left = [one for one in queued if one.id not in ended]
    found = batches((waiting_of(one, rules) for one in left), outbox.delivered(begin - LOOK_BACK), begin)
    outbox.settle([Settled((key,), NoticeState.WAITING, at=at, held=True) for key, at in found.later.items()])
    work = Work(outbox, channels, rules, now, {one.id: one for one in left}, starts, time.monotonic() + seconds)
    send_all(work, found.send, seconds)
    lost = sum(one.state is NoticeState.DROPPED for one in dropped)
    return Sent(work.sent, lost, outbox.counts(), tuple(work.problems))


def of_policies(queued: Sequence[Queued], rules: Mapping[str, NoticeRules]) -> Sequence[Queued]:
    """The notices of the policies of this run, which say where they go. A message that has one of another policy is
    left whole."""
    others = {one.bundle for one in queued if one.notice.subject.policy not in rules}
    return [one for one in queued if one.notice.subject.policy in rules and one.bundle not in others - {""}]


def free(queued: Iterable[Queued]) -> Iterable[Queued]:
    return (one for one in queued if not one.is_busy)


def given_up(queued: Iterable[Queued], now: datetime) -> Iterable[Settled]:
    """Rule N11: 24 hours after the first try a notice that waits for its next one is undelivered."""
    for one in queued:
        if one.first_try and now < one.at and is_given_up(one.first_try, now):
            yield Settled((one.id,), NoticeState.UNDELIVERED, f"given up after a day: {one.reason}")


def waiting_of(one: Queued, rules: Mapping[str, NoticeRules]) -> Waiting:
    notice, own = one.notice, rules.get(one.notice.subject.policy, NO_RULES)
    return Waiting(
        one.id,
        notice.channel,
        notice.to,
        notice.queued_at,
        one.at,
        notice.urgent,
        notice.digest,
        one.held,
        one.bundle,
        one.tries,
        one.first_try,
        notice.group,
        notice.within,
        own.cap,
        own.quiet,
        ZoneInfo(notice.zone or "UTC"),
    )


@dataclass(slots=True)
class Work:
    """The delivery of one run, used by several threads at once, each with the channels of its own."""

    outbox: Outbox
    channels: Channels
    rules: Mapping[str, NoticeRules]
    now: Callable[[], datetime]
    queued: Mapping[str, Queued]
    starts: Mapping[str, Escalation]
    end: float
    sent: int = 0
    problems: list[str] = field(default_factory=list)

    def send(self, name: str, some: Sequence[Batch]) -> None:
        """Sends the messages of one channel, one after the other."""
        failures = 0
        for batch in some:
            if failures >= FAILURES or time.monotonic() >= self.end:
                return
            if any(self.queued[row.id].is_busy for row in batch.rows):
                continue
            answer = self.send_one(name, batch)
            if isinstance(answer, Broken):
                return self.warn(f"the channel {name} is broken: {answer.reason}")
            failures += not isinstance(answer, Delivered | Refused | None)

    def send_one(self, name: str, batch: Batch) -> Delivery | None:
        """The answer to one message; None where another run has it."""
        way = self.channels.way(self.kind_of(name, batch), name, batch.rows[0].to)
        ids = tuple(row.id for row in batch.rows)
        tried = self.now().replace(microsecond=0)
        if isinstance(way, Broken):
            self.outbox.settle([self.settled(batch, way, tried)])
            return way
        bundle = batch.rows[0].bundle or (bundle_id(ids) if len(ids) > 1 or batch.kind == "digest" else ids[0])
        if not self.outbox.claim(ids, bundle, tried):
            return None
        answer = way.channel.deliver(self.message(batch, way))
        self.outbox.settle([self.settled(batch, answer, tried)])
        self.sent += len(ids) if isinstance(answer, Delivered) else 0
        if not isinstance(answer, Delivered):
            log.warning("notice not delivered", extra={"channel": name, "reason": answer.reason, "notices": len(ids)})
        return answer

    def kind_of(self, name: str, batch: Batch) -> str:
        policy = self.queued[batch.rows[0].id].notice.subject.policy
        return self.rules.get(policy, NO_RULES).channels.get(name, LOG)

    def message(self, batch: Batch, way: Way) -> Message:
        sender = self.channels.sender
        each = [message_now(self.queued[row.id], sender, self.acknowledged(row.id)) for row in batch.rows]
        if len(each) == 1 and batch.kind != "digest":
            return replace(each[0], to=way.to)
        kind: Literal["bundle", "digest"] = "digest" if batch.kind == "digest" else "bundle"
        groups = {row.group for row in batch.rows}
        more = groups != {""} and len(groups) == 1 and not batch.firsts
        return replace(together(each, kind, sender, more=more), to=way.to, urgent=batch.urgent)

    def acknowledged(self, notice: str) -> Acknowledged | None:
        subject = self.queued[notice].notice.subject
        start = self.starts.get(subject.start_key)
        return start.ladder.acknowledged if start and start.ladder and subject.kind == "start" else None

    def settled(self, batch: Batch, answer: Delivery, tried: datetime) -> Settled:
        ids = tuple(row.id for row in batch.rows)
        row = batch.rows[0]
        match answer:
            case Delivered():
                return Settled(ids, NoticeState.SENT, tried=tried, reference=answer.reference, firsts=batch.firsts)
            case Refused():
                return Settled(ids, NoticeState.UNDELIVERED, answer.reason, tried=tried)
        if is_given_up(row.first_try or tried, tried):
            return Settled(ids, NoticeState.UNDELIVERED, f"given up after a day: {answer.reason}", tried=tried)
        if isinstance(answer, Broken):
            return Settled(ids, NoticeState.WAITING, answer.reason, tried=tried)
        if isinstance(answer, Unanswered) and not self.may_repeat(batch):
            reason = f"{answer.reason}; it was sent twice and may have been delivered"
            return Settled(ids, NoticeState.UNDELIVERED, reason, tried=tried, repeats=True)
        asked = answer.after if isinstance(answer, Delayed) else None
        at = next_try(row.tries + 1, tried, asked, row.quiet, row.zone, batch.urgent)
        return Settled(ids, NoticeState.WAITING, answer.reason, at, tried=tried, repeats=isinstance(answer, Unanswered))

    def may_repeat(self, batch: Batch) -> bool:
        """Rule N9: a service that cannot know a message again gets at most one repeat of it."""
        row = batch.rows[0]
        knows_ids = KINDS[self.kind_of(row.channel, batch)].knows_ids
        return knows_ids or not any(self.queued[one.id].may_have_arrived for one in batch.rows)

    def warn(self, problem: str) -> None:
        self.problems.append(problem)
        log.warning(problem)


def send_all(work: Work, send: Sequence[Batch], seconds: float) -> None:
    """The messages of each channel in order, the channels side by side."""
    by_channel: dict[str, list[Batch]] = {}
    for batch in send:
        by_channel.setdefault(batch.rows[0].channel, []).append(batch)
    pool = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="notify")
    try:
        futures: list[Future[None]] = [
            pool.submit(copy_context().run, work.send, name, some) for name, some in by_channel.items()
        ]
        done, _ = wait(futures, timeout=seconds)
        for future in done:
            if isinstance(error := future.exception(), EscalatorError):
                raise error
            future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
