"""The delivery of notices: what every answer of a channel leads to, what is still true, what no channel can do."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from sfdc_escalator.errors import LedgerUnusable
from sfdc_escalator.escalation.notices.message import Message
from sfdc_escalator.escalation.notices.notice import Notice, NoticeKind, bundle_id
from sfdc_escalator.escalation.outbox.queued import NoticeState, OutboxCounts, Queued
from sfdc_escalator.escalation.policy.ladder import Until
from sfdc_escalator.escalation.policy.telling import Cap, NoticeRules, Quiet
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged, LadderFacts
from sfdc_escalator.pipeline.notify import delivery
from sfdc_escalator.pipeline.notify.delivery import Sent, deliver
from sfdc_escalator.pipeline.ports.channel import Broken, Delayed, Delivered, Delivery, Refused, Unanswered
from sfdc_escalator.pipeline.ports.outbox import Settled
from sfdc_escalator.pipeline.stop import Stop
from tests.ledger.sample import USER, escalation, turn
from tests.notices import NOW, minutes, notice
from tests.pipeline.outboxes import FakeChannels, MemoryOutbox

WAITING, SENDING, SENT = NoticeState.WAITING, NoticeState.SENDING, NoticeState.SENT
UNDELIVERED, DROPPED = NoticeState.UNDELIVERED, NoticeState.DROPPED
DAY = timedelta(days=1)
KINDS = {"desk": "webhook", "alarm": "slack", "mail": "email"}
RULES = NoticeRules(channels=KINDS)
SECRET = "https://hooks.example.com/T00/B00/x7Gh29"
Answer = Callable[[str, Message], Delivery]


class Post:
    """An outbox with notices, and the channels of an org."""

    def __init__(self, *notices: Notice, answer: Answer | None = None, rules: NoticeRules = RULES) -> None:
        self.outbox, self.rules = MemoryOutbox(), {"support": rules}
        self.channels = FakeChannels(answer) if answer else FakeChannels()
        self.outbox.queue(notices)

    def keep_back(self, *notices: Notice) -> None:
        """Quiet hours kept these back in an earlier run, until now."""
        self.outbox.settle([Settled((one.id,), WAITING, at=one.at, held=True) for one in notices])

    def deliver(self, at: datetime = NOW, **more: Any) -> Sent:
        return deliver(self.outbox, self.channels, self.rules, lambda: at, **more)

    def change(self, one: Notice, **changed: Any) -> None:
        self.outbox.rows[one.id] = replace(self.outbox.rows[one.id], **changed)

    def state(self, one: Notice) -> NoticeState:
        return self.outbox.rows[one.id].state

    @property
    def states(self) -> list[NoticeState]:
        return [one.state for one in self.outbox.rows.values()]

    @property
    def messages(self) -> list[Message]:
        return [message for _, message in self.channels.got]

    @property
    def message(self) -> Message:
        (found,) = self.messages
        return found


def to_desk(*numbers: int, **more: Any) -> list[Notice]:
    return [notice(number, **more) for number in numbers]


def texts(message: Message) -> list[str]:
    return [line.text for line in message.lines]


# -- answers -----------------------------------------------------------------------------------------------------------


def breaks(channel: str, message: Message) -> Delivery:
    raise ConnectionError(f"{SECRET} cannot be reached")


ANSWERS: Mapping[str, Answer] = {
    "delivered": lambda *_: Delivered("m-1"),
    "delayed": lambda *_: Delayed("HTTP 503"),
    "asked": lambda *_: Delayed("HTTP 429", minutes(20)),
    "refused": lambda *_: Refused("HTTP 404"),
    "broken": lambda *_: Broken("HTTP 401"),
    "unanswered": lambda *_: Unanswered("no answer"),
    "error": breaks,
}
BEFORE: Mapping[str, Mapping[str, Any]] = {
    "new": {},
    "tried": {"tries": 1, "first_try": NOW - minutes(1), "last_try": NOW - minutes(1)},
    "lost": {"tries": 1, "first_try": NOW - minutes(1), "last_try": NOW - minutes(1), "repeats": 1},
    "sending": {"state": SENDING, "first_try": NOW - minutes(1)},
    "tried for a day": {"tries": 30, "first_try": NOW - DAY, "last_try": NOW - minutes(60)},
}
AN_ERROR = "an error inside the channel: ConnectionError"
TWICE = "; it was sent twice and may have been delivered"
TOO_LATE = "given up after a day: "
ENDS = [
    # before, answer, channel -> state, minutes until the next try, reason
    ("new", "delivered", "desk", SENT, 0, ""),
    ("new", "delayed", "desk", WAITING, 1, "HTTP 503"),
    ("new", "asked", "desk", WAITING, 20, "HTTP 429"),
    ("new", "refused", "desk", UNDELIVERED, 0, "HTTP 404"),
    ("new", "broken", "desk", WAITING, 0, "HTTP 401"),
    ("new", "unanswered", "desk", WAITING, 1, "no answer"),
    ("new", "unanswered", "alarm", WAITING, 1, "no answer"),
    ("new", "error", "desk", WAITING, 1, AN_ERROR),
    ("new", "error", "alarm", WAITING, 1, AN_ERROR),
    ("tried", "delivered", "desk", SENT, 0, ""),
    ("tried", "delayed", "desk", WAITING, 2, "HTTP 503"),
    ("tried", "asked", "desk", WAITING, 20, "HTTP 429"),
    ("tried", "refused", "desk", UNDELIVERED, 0, "HTTP 404"),
    ("tried", "broken", "desk", WAITING, 0, "HTTP 401"),
    ("tried", "unanswered", "alarm", WAITING, 2, "no answer"),
    ("lost", "delivered", "alarm", SENT, 0, ""),
    ("lost", "delayed", "alarm", WAITING, 2, "HTTP 503"),
    ("lost", "unanswered", "desk", WAITING, 2, "no answer"),
    ("lost", "unanswered", "alarm", UNDELIVERED, 0, "no answer" + TWICE),
    ("lost", "error", "alarm", UNDELIVERED, 0, AN_ERROR + TWICE),
    ("sending", "delivered", "alarm", SENT, 0, ""),
    ("sending", "delayed", "alarm", WAITING, 1, "HTTP 503"),
    ("sending", "unanswered", "desk", WAITING, 1, "no answer"),
    ("sending", "unanswered", "alarm", UNDELIVERED, 0, "no answer" + TWICE),
    ("tried for a day", "delivered", "desk", SENT, 0, ""),
    ("tried for a day", "delayed", "desk", UNDELIVERED, 0, TOO_LATE + "HTTP 503"),
    ("tried for a day", "asked", "desk", UNDELIVERED, 0, TOO_LATE + "HTTP 429"),
    ("tried for a day", "refused", "desk", UNDELIVERED, 0, "HTTP 404"),
    ("tried for a day", "broken", "desk", UNDELIVERED, 0, TOO_LATE + "HTTP 401"),
    ("tried for a day", "unanswered", "desk", UNDELIVERED, 0, TOO_LATE + "no answer"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "answer", "channel", "state", "pause", "reason"), ENDS)
def test_what_a_channel_answers_ends_the_try(
    before: str, answer: str, channel: str, state: NoticeState, pause: int, reason: str
) -> None:
    """N9, N11"""
    one = notice(channel=channel)
    post = Post(one, answer=ANSWERS[answer])
    post.change(one, **BEFORE[before])
    found = post.deliver()
    row = post.outbox.rows[one.id]
    assert (row.state, row.at, row.reason) == (state, NOW + minutes(pause), reason)
    assert post.message.id == one.id, "whatever is tried again has the same id"
    assert post.message.is_repeat is (before in ("lost", "sending"))
    assert (row.first_try, row.last_try) == (BEFORE[before].get("first_try") or NOW, NOW)
    assert row.tries == BEFORE[before].get("tries", 0) + 1
    lost_now = answer in ("unanswered", "error") and state is not UNDELIVERED
    assert (row.repeats > 0) is (lost_now or before in ("lost", "sending"))
    assert found.sent == (state is SENT)
    assert found.counts == OutboxCounts(state is WAITING, state is UNDELIVERED)


def test_an_error_inside_a_channel_shows_no_address(caplog: pytest.LogCaptureFixture) -> None:
    post = Post(notice(), answer=breaks)
    post.deliver()
    assert SECRET not in caplog.text + repr(post.outbox.rows) + repr([vars(one) for one in caplog.records])


def test_tries_come_1_2_5_15_30_60_minutes_after_the_last_and_then_hourly_for_a_day() -> None:
    """N11: by the org's clock, and whichever run comes: here one comes each minute."""
    one, tried, after = notice(), list[int](), list[OutboxCounts]()
    post = Post(one, answer=ANSWERS["delayed"])
    for minute in range(25 * 60):
        before = len(post.messages)
        after.append(post.deliver(NOW + minutes(minute)).counts)
        tried += [minute] * (len(post.messages) - before)
    assert tried == [0, 1, 3, 8, 23, *range(53, 24 * 60, 60)]
    assert after.index(OutboxCounts(undelivered=1)) == 24 * 60
    assert post.outbox.rows[one.id].reason == TOO_LATE + "HTTP 503"


def test_a_run_that_comes_after_a_day_tries_what_was_due_before() -> None:
    """N11: perhaps no run came for a day."""
    one = notice()
    post = Post(one, answer=ANSWERS["delayed"])
    post.deliver()
    post.channels.answer = ANSWERS["delivered"]
    assert post.deliver(NOW + 3 * DAY).sent == 1


def test_what_a_service_asks_to_wait_beyond_a_day_is_given_up_after_a_day() -> None:
    """N11"""
    one = notice()
    post = Post(one, answer=lambda *_: Delayed("HTTP 429", 3 * DAY))
    post.deliver()
    assert post.deliver(NOW + DAY - minutes(1)).counts.waiting == 1
    assert post.deliver(NOW + DAY).counts == OutboxCounts(undelivered=1)
    assert len(post.messages) == 1


def test_a_retry_that_falls_into_quiet_hours_waits() -> None:
    """N11"""
    one, urgent = notice(1), notice(2, urgent=True)
    post = Post(one, urgent, answer=ANSWERS["delayed"], rules=replace(RULES, quiet=Quiet(time(16, 1), time(18))))
    post.deliver()  # 15:00 UTC is 16:00 in Berlin
    rows = post.outbox.rows
    at_six = NOW.replace(hour=17, second=0)
    assert (rows[one.id].at, rows[urgent.id].at) == (at_six, NOW + minutes(1))


# -- still true --------------------------------------------------------------------------------------------------------

ACT = Acknowledged(NOW - minutes(10), USER, "owner")
CLOSED, GONE, TAKEN = (
    "the case was closed",
    "the case was deleted or merged",
    "another escalation of the case took it over",
)
TRUTHS: list[tuple[NoticeKind, EscalationState, bool, Until | None, str]] = [
    # kind, state of the escalation, acknowledged, until of a rung -> reason of the drop
    ("start", EscalationState.APPLIED, False, None, ""),
    ("start", EscalationState.APPLIED, True, None, ""),
    ("start", EscalationState.CLOSED, False, None, CLOSED),
    ("start", EscalationState.GONE, False, None, GONE),
    ("start", EscalationState.SUPERSEDED, False, None, TAKEN),
    ("warn", EscalationState.APPLIED, True, None, ""),
    ("warn", EscalationState.CLOSED, False, None, CLOSED),
    ("rung", EscalationState.APPLIED, False, "acknowledged", ""),
    ("rung", EscalationState.APPLIED, True, "acknowledged", "somebody acted"),
    ("rung", EscalationState.APPLIED, True, "closed", ""),
    ("rung", EscalationState.CLOSED, False, "closed", CLOSED),
    ("rung", EscalationState.CLOSED, False, "acknowledged", CLOSED),
    ("acknowledged", EscalationState.CLOSED, True, None, ""),
    ("closed", EscalationState.CLOSED, True, None, ""),
    ("exhausted", EscalationState.CLOSED, True, None, ""),
    ("missing", EscalationState.CLOSED, True, None, ""),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "state", "is_acknowledged", "until", "reason"), TRUTHS)
def test_a_waiting_notice_is_sent_only_while_it_is_true(
    kind: NoticeKind, state: EscalationState, is_acknowledged: bool, until: Until | None, reason: str
) -> None:
    """N5"""
    start = replace(escalation(1, state), ladder=LadderFacts(acknowledged=ACT if is_acknowledged else None))
    about = turn() if kind == "rung" else start
    one = notice(about, kind, start=start, until=until)
    post = Post(one)
    post.outbox.known[start.key] = start
    found = post.deliver()
    assert (post.state(one), post.outbox.rows[one.id].reason) == (DROPPED if reason else SENT, reason)
    assert (found.sent, found.dropped) == ((0, 1) if reason else (1, 0))
    if kind in ("start", "warn") and not reason:
        assert (f"owner by {USER}, 2026-03-02 14:50 UTC" in texts(post.message)) is is_acknowledged


def test_what_belongs_to_no_escalation_is_always_sent() -> None:
    """N5: a warning of what never came, a route that is withheld."""
    post = Post(notice(1, "warn"), notice(2, "guard"))
    assert post.deliver().sent == 2


@pytest.mark.parametrize(("before", "state"), [("new", DROPPED), ("tried", DROPPED), ("lost", SENT), ("sending", SENT)])
def test_what_may_have_arrived_is_not_dropped(before: str, state: NoticeState) -> None:
    """N5, N9: the repeat makes sure that it did."""
    one = notice()
    post = Post(one)
    post.change(one, **BEFORE[before], bundle="" if before == "new" else one.id)
    post.outbox.known[escalation().key] = escalation(1, EscalationState.CLOSED)
    post.deliver()
    assert post.state(one) is state


def test_what_another_run_sends_is_left_alone() -> None:
    """N10"""
    one = notice()
    post = Post(one)
    post.outbox.known[escalation().key] = escalation(1, EscalationState.CLOSED)
    post.change(one, state=SENDING, first_try=NOW)
    post.outbox.holders[one.id] = "another run"
    found = post.deliver()
    assert (found.sent, found.dropped, found.counts.waiting, post.messages) == (0, 0, 1, [])


def test_what_another_run_takes_in_the_meantime_is_not_sent() -> None:
    """N10"""
    post = Post(notice(1), notice(2))
    rival = post.outbox.as_seen_by("another run")

    def answer(channel: str, message: Message) -> Delivery:
        rival.claim(rival.queued()[1:], "b", NOW)
        return Delivered()

    post.channels.answer = answer
    assert post.deliver().sent == 1
    assert [message.id for message in post.messages] == [notice(1).id]
    assert post.states == [SENT, SENDING]


# -- messages ----------------------------------------------------------------------------------------------------------


def test_a_message_says_what_is_known_only_when_it_is_sent() -> None:
    one = notice(turn(), "rung", start=escalation(), instead_of="Owner.Manager, who is not active", until=None)
    post = Post(one)
    post.change(one, remark="its move was rejected", repeats=1)
    post.deliver()
    kept = [(line.label, line.text) for line in post.message.lines if line.kept]
    assert kept[1:] == [
        ("Instead of", "Owner.Manager, who is not active"),
        ("", "This step waits: its move was rejected."),
    ]
    assert post.message.is_repeat
    facts = post.message.facts
    assert (facts["repeat"], facts["instead_of"], facts["recipient"]) == (True, one.instead_of, "leads")


def test_a_message_of_several_keeps_its_members_and_its_id() -> None:
    """Its membership is fixed at the first try."""
    first, second, last = to_desk(1, 2, 3)
    post = Post(first, second, answer=ANSWERS["unanswered"])
    post.keep_back(first, second)
    post.deliver()
    post.outbox.queue([last])
    post.keep_back(last)
    post.outbox.known[escalation(1).key] = escalation(1, EscalationState.CLOSED)
    post.channels.answer = ANSWERS["delivered"]
    assert post.deliver(NOW + minutes(1)).sent == 3
    before, again, third = post.messages
    assert before.id == again.id == bundle_id([first.id, second.id])
    assert [[one["id"] for one in message.facts["of"]] for message in (before, again)] == [[first.id, second.id]] * 2
    assert (before.is_repeat, again.is_repeat, third.id) == (False, True, notice(3).id)


def test_a_message_of_several_that_was_delayed_loses_none_of_them_either() -> None:
    given = to_desk(1, 2)
    post = Post(*given, answer=ANSWERS["delayed"])
    post.keep_back(*given)
    post.deliver()
    post.outbox.known[escalation(1).key] = escalation(1, EscalationState.CLOSED)
    post.channels.answer = ANSWERS["delivered"]
    assert post.deliver(NOW + minutes(1)).sent == 2
    assert [len(one.facts["of"]) for one in post.messages] == [2, 2]


def test_what_is_not_true_any_more_is_not_part_of_a_message_of_several() -> None:
    """N6"""
    given = to_desk(1, 2, 3)
    post = Post(*given)
    post.keep_back(*given)
    post.outbox.known[escalation(2).key] = escalation(2, EscalationState.CLOSED)
    found = post.deliver()
    assert (found.sent, found.dropped, post.message.kind) == (2, 1, "bundle")
    assert [one["id"] for one in post.message.facts["of"]] == [notice(1).id, notice(3).id]


@pytest.mark.parametrize(("kinds", "ends"), [(("start", "acknowledged"), True), (("acknowledged", "rung"), False)])
def test_a_message_of_several_about_one_alarm_ends_it_with_its_last(kinds: Sequence[NoticeKind], ends: bool) -> None:
    given = [replace(one, message=replace(one.message, ends=one.subject.kind == "acknowledged"))
             for kind in kinds for one in [notice(1, kind, until=None)]]  # fmt: skip
    post = Post(*given)
    post.keep_back(*given)
    assert post.deliver().sent == 2
    assert (post.message.alarm, post.message.ends) == (escalation().key, ends)


@pytest.mark.parametrize("numbers", [(1,), (1, 2, 3)])
def test_a_digest_is_one_message_and_says_so(numbers: Sequence[int]) -> None:
    """N7"""
    post = Post(*to_desk(*numbers, digest=True, urgent=False, at=NOW))
    assert post.deliver().sent == len(numbers)
    assert (post.message.kind, len(post.message.facts["of"])) == ("digest", len(numbers))
    assert post.message.title == f"{len(numbers)} in the digest"


def test_what_is_over_the_cap_waits_and_goes_as_one() -> None:
    """N7"""
    rules = replace(RULES, cap=Cap(2, minutes(15)))
    post = Post(*to_desk(1, 2, 3, 4), rules=rules)
    assert post.deliver().counts.waiting == 2
    assert post.deliver(NOW + minutes(14)).sent == 0
    assert post.deliver(NOW + minutes(15)).sent == 2
    assert [one.kind for one in post.messages] == ["start", "start", "bundle"]


def test_a_delivery_counts_as_long_as_the_policy_says() -> None:
    """N8: also for weeks."""
    post, later = Post(), NOW + 9 * DAY
    for number, at in ((1, NOW), (2, later), (3, later)):
        post.outbox.queue([notice(number, group="g", within=14 * DAY, queued_at=at, at=at)])
        post.deliver(at)
    assert post.states == [SENT, SENT, WAITING], "the second of nine days later is not a first"
    assert post.deliver(later + minutes(15)).sent == 1


# -- channels ----------------------------------------------------------------------------------------------------------


def test_a_channel_that_failed_twice_is_left_for_the_next_run_and_others_go_on() -> None:
    """N10"""

    def answer(channel: str, message: Message) -> Delivery:
        return Delayed("HTTP 503") if channel == "desk" else Delivered()

    post = Post(*to_desk(1, 2, 3, 4), *(notice(number, channel="alarm") for number in (1, 2, 3)), answer=answer)
    found = post.deliver()
    assert (found.sent, found.counts.waiting) == (3, 4)
    assert [name for name, _ in sorted(post.channels.got, key=lambda got: got[0])] == ["alarm"] * 3 + ["desk"] * 2
    assert [post.outbox.rows[notice(number).id].tries for number in (1, 2, 3, 4)] == [1, 1, 0, 0]


def test_a_refusal_is_not_a_failure_of_the_channel() -> None:
    """N11: an address of one recipient."""
    post = Post(*to_desk(1, 2, 3, 4), answer=ANSWERS["refused"])
    assert post.deliver().counts.undelivered == 4


def test_of_a_broken_channel_one_row_per_run_is_tried() -> None:
    """N11"""
    post = Post(*to_desk(1, 2, 3), notice(channel="alarm"), answer=ANSWERS["delivered"])
    post.channels.answer = lambda channel, _: Broken("HTTP 401") if channel == "desk" else Delivered()
    first = post.deliver()
    assert (first.sent, first.counts.waiting) == (1, 3)
    assert first.problems == ("the channel desk is broken: HTTP 401",)
    assert post.deliver(NOW + minutes(1)).problems == first.problems
    assert [name for name, _ in post.channels.got].count("desk") == 2
    post.channels.answer = ANSWERS["delivered"]
    assert post.deliver(NOW + minutes(2)).sent == 3


def test_a_channel_without_an_address_is_broken() -> None:
    post = Post(*to_desk(1, 2), notice(channel="alarm"))
    post.channels.lacking = frozenset({"desk"})
    found = post.deliver()
    assert (found.sent, found.counts.waiting, found.problems) == (1, 2, ("the channel desk is broken: no address",))
    assert post.deliver(NOW + DAY).counts.undelivered == 1


def test_a_notice_of_a_policy_that_no_run_takes_any_more_goes_by_its_own_channel_after_a_day() -> None:
    """A run may have some of the policies only: it leaves the notices of the others, whose quiet hours it does not
    know. After a day without such a run the policy is gone."""
    for waited, asked in ((timedelta(hours=23), []), (timedelta(hours=25), [("slack", "desk")])):
        post = Post(replace(notice(channel_kind="slack"), at=NOW - waited), rules=RULES)
        post.rules = {}
        post.deliver()
        assert post.channels.asked == asked


def found_threads(name: str) -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name.startswith(name)]


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds since the run began; a test moves them."""
    now = [0.0]
    monkeypatch.setattr(delivery, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_a_channel_that_hangs_does_not_keep_the_run_and_others_go_on(seconds: list[float]) -> None:
    """N10: the run ends after its 60 seconds."""
    hangs, end = threading.Event(), threading.Event()

    def answer(channel: str, message: Message) -> Delivery:
        if channel == "desk":
            hangs.set()
            end.wait(60)
            return Delivered()
        hangs.wait(60)
        seconds[0] = 60.0
        return Delivered()

    post = Post(notice(channel="alarm"), *to_desk(1, 2), answer=answer)
    found = post.deliver()
    assert (found.sent, found.counts.waiting) == (1, 2)
    assert post.states == [SENT, SENDING, WAITING]
    end.set()
    for one in found_threads("notify"):
        one.join(60)
    assert post.states == [SENT, SENT, WAITING], "nothing is begun after the end; an answer that comes late counts"


def test_no_message_is_begun_after_50_seconds(seconds: list[float]) -> None:
    """N10: its answer is still awaited."""

    def answer(channel: str, message: Message) -> Delivery:
        seconds[0] += 30
        return Delivered()

    post = Post(*to_desk(1, 2, 3), answer=answer)
    assert post.deliver().sent == 2
    assert post.deliver(NOW + minutes(1)).sent == 1


def test_a_signal_leaves_what_is_not_begun_to_the_next_run() -> None:
    stop = Stop()

    def answer(channel: str, message: Message) -> Delivery:
        stop.call_off("SIGTERM")
        return Delivered()

    post = Post(*to_desk(1, 2, 3), answer=answer)
    found = post.deliver(stop=stop)
    assert (found.sent, found.counts) == (1, OutboxCounts(waiting=2))


@pytest.mark.parametrize("reason", ["the deadline has passed", "api_budget: the run made 1,000 API calls"])
def test_a_run_that_stops_for_another_reason_delivers(reason: str) -> None:
    """N10: the org, and the time for new chunks, are not needed for it."""
    stop = Stop()
    stop.pull(reason)
    assert Post(*to_desk(1, 2)).deliver(stop=stop).sent == 2


def test_an_outbox_that_fails_ends_the_run_after_the_other_channels() -> None:
    class Failing(MemoryOutbox):
        def settle(self, settled: Sequence[Settled]) -> None:
            if any(self.rows[key].notice.channel == "desk" for one in settled for key in one.ids):
                raise LedgerUnusable("the ledger is locked")
            super().settle(settled)

    post = Post()
    post.outbox = Failing()
    post.outbox.queue([*to_desk(1), notice(channel="alarm")])
    with pytest.raises(LedgerUnusable):
        post.deliver()
    assert post.states == [SENDING, SENT]


def test_an_empty_outbox_asks_no_channel_and_erases_old_texts() -> None:
    post = Post(notice())
    post.deliver()
    assert post.deliver(NOW + 31 * DAY) == Sent(counts=OutboxCounts())
    row: Queued = post.outbox.rows[notice().id]
    assert (row.state, row.notice.message.title) == (SENT, "")
