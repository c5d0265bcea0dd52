"""The order that carries out a planned match: its note and its steps. A match whose note is incomplete is held."""

from dataclasses import replace

from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.order import Order, Post
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.note.note import Renderer, write_note
from sfdc_escalator.escalation.note.parts import Incomplete
from sfdc_escalator.escalation.policy.escalate import NoteSpec
from sfdc_escalator.escalation.policy.steps import Setting, planned_steps, values_before
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.history import Escalation, EscalationState


def draft(in_org: PolicyInOrg, match: Match, render: Renderer) -> Match:
    """The match with its order, held where its note is incomplete. A match that is not planned stays unchanged."""
    route, case = match.route, match.case
    if match.state is not State.PLANNED or route.escalate is None:
        return match
    policy, org_facts = in_org.policy, in_org.org_facts
    texts = org_facts.quick_texts
    note = write_note(policy, route, case, match.identity, match.findings, in_org.now, render, texts)
    if isinstance(note, Incomplete):
        return match.held(note.reason, by="note", missing=note.missing)
    steps = planned_steps(case, route.escalate.steps, note, Setting(org_facts.queues, policy.priorities))
    if isinstance(steps, str):
        return match.held(steps, by="note")
    earlier = next((one for one in in_org.escalations(case) if one.key == match.identity.key), None)
    order = Order(
        identity=match.identity,
        case_number=case.number,
        policy_digest=policy.digest,
        reason=match.reason,
        findings=match.findings,
        steps=steps,
        before=values_before(case, steps),
        published=route.escalate.note.visibility == "published",
        post=post_of(route.escalate.note, case, note),
        together=policy.together,
        takes_over=taken_over(in_org, match),
        rejections=in_a_row(earlier, EscalationState.REJECTED),
        deferrals=in_a_row(earlier, EscalationState.PLANNED),
        locks=tuple(lock for lock in (case.account_id, case.parent_id) if lock),
        owner_name=case.owner_name,
    )
    return replace(match, order=order, escalation=earlier)


def post_of(spec: NoteSpec, case: Case, note: str) -> Post | None:
    """The note on the record beside the case; None when the policy does not ask for it, or the case has no such
    record."""
    parent = case.fields.get(f"{spec.also_on}Id")
    if spec.also_on is None or not isinstance(parent, str):
        return None
    return Post(spec.also_on, parent, f"Case {case.number}\n\n{note}")


def taken_over(in_org: PolicyInOrg, match: Match) -> tuple[Escalation, ...]:
    """The open escalations of the case that this one supersedes."""
    return tuple(
        one
        for one in in_org.escalations(match.case)
        if one.is_open and one.key != match.identity.key and one.state is not EscalationState.UNKNOWN
    )


def in_a_row(earlier: Escalation | None, state: EscalationState) -> int:
    """The number of times in a row that it ended in this state."""
    return earlier.attempts if earlier and earlier.state is state else 0
