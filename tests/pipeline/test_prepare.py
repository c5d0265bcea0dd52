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
from sfdc_escalator.escalation.policy.escalate import NotePart
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.pipeline.ports.org import KeyedNote
from sfdc_escalator.pipeline.preparing.prepare import Prepared, prepare
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
from tests.pipeline.fakes import FakeLedger, FakeOrg, numbers

NEW: Condition = Field("Status", "is", "New")
POLICY = policy(route("urgent", NEW))
LIVE = remembering(live=["urgent"])
FORMER_ME = numbered("005", 99)


def prepared(org: FakeOrg, history: History = LIVE, *policies: Policy, options: RunOptions | None = None) -> Prepared:
    return prepare(org, caller(), FakeLedger(history), policies or (POLICY,), options or RunOptions(), render)


def noted(of: Identity, author: str = ME) -> KeyedNote:
    return KeyedNote(of.key, of.line, of.case_id, author, NOW - timedelta(hours=1))


def state(of: Prepared) -> State:
    [decision] = of.plan.matches
    return decision.state


# -- keys in the org -----------------------------------------------------------------------------------------------


def test_a_key_on_the_case_counts_as_done_and_is_found() -> None:
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


def test_a_key_of_another_case_does_not_count() -> None:
    copied = KeyedNote(identity(case(1)).key, identity(case(1)).line, case(2).id, ME, NOW)
    org = FakeOrg([case(1), case(2)], notes=[copied])
    assert [one.state for one in prepared(org).plan.matches] == [State.PLANNED, State.PLANNED]


def test_the_key_of_a_case_that_was_merged_into_this_one_counts() -> None:
    moved = KeyedNote(identity(case(1)).key, identity(case(1)).line, case(2).id, ME, NOW)
    result = prepared(FakeOrg([case(2)], notes=[moved], merged={case(1).id: case(2).id}))
    assert [one.state for one in result.plan.matches] == [State.ALREADY]


def test_keys_count_for_users_the_ledger_has_used_and_for_nobody_else() -> None:
    used = History(live=LIVE.live, users=frozenset({FORMER_ME}), empty=False)
    by_a_former_user = FakeOrg([case()], notes=[noted(identity(case()), FORMER_ME)])
    assert state(prepared(by_a_former_user, used)) is State.ALREADY
    assert state(prepared(by_a_former_user, LIVE)) is State.PLANNED
    assert by_a_former_user.asked_users == [{ME, FORMER_ME}, {ME}]


def test_the_plan_refuses_itself_for_an_empty_ledger_where_the_org_has_keys() -> None:
    org = FakeOrg([case(1), case(2)], notes=[noted(identity(case(1)))])
    with pytest.raises(PlanRefused, match="`ledger rebuild`") as raised:
        prepared(org, History())
    assert raised.value.exit_code == 4
    assert identity(case(1)).key in raised.value.message


def test_keys_are_looked_for_before_the_first_send_of_a_held_case_too() -> None:
    holding = policy(route("urgent", NEW, note_spec=note(NotePart("offers", ("Offers__c",), "hold"))))
    org = FakeOrg([case(fields={"Offers__c": None})], notes=[noted(identity(case()))])
    assert state(prepared(org, LIVE, holding)) is State.ALREADY


def test_without_a_send_no_key_is_looked_for() -> None:
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


def test_long_text_is_read_only_for_cases_that_could_still_match() -> None:
    org = FakeOrg([case(1), case(2, status="Working")], long_text={"Description": "I want a refund"})
    result = prepared(org, LIVE, policy(route("urgent", All((NEW, WORDS)))))
    assert numbers(org.completed) == [1]
    assert numbers(one.case_id for one in result.plan.orders) == [1]


def test_a_case_whose_long_text_does_not_match_has_no_match() -> None:
    org = FakeOrg([case(1)], long_text={"Description": "thank you"})
    result = prepared(org, LIVE, policy(route("urgent", WORDS)))
    assert result.plan.matches == ()
    assert result.left_alone.count == 1


def test_the_fields_of_the_note_are_read_before_it_is_written() -> None:
    spec = note(NotePart("description", ("Description",)))
    org = FakeOrg([case()], long_text={"Description": "No power"})
    [order] = prepared(org, LIVE, policy(route("urgent", NEW, note_spec=spec))).plan.orders
    assert "No power" in order.note


# -- what a person asked for ---------------------------------------------------------------------------------------


def test_a_case_that_does_not_exist_is_reported() -> None:
    with pytest.raises(Invalid, match="case 00000404 is not in this org") as raised:
        prepared(FakeOrg([case()]), options=RunOptions(case="00000404"))
    assert raised.value.exit_code == 2


def test_a_route_that_does_not_exist_is_reported_with_the_existing_ones_before_any_read() -> None:
    org = FakeOrg([case()])
    two = policy(route("a", NEW), route("b", NEW))
    with pytest.raises(Invalid, match="no policy has a route 'c'; there are: a, b"):
        prepared(org, LIVE, two, options=RunOptions(route="c"))


def test_a_case_without_a_match_has_its_reasons() -> None:
    result = prepared(FakeOrg([case(status="Working")]), options=RunOptions(case="00000001"))
    [left] = result.left_alone.by_route
    assert left.text.startswith("Status is Working")


# -- what the org cannot do ----------------------------------------------------------------------------------------


def test_a_missing_field_breaks_only_its_own_route() -> None:
    two = policy(route("a", Field("Nope__c", "is", "x")), route("urgent", NEW))
    org = FakeOrg([case()], broken={("support", "a"): "No such column 'Nope__c'"})
    result = prepared(org, remembering(live=["a", "urgent"]), two)
    assert [one.identity.route for one in result.plan.orders] == ["urgent"]
    assert dict(result.broken) == {("support", "a"): "No such column 'Nope__c'"}
    assert ("support", "a") not in result.plan.complete


def test_a_route_without_its_field_and_its_queue_is_reported_with_both() -> None:
    org = FakeOrg([case()], broken={("support", "a"): "No such column 'Nope__c'"})
    result = prepared(org, History(), policy(route("a", Field("Nope__c", "is", "x"), queue="Nowhere")))
    assert result.broken["support", "a"].startswith("No such column 'Nope__c'; this org has no queue 'Nowhere'")


def test_a_route_with_a_missing_queue_is_broken_and_has_not_run_live() -> None:
    """Once the queue is there, its cases are a backlog that needs a choice."""
    lost = policy(route("a", NEW, queue="Nowhere"))
    result = prepared(FakeOrg([case()]), History(), lost)
    assert state(result) is State.REJECTED
    assert "no queue 'Nowhere'" in result.broken["support", "a"]
    assert ("support", "a") not in result.plan.complete
