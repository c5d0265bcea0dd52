"""The history in the ledger."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import Identity
from tests.builders import NOW, ORG, case, escalation, remembering

OPEN = {EscalationState.APPLIED, EscalationState.ADOPTED, EscalationState.UNKNOWN, EscalationState.SENDING}


@pytest.mark.parametrize(
    ("attempts", "wait"),
    [(1, timedelta(minutes=15)), (2, timedelta(hours=1)), (3, timedelta(hours=6)), (4, timedelta(days=1)),
     (5, timedelta(days=1)), (99, timedelta(days=1))],
)  # fmt: skip
def test_a_rejected_case_is_tried_again_after_15_min_1_h_6_h_then_daily(attempts: int, wait: timedelta) -> None:
    assert escalation(case(), EscalationState.REJECTED, attempts=attempts, tried_at=NOW).try_again_at() == NOW + wait


@pytest.mark.parametrize("state", [state for state in EscalationState if state is not EscalationState.REJECTED])
def test_only_a_rejected_case_waits(state: EscalationState) -> None:
    assert escalation(case(), state, attempts=1, tried_at=NOW).try_again_at() is None


@pytest.mark.parametrize("state", EscalationState)
def test_an_escalation_that_was_or_may_have_been_written_is_open(state: EscalationState) -> None:
    assert escalation(case(), state).is_open == (state in OPEN)


def test_a_new_state_replaces_the_old_one() -> None:
    first, second = escalation(case(1), EscalationState.UNKNOWN), escalation(case(2))
    history = remembering(first, second, live=["urgent"]).with_escalations([escalation(case(1)), escalation(case(3))])
    assert {(one.case_id, one.state) for one in history.everything()} == {
        (case(number).id, EscalationState.APPLIED) for number in (1, 2, 3)
    }
    assert history.live == {("support", "urgent")}


def test_an_escalation_that_goes_on_on_another_case_leaves_its_own() -> None:
    moved = escalation(case(1))
    history = remembering(moved, escalation(case(2)), escalation(case(3)))
    after = history.with_escalations([replace(moved, case_id=case(2).id)])
    assert {one: len(some) for one, some in after.by_case.items()} == {case(2).id: 2, case(3).id: 1}
    assert (len(history.starts()), len(after.starts())) == (3, 3)
    assert after.by_case[case(3).id] is history.by_case[case(3).id]


def test_no_news_leave_the_history_as_it_is() -> None:
    history = remembering(escalation(case(1)))
    assert history.with_escalations([]) is history


def test_a_policy_sees_its_own_escalations_of_a_case() -> None:
    ours, theirs = escalation(case()), escalation(case(), policy_name="billing")
    assert remembering(ours, theirs).of_case(case().id, "support") == (ours,)


def turn(of: Case, rung: str, number: int = 1, *, route: str = "urgent", policy: str = "support") -> Escalation:
    """A turn of a rung that was carried out and wrote nothing."""
    identity = Identity(ORG, policy, route, of.id, rung, turn=number)
    return Escalation.of(identity, EscalationState.APPLIED, before={}, wrote={}, tried_at=NOW, moment=NOW)


def test_the_escalations_of_a_case_are_starts() -> None:
    """L12: a rung of another step counts in no episode of the route."""
    start = escalation(case())
    history = remembering(start, turn(case(), "late"))
    assert history.of_case(case().id, "support") == (start,)
    assert len(history.everything()) == 2


def test_the_turns_of_an_escalation_are_those_of_its_policy_route_case_and_episode() -> None:
    start, ours = escalation(case()), [turn(case(), "late", number) for number in (1, 2)]
    renamed = turn(case(), "late", route="pressing")
    others = [
        turn(case(2), "late"),
        turn(case(), "late", policy="billing"),
        turn(case(), "late", route="calm"),
        replace(turn(case(), "first"), episode=2),
    ]
    history = remembering(start, *ours, renamed, *others)
    assert history.rungs_of(start, ["urgent", "pressing"]) == (*ours, renamed)


def test_a_rung_that_wrote_nothing_leaves_no_value_in_doubt() -> None:
    """L10: nothing was written to the org, and the ledger alone remembers it."""
    assert not turn(case(), "late").is_found
    assert turn(case(), "late").was_sent


@pytest.mark.parametrize("state", [EscalationState.SKIPPED, EscalationState.WITHHELD])
def test_a_turn_that_was_skipped_or_withheld_was_not_sent(state: EscalationState) -> None:
    """L5, L11"""
    assert not escalation(case(), state).was_sent
    assert not escalation(case(), state).is_open
