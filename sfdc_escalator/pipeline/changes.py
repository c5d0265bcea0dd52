"""What the ledger is told of a decision: the escalation after the change, and the facts of the event."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sfdc_escalator.escalation.decisions.decision import Decision
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.escalation.policy.steps import Kind, StepState
from sfdc_escalator.escalation.world.case import Case, FieldValues
from sfdc_escalator.escalation.world.history import Escalation, EscalationState
from sfdc_escalator.pipeline.ports import Change, Post, Write

FIELD_OF = {Kind.QUEUE: "OwnerId", Kind.STATUS: "Status", Kind.PRIORITY: "Priority"}
SENT = frozenset({EscalationState.SENDING, EscalationState.APPLIED, EscalationState.UNKNOWN, EscalationState.GONE})


def escalation_of(
    decision: Decision,
    state: EscalationState,
    *,
    attempts: int = 0,
    tried_at: datetime | None = None,
    message: str = "",
) -> Escalation:
    identity = decision.identity
    return Escalation(
        key=identity.key,
        policy=identity.policy,
        route=identity.route,
        case_id=identity.case_id,
        state=state,
        rung=identity.rung,
        episode=identity.episode,
        turn=identity.turn,
        before=values_before(decision.case) if state in SENT else None,
        wrote=values_after(decision) if state in SENT else None,
        attempts=attempts,
        tried_at=tried_at,
        message=message,
    )


def escalation_found(decision: Decision, at: datetime) -> Escalation:
    """Written by somebody else at that time: what the case was before, and what was written, is not known."""
    return replace(escalation_of(decision, EscalationState.APPLIED, tried_at=at), before=None, wrote=None)


def values_before(case: Case) -> FieldValues:
    """The fields that steps may write, as they stand before them."""
    return {name: case.text_of(name) for name in FIELD_OF.values()}


def values_after(decision: Decision) -> FieldValues:
    """The same fields as they stand once the steps are done."""
    written = {FIELD_OF[step.kind]: step.after for step in decision.steps if step.kind in FIELD_OF}
    return {**values_before(decision.case), **written}


def change(decision: Decision, event: str, escalation: Escalation, **more: Any) -> Change:
    policy = decision.policy
    return Change(event, escalation, decision.case.number, policy.digest, decision.findings, **more)


def intended(decision: Decision, now: datetime, *, together: bool) -> Change:
    """Stored before the call: the whole of what is about to be sent, and the org's time."""
    note = next(step.after for step in decision.steps if step.kind is Kind.NOTE)
    escalation = escalation_of(decision, EscalationState.SENDING, tried_at=now)
    return change(decision, "intended", escalation, note=note, facts={"steps": steps(decision), "together": together})


def steps(decision: Decision) -> list[Mapping[str, str | None]]:
    """The steps as an event tells them; the note's text is personal and stays out."""
    return [
        {"step": step.kind, "before": step.before, "after": None if step.kind is Kind.NOTE else step.after}
        for step in decision.steps
        if step.state is StepState.PLANNED
    ]


def write_of(decision: Decision) -> Write:
    """What is sent for this decision: only the steps that are planned."""
    after = {step.kind: step.after for step in decision.steps if step.state is StepState.PLANNED}
    return Write(
        key=decision.identity.key,
        case_id=decision.case.id,
        note=after[Kind.NOTE] or "",
        published=is_published(decision.route),
        owner_id=after.get(Kind.QUEUE),
        status=after.get(Kind.STATUS),
        priority=after.get(Kind.PRIORITY),
        post=post_of(decision, after[Kind.NOTE] or ""),
    )


def post_of(decision: Decision, note: str) -> Post | None:
    """The note on the record beside the case; None where the policy wants none, or the case has no such record."""
    spec = decision.route.escalate.note if decision.route.escalate else None
    parent = decision.case.fields.get(f"{spec.also_on}Id") if spec and spec.also_on else None
    return Post(parent, f"Case {decision.case.number}\n\n{note}") if isinstance(parent, str) else None


def is_published(route: Route) -> bool:
    return route.escalate is not None and route.escalate.note.visibility == "published"
