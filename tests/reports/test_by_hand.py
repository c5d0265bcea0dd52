"""What a rebuild found in the org, as text."""

from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.pipeline.ports.org import KeyedNote
from sfdc_escalator.pipeline.rebuild import Rebuilt
from sfdc_escalator.reports.text.by_hand.changes import rebuild_text
from tests.builders import ME, NOW
from tests.reports.hostile import HOSTILE, assert_harmless

ONE = Escalation("ESC-1", "support", "urgent", "500", EscalationState.APPLIED, case_number="00000001")
UNSEEN = Escalation("ESC-2", "support", "urgent", "500000000000002AAA", EscalationState.APPLIED)
STRANGE = KeyedNote("ESC-3", "ESC-3 support/urgent/start/1/1", "500000000000003AAA", ME, NOW)


def test_every_escalation_has_a_line_and_the_last_line_counts_them() -> None:
    assert rebuild_text(Rebuilt((ONE, UNSEEN), 0, ()), "/ledger.db").splitlines() == [
        "ESC-1 case 00000001 support/urgent",
        "ESC-2 case 500000000000002AAA support/urgent",
        "/ledger.db took in 2 escalations from the org",
    ]


def test_a_note_whose_key_does_not_match_is_left_out_and_named() -> None:
    assert rebuild_text(Rebuilt((), 5, (STRANGE,)), "/ledger.db").splitlines() == [
        "! case 500000000000003AAA: 'ESC-3 support/urgent/start/1/1' is left out: "
        "the key does not match the values beside it",
        "/ledger.db took in 0 escalations from the org, 5 known before, 1 left out",
    ]


def test_hostile_texts_do_nothing_to_a_terminal() -> None:
    hostile = Escalation(HOSTILE, HOSTILE, HOSTILE, "500", EscalationState.APPLIED, case_number=HOSTILE)
    page = rebuild_text(Rebuilt((hostile,), 0, (KeyedNote("k", HOSTILE, "500", ME, NOW),)), "/ledger.db")
    assert_harmless(page)
    assert len(page.splitlines()) == 3


def test_a_large_rebuild_lists_every_escalation() -> None:
    assert len(rebuild_text(Rebuilt((ONE,) * 10_000, 0, ()), "/ledger.db").splitlines()) == 10_001
