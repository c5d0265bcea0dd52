"""Undos in the ledger: what a run wrote, what is undone, who was notified, and what the checks make of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.escalation.outbox.queued import NoticeState
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.escalation.world.ladder_facts import Standing, StandingState
from sfdc_escalator.escalation.world.policy_use import PolicyUse
from sfdc_escalator.escalation.world.waitlist import Waitlist
from sfdc_escalator.ledger.store import SqlLedger
from sfdc_escalator.ledger.trail.resolution import resolve
from sfdc_escalator.ledger.trail.status import ledger_status
from sfdc_escalator.ledger.trail.undoing import SqlUndoTrail, undos_of_case
from sfdc_escalator.pipeline.ports.ledger import Change, RunEnd
from sfdc_escalator.pipeline.ports.outbox import Settled
from sfdc_escalator.pipeline.ports.undoing import RunWrites
from tests.ledger.kinds import Kind
from tests.ledger.notices import queue
from tests.ledger.sample import AT, ORG, OTHER_ORG, all_of, change, escalation, start, turn
from tests.notices import notice

APPLIED, SENDING, UNDONE = EscalationState.APPLIED, EscalationState.SENDING, EscalationState.UNDONE
START = escalation()
NOTE = "This case was escalated in error and is put back: a wrong rule\n\nPut back: status Open -> New\n\nESC"


def undo_of(one: Escalation, state: EscalationState = SENDING) -> Escalation:
    identity = Identity(ORG, one.policy, one.route, one.case_id, one.rung, one.episode, one.turn)
    made = Escalation.of(identity.undo, state, before={}, wrote={}, tried_at=AT, start_key=identity.start_key)
    return replace(made, case_number=one.case_number)


def written(one: Escalation) -> list[Change]:
    return [change(one, SENDING), change(one, APPLIED)]


def undone(one: Escalation) -> list[Change]:
    """The changes of an undo that was carried out."""
    undo = undo_of(one)
    intent = replace(change(undo), note=NOTE, facts={"by": "ann", "undoes": [one.key]})
    return [intent, change(undo, APPLIED), change(one, UNDONE)]


def test_what_is_undone_is_final_and_verified(kind: Kind) -> None:
    with kind.open() as ledger, ledger.lease(start()) as lease:
        lease.record([*written(START), *undone(START)])
        for state in (APPLIED, EscalationState.CLOSED, EscalationState.SUPERSEDED, EscalationState.GONE):
            with pytest.raises(EscalatorError, match="cannot become"):
                lease.record([change(START, state)])
        lease.record([change(replace(START, message="the case was closed since"), UNDONE, event="ended")])
        lease.finish({"exit": 0})
        assert ledger_status(ledger).escalations == ()
    assert kind.verify().problems == ()


@pytest.mark.parametrize("state", [EscalationState.ADOPTED, EscalationState.PLANNED, EscalationState.SKIPPED])
def test_what_was_not_written_cannot_be_undone(ledger: SqlLedger, state: EscalationState) -> None:
    with ledger.lease(start()) as lease:
        lease.record([change(START, state, event={"planned": "deferred"}.get(state.value))])
        with pytest.raises(EscalatorError, match="cannot become"):
            lease.record([change(START, UNDONE)])


def test_a_run_wrote_what_it_sent_last(ledger: SqlLedger) -> None:
    again, silent, adopted = escalation(2), escalation(3), escalation(4)
    with ledger.lease(start("run-1")) as lease:
        lease.record([*written(START), change(again, SENDING), change(again, EscalationState.REJECTED)])
        lease.record([change(silent, APPLIED), change(turn("bell"), APPLIED)])
        lease.record([change(replace(adopted, before=None, wrote=None), EscalationState.ADOPTED)])
    with ledger.lease(start("run-2")) as lease:
        lease.record([*written(again), change(turn("late"), SENDING), change(turn("late"), APPLIED)])
    with ledger.lease(start("run-3")):
        pass
    trail = SqlUndoTrail(ledger, ORG)
    assert trail.written_by("run-1") == RunWrites(frozenset({START.key, silent.key}), 1)
    assert trail.written_by("run-2") == RunWrites(frozenset({again.key, turn("late").key}))
    assert trail.written_by("run-3") == RunWrites(frozenset())
    assert trail.written_by("run-4") is None
    assert SqlUndoTrail(ledger, OTHER_ORG).written_by("run-1") is None


def test_an_undo_names_who_why_and_what(ledger: SqlLedger) -> None:
    with ledger.lease(start()) as lease:
        lease.record([*written(START), *undone(START)])
    (one,) = undos_of_case(ledger, ORG, START.case_id)
    assert (one.by, one.why, one.keys, one.undo.key) == ("ann", "a wrong rule", (START.key,), undo_of(START).key)
    assert undos_of_case(ledger, ORG, escalation(2).case_id) == ()


def test_an_undo_that_another_ledger_wrote_has_no_reason_here(ledger: SqlLedger) -> None:
    with ledger.lease(start()) as lease:
        lease.record([*written(START), replace(change(undo_of(START, APPLIED)), event="found")])
    (one,) = undos_of_case(ledger, ORG, START.case_id)
    assert (one.by, one.why, one.keys) == ("", "", ())


def test_those_who_were_notified_are_known(ledger: SqlLedger) -> None:
    sent, waiting = notice(channel="desk"), notice(channel="mail", to="ann@example.com")
    other = notice(2)
    outbox = queue(ledger, sent, waiting, other)
    outbox.claim([one for one in outbox.queued() if one.id == sent.id], "b", AT)
    outbox.settle([Settled((sent.id,), NoticeState.SENT, tried=AT)])
    found = SqlUndoTrail(ledger, ORG).notices_about({START.key})
    assert [(one.id, one.state) for one in found] == [(sent.id, NoticeState.SENT), (waiting.id, NoticeState.WAITING)]


def test_the_notices_of_an_undo_wait_for_its_outcome(ledger: SqlLedger) -> None:
    undo = undo_of(START)
    told = notice(undo, "undone", start=START)
    with ledger.lease(start()) as lease:
        lease.record([*written(START), replace(change(undo), notices=(told,))])
    assert {one.state for one in SqlUndoTrail(ledger, ORG).notices_about({START.key})} == {NoticeState.INTENDED}
    with ledger.lease(start("run-2")) as lease:
        lease.record([change(undo, APPLIED, event="recovered"), change(START, UNDONE)])
    assert {one.state for one in SqlUndoTrail(ledger, ORG).notices_about({START.key})} == {NoticeState.WAITING}


def test_a_person_who_says_that_an_undo_was_written_undoes_the_escalation(ledger: SqlLedger) -> None:
    late = replace(turn("late"), start_key=START.key)
    with ledger.lease(start()) as lease:
        lease.record(
            [*written(START), change(late), change(undo_of(START)), change(undo_of(START), EscalationState.UNKNOWN)]
        )
    resolve(ledger, "by-hand", undo_of(START).key, applied=True, by="ann")
    states = {one.key: one.state for one in all_of(ledger)}
    assert (states[START.key], states[late.key]) == (UNDONE, UNDONE)


def test_an_undo_that_waits_for_nobody_excuses_no_rung_that_is_forgotten(ledger: SqlLedger) -> None:
    """L22"""
    hour = timedelta(hours=1)
    use = PolicyUse("digest", AT, AT + hour, None, "UTC", AT + 9 * hour, AT + 8 * hour)
    standing = Standing(StandingState.RUNNING, "late", 1, AT + 2 * hour)
    with ledger.lease(start()) as lease:
        lease.record([*written(START), change(undo_of(START)), change(undo_of(START), EscalationState.PLANNED)])
        lease.keep_standings({START.key: (standing, "digest")})
        lease.finish({"exit": 0}, RunEnd(Waitlist(), {"support": use}))
    assert [one.key for one in ledger.self_check(ORG).problems] == [START.key]


def test_a_rejected_undo_is_not_among_what_runs_try_again(ledger: SqlLedger) -> None:
    with ledger.lease(start()) as lease:
        lease.record([*written(START), change(undo_of(START)), change(undo_of(START), EscalationState.REJECTED)])
        lease.finish({"exit": 0})
    assert ledger_status(ledger).rejected == ()
