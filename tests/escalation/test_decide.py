"""The decision about one case."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.tree import AnyOf
from sfdc_escalator.escalation.decisions.decide import decide, no_match_reasons
from sfdc_escalator.escalation.decisions.match import Match, NoMatch
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.policy.escalate import NotePart
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import key_of
from tests.builders import (
    AGENT,
    NOW,
    ORG,
    SUPPORT,
    case,
    decided,
    escalation,
    in_org,
    note,
    policy,
    remembering,
    route,
    values,
)

URGENT: Condition = Field("Priority", "is", "Urgent")
NEW: Condition = Field("Status", "is", "New")
NEVER: Condition = AnyOf(())
UNTOUCHED = values(AGENT, "New", "Medium")
TWO = policy(route("top", URGENT), route("base", NEW, status="Escalated", priority="Urgent"))
"""`base` raises the case to a value that `top` matches."""


def one(of: Policy, *escalations: Escalation, **values: str) -> Match:
    [decision] = decided(of, case(**values), history=remembering(*escalations))  # type: ignore[arg-type]
    return decision


def left(of: Policy, *escalations: Escalation, **values: str) -> Mapping[str, str]:
    """The reasons why no route matches."""
    seen = in_org(of, remembering(*escalations))
    result = decide(seen, case(**values))  # type: ignore[arg-type]
    assert isinstance(result, NoMatch), result
    return no_match_reasons(seen, result)


def taken_over(decision: Match) -> tuple[Escalation, ...]:
    assert decision.order is not None
    return decision.order.takes_over


# -- which route ---------------------------------------------------------------------------------------------------


def test_the_first_route_that_matches_wins() -> None:
    three = policy(route("a", NEVER), route("b", NEW), route("c", NEW))
    decision = one(three)
    assert (decision.route.name, decision.state) == ("b", State.PLANNED)


def test_a_planned_escalation_has_its_note_its_key_and_its_reasons() -> None:
    decision = one(policy(route("b", NEW)))
    assert key_of(decision.outcome.note) == decision.key == decision.identity.key
    assert decision.identity.organization_id == ORG
    assert decision.reason == "Because of b."
    assert decision.findings == ("Status is New",)


def test_a_case_without_a_match_has_the_first_missing_condition_of_each_route() -> None:
    two = policy(route("a", URGENT), route("b", Field("Subject", "is", "x")))
    reasons = left(two)
    assert reasons["a"].startswith("Priority is Medium")
    assert reasons["b"].startswith("Subject is It broke")


def test_a_route_that_could_not_be_polled_is_passed_over_with_its_reason() -> None:
    seen = replace(in_org(policy(route("a", NEW), route("b", NEW))), unpolled={"a": "No such column"})
    decision = decide(seen, case())
    assert isinstance(decision, Match)
    assert decision.route.name == "b"


def test_a_route_that_the_org_cannot_carry_out_rejects_its_matches_and_keeps_them() -> None:
    two = policy(route("a", NEW, queue="Nowhere"), route("b", NEW))
    decision = one(two)
    assert (decision.route.name, decision.state, decision.steps) == ("a", State.REJECTED, ())
    assert "no queue 'Nowhere'" in decision.reason


def test_an_incomplete_note_holds_the_case() -> None:
    spec = note(NotePart("offers", ("Offers__c",), "hold"))
    decision = one(policy(route("a", NEW, note_spec=spec)))
    assert (decision.state, decision.steps) == (State.HELD, ())
    assert (decision.held_by, decision.outcome.held_by) == ("note", "note")


def test_a_queue_is_known_by_the_orgs_id() -> None:
    [decision] = decided(policy(route("a", NEW)), case())
    assert [(step.before, step.after) for step in decision.steps if step.name == "queue"] == [(AGENT, SUPPORT.id)]


# -- what the ledger remembers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state", [EscalationState.APPLIED, EscalationState.ADOPTED, EscalationState.SUPERSEDED, EscalationState.GONE]
)
def test_an_escalation_is_not_done_twice(state: EscalationState) -> None:
    decision = one(policy(route("a", NEW)), escalation(case(), state, "a"))
    assert (decision.state, decision.steps) == (State.ALREADY, ())
    assert decision.key == escalation(case(), state, "a").key


@pytest.mark.parametrize(
    "state", [EscalationState.APPLIED, EscalationState.ADOPTED, EscalationState.SUPERSEDED, EscalationState.GONE]
)
def test_renaming_a_route_does_not_escalate_everything_again(state: EscalationState) -> None:
    renamed = policy(route("new-name", NEW, formerly=["old-name", "older-name"]))
    for name in ("old-name", "older-name"):
        before = escalation(case(), state, name)
        decision = one(renamed, before)
        assert (decision.state, decision.key) == (State.ALREADY, before.key)


def test_of_two_that_came_together_by_a_merge_the_one_that_goes_on_says_why_the_case_is_left() -> None:
    """L18: the other one was taken over by it, and not by a route above."""
    ended = replace(escalation(case(), EscalationState.SUPERSEDED, "a"), key="ESC-0000-0000-0000")
    decision = one(policy(route("a", NEW)), ended, escalation(case(), EscalationState.APPLIED, "a"))
    assert (decision.state, decision.reason) == (State.ALREADY, "escalated by an earlier run")


@pytest.mark.parametrize("state", [EscalationState.UNKNOWN, EscalationState.SENDING])
@pytest.mark.parametrize("sent_by", ["top", "base", "gone-route"])
def test_an_unknown_outcome_stays_unknown_whatever_route_matches_now(state: EscalationState, sent_by: str) -> None:
    decision = one(TWO, escalation(case(), state, sent_by, message="no answer"))
    assert decision.state is State.UNKNOWN
    assert decision.steps == ()
    assert escalation(case(), state, sent_by).key in decision.reason


def rejected(minutes_ago: int, attempts: int = 1) -> Escalation:
    tried_at = NOW - timedelta(minutes=minutes_ago)
    return escalation(case(), EscalationState.REJECTED, "a", attempts=attempts, tried_at=tried_at, message="FIELD: bad")


@pytest.mark.parametrize(("minutes_ago", "attempts"), [(0, 1), (14, 1), (59, 2), (359, 3), (1439, 9)])
def test_a_rejected_case_waits_for_its_time_and_is_counted(minutes_ago: int, attempts: int) -> None:
    decision = one(policy(route("a", NEW)), rejected(minutes_ago, attempts))
    assert (decision.state, decision.steps) == (State.REJECTED, ())
    assert decision.reason.startswith("FIELD: bad")


@pytest.mark.parametrize(("minutes_ago", "attempts"), [(15, 1), (60, 2), (360, 3), (1440, 9)])
def test_a_rejected_case_is_tried_again_after_its_time(minutes_ago: int, attempts: int) -> None:
    decision = one(policy(route("a", NEW)), rejected(minutes_ago, attempts))
    assert decision.state is State.PLANNED
    assert decision.escalation == rejected(minutes_ago, attempts)
    assert decision.order is not None
    assert (decision.order.rejections, decision.order.deferrals) == (attempts, 0)


def test_an_order_that_was_never_sent_is_planned_again() -> None:
    before = escalation(case(), EscalationState.PLANNED, "a", attempts=1, tried_at=NOW)
    decision = one(policy(route("a", NEW)), before)
    assert (decision.state, decision.escalation, taken_over(decision)) == (State.PLANNED, before, ())
    assert decision.order is not None
    assert (decision.order.rejections, decision.order.deferrals) == (0, 1)


def test_another_policy_of_the_same_org_escalates_for_itself() -> None:
    decision = one(policy(route("a", NEW)), escalation(case(), EscalationState.APPLIED, "a", policy_name="billing"))
    assert decision.state is State.PLANNED


# -- taking over ---------------------------------------------------------------------------------------------------


def test_a_route_below_does_not_take_over() -> None:
    decision = one(TWO, escalation(case(), EscalationState.APPLIED, "top"))
    assert (decision.route.name, decision.state) == ("base", State.ALREADY)
    assert "top" in decision.reason


@pytest.mark.parametrize("state", [EscalationState.APPLIED, EscalationState.ADOPTED])
def test_a_route_above_takes_over_an_open_escalation(state: EscalationState) -> None:
    below = escalation(case(), state, "base")
    decision = one(TWO, below, priority="Urgent")
    assert (decision.route.name, decision.state, taken_over(decision)) == ("top", State.PLANNED, (below,))


def written_by_base(state: EscalationState = EscalationState.APPLIED) -> Escalation:
    wrote = values(SUPPORT.id, "Escalated", "Urgent")
    return escalation(case(), state, "base", before=UNTOUCHED, wrote=wrote)


def test_values_of_our_own_steps_do_not_make_a_route_above_match() -> None:
    """Raising a priority to Urgent must not make the route for Urgent cases match."""
    reasons = left(TWO, written_by_base(), owner=SUPPORT.id, status="Escalated", priority="Urgent")
    assert "our own steps" in reasons["top"]


def test_a_person_who_changes_our_value_makes_it_count_again() -> None:
    three = policy(route("top", Field("Priority", "is", "High")), *TWO.routes[1:])
    decision = one(three, written_by_base(), owner=SUPPORT.id, status="Escalated", priority="High")
    assert (decision.route.name, taken_over(decision)) == ("top", (written_by_base(),))


def test_a_route_above_that_matches_without_our_steps_takes_over() -> None:
    two = policy(route("top", Field("Subject", "is", "it broke")), *TWO.routes[1:])
    decision = one(two, written_by_base(), owner=SUPPORT.id, status="Escalated", priority="Urgent")
    assert (decision.route.name, decision.state) == ("top", State.PLANNED)


def test_values_of_another_policy_count_as_our_own() -> None:
    other = replace(written_by_base(), policy="billing")
    assert "our own steps" in left(TWO, other, owner=SUPPORT.id, status="Escalated", priority="Urgent")["top"]


def test_the_steps_of_a_chain_of_escalations_are_all_taken_back_in_any_order() -> None:
    """Low -> High by one route, High -> Urgent by the next; a route for High cases matches after neither."""
    routes = [route("top", Field("Priority", "in", ("High", "Urgent"))), *(route(name, NEVER) for name in "abc")]
    escalations = [
        escalation(case(), state, name, before=values(AGENT, "New", before), wrote=values(SUPPORT.id, "New", after))
        for name, state, before, after in [
            ("c", EscalationState.SUPERSEDED, "Low", "Medium"),
            ("b", EscalationState.SUPERSEDED, "Medium", "High"),
            ("a", EscalationState.APPLIED, "High", "Urgent"),
        ]
    ]
    for order in permutations(escalations):
        assert "our own steps" in left(policy(*routes), *order, owner=SUPPORT.id, priority="Urgent")["top"]


@pytest.mark.parametrize("state", [EscalationState.REJECTED, EscalationState.PLANNED])
def test_values_that_were_never_written_are_not_our_own(state: EscalationState) -> None:
    """A rejected or deferred escalation wrote nothing: a person raised the priority, and the route above matches."""
    decision = one(TWO, written_by_base(state), status="New", priority="Urgent")
    assert (decision.route.name, decision.state) == ("top", State.PLANNED)


def test_values_of_an_adopted_case_are_not_our_own() -> None:
    decision = one(TWO, escalation(case(), EscalationState.ADOPTED, "base"), status="New", priority="Urgent")
    assert (decision.route.name, decision.state) == ("top", State.PLANNED)


@pytest.mark.parametrize("state", [EscalationState.PLANNED, EscalationState.REJECTED])
def test_an_attempt_that_wrote_nothing_gives_a_route_no_right_to_take_over(state: EscalationState) -> None:
    """`top` was tried once and not written; it matches now only because of our own steps."""
    tried = escalation(case(), state, "top", attempts=1, tried_at=NOW - timedelta(days=2))
    reasons = left(TWO, tried, written_by_base(), owner=SUPPORT.id, status="Escalated", priority="Urgent")
    assert "our own steps" in reasons["top"]


def test_the_name_of_our_queue_counts_as_our_own_like_its_id() -> None:
    """Our own queue step does not make a route above match that reads the name of the owner."""
    named = policy(route("top", Field("Owner.Name", "is", "Support")), *TWO.routes[1:])
    moved = case(fields={"Owner.Name": "Support"}, owner=SUPPORT.id, status="Escalated", priority="Urgent")
    result = decide(in_org(named, remembering(written_by_base())), moved)
    assert isinstance(result, NoMatch)


# -- how a match ends ----------------------------------------------------------------------------------------------


def test_a_planned_match_that_was_not_done_is_reported_as_not_applied() -> None:
    ended = one(policy(route("a", NEW, status="New"))).ended(State.DEFERRED, "the run stopped")
    assert [step.state.value for step in ended.outcome.steps] == ["not_applied", "not_applied", "already_so"]
    assert ended.reason == "the run stopped"


def test_the_reason_of_a_match_has_the_fields_of_the_case_filled_in() -> None:
    spoken = replace(route("urgent"), reason="{Case.Subject} of {Account.Name}.")
    one = case(fields={"Subject": "Smoke", "Account.Name": "Acme"})
    assert decided(policy(spoken), one)[0].reason == "Smoke of Acme."
    assert decided(policy(spoken), case(fields={"Subject": "Smoke"}))[0].reason == spoken.reason
