"""An open escalation on its ladder, from what the ledger and the case say."""

from dataclasses import replace
from datetime import timedelta

from sfdc_escalator.escalation.decisions.on_ladder import on_ladder
from sfdc_escalator.escalation.world.history import EscalationState
from sfdc_escalator.escalation.world.ladder_facts import LadderFacts
from tests.builders import NOW, case, escalation, in_org
from tests.year.world import read_policy

(POLICY,) = read_policy()
OUTAGE = POLICY.routes[0]
START = escalation(case(), EscalationState.APPLIED, "outage", policy_name="year", tried_at=NOW - timedelta(hours=1))


def test_a_start_whose_note_was_found_in_the_org_is_due_by_the_time_of_its_note() -> None:
    """L3: the ledger that knew the due time was lost; the rungs that count from it must come all the same."""
    one = on_ladder(in_org(POLICY), replace(START, before=None, wrote=None), OUTAGE, case())
    assert one.started == NOW - timedelta(hours=1)
    assert one.facts.due == NOW + timedelta(hours=7)
    assert {times.rung for times in one.times} == {rung.id for rung in OUTAGE.ladder.rungs}


def test_a_due_time_that_the_ledger_has_is_never_computed_again() -> None:
    """L3"""
    facts = LadderFacts(NOW, due=NOW + timedelta(minutes=1))
    assert on_ladder(in_org(POLICY), replace(START, ladder=facts), OUTAGE, case()).facts == facts
