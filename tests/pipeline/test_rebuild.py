"""A lost ledger is read back from the notes in the org."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.errors import OrgUnavailable, RunBusy
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.pipeline.ports.org import KeyedNote
from sfdc_escalator.pipeline.rebuild import Rebuilt, rebuild
from tests.builders import AGENT, ME, NOW, caller, case, escalation, identity, remembering
from tests.pipeline.fakes import FakeLedger, FakeOrg


def noted(of: Identity, on: Case | None = None, author: str = ME, line: str | None = None) -> KeyedNote:
    return KeyedNote(of.key, line or of.line, on.id if on else of.case_id, author, NOW - timedelta(hours=1))


def rebuilt(ledger: FakeLedger, *notes: KeyedNote, **org: object) -> Rebuilt:
    cases = [case(number) for number in range(1, 6)]
    return rebuild("run", FakeOrg(cases, notes=list(notes), **org), caller(), ledger)  # type: ignore[arg-type]


def test_every_note_with_our_key_is_recorded_as_applied_and_its_route_as_live() -> None:
    ledger = FakeLedger()
    later = replace(identity(case(2)), rung="second", episode=3, turn=2)
    found = rebuilt(ledger, noted(identity(case(1))), noted(later))
    assert {(one.key, one.case_number, one.state) for one in found.taken} == {
        (identity(case(1)).key, "00000001", EscalationState.APPLIED),
        (later.key, "00000002", EscalationState.APPLIED),
    }
    (second,) = [one for one in found.taken if one.key == later.key]
    assert (second.rung, second.episode, second.turn, second.before, second.wrote) == ("second", 3, 2, None, None)
    assert ledger.calls == [["found", "found"]]
    assert ledger.live == [("support", "urgent")]
    assert ledger.finished == [{"exit": 0, "found": 2}]
    assert (found.known, found.strange) == (0, ())


def test_known_escalations_stay_unchanged() -> None:
    closed = escalation(case(1), EscalationState.CLOSED)
    ledger = FakeLedger(remembering(closed))
    found = rebuilt(ledger, noted(identity(case(1))), noted(identity(case(2))))
    assert [one.case_id for one in found.taken] == [case(2).id]
    assert found.known == 1
    assert rebuilt(FakeLedger(ledger.tomorrow()), noted(identity(case(2)))).taken == ()


@pytest.mark.parametrize("state", [EscalationState.UNKNOWN, EscalationState.PLANNED, EscalationState.REJECTED])
def test_a_note_settles_an_uncertain_escalation(state: EscalationState) -> None:
    before = escalation(case(1), state)
    (one,) = rebuilt(FakeLedger(remembering(before)), noted(identity(case(1)))).taken
    assert (one.state, one.before, one.wrote) == (EscalationState.APPLIED, before.before, before.wrote)


def test_the_key_of_a_merged_case_counts_for_its_master() -> None:
    of = identity(case(1))
    found = rebuilt(FakeLedger(), noted(of, on=case(2)), merged={case(1).id: case(2).id})
    assert [(one.key, one.case_id) for one in found.taken] == [(of.key, case(2).id)]


@pytest.mark.parametrize(
    "line",
    ["{0} support/urgent", "{0} support/urgent/start/one/1", "{0} support/other/start/1/1", "{0} a/b/c/1/1/1"],
)
def test_a_key_that_does_not_match_its_facts_is_left_out_and_reported(line: str) -> None:
    ledger, of = FakeLedger(), identity(case(1))
    copied = noted(identity(case(3)), on=case(2))
    wrong = noted(of, line=line.format(of.key))
    found = rebuilt(ledger, wrong, copied)
    assert (found.taken, ledger.changes, ledger.live) == ((), [], [])
    assert found.strange == (wrong, copied)


def test_a_copy_of_a_note_on_another_case_does_not_hide_the_true_one() -> None:
    of = identity(case(1))
    copied = noted(of, on=case(2))
    found = rebuilt(FakeLedger(), noted(of), copied)
    assert [one.case_id for one in found.taken] == [case(1).id]
    assert found.strange == (copied,)


def test_a_note_that_was_written_twice_counts_once() -> None:
    found = rebuilt(FakeLedger(), noted(identity(case(1))), noted(identity(case(1))))
    assert (len(found.taken), found.strange) == (1, ())


def test_only_notes_by_our_users_count() -> None:
    """Our users of earlier runs, and our user now."""
    other = noted(identity(case(2)), author=AGENT)
    assert rebuilt(FakeLedger(), other).taken == ()
    assert len(rebuilt(FakeLedger(History(users=frozenset({AGENT}))), other).taken) == 1


def test_a_case_that_cannot_be_seen_is_recorded_without_its_number() -> None:
    (one,) = rebuilt(FakeLedger(), noted(identity(case(1))), unseen={case(1).id}).taken
    assert (one.case_id, one.case_number) == (case(1).id, "")


def test_nothing_is_rebuilt_under_a_run() -> None:
    with pytest.raises(RunBusy):
        rebuilt(FakeLedger(busy=True))


def test_an_org_that_fails_ends_the_rebuild_and_is_recorded() -> None:
    class Silent(FakeOrg):
        def keyed_notes_everywhere(self, users: frozenset[str]) -> tuple[KeyedNote, ...]:
            raise OrgUnavailable("no answer")

    ledger = FakeLedger()
    with pytest.raises(OrgUnavailable):
        rebuild("run", Silent(), caller(), ledger)
    assert ledger.finished == [{"exit": 5, "error": "org_unavailable"}]
    assert ledger.changes == []
