"""The history in the ledger."""

from datetime import timedelta

import pytest

from sfdc_escalator.escalation.world.history import EscalationState
from tests.builders import NOW, case, escalation, remembering

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


def test_a_policy_sees_its_own_escalations_of_a_case() -> None:
    ours, theirs = escalation(case()), escalation(case(), policy_name="billing")
    assert remembering(ours, theirs).of_case(case().id, "support") == (ours,)
