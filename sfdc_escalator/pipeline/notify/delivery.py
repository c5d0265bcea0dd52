"""The delivery of what waits in the outbox, after the escalations and outside their lease.

No channel can undo, delay or hide an escalation: a channel that fails twice is left for the next run, and after a
minute the rest is. An error inside a channel is an answer that did not come.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Thread
from typing import Literal, NamedTuple

from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.escalation.notices.message import Message
from sfdc_escalator.escalation.notices.notice import bundle_id
from sfdc_escalator.escalation.outbox.batches import Batch, batches
from sfdc_escalator.escalation.outbox.posting import message_now, together
from sfdc_escalator.escalation.outbox.queued import NoticeState, OutboxCounts, Queued
from sfdc_escalator.escalation.policy.telling import NO_RULES, NoticeRules
from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged
from sfdc_escalator.pipeline.notify.due import free, given_up, kept_back, look_back, of_policies, waiting_of
from sfdc_escalator.pipeline.notify.ends import end_of
from sfdc_escalator.pipeline.notify.truth import no_longer_true
from sfdc_escalator.pipeline.ports.channel import Broken, Channels, Delivered, Delivery, Refused, Unanswered, Way
from sfdc_escalator.pipeline.ports.outbox import Outbox, Settled
from sfdc_escalator.pipeline.stop import Stop

log = logging.getLogger(__name__)
FAILURES = 2
"""After this number of failures in a run a channel is left for the next run."""


class Limits(NamedTuple):
    """The seconds of a run after which no message is begun, and after which no answer is awaited. A channel takes at
    most the time between them."""

    begin: float = 50.0
    wait: float = 60.0


LIMITS = Limits()
Names = Callable[[frozenset[str]], Mapping[str, str]]
"""The names of users by id; of none that is not known."""


def no_names(_ids: frozenset[str]) -> Mapping[str, str]:
    return {}


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
    stop: Stop | None = None,
    limits: Limits = LIMITS,
    names: Names = no_names,
) -> Sent:
    """Sends what is due. `rules` are those of the policies by name; `now` is the org's time; `names` gives the names of
    users by id. A signal ends it: what is not begun is left for the next run."""
    begin = now().replace(microsecond=0)
    outbox.forget(begin)
    queued = of_policies(outbox.queued(), rules, begin)
    if not queued:
        return Sent(counts=outbox.counts())
    subjects = [one.notice.subject for one in queued]
    starts = outbox.escalations({key for one in subjects for key in (one.start_key, one.key)} - {""})
    dropped = [*no_longer_true(free(queued), starts), *given_up(free(queued), begin)]
    outbox.settle(dropped)
    ended = {key for one in dropped for key in one.ids}
    left = [one for one in queued if one.id not in ended]
    delivered = outbox.delivered(begin - look_back(left, rules))
    found = batches((waiting_of(one, rules) for one in left), delivered, begin)
    by_id, since = {one.id: one for one in left}, time.monotonic()
    outbox.settle([kept_back(by_id[key], at) for key, at in found.later.items()])
    people = names(actors(found.send, by_id, starts))
    work = Work(outbox, channels, rules, now, by_id, starts, people, stop or Stop(), limits, since)
    work.send_all(found.send)
    lost = sum(one.state is NoticeState.DROPPED for one in dropped)
    return Sent(sum(work.sent), lost, outbox.counts(), tuple(work.problems))


@dataclass(slots=True)
class Work:
    """The delivery of one run: the messages of each channel in order, the channels side by side."""

    outbox: Outbox
    channels: Channels
    rules: Mapping[str, NoticeRules]
    now: Callable[[], datetime]
    queued: Mapping[str, Queued]
    starts: Mapping[str, Escalation]
    people: Mapping[str, str]
    stop: Stop
    limits: Limits
    begun: float
    sent: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)

    def send_all(self, send: Iterable[Batch]) -> None:
        """Raises what the outbox raises. A channel that does not answer in time is not awaited, not even at the end of
        the process."""
        by_channel: dict[str, list[Batch]] = {}
        for batch in send:
            by_channel.setdefault(batch.rows[0].channel, []).append(batch)
        threads = [
            Thread(target=copy_context().run, args=(self.work, *one), name=f"notify {one[0]}", daemon=True)
            for one in by_channel.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, self.limits.wait - self.age()))
        for error in self.errors:
            raise error

    def age(self) -> float:
        return time.monotonic() - self.begun

    def work(self, name: str, some: Sequence[Batch]) -> None:
        try:
            self.send(name, some)
        except BaseException as error:  # noqa: BLE001 - raised by the thread that waits
            self.errors.append(error)

    def send(self, name: str, some: Sequence[Batch]) -> None:
        """Sends the messages of one channel, one after the other."""
        failures = 0
        for batch in some:
            if failures >= FAILURES or self.age() >= self.limits.begin or self.stop.called_off:
                return
            if any(self.queued[row.id].is_busy for row in batch.rows):
                continue
            answer = self.send_one(name, batch)
            if isinstance(answer, Broken):
                return self.warn(f"the channel {name} is broken: {answer.reason}")
            failures += not isinstance(answer, Delivered | Refused | None)

    def send_one(self, name: str, batch: Batch) -> Delivery | None:
        """The answer to one message; None where another run has it."""
        rows = [self.queued[row.id] for row in batch.rows]
        way = self.channels.way(self.kind_of(name, batch), name, rows[0].notice.to)
        tried = self.now().replace(microsecond=0)
        if isinstance(way, Broken):
            self.outbox.settle([self.settled(batch, way, tried)])
            return way
        if not self.outbox.claim(rows, message_id(batch), tried):
            return None
        answer = answer_of(way, self.message(batch, way))
        end = self.settled(batch, answer, tried)
        self.outbox.settle([end])
        if isinstance(answer, Delivered):
            self.sent.append(len(rows))
        else:  # cron mails warnings, and a try that is made again is not one
            level = logging.WARNING if end.state is NoticeState.UNDELIVERED else logging.INFO
            about = {"channel": name, "reason": answer.reason, "notices": len(rows)}
            log.log(level, "notice not delivered", extra=about)
        return answer

    def kind_of(self, name: str, batch: Batch) -> str:
        """The kind that the policy gives the channel now; of a policy that this run does not have, that of then."""
        notice = self.queued[batch.rows[0].id].notice
        return self.rules.get(notice.subject.policy, NO_RULES).channels.get(name, notice.channel_kind)

    def message(self, batch: Batch, way: Way) -> Message:
        sender = self.channels.sender
        found = [self.queued[row.id] for row in batch.rows]
        each = [message_now(one, sender, act_on(one, self.starts), self.people) for one in found]
        if len(each) == 1 and batch.kind != "digest":
            return replace(each[0], to=way.to)
        kind: Literal["bundle", "digest"] = "digest" if batch.kind == "digest" else "bundle"
        groups = {row.group for row in batch.rows}
        more = groups != {""} and len(groups) == 1 and not batch.firsts
        return replace(together(each, kind, sender, more=more), to=way.to, urgent=batch.urgent)

    def settled(self, batch: Batch, answer: Delivery, tried: datetime) -> Settled:
        return end_of(batch, answer, tried, may_repeat=self.may_repeat(batch))

    def may_repeat(self, batch: Batch) -> bool:
        """Rule N9: a service that cannot know a message again gets at most one repeat of it."""
        row = batch.rows[0]
        knows_ids = KINDS[self.kind_of(row.channel, batch)].knows_ids
        return knows_ids or not any(self.queued[one.id].may_have_arrived for one in batch.rows)

    def warn(self, problem: str) -> None:
        self.problems.append(problem)
        log.warning(problem)


def act_on(one: Queued, starts: Mapping[str, Escalation]) -> Acknowledged | None:
    """The act that a start or a warning says, because it is sent although somebody acted (rule N5)."""
    subject = one.notice.subject
    start = starts.get(subject.start_key) if subject.kind in ("start", "warn") else None
    return start.ladder.acknowledged if start and start.ladder else None


def actors(send: Iterable[Batch], queued: Mapping[str, Queued], starts: Mapping[str, Escalation]) -> frozenset[str]:
    """The ids of the users whom the messages name."""
    acts = (act_on(queued[row.id], starts) for batch in send for row in batch.rows)
    return frozenset(act.by for act in acts if act and act.by)


def message_id(batch: Batch) -> str:
    """The id of the message: at the first try that of its notice, of a bundle the hash of its rows' ids."""
    ids = [row.id for row in batch.rows]
    return batch.rows[0].bundle or (ids[0] if batch.kind == "one" else bundle_id(ids))


def answer_of(way: Way, message: Message) -> Delivery:
    try:
        return way.channel.deliver(message)
    except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on; its text may hold an address
        return Unanswered(f"an error inside the channel: {type(error).__name__}")
