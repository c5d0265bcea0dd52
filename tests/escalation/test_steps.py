"""The steps of an escalation: in order, raising and never lowering, never out of a helping hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.steps import Kind, Step, StepState, priority_step, queue_step, steps_for
from tests.builders import AGENT, PRIORITIES, SUPPORT, case, route


def test_note_then_queue_then_status_then_priority() -> None:
    escalate = route(status="Escalated", priority="Urgent").escalate
    steps = steps_for(case(), escalate, "the note", SUPPORT, PRIORITIES)
    assert steps == (
        Step(Kind.NOTE, None, "the note"),
        Step(Kind.QUEUE, AGENT, SUPPORT.id),
        Step(Kind.STATUS, "New", "Escalated"),
        Step(Kind.PRIORITY, "Medium", "Urgent"),
    )


def test_what_the_route_does_not_say_is_no_step() -> None:
    escalate = route(queue=None).escalate
    assert [step.kind for step in steps_for(case(), escalate, "n", None, PRIORITIES)] == [Kind.NOTE]


@pytest.mark.parametrize("owner", [SUPPORT.id, *SUPPORT.members])
def test_a_case_is_never_taken_out_of_a_helping_hand(owner: str) -> None:
    step = queue_step(case(owner=owner), SUPPORT)
    assert (step.before, step.after, step.state) == (owner, owner, StepState.ALREADY_SO)
    assert step.because


def test_a_status_that_already_holds_is_not_sent() -> None:
    escalate = route(queue=None, status="escalated").escalate
    status = steps_for(case(status="Escalated"), escalate, "n", None, PRIORITIES)[1]
    assert (status.before, status.after, status.state) == ("Escalated", "Escalated", StepState.ALREADY_SO)


@pytest.mark.parametrize("before", [None, "", "  "])
def test_a_case_without_a_priority_gets_one(before: str | None) -> None:
    assert priority_step(before, "Low", PRIORITIES) == Step(Kind.PRIORITY, before, "Low")


def test_a_priority_that_the_policy_does_not_rank_stays() -> None:
    step = priority_step("P0", "Urgent", PRIORITIES)
    assert (step.after, step.state) == ("P0", StepState.NOT_APPLIED)
    assert "'P0'" in step.because


@given(st.one_of(st.sampled_from([*PRIORITIES, *map(str.upper, PRIORITIES), "P0"])), st.sampled_from(PRIORITIES))
@settings(max_examples=60, deadline=None)
def test_a_priority_is_raised_and_never_lowered(before: str, target: str) -> None:
    step = priority_step(before, target, PRIORITIES)
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
def test_what_was_not_planned_is_neither_done_nor_undone(state: StepState, done: StepState, undone: StepState) -> None:
    step = Step(Kind.STATUS, "a", "b", state)
    assert (step.done().state, step.undone().state) == (done, undone)
