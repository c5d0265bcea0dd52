"""The steps of an escalation: in order, raising and never lowering, and a team member keeps the case."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS, NOTE, Setting, Step, StepState, planned_steps
from sfdc_escalator.escalation.policy.team import Team
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.org import OrgUser, Queue
from tests.builders import AGENT, BILLING, PRIORITIES, SUPPORT, case, route

SETTING = Setting({queue.name: queue for queue in (SUPPORT, BILLING)}, PRIORITIES)
QUEUE, STATUS, PRIORITY = FIELD_STEPS[:3]
BY_TYPE: Table[Team] = Table(
    "by_type", ("Type",), (Row((("Bill", "Refund"),), Team("billing", "Billing")),), Team("support", "Support")
)


def steps_of(of: Route, one: Case, note: str = "n") -> list[Step]:
    assert of.escalate is not None
    steps = planned_steps(one, of.escalate.steps, note, SETTING)
    assert not isinstance(steps, str), steps
    return list(steps)


@pytest.mark.parametrize(
    ("type_", "queue"), [("refund", BILLING), ("Bill", BILLING), ("Else", SUPPORT), (None, SUPPORT)]
)
def test_a_table_names_the_queue_by_fields_of_the_case(type_: str | None, queue: Queue) -> None:
    steps = steps_of(route(queue=BY_TYPE), case(fields={"Type": type_}))
    assert steps[1].after == queue.id


def test_a_table_without_a_row_for_the_case_is_reported_with_the_seen_values() -> None:
    table: Table[str] = Table("by_risk", ("Risk__c", "Vip__c"), (Row(("High", True), "Urgent"),))
    escalate = route(priority=table).escalate
    assert escalate is not None
    actual = planned_steps(case(fields={"Risk__c": "Low"}), escalate.steps, "n", SETTING)
    assert actual == "the priority comes from a table with no row for this case: Risk__c is Low, Vip__c is empty"


def test_note_then_queue_then_status_then_priority() -> None:
    steps = steps_of(route(status="Escalated", priority="Urgent"), case(), "the note")
    assert steps == [
        Step(NOTE, None, "the note"),
        Step("queue", AGENT, SUPPORT.id),
        Step("status", "New", "Escalated"),
        Step("priority", "Medium", "Urgent"),
    ]


def test_a_value_that_the_route_does_not_give_is_not_a_step() -> None:
    assert [step.name for step in steps_of(route(queue=None), case())] == [NOTE]


@pytest.mark.parametrize("owner", [SUPPORT.id, *SUPPORT.members])
def test_a_case_that_a_team_member_owns_stays_with_them(owner: str) -> None:
    step = QUEUE.plan(case(owner=owner), Team("support", "Support"), SETTING)
    assert (step.before, step.after, step.state) == (owner, owner, StepState.ALREADY_SO)
    assert step.reason


def test_a_status_that_already_holds_is_not_sent() -> None:
    status = steps_of(route(queue=None, status="escalated"), case(status="Escalated"))[1]
    assert (status.before, status.after, status.state) == ("Escalated", "Escalated", StepState.ALREADY_SO)


@pytest.mark.parametrize("before", [None, "", "  "])
def test_a_case_without_a_priority_gets_one(before: str | None) -> None:
    assert PRIORITY.plan(case(priority=before), "Low", SETTING) == Step("priority", before, "Low")


def test_a_priority_that_the_policy_does_not_rank_stays() -> None:
    step = PRIORITY.plan(case(priority="P0"), "Urgent", SETTING)
    assert (step.after, step.state) == ("P0", StepState.NOT_APPLIED)
    assert "'P0'" in step.reason


@given(st.one_of(st.sampled_from([*PRIORITIES, *map(str.upper, PRIORITIES), "P0"])), st.sampled_from(PRIORITIES))
@settings(max_examples=60, deadline=None)
def test_a_priority_is_raised_and_never_lowered(before: str, target: str) -> None:
    step = PRIORITY.plan(case(priority=before), target, SETTING)
    ranks = {name.lower(): rank for rank, name in enumerate(PRIORITIES)}
    if before == "P0":
        assert step.after == before
    else:
        assert step.after is not None
        assert ranks[step.after.lower()] == max(ranks[before.lower()], ranks[target.lower()])
        assert (step.state is StepState.PLANNED) == (ranks[target.lower()] > ranks[before.lower()])


@pytest.mark.parametrize(
    ("state", "done", "undone"),
    [
        (StepState.PLANNED, StepState.APPLIED, StepState.NOT_APPLIED),
        (StepState.ALREADY_SO, StepState.ALREADY_SO, StepState.ALREADY_SO),
        (StepState.NOT_APPLIED, StepState.NOT_APPLIED, StepState.NOT_APPLIED),
    ],
)
def test_a_step_that_was_not_planned_is_neither_done_nor_undone(
    state: StepState, done: StepState, undone: StepState
) -> None:
    step = Step("status", "a", "b", state)
    assert (step.done().state, step.undone().state) == (done, undone)


HEAD = OrgUser("005000000000007AAA", "Head")


@pytest.mark.parametrize(
    ("owner", "state"), [(HEAD.id, StepState.ALREADY_SO), (SUPPORT.id, StepState.PLANNED), (AGENT, StepState.PLANNED)]
)
def test_a_team_with_a_user_gets_the_case_unless_that_user_owns_it_already(owner: str, state: StepState) -> None:
    setting = Setting({**SETTING.targets, "head@example.com": HEAD}, PRIORITIES)
    step = QUEUE.plan(case(owner=owner), Team("head", user="Head@Example.com"), setting)
    assert (step.before, step.after, step.state) == (owner, HEAD.id, state)
