"""A turn of a rung is never taken for the start of an escalation."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.decisions.own_steps import in_doubt, without_our_steps
from sfdc_escalator.escalation.planning.run_options import one_per_case
from sfdc_escalator.escalation.policy.escalate import Escalate
from sfdc_escalator.escalation.policy.ladder import After, Ladder, Rung
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from tests.builders import (
    NOW,
    SUPPORT,
    case,
    decided,
    escalation,
    identity,
    in_org,
    note,
    planned,
    policy,
    remembering,
    route,
    values,
)

AN_HOUR_AGO = NOW - timedelta(hours=1)
LATE = Rung("late", After(timedelta(minutes=30)), "acknowledged", Escalate(note(), {"priority": "Urgent"}))
WITH_LADDER = policy(replace(route(queue="Support"), ladder=Ladder((LATE,))), route("below"))


def turn(
    state: EscalationState = EscalationState.APPLIED, *, route_name: str = "urgent", rung: str = "late"
) -> Escalation:
    found = replace(identity(case(), route_name), rung=rung)
    return Escalation.of(found, state, tried_at=AN_HOUR_AGO, moment=AN_HOUR_AGO)


def one(of: Policy, *escalations: Escalation) -> Match:
    [match] = decided(of, case(), history=remembering(*escalations))
    return match


@pytest.mark.parametrize("state", EscalationState)
def test_a_turn_alone_does_not_escalate_the_case(state: EscalationState) -> None:
    assert one(WITH_LADDER, turn(state)).state is State.PLANNED


@pytest.mark.parametrize("state", EscalationState)
def test_a_turn_changes_nothing_about_its_start(state: EscalationState) -> None:
    """L12: it stands beside the case's own `already` entry."""
    start = escalation(case(), tried_at=AN_HOUR_AGO - timedelta(hours=1))
    found = one(WITH_LADDER, start, turn(state))
    assert (found.state, found.escalation, found.identity.episode) == (State.ALREADY, start, 1)
    org = in_org(WITH_LADDER, remembering(start, turn(state)))
    assert org.escalated_at(WITH_LADDER.routes[0], case()) == start.tried_at


def test_a_route_above_takes_over_the_start_and_no_turn() -> None:
    """L16: the ladder below ends with its start."""
    start = escalation(case(), route_name="below")
    found = one(WITH_LADDER, start, turn(route_name="below"))
    assert found.order is not None
    assert found.order.takes_over == (start,)


TELL = Rung("tell", After(timedelta(minutes=30)), "acknowledged")
BELOW = replace(route("below"), ladder=Ladder((LATE, TELL)))


@pytest.mark.parametrize("rung", [LATE, TELL])
@pytest.mark.parametrize("state", [State.PLANNED, State.WITHHELD, State.HELD, State.REJECTED])
@pytest.mark.parametrize(
    ("above", "expected"),
    [(State.PLANNED, State.ALREADY), (State.WITHHELD, None), (State.REJECTED, None), (State.HELD, None)],
)
def test_no_rung_is_climbed_in_the_run_in_which_a_route_above_takes_the_case_over(
    rung: Rung, state: State, above: State, expected: State | None
) -> None:
    """L16: a rung that only notifies people too; one whose take-over does not come goes on."""
    start = escalation(case(), route_name="below")
    higher = replace(one(policy(route(queue="Support"), BELOW), start), state=above)
    order = planned(1) if rung is LATE else replace(planned(1), steps=())
    due = replace(higher, route=BELOW, state=state, rung=rung, start_key=start.key, order=order, moment=NOW)
    assert higher.order is not None
    _, found = one_per_case([higher, due])
    assert found.state is (expected or state)


def test_a_rung_goes_on_beside_a_start_of_another_policy_that_writes_while_it_writes_nothing() -> None:
    """L12: two policies on one case are two escalations."""
    other = one(policy(route(queue="Support"), name="other"))
    tell = replace(other, policy=WITH_LADDER, rung=TELL, start_key="ESC-1", order=replace(planned(1), steps=()))
    assert [found.state for found in one_per_case([other, tell])] == [State.PLANNED, State.PLANNED]


def test_the_values_of_a_turn_are_our_own() -> None:
    """L10: a rung changes a case as a start does."""
    start = escalation(case(), before=values("old", "New", "Medium"), wrote=values(SUPPORT.id, "New", "High"))
    climbed = replace(turn(), before={"Priority": "High"}, wrote={"Priority": "Urgent"})
    now = case(owner=SUPPORT.id, priority="Urgent")
    for rows in ((start, climbed), (climbed, start)):
        assert without_our_steps(now, rows).text_of("Priority") == "Medium"
    withheld = replace(climbed, state=EscalationState.WITHHELD)
    assert without_our_steps(now, (start, withheld)).text_of("Priority") == "Urgent"


@pytest.mark.parametrize(
    ("rung", "priority", "fields"),
    [
        ("late", "Urgent", {"Priority"}),
        ("late", "Medium", set()),
        ("of another time", "Medium", {"OwnerId", "Status", "Priority"}),
    ],
)
def test_a_turn_whose_note_was_found_puts_the_fields_of_its_rung_in_doubt(
    rung: str, priority: str, fields: set[str]
) -> None:
    found = in_doubt([turn(rung=rung)], case(owner=SUPPORT.id, priority=priority), [WITH_LADDER], {"Support": SUPPORT})
    assert found == fields


def test_a_turn_that_wrote_nothing_puts_nothing_in_doubt() -> None:
    """L10"""
    quiet = replace(turn(), before={}, wrote={})
    assert in_doubt([quiet], case(priority="Urgent"), [WITH_LADDER], {"Support": SUPPORT}) == frozenset()
