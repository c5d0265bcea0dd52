"""The order that carries out a planned match: its note and its steps. A match whose note is incomplete is held."""

from dataclasses import replace

from sfdc_escalator.escalation.decisions.counted import NOT_COUNTED, counted_of
from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.order import Order, Post
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.ladder.acknowledgement import proved_at
from sfdc_escalator.escalation.ladder.times import due_of, zone_of_due
from sfdc_escalator.escalation.note.note import Renderer, write_note
from sfdc_escalator.escalation.note.parts import Incomplete
from sfdc_escalator.escalation.policy.escalate import Escalate, NoteSpec
from sfdc_escalator.escalation.policy.steps import NOTE, Setting, Step, StepState, planned_steps, values_before
from sfdc_escalator.escalation.time.zones import clock_text
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.ladder_facts import LadderFacts


def draft(in_org: PolicyInOrg, match: Match, render: Renderer) -> Match:
    """The match with its order, held where its note is incomplete. A match that is not planned stays unchanged."""
    wanted = match.rung.escalate if match.rung else match.route.escalate
    if match.state is not State.PLANNED or (match.rung is None and not match.route.opens):
        return match
    if match.rung is None:
        match = replace(match, due=due_of(match.route.due, match.case, in_org.circumstances))
    match = replace(match, due_text=due_text(in_org, match))
    steps: tuple[Step, ...] = ()
    unfit = in_org.unfit.get(f"{match.route.name}/{match.rung.id}") if match.rung else None
    if wanted and not unfit:
        found = steps_of(in_org, match, wanted, render)
        if isinstance(found, Incomplete):
            return match.held(found.reason, by="note", missing=found.missing)
        steps = found
    earlier = next((one for one in in_org.every(match.case) if one.key == match.identity.key), None)
    drafted = replace(match, order=order_of(in_org, match, steps, earlier), escalation=earlier)
    return drafted.ended(State.REJECTED, unfit) if unfit else drafted


def steps_of(in_org: PolicyInOrg, match: Match, wanted: Escalate, render: Renderer) -> tuple[Step, ...] | Incomplete:
    """The steps in their order, the note first. A rung writes a note where a field changes, or where it names one."""
    policy, case, setting = in_org.policy, match.case, Setting(in_org.org_facts.targets, in_org.policy.priorities)
    fields = planned_steps(case, wanted.steps, None, setting)
    changes = isinstance(fields, str) or any(step.state is StepState.PLANNED for step in fields)
    if match.rung and not match.rung.notes and not changes:
        return () if isinstance(fields, str) else fields
    note = write_note(
        policy,
        match.route,
        case,
        match.identity,
        match.findings,
        in_org.now,
        render,
        in_org.org_facts.quick_texts,
        wanted.note,
        match.due_text,
    )
    if isinstance(note, Incomplete):
        return note
    return Incomplete(fields) if isinstance(fields, str) else (Step(NOTE, None, note), *fields)


def due_text(in_org: PolicyInOrg, match: Match) -> str:
    """The due time as a clock of the responsible team shows it."""
    if match.due is None:
        return ""
    return clock_text(match.due, zone_of_due(in_org.policy, match.route, match.case, in_org.circumstances))


def order_of(in_org: PolicyInOrg, match: Match, steps: tuple[Step, ...], earlier: Escalation | None) -> Order:
    route, case, policy = match.route, match.case, in_org.policy
    wanted = match.rung.escalate if match.rung else route.escalate
    note = next((step.after or "" for step in steps if step.is_note), "")
    return Order(
        identity=match.identity,
        case_number=case.number,
        policy_digest=policy.digest,
        reason=match.reason,
        findings=match.findings,
        steps=steps,
        before=values_before(case, steps),
        published=wanted is not None and wanted.note.visibility == "published",
        post=post_of(wanted.note, case, note) if wanted and note else None,
        together=policy.together,
        takes_over=() if match.rung or wanted is None else taken_over(in_org, match),
        rejections=in_a_row(earlier, EscalationState.REJECTED),
        deferrals=in_a_row(earlier, EscalationState.PLANNED),
        locks=tuple(lock for lock in (case.account_id, case.parent_id) if lock),
        owner_name=case.owner_name,
        ladder=None if match.rung else ladder_facts(in_org, match),
        due=match.due,
        moment=match.moment,
        start_key=match.start_key,
        skips=match.skips,
        ladder_after=match.ladder_after,
        counted=NOT_COUNTED if match.rung else counted_of(policy, route, case, in_org.org_facts.describe),
    )


def ladder_facts(in_org: PolicyInOrg, match: Match) -> LadderFacts | None:
    """The facts that are kept with a start whose route has a ladder or a due time."""
    ladder = match.route.ladder
    if not ladder and match.due is None:
        return None
    started = in_org.now if match.route.escalate is None else None  # without a note this run is the start
    proved = proved_at(ladder.acknowledged, match.case, in_org.circumstances)
    return LadderFacts(started=started, due=match.due, proved=proved)


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
