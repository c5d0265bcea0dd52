"""A written undo proves that its escalation is undone, whoever could not record that."""

from dataclasses import replace

from sfdc_escalator.escalation.undoing.proved import undone_by_notes
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.keys import Identity
from tests.builders import NOW, ORG, case, identity

START = identity(case(1))
LATE = Identity(ORG, "support", "urgent", case(1).id, "late")


def row(of: Identity, state: EscalationState = EscalationState.APPLIED, start_key: str = START.key) -> Escalation:
    return Escalation.of(of, state, tried_at=NOW, start_key="" if of.rung == "start" else start_key)


def undone(*rows: Escalation) -> set[str]:
    return {one.key for one in undone_by_notes(History.of(rows))}


def test_the_undo_of_a_start_takes_its_rungs_with_it() -> None:
    assert undone(row(START), row(LATE), row(START.undo)) == {START.key, LATE.key}


def test_the_undo_of_a_rung_leaves_the_start() -> None:
    other = replace(LATE, turn=2)
    assert undone(row(START), row(LATE), row(other), row(LATE.undo)) == {LATE.key}


def test_an_undo_that_is_not_known_to_be_written_proves_nothing() -> None:
    for state in (EscalationState.SENDING, EscalationState.UNKNOWN, EscalationState.PLANNED, EscalationState.REJECTED):
        assert undone(row(START), row(START.undo, state)) == set()


def test_what_is_undone_already_or_over_stays() -> None:
    for state in (EscalationState.UNDONE, EscalationState.CLOSED, EscalationState.GONE):
        assert undone(row(START, state), row(START.undo)) == set()


def test_an_escalation_that_was_taken_over_can_be_undone() -> None:
    assert undone(row(START, EscalationState.SUPERSEDED), row(START.undo)) == {START.key}


def test_the_undo_of_another_episode_proves_nothing() -> None:
    later = replace(START, episode=2)
    assert undone(row(START), row(later), row(START.undo)) == {START.key}
