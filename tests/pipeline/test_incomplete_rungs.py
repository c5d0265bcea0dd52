"""A rung whose note is incomplete waits for a person; the others go on (rules L7 and L11 of the ladder)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.ladder.climbing import climb
from sfdc_escalator.escalation.ladder.progress import Progress, Times
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.escalate import Escalate, NotePart
from sfdc_escalator.escalation.policy.ladder import After, Ladder, Rung
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.ladder_facts import LadderFacts
from sfdc_escalator.pipeline.run import Result, carry_out
from sfdc_escalator.pipeline.stop import Stop
from tests.builders import NOW, SUPPORT, caller, case, escalation, note, policy, remembering, render, route
from tests.pipeline.fakes import FakeLedger, FakeOrg

HOUR = timedelta(hours=1)
CASE = case(owner=SUPPORT.id)
OFFER = NotePart("offer", ("Offer__c",), if_missing="hold")
HELD = Escalate(note(OFFER), {"priority": "High"})
RAISED = Escalate(note(), {"priority": "Urgent"})
START = replace(
    escalation(CASE, EscalationState.APPLIED, tried_at=NOW - 9 * HOUR, wrote={}),
    case_number=CASE.number,
    ladder=LadderFacts(started=NOW - 9 * HOUR),
)


def run(*rungs: Rung, highest_only: bool = False) -> Result:
    of = policy(replace(route(), ladder=Ladder(rungs, highest_only)))
    seen = {("support", "urgent"): {rung.id: NOW - 10 * HOUR for rung in rungs}}
    ledger = FakeLedger(replace(remembering(START, live=["urgent"]), rungs=seen))
    return carry_out(
        "run", FakeOrg([CASE]), caller(), ledger, [of], RunOptions(), render, lambda *_: None, Stop(), ledger.post
    )


def ends(result: Result) -> list[tuple[str, State]]:
    return [(one.rung, one.state) for one in result.outcomes if one.rung != "start"]


def rung(hours: int, steps: Escalate | None = None) -> Rung:
    return Rung(f"after-{hours}h", After(hours * HOUR), "closed", steps)


def test_the_next_rung_comes_though_one_waits_for_its_note() -> None:
    result = run(rung(1, HELD), rung(2, RAISED), rung(3))
    assert ends(result) == [("after-1h", State.HELD), ("after-2h", State.APPLIED)]
    assert result.exit_code == 3
    (standing,) = [one for one, _ in result.standings.values()]
    assert (standing.rung, "Offer__c" in standing.waits) == ("after-1h", True)


def test_several_may_wait_and_the_last_waits_alone() -> None:
    assert ends(run(rung(1, HELD), rung(2, HELD), rung(3))) == [
        ("after-1h", State.HELD),
        ("after-2h", State.HELD),
        ("after-3h", State.APPLIED),
    ]
    assert ends(run(rung(1, HELD))) == [("after-1h", State.HELD)]


def test_of_rungs_to_catch_up_the_highest_that_can_come_comes() -> None:
    assert ends(run(rung(1), rung(2), rung(3, HELD), highest_only=True)) == [
        ("after-2h", State.APPLIED),
        ("after-3h", State.HELD),
    ]


@pytest.mark.parametrize("incomplete", [frozenset[str](), frozenset({"one"})])
def test_a_rung_that_waits_is_not_moved(incomplete: frozenset[str]) -> None:
    """L8: only rungs that are due move."""
    ladder = [
        Times(name, "closed", (place + 1) * HOUR, written="") for place, name in enumerate(("one", "two", "three"))
    ]
    found = climb(ladder, Progress(NOW - 9 * HOUR), NOW, incomplete=incomplete)
    first, *others = [one.rung for one in ladder if one.rung not in incomplete]
    assert found.turn is not None
    assert (found.turn.rung, set(found.moved)) == (first, set(others))
