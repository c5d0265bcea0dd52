"""Each order of a saved plan is compared with one reading of the org, made when no case was just saved."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.policy import Guards
from sfdc_escalator.escalation.saved.plan import SavedPlan
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.pipeline.saved.recheck import recheck
from tests.builders import NOW, ORG, case, org_facts, planned, policy, route
from tests.pipeline.fakes import FakeOrg

OF = policy(route(status="Escalated", priority="Urgent"))
ORDERS = tuple(planned(number, OF) for number in (1, 2))
PLAN = SavedPlan("env", ORG, NOW, NOW, "nora", (), "", {"support": Guards()}, RunOptions(), ORDERS)
FACTS = org_facts(open_cases=100)
LATER = NOW + timedelta(minutes=5)


def org() -> FakeOrg:
    return FakeOrg([case(1), case(2)], now=LATER)


def in_state(state: EscalationState) -> History:
    return History.of([Escalation.of(ORDERS[0].identity, state, tried_at=NOW, attempts=2)])


def test_cases_at_rest_are_read_once_and_all_orders_are_sent() -> None:
    found = recheck(one := org(), PLAN, History(), (), FACTS)
    assert ([order.key for order in found.to_send], found.refused, one.pauses) == ([o.key for o in ORDERS], (), [])
    assert found.at == LATER


@pytest.mark.parametrize(("patience", "at"), [(1, LATER + timedelta(seconds=3)), (0, LATER)])
def test_a_case_that_was_just_saved_is_read_again_once_there_is_time(patience: int, at: object) -> None:
    class Slow(FakeOrg):
        def pause(self, attempt: int, asked: float | None = None) -> bool:
            if goes_on := super().pause(attempt, asked):
                self.now += timedelta(seconds=asked or 0)
            return goes_on

    one = Slow([case(1), case(2)], now=LATER, patience=patience)
    one.edit(ORDERS[0].case_id, {"Subject": "another"})
    found = recheck(one, PLAN, History(), (), FACTS)
    assert (len(found.to_send), found.at, one.pauses) == (2, at, [1])


@pytest.mark.parametrize(
    ("state", "end"),
    [
        (EscalationState.APPLIED, State.ALREADY),
        (EscalationState.CLOSED, State.ALREADY),
        (EscalationState.SUPERSEDED, State.ALREADY),
        (EscalationState.UNKNOWN, State.UNKNOWN),
        (EscalationState.SENDING, State.UNKNOWN),
    ],
)
def test_an_order_that_an_apply_of_this_plan_sent_is_not_sent_again(state: EscalationState, end: State) -> None:
    one = org()
    one.edit(ORDERS[0].case_id, {"Status": "Escalated"})
    found = recheck(one, PLAN, in_state(state), {ORDERS[0].key}, FACTS)
    assert {key: outcome.state for key, outcome in found.ends.items()} == {ORDERS[0].key: end}
    assert ([order.key for order in found.to_send], found.refused) == ([ORDERS[1].key], ())


@pytest.mark.parametrize("state", [EscalationState.PLANNED, EscalationState.REJECTED])
def test_an_order_that_was_not_written_is_sent_again(state: EscalationState) -> None:
    found = recheck(org(), PLAN, in_state(state), {ORDERS[0].key}, FACTS)
    tries = {EscalationState.PLANNED: (0, 2), EscalationState.REJECTED: (2, 0)}
    assert (found.to_send[0].rejections, found.to_send[0].deferrals) == tries[state]
    assert len(found.to_send) == 2


def test_once_everything_was_sent_the_org_is_asked_nothing() -> None:
    history = History.of([Escalation.of(one.identity, EscalationState.APPLIED, tried_at=NOW) for one in ORDERS])
    found = recheck(one := org(), PLAN, history, {order.key for order in ORDERS}, FACTS)
    assert (found.read, len(found.ends), found.to_send, one.pauses) == (0, 2, (), [])


def test_a_guard_counts_the_orders_that_are_left_and_no_bypassing_route() -> None:
    strict = replace(PLAN, guards={"support": Guards(max_cases=1)})
    found = recheck(org(), strict, History(), (), FACTS)
    assert [[one.what for one in refused.differences] for refused in found.refused] == [["guard"], ["guard"]]
    assert len(recheck(org(), strict, in_state(EscalationState.APPLIED), {ORDERS[0].key}, FACTS).to_send) == 1
    free = replace(strict, bypassing=frozenset({("support", "urgent")}))
    assert len(recheck(org(), free, History(), (), FACTS).to_send) == 2


def test_an_escalation_that_ended_since_is_not_taken_over() -> None:
    other = Escalation.of(replace(ORDERS[0].identity, route="low"), EscalationState.APPLIED, tried_at=NOW)
    plan = replace(PLAN, orders=(replace(ORDERS[0], takes_over=(other,)),))
    taken = recheck(org(), plan, History.of([other]), (), FACTS).to_send[0].takes_over
    assert [one.key for one in taken] == [other.key]
    ended = History.of([replace(other, state=EscalationState.CLOSED)])
    assert recheck(org(), plan, ended, (), FACTS).to_send[0].takes_over == ()
