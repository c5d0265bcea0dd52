"""The contract of every outbox: what is queued with an escalation, who may send it, how it ends (N1, N2, N9)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.escalation.notices.notice import Notice, Subject, bundle_id
from sfdc_escalator.escalation.outbox.queued import NoticeState, OutboxCounts, Queued
from sfdc_escalator.escalation.outbox.rows import Delivered
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.ledger.trail.outbox import SqlOutbox
from sfdc_escalator.pipeline.ports.ledger import Change
from sfdc_escalator.pipeline.ports.outbox import Outbox, Settled
from tests.ledger.kinds import Kind
from tests.ledger.outbox_kinds import MemoryKind, OutboxKind, SqlKind
from tests.ledger.sample import ORG, OTHER_ORG, change, escalation, start, turn
from tests.notices import NOW, TEXT, minutes, notice

WAITING, SENDING, SENT = NoticeState.WAITING, NoticeState.SENDING, NoticeState.SENT
UNDELIVERED, DROPPED, INTENDED = NoticeState.UNDELIVERED, NoticeState.DROPPED, NoticeState.INTENDED
DAYS = timedelta(days=1)
Step = tuple[str, EscalationState]
INTENT: Step = ("intended", EscalationState.SENDING)
LOST: Step = ("unknown", EscalationState.UNKNOWN)
AGAIN: Step = ("returned", EscalationState.PLANNED)
APPLIED: Step = ("applied", EscalationState.APPLIED)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def outbox(request: pytest.FixtureRequest) -> Iterator[OutboxKind]:
    if request.param == "memory":
        yield MemoryKind()
        return
    kind: Kind = request.getfixturevalue(f"{request.param}_kind")
    with kind.open() as ledger, ledger.lease(start()) as lease:
        yield SqlKind(kind, ledger, lease)


def to(one: Escalation, step: Step, *notices: Notice) -> Change:
    """The change of this escalation by an event, with these notices."""
    event, state = step
    return replace(change(one, state, event=event), notices=notices)


def ids(outbox: Outbox) -> list[str]:
    return [one.id for one in outbox.queued()]


def only(outbox: Outbox) -> Queued:
    (found,) = outbox.queued()
    return found


def end(one: Queued | Notice, state: NoticeState = SENT, **more: object) -> Settled:
    return Settled((one.id,), state, **{"tried": NOW, **more})  # type: ignore[arg-type]


def claimed(outbox: Outbox, *, bundle: str = "") -> bool:
    """True where all that waits was claimed together."""
    rows = [one for one in outbox.queued() if not one.is_busy]
    return outbox.claim(rows, bundle or rows[0].id, NOW)


# -- with an escalation ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([INTENT], INTENDED),
        ([INTENT, APPLIED], WAITING),
        ([INTENT, ("found", EscalationState.APPLIED)], WAITING),
        ([INTENT, ("rejected", EscalationState.REJECTED)], None),
        ([INTENT, AGAIN], None),
        ([INTENT, ("deferred", EscalationState.PLANNED)], None),
        ([INTENT, LOST], INTENDED),
        ([INTENT, LOST, ("recovered", EscalationState.APPLIED)], WAITING),
        ([INTENT, LOST, ("absent", EscalationState.PLANNED)], None),
        ([INTENT, LOST, ("resolved", EscalationState.APPLIED)], WAITING),
        ([INTENT, LOST, ("resolved", EscalationState.PLANNED)], None),
        ([INTENT, LOST, ("gone", EscalationState.GONE)], None),
        ([INTENT, AGAIN, INTENT, APPLIED], WAITING),
        ([APPLIED], WAITING),
    ],
)
def test_a_notice_comes_from_a_settled_outcome_only(
    outbox: OutboxKind, steps: list[Step], expected: NoticeState | None
) -> None:
    """N1: it is stored with the intent, and waits to be sent once the start was carried out."""
    one = notice()
    for step in steps:
        outbox.record(to(escalation(), step, *([one] if step in (INTENT, APPLIED) else [])))
    assert outbox.states() == ({one.id: expected} if expected else {})
    assert ids(outbox.ours) == ([one.id] if expected is WAITING else [])
    assert outbox.with_texts() == ({one.id} if expected else set()), "the text of a notice that is forgotten is kept"


@pytest.mark.parametrize(
    ("steps", "remark"),
    [
        ([INTENT, APPLIED], ""),
        ([INTENT, ("rejected", EscalationState.REJECTED)], "its move was rejected"),
        ([("withheld", EscalationState.WITHHELD)], "its move is withheld"),
        ([APPLIED], ""),
    ],
)
def test_the_notice_of_a_rung_goes_out_although_its_move_waits_and_says_so(
    outbox: OutboxKind, steps: list[Step], remark: str
) -> None:
    """L11"""
    outbox.record(to(escalation(), INTENT), to(escalation(), APPLIED))
    one = notice(turn(), "rung", start=escalation())
    for number, step in enumerate(steps):
        outbox.record(to(turn(), step, *([] if number else [one])))
    assert (only(outbox.ours).remark, only(outbox.ours).notice.subject.until) == (remark, "acknowledged")


def test_a_notice_is_read_as_it_was_queued(outbox: OutboxKind) -> None:
    one = notice(urgent=True, digest=True, group="group", within=minutes(90), instead_of="the queue Leads")
    outbox.record(to(escalation(), APPLIED, one))
    found = only(outbox.ours)
    assert replace(found.notice, message=one.message) == one
    assert replace(found.notice.message, id="") == one.message
    assert (found.state, found.at, found.held, found.tries, found.first_try) == (WAITING, NOW, False, 0, None)


def test_a_notice_to_nobody_is_undelivered_with_the_reason(outbox: OutboxKind) -> None:
    """N3"""
    outbox.record(to(escalation(), APPLIED, notice(missing="the team leads has no channel")))
    assert (outbox.ours.queued(), outbox.ours.counts()) == ((), OutboxCounts(0, 1))


def test_notices_are_read_in_the_order_in_which_they_were_queued(outbox: OutboxKind) -> None:
    given = [notice(number, to=f"{number}@example.com") for number in (3, 1, 2)]
    for one in given:
        outbox.queue(one)
    assert ids(outbox.ours) == [one.id for one in given]


# -- once --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [None, WAITING, SENT, UNDELIVERED, DROPPED])
def test_a_notice_is_queued_once(outbox: OutboxKind, state: NoticeState | None) -> None:
    """N2: whatever runs twice, and whatever became of the first."""
    outbox.queue(notice(), notice())
    if state:
        assert claimed(outbox.ours)
        outbox.ours.settle([end(notice(), state)])
    outbox.queue(notice(queued_at=NOW + DAYS))
    outbox.record(to(escalation(), APPLIED, notice(at=NOW + DAYS)))
    assert len(outbox.states()) == 1
    assert all(one.at == NOW for one in outbox.ours.queued())


def test_another_kind_turn_channel_or_address_is_another_notice(outbox: OutboxKind) -> None:
    """N2"""
    each = [
        notice(), notice(kind="acknowledged"), notice(channel="mail"), notice(to="ann@example.com"),
        notice(turn(turn=1), "rung"), notice(turn(turn=2), "rung"),
    ]  # fmt: skip
    outbox.queue(*each, notice(to="ANN@example.com"))
    assert len(outbox.states()) == len(each)


# -- claims ------------------------------------------------------------------------------------------------------------


def test_of_two_runs_one_sends_a_notice(outbox: OutboxKind) -> None:
    """N10"""
    outbox.queue(notice())
    read_by_both = only(outbox.rivals)
    assert claimed(outbox.ours)
    assert not outbox.rivals.claim([read_by_both], read_by_both.id, NOW)
    assert only(outbox.rivals).is_busy
    assert not only(outbox.ours).is_busy


def test_a_message_is_claimed_whole_or_not_at_all(outbox: OutboxKind) -> None:
    outbox.queue(notice(1))
    assert claimed(outbox.rivals)
    outbox.queue(notice(2))
    found = outbox.ours.queued()
    assert not outbox.ours.claim(found, "both", NOW)
    assert list(outbox.states().values()) == [SENDING, WAITING]
    assert [one.is_busy for one in outbox.ours.queued()] == [True, False]


@pytest.mark.parametrize("state", [WAITING, SENT, UNDELIVERED, DROPPED])
def test_what_another_run_tried_since_it_was_read_is_not_claimed(outbox: OutboxKind, state: NoticeState) -> None:
    """N9, N10: what may have arrived is said to be a repeat, and a service that asked to wait is not asked again."""
    outbox.queue(notice())
    as_read = only(outbox.ours)
    assert claimed(outbox.rivals)
    outbox.rivals.settle([end(as_read, state)])
    assert not outbox.ours.claim([as_read], as_read.id, NOW)
    assert outbox.states() == {as_read.id: state}


@pytest.mark.parametrize("stale", [WAITING, DROPPED, UNDELIVERED])
def test_what_another_run_has_sent_stays_sent(outbox: OutboxKind, stale: NoticeState) -> None:
    """N10: a decision about what was read before is too late."""
    outbox.queue(notice())
    assert claimed(outbox.rivals)
    decided = Settled((notice().id,), stale, at=NOW + DAYS, held=True)
    outbox.ours.settle([decided])
    assert outbox.states() == {notice().id: SENDING}
    outbox.rivals.settle([end(notice())])
    outbox.ours.settle([decided])
    assert outbox.states() == {notice().id: SENT}


def test_the_notice_of_a_process_that_died_may_be_a_repeat(outbox: OutboxKind) -> None:
    """N9"""
    outbox.queue(notice())
    assert claimed(outbox.rivals)
    outbox.rival_dies()
    found = only(outbox.ours)
    assert (found.state, found.is_busy, found.may_have_arrived, found.bundle) == (SENDING, False, True, found.id)
    assert outbox.ours.claim([found], found.bundle, NOW + minutes(1))
    again = only(outbox.ours)
    assert (again.repeats, again.first_try) == (1, NOW)
    outbox.ours.settle([end(found)])
    assert outbox.states() == {found.id: SENT}


def test_who_read_before_that_process_died_does_not_send_without_saying_so(outbox: OutboxKind) -> None:
    outbox.queue(notice())
    as_read = only(outbox.ours)
    assert claimed(outbox.rivals)
    outbox.rival_dies()
    assert not outbox.ours.claim([as_read], as_read.id, NOW)


def test_a_process_of_another_host_counts_as_ended_after_five_minutes(outbox: OutboxKind) -> None:
    outbox.queue(notice())
    assert claimed(outbox.rivals)
    outbox.rival_is_on_another_host()
    outbox.minutes_pass(4)
    assert only(outbox.ours).is_busy
    outbox.minutes_pass(2)
    assert not only(outbox.ours).is_busy
    assert claimed(outbox.ours)


# -- ends --------------------------------------------------------------------------------------------------------------


def test_what_is_delivered_counts_for_its_recipient_and_group(outbox: OutboxKind) -> None:
    """N7, N8"""
    one = notice(1, to="a@example.com", group="g", within=minutes(60))
    two = notice(2, to="a@example.com", group="h", digest=True)
    outbox.queue(one, two)
    assert claimed(outbox.ours, bundle=bundle_id([one.id, two.id]))
    both = Settled((one.id, two.id), SENT, tried=NOW, reference="m-1", firsts=frozenset({"g"}))
    outbox.ours.settle([both])
    together = bundle_id([one.id, two.id])
    assert sorted(outbox.ours.delivered(NOW)) == [
        Delivered("desk", "a@example.com", NOW, together, "", first=False),
        Delivered("desk", "a@example.com", NOW, together, "g", first=True),
    ]
    assert outbox.ours.delivered(NOW + timedelta(seconds=1)) == ()


def test_what_waits_again_keeps_its_first_try_and_counts_its_tries(outbox: OutboxKind) -> None:
    """N11"""
    outbox.queue(notice())
    for number in range(3):
        assert claimed(outbox.ours)
        tried = NOW + minutes(number)
        again = end(notice(), WAITING, reason="HTTP 503", at=tried + minutes(5), tried=tried, repeats=number == 1)
        outbox.ours.settle([again])
    found = only(outbox.ours)
    assert (found.state, found.tries, found.repeats, found.reason) == (WAITING, 3, 1, "HTTP 503")
    assert (found.first_try, found.last_try, found.at) == (NOW, NOW + minutes(2), NOW + minutes(7))
    assert outbox.ours.delivered(NOW - DAYS) == ()


def test_what_is_kept_back_counts_no_try(outbox: OutboxKind) -> None:
    outbox.queue(notice())
    outbox.ours.settle([Settled((notice().id,), WAITING, at=NOW + DAYS, held=True)])
    found = only(outbox.ours)
    assert (found.at, found.held, found.tries, found.first_try, found.bundle) == (NOW + DAYS, True, 0, None, "")


def test_counts_are_of_what_waits_and_of_what_a_person_must_look_at(outbox: OutboxKind) -> None:
    ends = dict(zip(range(1, 6), (WAITING, SENDING, SENT, UNDELIVERED, DROPPED), strict=True))
    for number, state in ends.items():
        outbox.queue(notice(number))
        if state is not WAITING:
            [row] = [one for one in outbox.ours.queued() if one.id == notice(number).id]
            assert outbox.ours.claim([row], row.id, NOW)
            outbox.ours.settle([] if state is SENDING else [end(row, state)])
    outbox.record(to(escalation(6), INTENT, notice(6)))
    assert outbox.ours.counts() == OutboxCounts(waiting=2, undelivered=1)
    assert ids(outbox.ours) == [notice(1).id, notice(2).id]


def test_escalations_are_read_as_they_stand(outbox: OutboxKind) -> None:
    """N5"""
    outbox.record(to(escalation(), INTENT), to(escalation(), APPLIED))
    outbox.record(to(escalation(), ("closed", EscalationState.CLOSED)))
    found = outbox.ours.escalations({escalation().key, "ESC-NONE-NONE-NONE"})
    assert {key: one.state for key, one in found.items()} == {escalation().key: EscalationState.CLOSED}


# -- texts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "days", "is_kept"),
    [(SENT, 29, True), (SENT, 31, False), (UNDELIVERED, 31, False), (DROPPED, 31, False), (WAITING, 31, True)],
)
def test_the_text_of_a_notice_that_ended_is_erased_after_30_days(
    outbox: OutboxKind, state: NoticeState, days: int, is_kept: bool
) -> None:
    """N12"""
    outbox.queue(notice())
    assert claimed(outbox.ours)
    outbox.ours.settle([end(notice(), state)])
    assert outbox.ours.forget(NOW + days * DAYS) == (0 if is_kept else 1)
    assert outbox.with_texts() == ({notice().id} if is_kept else set())
    assert outbox.ours.forget(NOW + days * DAYS) == 0
    assert outbox.states() == {notice().id: state}, "the notice itself is remembered: it is never queued again"


# -- the chain of events -----------------------------------------------------------------------------------------------


@pytest.fixture
def ledger(kind: Kind) -> Iterator[tuple[Kind, SqlKind]]:
    with kind.open() as opened, opened.lease(start()) as lease:
        yield kind, SqlKind(kind, opened, lease)


def events(kind: Kind) -> list[str]:
    return [event for (event,) in kind.execute("SELECT event FROM events WHERE event LIKE 'notice%' ORDER BY seq")]


def test_texts_and_addresses_are_in_no_event(ledger: tuple[Kind, SqlKind]) -> None:
    """N12: the chain cannot be erased."""
    kind, outbox = ledger
    outbox.record(to(escalation(), INTENT, notice(to="ann@example.com")), to(escalation(), APPLIED))
    assert claimed(outbox.ours)
    outbox.ours.settle([end(notice(to="ann@example.com"), UNDELIVERED, reason="HTTP 404")])
    bodies = b"".join(bytes(body) for (body,) in kind.execute("SELECT body FROM events"))
    assert TEXT.encode() not in bodies
    assert b"ann@example.com" not in bodies
    assert b"HTTP 404" in bodies


@pytest.mark.parametrize("state", [SENT, UNDELIVERED, DROPPED])
def test_a_try_and_an_end_are_events(ledger: tuple[Kind, SqlKind], state: NoticeState) -> None:
    kind, outbox = ledger
    outbox.queue(notice())
    assert claimed(outbox.ours)
    outbox.ours.settle([end(notice(), WAITING, reason="HTTP 503", at=NOW)])
    assert events(kind) == ["notice_queued", "notice_tried"]
    assert claimed(outbox.ours)
    outbox.ours.settle([end(notice(), state)])
    assert events(kind) == ["notice_queued", "notice_tried", f"notice_{state}"]


def test_the_audit_trail_is_valid_whatever_becomes_of_notices(ledger: tuple[Kind, SqlKind]) -> None:
    kind, outbox = ledger
    for number, last in enumerate((APPLIED, AGAIN, LOST, ("rejected", EscalationState.REJECTED)), 1):
        outbox.record(to(escalation(number), INTENT, notice(number)))
        outbox.record(to(escalation(number), last))
    outbox.queue(notice(5), notice(6, "warn"), replace(notice(7), subject=of_a_route()))
    for row, state in zip(outbox.ours.queued(), (SENT, UNDELIVERED, DROPPED, WAITING), strict=True):
        assert outbox.ours.claim([row], row.id, NOW)
        outbox.ours.settle([end(row, state)])
    assert kind.verify().problems == ()
    assert outbox.ours.forget(NOW + 31 * DAYS) == 3
    assert kind.verify().problems == ()
    outbox.queue(notice(8))
    kind.execute("DELETE FROM payloads WHERE event = (SELECT event FROM notices WHERE id = ?)", notice(8).id)
    (problem,) = kind.verify().problems
    assert "is missing, and no event records that it was erased" in problem


def of_a_route() -> Subject:
    return Subject("guard", "support/urgent 2026-03-02T15:00:00Z", "support", "urgent")


def test_another_orgs_notices_are_not_touched(kind: Kind) -> None:
    with kind.open() as ledger:
        with ledger.lease(start("run-1")) as ours, ledger.lease(start("run-2", OTHER_ORG)) as others:
            ours.queue([notice(1)])
            others.queue([notice(2)])
        theirs = SqlOutbox(ledger, OTHER_ORG, "run-2")
        (row,) = SqlOutbox(ledger, ORG, "run-1").queued()
        assert not theirs.claim([row], row.id, NOW)
        theirs.settle([end(row)])
        assert theirs.forget(NOW + 31 * DAYS) == 0
        assert [ids(theirs), theirs.counts().waiting] == [[notice(2).id], 1]


def test_a_message_of_a_thousand_notices_is_sent_as_one(ledger: tuple[Kind, SqlKind]) -> None:
    kind, outbox = ledger
    outbox.queue(*(notice(number) for number in range(1200)))
    assert claimed(outbox.ours, bundle="all")
    outbox.ours.settle([Settled(tuple(ids(outbox.ours)), SENT, tried=NOW)])
    assert outbox.ours.counts() == OutboxCounts()
    assert kind.execute("SELECT count(*) FROM events WHERE event = 'notice_sent'") == [(1200,)]
