"""The rungs that a run carries out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.escalation.decisions.climbs import climbing
from sfdc_escalator.escalation.decisions.on_ladder import on_ladder
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.policy.escalate import Escalate
from sfdc_escalator.escalation.policy.ladder import After, Ladder, Rung
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Hold, LadderFacts
from tests.builders import NOW, case, escalation, identity, in_org, note, policy, remembering, route

STARTED = NOW - timedelta(days=3)
RUNG = Rung("late", After(timedelta(minutes=30)), "closed", Escalate(note(), {"priority": "Urgent"}))
ROUTE = replace(route(queue="Support"), ladder=Ladder((RUNG,)))
POLICY = policy(ROUTE)
HOLD = Hold(case().id, case().number, NOW - timedelta(hours=1), NOW + timedelta(hours=1), "a reason", "kim")


@pytest.mark.parametrize("state", [EscalationState.WITHHELD, EscalationState.REJECTED])
@pytest.mark.parametrize(("holds", "expected"), [((), State.PLANNED), ((HOLD,), State.HELD)])
def test_the_move_of_a_rung_is_not_tried_again_while_its_case_is_held(
    state: EscalationState, holds: tuple[Hold, ...], expected: State
) -> None:
    """L19: no start and no rung while it lasts; L11 says when it is tried again."""
    start = replace(escalation(case(), EscalationState.APPLIED, tried_at=STARTED), ladder=LadderFacts(STARTED))
    tried = replace(
        Escalation.of(replace(identity(case()), rung="late"), state, tried_at=NOW - timedelta(days=2)),
        start_key=start.key,
        attempts=1,
    )
    seen = {(POLICY.name, ROUTE.name): {"late": STARTED - timedelta(days=1)}}
    org = in_org(POLICY, replace(remembering(start, tried), rungs=seen, holds=holds))
    found = climbing(org, on_ladder(org, start, ROUTE, case()))
    assert found is not None
    assert [match.state for match in found.matches] == [expected]


FIRST, SECOND = (Rung(name, After(timedelta(hours=at)), "closed") for name, at in (("first", 1), ("second", 2)))
HIGHEST = replace(ROUTE, ladder=Ladder((FIRST, SECOND), highest_only=True))


def test_a_turn_whose_note_is_found_is_neither_climbed_nor_skipped() -> None:
    """L7: the ledger was restored; a note proves that the turn was climbed before it."""
    start = replace(escalation(case(), tried_at=STARTED), ladder=LadderFacts(STARTED))
    seen = {(POLICY.name, ROUTE.name): dict.fromkeys(("first", "second"), STARTED)}
    org = in_org(policy(HIGHEST), replace(remembering(start), rungs=seen))
    found = climbing(org, on_ladder(org, start, HIGHEST, case()))
    assert found is not None
    [match], [skipped] = found.matches, found.matches[0].skips
    assert (match.identity.rung, skipped.rung) == ("second", "first")
    assert found.without({skipped.key}).matches == (replace(match, skips=()),)
    assert found.without({match.identity.key}).matches == ()
    assert replace(found, skipped=(skipped,)).without({skipped.key}).skipped == ()


@pytest.mark.parametrize("state", [EscalationState.WITHHELD, EscalationState.REJECTED])
def test_the_move_of_a_rung_that_the_policy_no_longer_has_is_not_tried_again(state: EscalationState) -> None:
    """L21: a rung that is gone climbs no more."""
    start = replace(escalation(case(), EscalationState.APPLIED, tried_at=STARTED), ladder=LadderFacts(STARTED))
    gone = Escalation.of(replace(identity(case()), rung="gone"), state, tried_at=NOW - timedelta(days=2), attempts=1)
    org = in_org(POLICY, remembering(start, replace(gone, start_key=start.key)))
    assert climbing(org, on_ladder(org, start, ROUTE, case())) is None


def test_a_rejected_move_of_a_rung_stays_rejected_until_its_next_try() -> None:
    """L11: states and exit codes as for starts."""
    start = replace(escalation(case(), EscalationState.APPLIED, tried_at=STARTED), ladder=LadderFacts(STARTED))
    about, minute = replace(identity(case()), rung="late"), timedelta(minutes=1)
    tried = Escalation.of(about, EscalationState.REJECTED, tried_at=NOW - 14 * minute, attempts=1, message="locked")
    seen = {(POLICY.name, ROUTE.name): {"late": STARTED - timedelta(days=1)}}
    org = in_org(POLICY, replace(remembering(start, replace(tried, start_key=start.key)), rungs=seen))
    found = climbing(org, on_ladder(org, start, ROUTE, case()))
    assert found is not None
    (match,) = found.matches
    assert (match.state, match.reason[:27]) == (State.REJECTED, "locked (tried 1 time, next ")


def test_a_hold_of_a_route_lasts_when_the_route_is_renamed() -> None:
    """L19, L20"""
    renamed = replace(ROUTE, name="renamed", formerly=(ROUTE.name,))
    start = replace(escalation(case(), EscalationState.APPLIED, tried_at=STARTED), ladder=LadderFacts(STARTED))
    hold = replace(HOLD, policy=POLICY.name, route=ROUTE.name)
    org = in_org(policy(renamed), replace(remembering(start), holds=(hold,)))
    assert on_ladder(org, start, renamed, case()).is_held
