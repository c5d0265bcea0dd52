"""Two escalations of one route on one case, brought together by a merge (rule L18 of the ladder)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.escalation.policy.ladder import After, Ladder, Rung
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.ladder_facts import LadderFacts
from sfdc_escalator.pipeline.preparing.merges import doubles
from tests.builders import EVERY_CASE, NOW, ORG, case, escalation, identity, policy, remembering, route

HOUR = timedelta(hours=1)
LADDER = Ladder((Rung("after-1h", After(HOUR), "closed"),))
MASTER, LOSER = case(1), case(2)


def begun(of: object, hours_ago: float) -> Escalation:
    """An escalation of a case that now stands on the master."""
    one = escalation(of, EscalationState.APPLIED)  # type: ignore[arg-type]
    return replace(one, case_id=MASTER.id, ladder=LadderFacts(started=NOW - hours_ago * HOUR))


def ended(*escalations: Escalation, ladder: Ladder = LADDER) -> list[str]:
    of = policy(replace(route("urgent", EVERY_CASE), ladder=ladder))
    history: History = remembering(*escalations)
    found = list(doubles(history, [of], ORG))
    assert all(one.state is EscalationState.SUPERSEDED for one in found)
    return [one.key for one in found]


def test_the_one_with_the_older_start_goes_on() -> None:
    own, merged = begun(MASTER, 1), begun(LOSER, 2)
    assert ended(own, merged) == [own.key]
    own, merged = begun(MASTER, 2), begun(LOSER, 1)
    assert ended(own, merged) == [merged.key]


def test_of_two_with_one_start_the_master_s_own_goes_on() -> None:
    own, merged = begun(MASTER, 1), begun(LOSER, 1)
    assert ended(merged, own) == [merged.key]


def test_one_alone_goes_on() -> None:
    assert ended(begun(LOSER, 1)) == []


def test_a_later_episode_of_the_same_case_is_no_merge() -> None:
    again = replace(begun(MASTER, 0.5), key=replace(identity(MASTER), episode=2).key, episode=2)
    assert ended(begun(MASTER, 1), again) == []


@pytest.mark.parametrize("state", [EscalationState.CLOSED, EscalationState.SUPERSEDED, EscalationState.ADOPTED])
def test_only_open_escalations_with_a_ladder_count(state: EscalationState) -> None:
    assert ended(begun(MASTER, 1), replace(begun(LOSER, 2), state=state)) == []
    assert ended(begun(MASTER, 1), begun(LOSER, 2), ladder=Ladder()) == []
