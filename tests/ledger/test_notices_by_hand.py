"""Notices that a person looks at, retries and drops, in every kind of ledger."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.errors import EscalatorError, Invalid
from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.outbox.queued import NoticeState, OutboxCounts, Queued
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.waitlist import Waitlist
from sfdc_escalator.ledger.store import SqlLedger
from sfdc_escalator.ledger.trail.notices import notice_list, notice_shown, notices_of_case, organizations
from sfdc_escalator.ledger.trail.notices_by_hand import drop, retry
from sfdc_escalator.ledger.trail.outbox import SqlOutbox
from sfdc_escalator.pipeline.ports.ledger import RunEnd
from sfdc_escalator.pipeline.ports.outbox import Settled
from tests.ledger.kinds import Kind, SqliteKind
from tests.ledger.notices import queue
from tests.ledger.sample import LADDER, ORG, OTHER_ORG, change, escalation, start
from tests.notices import NOW as STARTED
from tests.notices import TEXT, notice

HOUR = timedelta(hours=1)
WAITING, SENT, UNDELIVERED, DROPPED = (
    NoticeState.WAITING,
    NoticeState.SENT,
    NoticeState.UNDELIVERED,
    NoticeState.DROPPED,
)


@pytest.fixture
def ledger(kind: Kind) -> Iterator[SqlLedger]:
    with kind.open() as opened:
        yield opened


def tried(
    outbox: SqlOutbox, *some: Notice, state: NoticeState = UNDELIVERED, bundle: str = "", reason: str = ""
) -> None:
    ids = tuple(one.id for one in some)
    assert outbox.claim(rows(outbox, *ids), bundle or ids[0], STARTED)
    outbox.settle([Settled(ids, state, reason, tried=STARTED)])


def rows(outbox: SqlOutbox, *ids: str) -> list[Queued]:
    return [one for one in outbox.queued() if one.id in ids]


def states(ledger: SqlLedger) -> dict[str, NoticeState]:
    return {one.id: one.state for one in notice_list(ledger, ORG, 99).notices}


def refusal(error: Invalid) -> str:
    return "\n".join(map(str, error.problems))


def test_the_list_has_undelivered_notices_first_then_waiting_ones_then_the_newest_others(ledger: SqlLedger) -> None:
    sent, older, newer, lost, waits = (notice(number) for number in range(1, 6))
    outbox = queue(ledger, sent, older, newer, lost, waits)
    tried(outbox, sent, state=SENT)
    tried(outbox, lost)
    outbox.settle([Settled((older.id,), DROPPED, "the case was closed")])
    found = notice_list(ledger, ORG, 4)
    assert [one.id for one in found.notices] == [lost.id, waits.id, newer.id, older.id]
    assert found.counts == OutboxCounts(2, 1)
    assert (notice_list(ledger, OTHER_ORG, 4).notices, organizations(ledger)) == ((), (ORG,))


def test_a_retried_notice_is_as_if_it_was_never_tried_but_keeps_its_message(ledger: SqlLedger, kind: Kind) -> None:
    one, other = notice(1), notice(2)
    outbox = queue(ledger, one, other)
    tried(outbox, one, other, bundle="b" * 32, reason="HTTP 410")
    done = retry(ledger, ORG, [one.id[:6].upper(), one.id], "ann")
    assert ([again.id for again in done.again], done.left) == ([one.id], ())
    (waits,) = outbox.queued()
    assert (waits.id, waits.tries, waits.first_try, waits.reason) == (one.id, 0, None, "")
    assert (waits.bundle, waits.at) == ("b" * 32, STARTED)
    assert kind.verify().problems == ()


def test_a_notice_that_may_have_arrived_says_so_after_a_retry(ledger: SqlLedger) -> None:
    outbox = queue(ledger, notice())
    assert outbox.claim(rows(outbox, notice().id), notice().id, STARTED)
    outbox.settle([Settled((notice().id,), UNDELIVERED, "no answer", tried=STARTED, repeats=True)])
    retry(ledger, ORG, [], "ann")
    (waits,) = outbox.queued()
    assert waits.may_have_arrived


def test_a_notice_without_an_address_is_left_where_all_are_retried(ledger: SqlLedger) -> None:
    nobody = notice(2, channel="", missing="Owner.Manager, who is not there")
    outbox = queue(ledger, notice(1), nobody)
    tried(outbox, notice(1))
    done = retry(ledger, ORG, [], "ann")
    assert ([one.id for one in done.again], [one.id for one in done.left]) == ([notice(1).id], [nobody.id])
    assert states(ledger)[nobody.id] is UNDELIVERED
    with pytest.raises(Invalid) as error:
        retry(ledger, ORG, [nobody.id], "ann")
    assert "it has no address: Owner.Manager, who is not there" in refusal(error.value)
    assert [one.id for one in drop(ledger, ORG, [], "ann", "called")] == [nobody.id]


def test_a_notice_whose_text_was_erased_cannot_be_sent_again(ledger: SqlLedger) -> None:
    outbox = queue(ledger, notice())
    tried(outbox, notice())
    assert outbox.forget(STARTED + timedelta(days=31)) == 1
    with pytest.raises(Invalid) as error:
        retry(ledger, ORG, [notice().id], "ann")
    assert "its text was erased after 30 days. Call the people, then drop it" in refusal(error.value)
    assert retry(ledger, ORG, [], "ann").again == ()
    assert [one.id for one in drop(ledger, ORG, [], "ann", "called")] == [notice().id]


def test_one_notice_that_cannot_be_changed_keeps_all_as_they_are(ledger: SqlLedger) -> None:
    """Each obstacle is named, all at once."""
    lost, sent, waits, sending, gone = (notice(number) for number in range(1, 6))
    outbox = queue(ledger, lost, sent, waits, sending, gone)
    tried(outbox, lost)
    tried(outbox, sent, state=SENT)
    assert outbox.claim(rows(outbox, sending.id), sending.id, STARTED)
    outbox.settle([Settled((gone.id,), DROPPED, "the case was closed")])
    intended = notice(6)
    with ledger.lease(start("two")) as lease:
        lease.record([replace(change(escalation(6)), notices=(intended,))])
        lease.finish({"exit": 0})
    before = states(ledger)
    every = [one.id for one in (lost, sent, waits, sending, gone, intended)]
    with pytest.raises(Invalid) as error:
        retry(ledger, ORG, every, "ann")
    assert refusal(error.value).splitlines() == [
        f"{sent.id[:8]}: it is sent already, at 2026-03-02 15:00 UTC",
        f"{waits.id[:8]}: it waits already: the next run after 2026-03-02 15:00 UTC sends it",
        f"{sending.id[:8]}: a run sends it now, or ended while it did: the next run finds it out",
        f"{gone.id[:8]}: it is dropped already: the case was closed",
        f"{intended.id[:8]}: the outcome of its escalation is not known yet: a run finds it out",
    ]
    with pytest.raises(Invalid) as error:
        drop(ledger, ORG, every, "ann", "called")
    assert len(error.value.problems) == 4
    assert states(ledger) == before


def test_a_beginning_that_several_ids_have_is_not_guessed(ledger: SqlLedger) -> None:
    first, second = replace(notice(1), id="abcdef01" * 4), replace(notice(2), id="abcdef02" * 4)
    tried(queue(ledger, first, second), first, second)
    with pytest.raises(Invalid) as error:
        drop(ledger, ORG, ["abcdef"], "ann", "called")
    assert refusal(error.value) == (
        f"this begins several ids; found abcdef; expected one of {first.id}, {second.id}, ..."
    )
    assert [one.id for one in drop(ledger, ORG, ["abcdef01"], "ann", "called")] == [first.id]


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ("abcde", "abcdef01"),
        ("abcdff", "abcdef01"),
        ("ABCDEF03", "abcdef01"),
        ("abcdef%", "abcdef01"),
        ("", None),
        ("é" * 40, None),
    ],
)
def test_an_id_that_is_not_there_is_named_with_the_nearest(ledger: SqlLedger, given: str, nearest: str | None) -> None:
    queue(ledger, replace(notice(), id="abcdef01" * 4))
    with pytest.raises(Invalid) as error:
        notice_shown(ledger, ORG, given)
    (problem,) = error.value.problems
    assert (problem.message, problem.nearest) == ("no such notice", nearest)


def test_a_notice_is_shown_with_its_text_its_message_its_events_and_the_kind_of_org(ledger: SqlLedger) -> None:
    acknowledged = replace(escalation(1), state=EscalationState.APPLIED, ladder=LADDER)
    one, other = notice(1), notice(2)
    outbox = queue(ledger, one, other, notice(1, channel="bell"))
    with ledger.lease(start("two")) as lease:
        lease.record([change(acknowledged, event="acknowledged")])
        lease.finish({"exit": 0}, RunEnd(Waitlist(), {}, is_sandbox=True))
    tried(outbox, one, other, state=WAITING, bundle="b" * 32, reason="HTTP 503")
    tried(outbox, one, other, state=UNDELIVERED, bundle="b" * 32, reason="HTTP 410")
    retry(ledger, ORG, [one.id], "ann")
    drop(ledger, ORG, [one.id], "bob", "called")
    shown = notice_shown(ledger, ORG, one.id)
    assert TEXT in str(shown.notice.notice.message)
    assert [beside.id for beside in shown.beside] == [other.id]
    assert shown.acknowledged == {one.id: LADDER.acknowledged}
    assert [(event.event, event.reason, event.by) for event in shown.events] == [
        ("queued", "", ""),
        ("tried", "HTTP 503", ""),
        ("undelivered", "HTTP 410", ""),
        ("retried", "HTTP 410", "ann"),
        ("dropped", "called", "bob"),
    ]
    assert shown.is_sandbox is True


def test_the_notices_of_a_case_are_the_last_five_and_the_next_five(ledger: SqlLedger) -> None:
    later = [notice(1, channel=f"later{number}", at=STARTED + number * HOUR) for number in range(1, 8)]
    ended = [notice(1, channel=f"ended{number}") for number in range(1, 8)]
    outbox = queue(ledger, *reversed(later), *ended, notice(2))
    for one in ended:
        tried(outbox, one, state=SENT)
    found = notices_of_case(ledger, ORG, escalation(1).case_id)
    assert [one.id for one in found.next] == [one.id for one in later[:5]]
    assert [one.id for one in found.last] == [one.id for one in reversed(ended[2:])]


@pytest.mark.parametrize("value", ["nonsense", 7, "[1", '{"about": 1}'])
def test_a_changed_event_is_named(sqlite_kind: SqliteKind, value: object) -> None:
    with sqlite_kind.open() as ledger:
        queue(ledger, notice())
    for (trigger,) in sqlite_kind.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        sqlite_kind.execute(f"DROP TRIGGER {trigger}")
    sqlite_kind.execute("UPDATE events SET body = ? WHERE event = 'notice_queued'", value)
    with sqlite_kind.open() as ledger, pytest.raises(EscalatorError, match=r"an event of the notice .* cannot be read"):
        notice_shown(ledger, ORG, notice().id)
