"""The requirements of ladders: rungs, due times, acknowledgements and holds are checked like routes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sfdc_escalator.escalation.conditions.clocks.stopped_clock import BusinessHours
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.in_state import InState
from sfdc_escalator.escalation.conditions.kinds.owner import Owner
from sfdc_escalator.escalation.conditions.kinds.related import Related
from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.policy.escalate import Escalate
from sfdc_escalator.escalation.policy.ladder import SOMEBODY_ACTED, After, AfterDue, Due, DueIn, EndOfDay, Ladder, Rung
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.policy.steps import StepValue
from sfdc_escalator.escalation.policy.team import Team
from sfdc_escalator.escalation.readiness.comparisons import senseless
from sfdc_escalator.escalation.readiness.fitness import fitness, gaps, missing_kinds
from sfdc_escalator.escalation.readiness.gap import Gap, GapKind
from sfdc_escalator.escalation.readiness.inspection import Sample
from sfdc_escalator.escalation.readiness.sentences import message
from sfdc_escalator.escalation.readiness.step_variants import step_variants
from sfdc_escalator.escalation.world.needs import Records
from sfdc_escalator.escalation.world.org import OrgFacts
from tests.builders import SUPPORT, note, org_facts, policy, route
from tests.escalation.readiness.orgs import complete_org, inspection, with_field

HOUR = timedelta(hours=1)
LATER = After(HOUR)
BY_LEVEL = Table("", ("Level__c",), (Row(("Gold",), HOUR),), 2 * HOUR)


def rung(when: Any = LATER, until: Any = "acknowledged", **steps: StepValue) -> Rung:
    return Rung("first", when, until, Escalate(note(), steps) if steps else None)


def with_ladder(
    *rungs: Rung,
    acknowledged: Condition = SOMEBODY_ACTED,
    due: Due | None = None,
    hold_while: Sequence[Condition] = (),
    queue: str | None = None,
) -> Policy:
    one = replace(route("a", queue=queue), ladder=Ladder(rungs, acknowledged=acknowledged), due=due)
    return replace(policy(one), hold_while=tuple(hold_while))


def found(of: Policy, org: OrgFacts | None = None, **changes: Any) -> list[Gap]:
    return list(gaps([of], org or complete_org(), inspection(**changes)))


def test_an_org_that_has_everything_has_no_gap() -> None:
    assert found(with_ladder(rung(queue=Team("support", "Support"), status="Escalated", priority="Urgent"))) == []


@pytest.mark.parametrize(
    ("of", "kind", "subject"),
    [
        (with_ladder(rung(queue=Team("x", "Suport"))), GapKind.QUEUE, "Suport"),
        (with_ladder(rung(status="Parked")), GapKind.VALUE, "Parked"),
        (with_ladder(rung(priority="Urgentt")), GapKind.VALUE, "Urgentt"),
        (with_ladder(rung(After(HOUR, BusinessHours("Night")))), GapKind.HOURS, "Night"),
        (with_ladder(rung(), due=EndOfDay(BusinessHours("Night"))), GapKind.HOURS, "Night"),
        (with_ladder(rung(After(BY_LEVEL))), GapKind.FIELD, "Level__c"),
        (with_ladder(rung(AfterDue(BY_LEVEL)), due=DueIn(HOUR)), GapKind.FIELD, "Level__c"),
        (with_ladder(rung(), due=DueIn(BY_LEVEL)), GapKind.FIELD, "Level__c"),
        (with_ladder(rung(), hold_while=[Field("Level__c", "is", "x")]), GapKind.FIELD, "Level__c"),
        (with_ladder(rung(), hold_while=[Owner("in_queue", ("Suport",))]), GapKind.QUEUE, "Suport"),
        (with_ladder(rung(), acknowledged=Field("Level__c", "is", "x")), GapKind.FIELD, "Level__c"),
        (with_ladder(rung(), acknowledged=Owner("member_of", ("Suport",))), GapKind.QUEUE, "Suport"),
        (with_ladder(rung(), acknowledged=Related(Records("Calls__r"), "at_least", 1)), GapKind.RELATION, "Calls__r"),
    ],
)
def test_each_name_of_a_ladder_that_the_org_does_not_have_is_a_gap(of: Policy, kind: GapKind, subject: str) -> None:
    assert [(gap.kind, gap.subject, gap.severity) for gap in found(of)] == [(kind, subject, "error")]


def test_a_note_of_a_rung_needs_its_fields_and_its_quick_texts() -> None:
    spec = replace(note(paths=["Level__c"]), quick_texts=("Late",))
    one = Rung("first", After(HOUR), "closed", Escalate(spec, {}))
    assert {(gap.kind, gap.subject) for gap in found(with_ladder(one))} == {
        (GapKind.FIELD, "Level__c"),
        (GapKind.QUICK_TEXT, "Late"),
    }


def test_a_name_that_route_and_rung_lack_is_one_gap() -> None:
    [gap] = found(with_ladder(rung(queue=Team("x", "Suport")), queue="Suport"))
    assert message(gap) == "this org has no queue 'Suport' for cases (required by route a)"
    assert missing_kinds([with_ladder(rung(queue=Team("x", "Suport")))], complete_org()) == {GapKind.QUEUE}


def test_a_field_that_only_a_rung_writes_must_be_writable() -> None:
    org = with_field(complete_org(), "Priority", updateable=False)
    [gap] = found(with_ladder(rung(priority="Urgent")), org)
    assert (gap.kind, gap.routes) == (GapKind.FIELD_READ_ONLY, ("a",))


def test_the_move_of_a_rung_may_cost_the_right_to_edit() -> None:
    of = with_ladder(rung(queue=Team("support", "Support"), priority="Urgent"))
    [gap] = found(of, samples={"Support": Sample("00000001", False)})
    assert gap.kind is GapKind.RIGHT_LOST


def test_a_value_of_a_rung_that_a_record_type_does_not_offer_is_a_warning() -> None:
    [gap] = found(with_ladder(rung(status="Escalated")), picklists={"Retail": {"Status": frozenset({"new"})}})
    assert (gap.kind, gap.severity) == (GapKind.VALUE_OF_RECORD_TYPE, "warning")


def test_a_rung_that_the_org_cannot_carry_out_does_not_stop_its_route() -> None:
    of = with_ladder(rung(queue=Team("x", "Suport"), status="Parked"), queue="Support")
    assert list(fitness(of, org_facts()).unfit) == ["a/first"]
    assert list(fitness(of, org_facts()).warnings) == ["route a: Status 'Parked' is not a value of this org's picklist"]


@pytest.mark.parametrize(
    "of",
    [
        with_ladder(rung(), acknowledged=Field("IsEscalated", "is", "maybe")),
        with_ladder(rung(), hold_while=[Field("IsEscalated", "is", "maybe")]),
        with_ladder(rung(After(Table("", ("IsEscalated",), (Row(("maybe",), HOUR),), HOUR)))),
        with_ladder(rung(), due=DueIn(Table("", ("IsEscalated",), (Row(("maybe",), HOUR),), HOUR))),
    ],
)
def test_a_comparison_of_a_ladder_that_no_value_can_meet_is_found(of: Policy) -> None:
    [gap] = senseless(of, of.routes[0], complete_org().describe)
    assert (gap.kind, gap.subject) == (GapKind.MISFIT, "maybe")


TRACKED = frozenset({"Status", "OwnerId"})


@pytest.mark.parametrize(
    ("of", "tracked", "untracked"),
    [
        (with_ladder(rung()), TRACKED, []),
        (with_ladder(rung()), frozenset({"Status"}), ["OwnerId"]),
        (with_ladder(rung()), None, []),
        (with_ladder(rung(until="closed")), frozenset({"Status"}), []),
        (with_ladder(rung(), acknowledged=Field("Priority", "is", "Low")), TRACKED, ["Priority"]),
        (with_ladder(rung(), acknowledged=Field("IsClosed", "is", True)), TRACKED, []),
        (with_ladder(rung(), acknowledged=Field("Account.Type", "is", "x")), TRACKED, []),
    ],
)
def test_an_act_whose_history_is_not_kept_is_a_warning(
    of: Policy, tracked: frozenset[str] | None, untracked: list[str]
) -> None:
    """L14"""
    org = replace(with_field(complete_org(), "IsClosed", updateable=False), tracked=tracked)
    some = found(of, org)
    assert [(gap.kind, gap.subject, gap.severity) for gap in some] == [
        (GapKind.UNSEEN_ACTS, path, "warning") for path in untracked
    ]


def test_the_warning_says_what_is_not_seen() -> None:
    """L14"""
    [gap] = found(with_ladder(rung()), replace(complete_org(), tracked=frozenset({"Status"})))
    assert message(gap) == (
        "this org does not track the history of OwnerId: a change of it acknowledges an escalation, but not by whom, "
        "and a change that is undone before a run looks is not seen; switch it on in Setup, Object Manager, Case, Set "
        "History Tracking (read by route a)"
    )


def test_the_time_in_a_state_as_an_acknowledgement_needs_the_history() -> None:
    of = with_ladder(rung(), acknowledged=InState("at_least", HOUR, paths=("Status",)))
    [gap] = found(of, replace(complete_org(), tracked=frozenset()))
    assert (gap.kind, gap.severity) == (GapKind.HISTORY_TRACKING, "error")


def test_the_steps_of_rungs_are_tried_out_too() -> None:
    other = Rung("second", After(2 * HOUR), "closed", Escalate(note(), {}), notes=True)
    some = step_variants([with_ladder(rung(priority="High"), other, queue="Support")], org_facts())
    assert [(one.name, dict(one.values)) for one in some] == [
        ("route a", {"OwnerId": SUPPORT.id}),
        ("route a, rung first", {"Priority": "High"}),
    ]
