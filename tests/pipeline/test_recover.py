"""The outcomes that an earlier run left open, settled by reading."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.text import Text
from sfdc_escalator.escalation.conditions.speech.words import parse_phrase
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.pipeline.polling.second_look import Look
from sfdc_escalator.pipeline.ports.org import KeyedNote
from sfdc_escalator.pipeline.preparing.recover import SETTLE_AFTER, Settled, recover, watch
from tests.builders import ME, NOW, case, escalation, identity, in_org, policy, remembering, route
from tests.pipeline.fakes import FakeOrg

NOTHING = Look()
LONG_AGO = NOW - SETTLE_AFTER
JUST_NOW = LONG_AGO + timedelta(seconds=1)
PATHS = frozenset({"Status"})
NEW: Condition = Field("Status", "is", "New")


def left(
    number: int = 1, sent: datetime | None = LONG_AGO, state: EscalationState = EscalationState.UNKNOWN
) -> Escalation:
    return escalation(case(number), state, tried_at=sent, message="no answer")


def note_on(number: int, of: int | None = None) -> KeyedNote:
    one = identity(case(of or number))
    return KeyedNote(one.key, one.line, case(number).id, ME, NOW)


def settled(org: FakeOrg, *escalations: Escalation) -> list[tuple[str, EscalationState, str]]:
    found = recover(org, remembering(*escalations), PATHS, frozenset({ME}), NOW)
    return [(one.event, one.escalation.state, one.escalation.case_id) for one in found]


def test_a_note_that_is_there_settles_at_once() -> None:
    org = FakeOrg([case()], notes=[note_on(1)])
    assert settled(org, left(sent=NOW)) == [("recovered", EscalationState.APPLIED, case().id)]


@pytest.mark.parametrize("state", [EscalationState.UNKNOWN, EscalationState.SENDING])
def test_a_note_that_is_not_there_is_absent_only_after_a_while(state: EscalationState) -> None:
    org = FakeOrg([case()])
    assert settled(org, left(sent=JUST_NOW, state=state)) == []
    assert settled(org, left(sent=LONG_AGO, state=state)) == [("absent", EscalationState.PLANNED, case().id)]


def test_a_send_at_an_unknown_time_is_never_absent() -> None:
    assert settled(FakeOrg([case()]), left(sent=None)) == []


def test_a_case_out_of_sight_settles_nothing() -> None:
    assert settled(FakeOrg([case()], unseen={case().id}), left()) == []


def test_a_deleted_case_without_its_note_is_gone() -> None:
    assert settled(FakeOrg([case()], deleted={case().id}), left()) == [("gone", EscalationState.GONE, case().id)]


def test_a_deleted_case_with_its_note_was_escalated() -> None:
    org = FakeOrg([case()], deleted={case().id}, notes=[note_on(1)])
    assert settled(org, left()) == [("recovered", EscalationState.APPLIED, case().id)]


def test_a_merged_cases_note_is_found_on_its_master_and_the_escalation_moves_there() -> None:
    org = FakeOrg([case(1), case(2)], merged={case(1).id: case(2).id}, notes=[note_on(2, of=1)])
    assert settled(org, left()) == [("recovered", EscalationState.APPLIED, case(2).id)]


def test_a_merged_case_whose_note_was_never_written_is_gone() -> None:
    org = FakeOrg([case(1), case(2)], merged={case(1).id: case(2).id})
    assert settled(org, left()) == [("gone", EscalationState.GONE, case(1).id)]


def test_a_chain_of_merges_is_followed_and_a_master_out_of_sight_settles_nothing() -> None:
    merged = {case(1).id: case(2).id, case(2).id: case(3).id}
    org = FakeOrg([case(1), case(2), case(3)], merged=merged, notes=[note_on(3, of=1)])
    assert settled(org, left()) == [("recovered", EscalationState.APPLIED, case(3).id)]
    assert settled(replace(org, unseen={case(3).id}), left()) == []


def test_settled_escalations_are_not_read() -> None:
    org = FakeOrg([case(1), case(2)])
    assert settled(org, escalation(case(1)), escalation(case(2), EscalationState.REJECTED)) == []
    assert org.asked_users == []


# -- escalations that stand ----------------------------------------------------------------------------------------


def watched(
    org: FakeOrg, *escalations: Escalation, of: Policy | None = None, complete: bool = True
) -> tuple[Settled, ...]:
    history: History = remembering(*escalations)
    policies = [in_org(of or policy(route("urgent", NEW)), history)]
    return watch(org, history, policies, NOTHING, PATHS, complete=complete)[0]


def events(found: tuple[Settled, ...]) -> list[tuple[str, EscalationState]]:
    return [(one.event, one.escalation.state) for one in found]


def calm(number: int = 1) -> FakeOrg:
    return FakeOrg([case(number, status="Working")])


def test_a_case_that_no_longer_matches_ends_its_episode_at_the_orgs_time() -> None:
    (one,) = watched(calm(), escalation(case()), of=policy(route("urgent", NEW)))
    assert (one.event, one.escalation.state, one.escalation.ended_at) == ("ended", EscalationState.APPLIED, NOW)


def test_an_episode_ends_once() -> None:
    assert watched(calm(), escalation(case(), ended_at=LONG_AGO), of=policy(route("urgent", NEW))) == ()


def test_an_incomplete_poll_ends_no_episode() -> None:
    assert watched(calm(), escalation(case()), of=policy(route("urgent", NEW)), complete=False) == ()


def test_a_closed_case_closes_its_escalation() -> None:
    org = FakeOrg([case(status="Closed")], closed={case().id})
    assert events(watched(org, escalation(case()), of=policy(route("urgent", NEW)))) == [
        ("closed", EscalationState.CLOSED)
    ]


def test_a_deleted_case_is_gone_for_good() -> None:
    assert events(watched(FakeOrg([case()], deleted={case().id}), escalation(case()))) == [
        ("gone", EscalationState.GONE)
    ]


def test_a_merged_cases_escalation_moves_to_the_master() -> None:
    org = FakeOrg([case(1), case(2)], merged={case(1).id: case(2).id})
    (one,) = watched(org, escalation(case(1)))
    assert (one.event, one.escalation.state, one.escalation.case_id) == ("merged", EscalationState.APPLIED, case(2).id)
    assert one.escalation.key == identity(case(1)).key


def test_a_case_that_the_poll_returned_is_not_read_again() -> None:
    org = FakeOrg([case()])
    history = remembering(escalation(case()))
    look = Look((case(),))
    policies = [in_org(policy(route("urgent", NEW)), history)]
    assert watch(org, history, policies, look, PATHS, complete=True) == ((), {}, {})
    assert org.asked_users == []


def ended(look: Look) -> list[str]:
    history = remembering(escalation(case()))
    words = Text(("Description",), (parse_phrase("refund"),))
    policies = [in_org(policy(route("urgent", words)), history)]
    found, _, _ = watch(FakeOrg(), history, policies, look, PATHS, complete=True)
    return [one.event for one in found]


def test_an_episode_ends_also_for_a_polled_case_whose_messages_no_longer_match() -> None:
    assert ended(Look((case(fields={"Description": "all is well"}),))) == ["ended"]
    assert ended(Look((case(fields={"Description": "a refund"}),))) == []


def test_messages_that_were_not_read_end_no_episode() -> None:
    assert ended(Look((case(),), {case().id: frozenset({"Description"})})) == []


# -- turns of rungs ---------------------------------------------------------------------------------------------------


def turn(of: int, rung: str = "late", state: EscalationState = EscalationState.APPLIED) -> Escalation:
    """A turn of a rung of the standing escalation of the case with this number."""
    rung_identity = replace(identity(case(of)), rung=rung)
    return Escalation.of(rung_identity, state, before={}, wrote={}, tried_at=LONG_AGO, moment=LONG_AGO)


def watched_with(org: FakeOrg, *escalations: Escalation) -> list[tuple[str, str, str]]:
    """The event, rung and case of each escalation that changed."""
    found = watched(org, *escalations)
    return [(one.event, one.escalation.rung, one.escalation.case_id) for one in found]


def test_a_closed_case_closes_its_start_alone() -> None:
    """L16: a turn of a rung is never closed, gone or over by itself."""
    org = FakeOrg([case(status="Closed")], closed={case().id})
    assert watched_with(org, escalation(case()), turn(1)) == [("closed", "start", case().id)]
    assert watched_with(org, turn(1)) == []


def test_a_deleted_case_ends_its_start_alone() -> None:
    org = FakeOrg([case()], deleted={case().id})
    assert watched_with(org, escalation(case()), turn(1)) == [("gone", "start", case().id)]


def test_the_turns_of_an_escalation_go_with_it_to_the_master_of_a_merge() -> None:
    """L18: the escalation goes on on the master, with the rungs that were climbed."""
    org = FakeOrg([case(1), case(2)], merged={case(1).id: case(2).id})
    turns = [turn(1), turn(1, "first", EscalationState.SKIPPED)]
    assert watched_with(org, escalation(case()), *turns, turn(2)) == [
        ("merged", "start", case(2).id),
        ("merged", "late", case(2).id),
        ("merged", "first", case(2).id),
    ]


def test_a_rung_with_an_unknown_outcome_is_settled_as_a_start_is() -> None:
    lost = turn(1, state=EscalationState.UNKNOWN)
    assert settled(FakeOrg([case()]), lost) == [("absent", EscalationState.PLANNED, case().id)]
    note = KeyedNote(lost.key, "", case().id, ME, NOW)
    assert settled(FakeOrg([case()], notes=[note]), lost) == [("recovered", EscalationState.APPLIED, case().id)]
