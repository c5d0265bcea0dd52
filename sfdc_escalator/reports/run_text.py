"""A run as a page of text: what happens to which case, why, and why not to this one."""

from collections import Counter
from collections.abc import Iterator

from sfdc_escalator.escalation.decide import Decision, LeftAlone, State
from sfdc_escalator.escalation.steps import Kind, Step, StepState
from sfdc_escalator.pipeline.run import Result
from sfdc_escalator.reports.terminal import table

MOST_LEFT_ALONE = 20


def run_text(result: Result, *, all_notes: bool = False) -> str:
    """The page. A rehearsal shows one note in full, or all of them."""
    return "\n".join(page(result, None if all_notes else 1 if result.is_rehearsal else 0))


def page(result: Result, most_notes: int | None) -> Iterator[str]:
    yield from head(result)
    yield from warnings(result)
    if result.decisions:
        yield ""
        yield matches(result)
    yield from note_pages(result, most_notes)
    yield from left_alone(result.prepared.plan.left_alone)
    yield from refusals(result)
    yield ""
    yield summary(result)


def head(result: Result) -> Iterator[str]:
    survey, plan = result.prepared.survey, result.prepared.plan
    kind = "sandbox" if survey.is_sandbox else "production"
    what = "What a run would do" if result.is_rehearsal else f"Run {result.run}"
    yield f"{what} on {survey.name} ({kind}, {plan.organization_id}) at {plan.now:%Y-%m-%d %H:%M:%S} UTC"
    yield f"policies: {', '.join(policy.name for policy in plan.policies)}   open cases: {survey.open_cases}"
    yield f"ledger: {result.ledger}   level: guarded   guard: {result.guard}   API calls: {result.api_calls}"
    yield f"plan {plan.digest[:16]}   audit head {(result.audit_head or 'none')[:16]}"


def warnings(result: Result) -> Iterator[str]:
    for (policy, route), reason in sorted(result.prepared.broken.items()):
        yield f"! {policy}/{route} cannot be carried out: {reason}"
    for doubt in result.prepared.doubts:
        yield f"! {doubt}"


def matches(result: Result) -> str:
    names = {queue.id: queue.name for queue in result.prepared.survey.queues.values()}
    rows = [
        (one.case.number, one.route.name, one.state.value, steps_text(one, names), reason_text(one))
        for one in result.decisions
    ]
    return table(("Case", "Route", "State", "Steps", "Why"), rows)


def steps_text(decision: Decision, names: dict[str, str]) -> str:
    return "\n".join(step_text(step, names) for step in decision.steps) or "-"


def step_text(step: Step, names: dict[str, str]) -> str:
    if step.kind is Kind.NOTE:
        return "note" if step.state is not StepState.NOT_APPLIED else "note (not written)"
    before, after = (names.get(value or "", value or "empty") for value in (step.before, step.after))
    if step.state is StepState.ALREADY_SO:
        return f"{step.kind}: already {after}"
    mark = " (not done)" if step.state is StepState.NOT_APPLIED else ""
    return f"{step.kind}: {before} -> {after}{mark}"


def reason_text(decision: Decision) -> str:
    findings = "; ".join(decision.findings)
    return f"{decision.reason}\n{findings}" if findings else decision.reason


def note_pages(result: Result, most: int | None) -> Iterator[str]:
    notes = [
        (decision.case.number, step.after or "")
        for decision in result.decisions
        for step in decision.steps
        if step.kind is Kind.NOTE and step.state is not StepState.NOT_APPLIED
    ]
    for number, note in notes[:most]:
        yield f"\nThe note for case {number}:"
        yield "\n".join(f"  | {line}" for line in note.splitlines())
    if most and len(notes) > most:
        yield f"  ({len(notes) - most} more: one with --case, all of them with --json)"


def left_alone(cases: tuple[LeftAlone, ...]) -> Iterator[str]:
    if not cases:
        return
    shown = cases[:MOST_LEFT_ALONE]
    rows = [(one.case.number, "\n".join(f"{route}: {why}" for route, why in one.reasons.items())) for one in shown]
    yield ""
    yield table(("Left alone", "Why not"), rows)
    if len(cases) > len(shown):
        yield f"... and {len(cases) - len(shown)} more (all of them with --json; one of them with --case)"


def refusals(result: Result) -> Iterator[str]:
    for refusal in result.prepared.plan.refusals:
        yield ""
        yield f"Withheld: {refusal.cases} cases of {refusal.policy}/{refusal.route}: {refusal.reason}"


def summary(result: Result) -> str:
    counts = Counter(decision.state for decision in result.decisions)
    told = ", ".join(f"{counts[state]} {state.value}" for state in State if counts[state]) or "nothing to do"
    extras = {
        "settled from before": len(result.prepared.recovered),
        "bounced to another owner": len(result.applied.bounced),
        "gone": len(result.applied.gone),
        "still unsettled": result.unsettled,
    }
    more = "".join(f", {count} {name}" for name, count in extras.items() if count)
    return f"{len(result.prepared.poll.cases)} cases read, {len(result.decisions)} matched: {told}{more}"
