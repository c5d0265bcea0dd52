"""What is over counts wherever its case comes into sight, though no run reads the whole past."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.undoing.undo import UndoState
from sfdc_escalator.escalation.world.escalation import CASE_CLOSED, Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.pipeline.ports.org import KeyedNote
from sfdc_escalator.pipeline.ports.recall import Recall
from sfdc_escalator.pipeline.preparing.examine import examine
from sfdc_escalator.pipeline.preparing.prepare import Prepared, prepare, with_settled
from sfdc_escalator.pipeline.preparing.recover import Settled
from sfdc_escalator.pipeline.rebuild import rebuild
from sfdc_escalator.pipeline.run import rehearse
from sfdc_escalator.pipeline.saved.carry_out import ApplyTerms, carry_out_saved
from sfdc_escalator.pipeline.stop import Stop
from tests.builders import (
    EVERY_CASE,
    ME,
    NOW,
    ORG,
    caller,
    case,
    escalation,
    identity,
    policy,
    remembering,
    render,
    route,
)
from tests.pipeline.fakes import FakeLedger, FakeOrg
from tests.pipeline.test_saved_recheck import LATER, ORDERS, PLAN
from tests.pipeline.test_undo import Desk, silence

POLICY = policy(route("urgent", EVERY_CASE))
STARTED = NOW - timedelta(days=90)
OVER = [EscalationState.SUPERSEDED, EscalationState.GONE]
MASTER, LOSER = case(1), case(2)


@dataclass
class AskedLedger(FakeLedger):
    """Remembers which cases it was asked for."""

    asked: set[str] = field(default_factory=set)

    def past(
        self, organization_id: str, case_ids: Collection[str], keys: Collection[str] = ()
    ) -> tuple[Escalation, ...]:
        self.asked |= set(case_ids)
        return super().past(organization_id, case_ids, keys)


def ended(state: EscalationState = EscalationState.SUPERSEDED, route_name: str = "urgent") -> Escalation:
    return escalation(LOSER, state, route_name, tried_at=STARTED, wrote={"Status": "Escalated"})


def noted(of: Identity, on: str = LOSER.id) -> KeyedNote:
    return KeyedNote(of.key, of.line, on, ME, STARTED)


def prepared(ledger: FakeLedger, of: Identity) -> Prepared:
    """The plan of a run that finds this note on the master, where a merge brought it."""
    org = FakeOrg([MASTER], notes=[noted(of, MASTER.id)], merged={LOSER.id: MASTER.id})
    return prepare(org, caller(), ledger, (POLICY,), RunOptions(), render)


def remembered(*past: Escalation) -> History:
    return remembering(*past, live=["urgent"])


@pytest.mark.parametrize("state", OVER)
def test_a_note_of_what_is_over_on_a_merged_case_is_not_found_again(state: EscalationState) -> None:
    found = prepared(FakeLedger(remembered(ended(state, "former"))), identity(LOSER, "former"))
    assert found.found == ()


def test_an_undo_that_another_ledger_wrote_ends_the_start_on_the_case_that_was_merged_away() -> None:
    found = prepared(FakeLedger(remembered(ended())), identity(LOSER).undo)
    assert [one.event for one in found.found] == ["found"]
    assert [(one.event, one.escalation.key) for one in found.settled] == [("undone", ended().key)]


def test_what_moves_to_another_case_meets_the_past_of_that_case() -> None:
    own = escalation(MASTER, EscalationState.CLOSED)
    moved = escalation(LOSER).on_case(MASTER.id, MASTER.number)
    recall = Recall(FakeLedger(remembered(own)), ORG)
    assert with_settled(History(), [Settled("merged", moved)], recall).by_case == {MASTER.id: (own, moved)}


def test_what_this_run_settled_stays_settled() -> None:
    as_stored, now = escalation(MASTER), escalation(MASTER, EscalationState.CLOSED)
    recall = Recall(FakeLedger(remembered(as_stored)), ORG)
    assert recall.cases(remembered(now), [MASTER.id]).everything() == (now,)


def test_a_rehearsal_asks_for_the_past_of_each_case_that_may_nearly_match() -> None:
    ledger = AskedLedger(remembered())
    rehearse("run", FakeOrg([], unpolled=[case(3)]), caller(), ledger, (POLICY,), RunOptions(), render)
    assert ledger.asked == {case(3).id}


def test_an_explanation_asks_for_the_past_of_its_case() -> None:
    ledger = AskedLedger(remembered())
    no_match = policy(route("urgent", Field("Status", "is", "On Hold")))
    examine(FakeOrg([case(3)]), caller(), ledger, (no_match,), case(3).id, render, accepts_clock=False)
    assert ledger.asked == {case(3).id}


@pytest.mark.parametrize("state", OVER)
def test_a_rebuild_leaves_what_is_over_as_it_is(state: EscalationState) -> None:
    org, ledger = FakeOrg([LOSER], notes=[noted(identity(LOSER))]), FakeLedger(remembered(ended(state)))
    found = rebuild("run", org, caller(), ledger)
    assert (found.taken, found.known) == ((), 1)


def test_a_rebuild_ends_the_start_of_an_undo_though_the_note_of_the_start_is_gone() -> None:
    ledger, undo = FakeLedger(remembered(ended())), identity(LOSER).undo
    rebuild("run", FakeOrg([LOSER], notes=[noted(undo)]), caller(), ledger)
    assert [(one.event, one.escalation.key) for one in ledger.changes] == [("found", undo.key), ("undone", ended().key)]


@pytest.mark.parametrize("by_run", [False, True])
def test_an_undo_finds_what_is_over(by_run: bool) -> None:
    closed = ended(EscalationState.CLOSED)
    desk = Desk(FakeOrg([LOSER]), ledger=FakeLedger(remembered(closed)), writes={"old": frozenset({closed.key})})
    [found] = desk.show("old" if by_run else closed.key).undos
    assert (found.target, found.state) == (closed, UndoState.CLOSED)


def test_the_key_of_an_undo_leads_to_its_start_on_the_case_that_was_merged_away() -> None:
    start = replace(ended(EscalationState.UNDONE), message=CASE_CLOSED)
    undo = Escalation.of(identity(LOSER).undo, EscalationState.APPLIED, tried_at=NOW, start_key=start.key)
    ledger = FakeLedger(remembered(start, undo.on_case(MASTER.id, MASTER.number)))
    [found] = Desk(FakeOrg([MASTER]), ledger=ledger).show(undo.key).undos
    assert (found.target, found.state) == (start, UndoState.ALREADY)


def test_an_apply_does_not_send_again_what_is_over() -> None:
    known = Escalation.of(ORDERS[0].identity, EscalationState.SUPERSEDED, tried_at=NOW)
    ledger, org = FakeLedger(remembered(known)), FakeOrg([case(1), case(2)], now=LATER)

    def sent(_plan: str, keys: Collection[str]) -> Collection[str]:
        return {one for one in keys if one == known.key}

    about = org, caller(LATER), ledger, PLAN, ApplyTerms(), sent, silence, Stop(), ledger.post
    assert carry_out_saved("run", *about).exit_code == 0
    assert org.sent == [[2]]


@pytest.mark.parametrize("state", [EscalationState.APPLIED, EscalationState.SUPERSEDED])
def test_an_apply_that_settles_an_undo_ends_its_start_which_no_later_run_may_read(state: EscalationState) -> None:
    start = ended(state)
    undo = Escalation.of(identity(LOSER).undo, EscalationState.UNKNOWN, tried_at=STARTED, start_key=start.key)
    ledger = FakeLedger(remembered(start, undo))
    org = FakeOrg([case(1), LOSER], notes=[noted(identity(LOSER).undo)], now=LATER)
    about = org, caller(LATER), ledger, PLAN, ApplyTerms(partial=True), lambda _plan, _keys: (), silence, Stop()
    carry_out_saved("run", *about, ledger.post)
    settled = [(one.event, one.escalation.key) for one in ledger.changes][:2]
    assert settled == [("recovered", undo.key), ("undone", start.key)]
