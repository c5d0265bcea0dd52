"""From the org and the ledger to a plan: recover, poll, read what is missing, judge, look for keys. Reads only."""

from datetime import timedelta

import pytest

from sfdc_escalator.errors import Invalid, PlanRefused
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.text import Text
from sfdc_escalator.escalation.conditions.speech.words import parse_phrase
from sfdc_escalator.escalation.conditions.tree import All
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.policy import NotePart, Policy
from sfdc_escalator.escalation.world.history import EscalationState, History
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.pipeline.ports.org import KeyedNote
from sfdc_escalator.pipeline.prepare import Prepared, prepare
from tests.builders import (
    ME,
    NOW,
    caller,
    case,
    escalation,
    identity,
    note,
    numbered,
    policy,
    remembering,
    render,
    route,
)
from tests.pipeline.fakes import FakeOrg, numbers

NEW: Condition = Field("Status", "is", "New")
POLICY = policy(route("urgent", NEW))
LIVE = remembering(live=["urgent"])
FORMER_ME = numbered("005", 99)


def prepared(org: FakeOrg, history: History = LIVE, *policies: Policy, options: RunOptions | None = None) -> Prepared:
    return prepare(org, caller(), history, policies or (POLICY,), options or RunOptions(), render)


def noted(of: Identity, author: str = ME) -> KeyedNote:
    return KeyedNote(of.key, of.line, of.case_id, author, NOW - timedelta(hours=1))


def state(of: Prepared) -> State:
    [decision] = of.plan.matches
    return decision.state


# -- keys in the org -----------------------------------------------------------------------------------------------


def test_a_key_that_stands_on_the_case_counts_as_done_and_is_found() -> None:
    org = FakeOrg([case(1), case(2)], notes=[noted(identity(case(1)))])
    result = prepared(org)
    assert [one.state for one in result.plan.matches] == [State.ALREADY, State.PLANNED]
    assert [one.escalation.case_id for one in result.found] == [case(1).id]
    assert result.plan.matches[0].key == identity(case(1)).key


@pytest.mark.parametrize("name", ["old", "older"])
def test_a_key_under_a_former_name_counts_too(name: str) -> None:
    renamed = policy(route("urgent", NEW, formerly=["old", "older"]))
    result = prepared(FakeOrg([case()], notes=[noted(identity(case(), name))]), LIVE, renamed)
    assert state(result) is State.ALREADY
    assert len(result.found) == 1


def test_a_key_of_another_case_is_somebodys_copy() -> None:
    copied = KeyedNote(identity(case(1)).key, identity(case(1)).line, case(2).id, ME, NOW)
    org = FakeOrg([case(1), case(2)], notes=[copied])
    assert [one.state for one in prepared(org).plan.matches] == [State.PLANNED, State.PLANNED]


def test_a_key_of_a_case_that_was_merged_into_this_one_counts_for_it() -> None:
    moved = KeyedNote(identity(case(1)).key, identity(case(1)).line, case(2).id, ME, NOW)
    result = prepared(FakeOrg([case(2)], notes=[moved], merged={case(1).id: case(2).id}))
    assert [one.state for one in result.plan.matches] == [State.ALREADY]


def test_keys_count_for_users_the_ledger_has_used_and_for_nobody_else() -> None:
    used = History(live=LIVE.live, users=frozenset({FORMER_ME}), empty=False)
    by_a_former_user = FakeOrg([case()], notes=[noted(identity(case()), FORMER_ME)])
    assert state(prepared(by_a_former_user, used)) is State.ALREADY
    assert state(prepared(by_a_former_user, LIVE)) is State.PLANNED
    assert by_a_former_user.asked_users == [{ME, FORMER_ME}, {ME}]


def test_an_empty_ledger_beside_keys_in_the_org_was_lost_and_the_plan_refuses_itself() -> None:
    org = FakeOrg([case(1), case(2)], notes=[noted(identity(case(1)))])
    with pytest.raises(PlanRefused, match="`ledger rebuild`") as raised:
        prepared(org, History())
    assert raised.value.exit_code == 4
    assert identity(case(1)).key in raised.value.message


def test_keys_are_looked_for_before_the_first_send_of_a_held_case_too() -> None:
    holding = policy(route("urgent", NEW, note_spec=note(NotePart("offers", ("Offers__c",), "hold"))))
    org = FakeOrg([case(fields={"Offers__c": None})], notes=[noted(identity(case()))])
    assert state(prepared(org, LIVE, holding)) is State.ALREADY


def test_no_key_is_looked_for_when_nothing_is_to_be_sent() -> None:
    org = FakeOrg([case(1), case(2, status="Working")])
    prepared(org, remembering(escalation(case(1)), live=["urgent"]))
    assert org.asked_users == []


# -- recovery ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("left", [EscalationState.UNKNOWN, EscalationState.SENDING])
def test_an_unknown_escalation_whose_note_is_there_was_applied(left: EscalationState) -> None:
    result = prepared(
        FakeOrg([case()], notes=[noted(identity(case()))]),
        remembering(escalation(case(), left, message="?"), live=["urgent"]),
    )
    assert state(result) is State.ALREADY
    assert [
        (one.event, one.escalation.key, one.escalation.state, one.escalation.message) for one in result.settled
    ] == [("recovered", identity(case()).key, EscalationState.APPLIED, "")]
    assert result.found == ()


@pytest.mark.parametrize("left", [EscalationState.UNKNOWN, EscalationState.SENDING])
def test_an_unknown_escalation_whose_note_is_not_there_stays_unknown(left: EscalationState) -> None:
    result = prepared(FakeOrg([case()]), remembering(escalation(case(), left, message="no answer"), live=["urgent"]))
    assert state(result) is State.UNKNOWN
    assert result.settled == ()


# -- reading what is missing ---------------------------------------------------------------------------------------

WORDS = Text(("Description",), (parse_phrase("refund"),))


def test_long_text_is_read_for_those_cases_alone_that_could_still_match() -> None:
    org = FakeOrg([case(1), case(2, status="Working")], long_text={"Description": "I want a refund"})
    result = prepared(org, LIVE, policy(route("urgent", All((NEW, WORDS)))))
    assert numbers(org.completed) == [1]
    assert numbers(one.case_id for one in result.plan.orders) == [1]


def test_a_case_whose_long_text_says_nothing_of_it_is_left_alone() -> None:
    org = FakeOrg([case(1)], long_text={"Description": "thank you"})
    result = prepared(org, LIVE, policy(route("urgent", WORDS)))
    assert result.plan.matches == ()
    assert numbers(one.case.id for one in result.plan.no_match) == [1]


def test_what_the_note_says_is_read_before_the_note_is_written() -> None:
    spec = note(NotePart("description", ("Description",)))
    org = FakeOrg([case()], long_text={"Description": "No power"})
    [order] = prepared(org, LIVE, policy(route("urgent", NEW, note_spec=spec))).plan.orders
    assert "No power" in order.note


# -- what a person asked for ---------------------------------------------------------------------------------------


def test_a_case_that_does_not_exist_is_told() -> None:
    with pytest.raises(Invalid, match="case 00000404 is not in this org") as raised:
        prepared(FakeOrg([case()]), options=RunOptions(case="00000404"))
    assert raised.value.exit_code == 2


def test_a_route_that_does_not_exist_is_told_with_those_that_do_before_anything_is_read() -> None:
    org = FakeOrg([case()])
    two = policy(route("a", NEW), route("b", NEW))
    with pytest.raises(Invalid, match="no policy has a route 'c'; there are: a, b"):
        prepared(org, LIVE, two, options=RunOptions(route="c"))


def test_a_case_that_matches_nothing_is_left_alone_with_its_reasons() -> None:
    result = prepared(FakeOrg([case(status="Working")]), options=RunOptions(case="00000001"))
    [left] = result.plan.no_match
    assert result.reasons_against(left)["urgent"].startswith("Status is Working")


# -- what the org cannot do ----------------------------------------------------------------------------------------


def test_a_field_that_the_org_lacks_breaks_its_own_route_alone() -> None:
    two = policy(route("a", Field("Nope__c", "is", "x")), route("urgent", NEW))
    org = FakeOrg([case()], broken={("support", "a"): "No such column 'Nope__c'"})
    result = prepared(org, remembering(live=["a", "urgent"]), two)
    assert [one.identity.route for one in result.plan.orders] == ["urgent"]
    assert dict(result.broken) == {("support", "a"): "No such column 'Nope__c'"}
    assert ("support", "a") not in result.plan.complete


def test_a_route_that_lacks_a_field_and_a_queue_is_told_both() -> None:
    org = FakeOrg([case()], broken={("support", "a"): "No such column 'Nope__c'"})
    result = prepared(org, History(), policy(route("a", Field("Nope__c", "is", "x"), queue="Nowhere")))
    assert result.broken["support", "a"].startswith("No such column 'Nope__c'; this org has no queue 'Nowhere'")


def test_a_route_whose_queue_the_org_lacks_is_broken_and_has_not_run_live() -> None:
    """Once the queue is there, its cases are a backlog, and somebody chooses."""
    lost = policy(route("a", NEW, queue="Nowhere"))
    result = prepared(FakeOrg([case()]), History(), lost)
    assert state(result) is State.REJECTED
    assert "no queue 'Nowhere'" in result.broken["support", "a"]
    assert ("support", "a") not in result.plan.complete
