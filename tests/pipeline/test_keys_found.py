"""Notes of ours that the ledger does not know: it was lost, restored, or is not the only one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.errors import PlanRefused
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.ladder import After, Rung
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.pipeline.ports.org import KeyedNote
from sfdc_escalator.pipeline.ports.recall import Recall
from sfdc_escalator.pipeline.preparing.examine import examine
from sfdc_escalator.pipeline.preparing.keys_found import look_for_keys
from sfdc_escalator.pipeline.preparing.prepare import Prepared, prepare
from sfdc_escalator.pipeline.rebuild import rebuild
from sfdc_escalator.pipeline.run import rehearse
from tests.builders import (
    AGENT,
    BILLING,
    ME,
    NOW,
    ORG,
    SUPPORT,
    caller,
    case,
    decided,
    escalation,
    identity,
    policy,
    remembering,
    render,
    route,
)
from tests.pipeline.fakes import FakeLedger, FakeOrg

VIP: Condition = Field("Subject", "is", "It broke")
OWN = route("own", Field("OwnerId", "is", SUPPORT.id), queue="Billing")
"""Matches what the step of `vip` makes of a case."""

PAIR = policy(OWN, route("vip", VIP, queue="Support", priority="High"))
NOT_EMPTY = remembering(live=["own", "vip"])
MOVED = case(owner=SUPPORT.id, priority="High")


def noted(of: Identity, on: Case = MOVED, author: str = ME) -> KeyedNote:
    return KeyedNote(of.key, of.line, on.id, author, NOW - timedelta(hours=1))


def prepared(
    org: FakeOrg, history: History = NOT_EMPTY, *policies: Policy, options: RunOptions | None = None
) -> Prepared:
    return prepare(org, caller(), FakeLedger(history), policies or (PAIR,), options or RunOptions(), render)


def ends(of: Prepared) -> list[tuple[str, State]]:
    return [(one.route.name, one.state) for one in of.plan.matches]


def by_vip(of: Case = MOVED) -> KeyedNote:
    return noted(identity(of, "vip"), of)


OPTIONS = [RunOptions(), RunOptions(case=MOVED.number), RunOptions(limit=1), RunOptions(backlog="escalate")]


@pytest.mark.parametrize("options", OPTIONS)
def test_a_note_by_another_route_than_the_planned_one_is_taken_in_and_nothing_is_sent(options: RunOptions) -> None:
    found = prepared(FakeOrg([MOVED], notes=[by_vip()]), options=options)
    assert ends(found) == [("vip", State.ALREADY)]
    assert found.plan.orders == ()
    [change] = found.found
    assert (change.event, change.escalation.key, change.case_number) == ("found", by_vip().key, MOVED.number)
    assert change.escalation.state is EscalationState.APPLIED


@pytest.mark.parametrize("options", OPTIONS)
def test_an_empty_ledger_refuses_whatever_route_wrote_the_note(options: RunOptions) -> None:
    with pytest.raises(PlanRefused, match="`ledger rebuild`"):
        prepared(FakeOrg([MOVED], notes=[by_vip()]), History(), options=options)


def test_after_a_rebuild_our_own_step_makes_no_route_above_match() -> None:
    ledger = FakeLedger()
    org = FakeOrg([MOVED], notes=[by_vip()])
    rebuild("run", org, caller(), ledger)
    assert ends(prepared(org, ledger.tomorrow())) == [("vip", State.ALREADY)]


def test_a_rehearsal_reports_the_same_and_stores_nothing() -> None:
    ledger = FakeLedger(NOT_EMPTY)
    org = FakeOrg([MOVED], notes=[by_vip()])
    result = rehearse("run", org, caller(), ledger, (PAIR,), RunOptions(), render)
    assert [(one.route, one.state) for one in result.outcomes] == [("vip", State.ALREADY)]
    assert (ledger.calls, org.writes) == ([], [])


def test_an_explanation_reports_the_same() -> None:
    about = FakeOrg([MOVED], notes=[by_vip()]), caller(), FakeLedger(NOT_EMPTY), (PAIR,)
    found = examine(*about, MOVED.number, render, accepts_clock=False)
    [judged] = found.judged
    assert (judged.route.name, judged.state) == ("vip", State.ALREADY)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "history",
    [
        remembering(escalation(MOVED, EscalationState.PLANNED, "vip"), live=["own", "vip"]),
        remembering(escalation(MOVED, EscalationState.REJECTED, "vip", attempts=1, tried_at=NOW), live=["own", "vip"]),
        remembering(escalation(MOVED, EscalationState.ADOPTED, "vip", tried_at=NOW), live=["own", "vip"]),
        remembering(escalation(case(9), route_name="vip"), live=["own", "vip"]),
    ],
    ids=["planned", "rejected", "adopted", "of another case"],
)
def test_a_restored_ledger_learns_that_it_was_written(history: History) -> None:
    found = prepared(FakeOrg([MOVED], notes=[by_vip()]), history)
    assert ("vip", State.ALREADY) in ends(found)
    assert found.plan.orders == ()
    [taken] = found.found
    assert (taken.event, taken.escalation.state) == ("found", EscalationState.APPLIED)


def test_a_key_that_the_ledger_holds_as_applied_is_not_taken_in_again() -> None:
    """The values are known, and a person moved the case to Support: the route above takes over."""
    wrote = {"OwnerId": BILLING.id, "Status": "New", "Priority": "High"}
    before = {"OwnerId": AGENT, "Status": "New", "Priority": "Medium"}
    known = escalation(MOVED, EscalationState.APPLIED, "vip", before=before, wrote=wrote, tried_at=NOW)
    found = prepared(FakeOrg([MOVED], notes=[by_vip()]), remembering(known, live=["own", "vip"]))
    assert (ends(found), found.found) == ([("own", State.PLANNED)], ())


def test_the_key_of_a_closed_episode_stays_closed() -> None:
    closed = escalation(MOVED, EscalationState.CLOSED, "vip")
    found = prepared(FakeOrg([MOVED], notes=[by_vip()]), remembering(closed, live=["own", "vip"]))
    assert (ends(found), found.found) == ([("own", State.PLANNED)], ())


def test_a_note_of_a_later_episode_is_taken_in_as_that_episode() -> None:
    later = replace(identity(MOVED, "vip"), episode=2)
    history = remembering(escalation(MOVED, EscalationState.CLOSED, "vip"), live=["own", "vip"])
    found = prepared(FakeOrg([MOVED], notes=[by_vip(), noted(later)]), history)
    assert ends(found) == [("vip", State.ALREADY)]
    assert [(one.escalation.key, one.escalation.episode) for one in found.found] == [(later.key, 2)]


@pytest.mark.parametrize("level", ["guarded", "proved"])
def test_the_level_of_the_org_makes_no_difference(level: str) -> None:
    org = FakeOrg([MOVED], notes=[by_vip()])
    org.org_facts = replace(org.org_facts, level=level)  # type: ignore[arg-type]
    assert ends(prepared(org)) == [("vip", State.ALREADY)]


RENAMED = policy(OWN, route("important", VIP, queue="Support", priority="High", formerly=["vip"]))
REMOVED = policy(OWN, route("important", VIP, queue="Support", priority="High"))
OTHER = policy(route("vip", VIP, queue="Support"), name="other")


def test_a_note_under_a_former_name_counts_for_the_renamed_route() -> None:
    assert ends(prepared(FakeOrg([MOVED], notes=[by_vip()]), NOT_EMPTY, RENAMED)) == [("important", State.ALREADY)]


def test_a_note_of_a_route_that_the_policy_no_longer_has_is_an_open_escalation() -> None:
    """It is not known what that route wrote, so the route above may match by our own values only."""
    found = prepared(FakeOrg([MOVED], notes=[by_vip()]), NOT_EMPTY, REMOVED)
    assert (ends(found), found.plan.orders) == ([("important", State.ALREADY)], ())


def test_the_values_of_another_policy_make_no_route_match() -> None:
    one = policy(OWN)
    note = noted(identity(MOVED, "vip", "other"))
    found = prepared(FakeOrg([MOVED], notes=[note]), NOT_EMPTY, one, OTHER)
    assert (ends(found), found.plan.orders) == ([("vip", State.ALREADY)], ())


def test_another_policy_still_escalates_for_its_own_reasons() -> None:
    one = policy(route("own", VIP), scope=[Field("Status", "is", "New")])
    note = noted(identity(MOVED, "vip", "other"))
    found = prepared(FakeOrg([MOVED], notes=[note]), NOT_EMPTY, one, OTHER)
    assert [(match.policy.name, match.state) for match in found.plan.matches] == [
        ("support", State.PLANNED),
        ("other", State.ALREADY),
    ]


def test_keys_of_two_policies_planned_for_one_case_both_count() -> None:
    notes = [noted(identity(MOVED, "own")), noted(identity(MOVED, "vip", "other"))]
    history = History(live=frozenset({("support", "own"), ("other", "vip")}), empty=False)
    found = prepared(FakeOrg([MOVED], notes=notes), history, policy(OWN), OTHER)
    assert {state for _, state in ends(found)} == {State.ALREADY}
    assert {one.escalation.key for one in found.found} == {note.key for note in notes}


def test_several_keys_on_a_case_are_all_taken_in() -> None:
    notes = [noted(identity(MOVED, name)) for name in ("own", "vip", "gone-since")]
    found = prepared(FakeOrg([MOVED], notes=notes))
    assert {one.escalation.key for one in found.found} == {note.key for note in notes}
    assert found.plan.orders == ()


def test_a_route_above_still_takes_over_for_reasons_of_its_own() -> None:
    """What the case says does not come from our steps."""
    pair = policy(route("top", Field("Subject", "is", "It broke"), queue="Billing"), *PAIR.routes[1:])
    [match] = prepared(FakeOrg([MOVED], notes=[by_vip()]), remembering(live=["top", "vip"]), pair).plan.matches
    assert (match.route.name, match.state) == ("top", State.PLANNED)
    assert match.order is not None
    assert [one.key for one in match.order.takes_over] == [by_vip().key]


def test_a_value_that_the_route_does_not_write_is_not_ours() -> None:
    """A person raised the priority beyond what `vip` writes."""
    pair = policy(route("top", Field("Priority", "is", "Urgent"), queue="Billing"), *PAIR.routes[1:])
    raised = case(owner=SUPPORT.id, priority="Urgent")
    found = prepared(FakeOrg([raised], notes=[by_vip()]), remembering(live=["top", "vip"]), pair)
    assert ends(found) == [("top", State.PLANNED)]


def test_the_note_of_a_merged_case_counts_for_its_master_under_any_route() -> None:
    note = noted(identity(case(2), "vip"), MOVED)
    found = prepared(FakeOrg([MOVED], notes=[note], merged={case(2).id: MOVED.id}))
    assert (ends(found), found.plan.orders) == ([("vip", State.ALREADY)], ())
    assert [(one.escalation.key, one.escalation.case_id) for one in found.found] == [(note.key, MOVED.id)]


def test_a_single_case_takes_over_the_escalation_of_a_case_that_was_merged_into_it() -> None:
    known = escalation(
        case(2), EscalationState.APPLIED, "vip", before={"OwnerId": AGENT}, wrote={"OwnerId": SUPPORT.id}
    )
    org = FakeOrg([MOVED], notes=[noted(identity(case(2), "vip"), MOVED)], merged={case(2).id: MOVED.id})
    history = remembering(known, live=["own", "vip"])
    found = prepared(org, history, options=RunOptions(case=MOVED.number))
    assert (ends(found), found.plan.orders) == ([("vip", State.ALREADY)], ())
    assert [(one.event, one.escalation.case_id) for one in found.found] == [("merged", MOVED.id)]


@pytest.mark.parametrize(
    "note",
    [
        noted(identity(case(5), "vip"), MOVED),
        replace(by_vip(), line=f"{by_vip().key} support/other/start/1/1"),
        replace(by_vip(), author=AGENT),
    ],
    ids=["copied from another case", "other facts", "by somebody else"],
)
def test_a_note_that_proves_nothing_here_is_not_taken_in(note: KeyedNote) -> None:
    found = prepared(FakeOrg([MOVED], notes=[note]))
    assert (ends(found), found.found) == ([("own", State.PLANNED)], ())


def test_our_own_step_ends_no_episode_of_an_escalation_that_was_found() -> None:
    """The route asks for a status that its own step changed."""
    one = policy(route("vip", Field("Status", "is", "New"), status="Escalated", rearm=timedelta(days=7)))
    lost: Sequence[Escalation] = [escalation(case(), EscalationState.APPLIED, "vip", tried_at=NOW)]
    escalated = FakeOrg([case(status="Escalated", owner=SUPPORT.id)])
    assert prepared(escalated, remembering(*lost, live=["vip"]), one).settled == ()
    by_a_person = FakeOrg([case(status="Working", owner=SUPPORT.id)])
    assert [done.event for done in prepared(by_a_person, remembering(*lost, live=["vip"]), one).settled] == ["ended"]


def test_keys_are_looked_for_in_one_call_and_merges_only_for_strange_notes() -> None:
    class Counting(FakeOrg):
        asked = 0

        def merged_into(self, case_ids: Sequence[str]):  # type: ignore[no-untyped-def]
            self.asked += 1
            return super().merged_into(case_ids)

    org = Counting([MOVED], notes=[by_vip()])
    prepared(org)
    assert (len(org.asked_users), org.asked) == (1, 0)


# -- turns of rungs ---------------------------------------------------------------------------------------------------


def turn(rung: str, on: Case, state: EscalationState = EscalationState.APPLIED) -> Escalation:
    of = replace(identity(on, "vip"), rung=rung)
    return Escalation.of(of, state, before={}, wrote={}, tried_at=NOW - timedelta(hours=1))


def test_a_note_of_a_rung_that_the_ledger_does_not_know_is_taken_in_as_that_rung() -> None:
    late = replace(identity(MOVED, "vip"), rung="late")
    found = prepared(FakeOrg([MOVED], notes=[by_vip(), noted(late)])).found
    assert [(one.event, one.escalation.rung, one.escalation.state) for one in found] == [
        ("found", "start", EscalationState.APPLIED),
        ("found", "late", EscalationState.APPLIED),
    ]


def test_the_turns_without_a_note_go_with_their_start_to_the_master() -> None:
    """L18: also where the merge is known by the note alone, in a run of one case."""
    start = escalation(
        case(2), EscalationState.APPLIED, "vip", before={"OwnerId": AGENT}, wrote={"OwnerId": SUPPORT.id}
    )
    turns = [turn("late", case(2)), turn("first", case(2), EscalationState.SKIPPED)]
    org = FakeOrg([MOVED], notes=[noted(identity(case(2), "vip"), MOVED)], merged={case(2).id: MOVED.id})
    history = remembering(start, *turns, live=["own", "vip"])
    found = prepared(org, history, options=RunOptions(case=MOVED.number)).found
    assert [(one.event, one.escalation.rung, one.escalation.case_id) for one in found] == [
        ("merged", "start", MOVED.id),
        ("merged", "late", MOVED.id),
        ("merged", "first", MOVED.id),
    ]


def test_the_note_of_a_rung_of_another_escalation_on_the_master_does_not_count_for_this_one() -> None:
    """L18: each of two escalations that came together climbs its own rungs."""
    own, other = (replace(identity(of, "vip"), rung="late") for of in (MOVED, case(2)))
    [match] = decided(policy(route("vip", VIP)), MOVED)
    due = replace(match, identity=own, rung=Rung("late", After(timedelta(hours=1)), "closed"))
    history = remembering(turn("late", case(2)), live=["vip"])
    for noted_one, found in ((other, []), (own, ["found"])):
        org = FakeOrg([MOVED], notes=[noted(noted_one)], merged={case(2).id: MOVED.id})
        changes = look_for_keys(org, [due], history, frozenset({ME}), Recall(FakeLedger(history), ORG))
        assert [one.event for one in changes if one.escalation.key == own.key] == found


def test_a_rung_that_was_found_belongs_to_the_escalation_that_its_key_names() -> None:
    """L18: also after the ledger was lost."""
    starts = [identity(of, "vip") for of in (MOVED, case(2))]
    late = replace(starts[1], rung="late")
    ledger = FakeLedger()
    notes = [noted(one) for one in (*starts, late)]
    rebuild("run", FakeOrg([MOVED], notes=notes, merged={case(2).id: MOVED.id}), caller(), ledger)
    history = ledger.tomorrow()
    found = {one.key: one for one in history.starts()}
    turns = [[turn.key for turn in history.rungs_of(found[one.key], {"vip"})] for one in starts]
    assert turns == [[], [late.key]]
    assert found[starts[1].key].origin == case(2).id


def test_a_rebuilt_ledger_has_the_rungs_whose_notes_stand() -> None:
    late = replace(identity(MOVED, "vip"), rung="late")
    ledger = FakeLedger()
    rebuilt = rebuild("run", FakeOrg([MOVED], notes=[by_vip(), noted(late)]), caller(), ledger)
    assert {one.rung for one in rebuilt.taken} == {"start", "late"}
    assert ledger.tomorrow().of_case(MOVED.id, "support") == tuple(one for one in rebuilt.taken if one.is_start)
