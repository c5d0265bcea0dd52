"""The reading of ladders: where they start, and what a run works out."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from unittest.mock import patch

import pytest

from sfdc_escalator.escalation.conditions.kinds.owner import Owner
from sfdc_escalator.escalation.conditions.kinds.related import Related
from sfdc_escalator.escalation.conditions.tree import AnyOf
from sfdc_escalator.escalation.decisions.on_ladder import on_ladder, on_ladders
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Hold, LadderFacts
from sfdc_escalator.escalation.world.needs import Lookup, Need, Records
from sfdc_escalator.escalation.world.org import Describe, FieldInfo
from sfdc_escalator.escalation.world.policy_use import PolicyUse
from sfdc_escalator.pipeline.preparing import ladders
from sfdc_escalator.pipeline.preparing.ladders import read_ladders
from sfdc_escalator.pipeline.preparing.recover import SETTLE_AFTER, written_at
from tests.builders import ME, NOW, SUPPORT, case, escalation, in_org, org_facts, remembering
from tests.pipeline.fakes import FakeOrg
from tests.year.world import read_policy

(POLICY,) = read_policy()
CASE = case(owner=SUPPORT.id)


@pytest.mark.parametrize(("sent", "started"), [(SETTLE_AFTER, [NOW - SETTLE_AFTER]), (timedelta(minutes=14), [])])
def test_a_start_whose_note_was_deleted_before_it_was_read_starts_with_its_sending(
    sent: timedelta, started: list[datetime]
) -> None:
    """L1: else none of its rungs would ever come."""
    start = escalation(CASE, EscalationState.APPLIED, "outage", policy_name="year", tried_at=NOW - sent, wrote={})
    seen = {("year", "outage"): {rung.id: NOW - timedelta(days=1) for rung in POLICY.routes[0].ladder.rungs}}
    known = in_org(POLICY, replace(remembering(start), rungs=seen))
    found = read_ladders(FakeOrg([CASE]), [known], {CASE.id: CASE}, frozenset({ME}))
    assert [one.escalation.ladder.started for one in found.settled if one.escalation.ladder] == started


@pytest.mark.parametrize(
    ("sent", "state", "due"),
    [
        (timedelta(minutes=14), EscalationState.UNKNOWN, timedelta(hours=1)),
        (timedelta(days=1), EscalationState.UNKNOWN, timedelta(hours=8)),
        (timedelta(minutes=1), EscalationState.REJECTED, timedelta(hours=8)),
    ],
    ids=["its own note", "sent long before", "never sent"],
)
def test_the_due_time_is_that_of_the_run_that_wrote_the_note(
    sent: timedelta, state: EscalationState, due: timedelta
) -> None:
    """L3: a restored ledger knows an earlier attempt, with another due time than the note that a later run wrote."""
    tried = escalation(CASE, state, "outage", policy_name="year", tried_at=NOW - sent)
    planned = replace(tried, ladder=LadderFacts(due=NOW + timedelta(hours=1)))
    found = replace(written_at(planned, NOW), state=EscalationState.APPLIED)
    one = on_ladder(in_org(POLICY), found, POLICY.routes[0], CASE)
    assert one.facts.due == NOW + due
    assert (one.started == NOW) is (due == timedelta(hours=8))


def test_an_escalation_that_a_merge_moved_keeps_the_keys_of_its_rungs_where_another_run_wrote_its_note() -> None:
    """Two escalations of one route on one case would else have rungs with the same keys."""
    tried = escalation(CASE, EscalationState.UNKNOWN, "outage", policy_name="year", tried_at=NOW - timedelta(days=1))
    for ladder in (None, LadderFacts(due=NOW)):
        moved = replace(tried, ladder=ladder).on_case("500000000000099AAA", "00000099")
        assert written_at(moved, NOW).origin == moved.origin == CASE.id


def test_each_ladder_is_worked_out_once_in_a_run_where_nothing_new_was_read() -> None:
    start = replace(
        escalation(CASE, EscalationState.APPLIED, "outage", policy_name="year", tried_at=NOW),
        ladder=LadderFacts(started=NOW),
    )
    seen = {("year", "outage"): {rung.id: NOW for rung in POLICY.routes[0].ladder.rungs}}
    known = in_org(POLICY, replace(remembering(start), rungs=seen))
    with patch.object(ladders, "on_ladders", wraps=on_ladders) as asked:
        found = read_ladders(FakeOrg([CASE]), [known], {CASE.id: CASE}, frozenset({ME}))
    assert [one.start for one in found.open] == [start]
    assert asked.call_count == 1


@dataclass
class Recording(FakeOrg):
    """An org that refuses the relation `Nothings`, and records what it is asked for."""

    asked: set[object] = field(default_factory=set)

    def touched(self, since: datetime, needs: frozenset[Lookup]) -> frozenset[str] | None:
        self.asked |= needs
        return super().touched(since, needs)

    def complete(self, cases: Sequence[Case], needs: frozenset[Need], us: frozenset[str]) -> tuple[Case, ...]:
        self.asked |= needs
        return super().complete(cases, needs, us)


@pytest.mark.parametrize("watched", [None, NOW - timedelta(minutes=10)])
def test_a_relation_that_the_org_refuses_is_not_asked_for_and_another_act_still_counts(
    watched: datetime | None,
) -> None:
    """L14, L15: its route is reported as broken; the run goes on."""
    nothings = Records("Nothings")
    proof = AnyOf((Related(nothings, "at_least", 1), Owner("user")))
    route = replace(POLICY.routes[0], ladder=replace(POLICY.routes[0].ladder, acknowledged=proof))
    start = replace(
        escalation(CASE, EscalationState.APPLIED, "outage", policy_name="year", tried_at=NOW, wrote={}),
        ladder=LadderFacts(started=NOW - timedelta(hours=1)),
    )
    seen = {("year", "outage"): {rung.id: NOW - timedelta(days=1) for rung in route.ladder.rungs}}
    history = replace(remembering(start), rungs=seen, policy_uses={"year": PolicyUse("", NOW, NOW, watched=watched)})
    facts = org_facts()
    fields = {"OwnerId": FieldInfo("OwnerId", "reference"), **facts.describe.objects["Case"]}
    facts = replace(facts, describe=Describe({"Case": fields}))
    of = in_org(replace(POLICY, routes=(route,)), history, org=facts)
    known = replace(of, unpolled={"outage": "no relation Nothings"})
    taken = case()  # by an agent
    org = Recording([taken])
    found = read_ladders(org, [known], {taken.id: taken}, frozenset({ME}))
    assert nothings not in org.asked
    assert [one.event for one in found.settled] == ["acknowledged"]


def test_a_hold_by_a_field_ends_though_no_escalation_is_open() -> None:
    """L19: the case was closed and opened again meanwhile, and the held time would count for its next escalation."""
    hold = Hold(CASE.id, CASE.number, NOW - timedelta(days=1), None, "legal", "hold_while", "field", "year", event=7)
    known = in_org(POLICY, replace(remembering(), holds=(hold,)))
    found = read_ladders(FakeOrg([CASE]), [known], {CASE.id: CASE}, frozenset({ME}))
    assert found.ended == (replace(hold, released=NOW),)
    waits = case(owner=SUPPORT.id, status="Waiting on Legal")
    assert read_ladders(FakeOrg([waits]), [known], {waits.id: waits}, frozenset({ME})).ended == ()
