"""A run as a page of text: what happens to which case, why, and why not to this one."""

from collections import Counter
from collections.abc import Iterator

from sfdc_escalator.escalation.decisions.outcome import Outcome, State
from sfdc_escalator.escalation.policy.steps import FIELD_OF, Step, StepState
from sfdc_escalator.pipeline.prepare import Prepared
from sfdc_escalator.pipeline.run import Result
from sfdc_escalator.reports.terminal import table
from sfdc_escalator.reports.words import counted

MOST_REASONS = 2


def run_text(result: Result, *, all_notes: bool = False) -> str:
    """The page; with `all_notes` the notes in full."""
    return "\n".join(page(result, all_notes=all_notes))


def page(result: Result, *, all_notes: bool) -> Iterator[str]:
    yield from head(result)
    yield from warnings(result)
    if result.outcomes:
        yield ""
        yield matches(result)
    if all_notes:
        yield from note_pages(result)
    elif result.is_rehearsal and result.outcomes:
        yield "(a note in full: --case; all of them: --json)"
    yield from no_match(result.prepared)
    if result.is_rehearsal and not result.outcomes:
        yield from nearest(result)
    yield from refusals(result)
    if result.stopped:
        yield f"\nThe run stopped early: {result.stopped}"
    yield ""
    yield summary(result)


def head(result: Result) -> Iterator[str]:
    org_facts, plan = result.prepared.org_facts, result.prepared.plan
    kind = "sandbox" if org_facts.is_sandbox else "production"
    what = "What a run would do" if result.is_rehearsal else f"Run {result.run}"
    yield f"{what} on {org_facts.name} ({kind}, {plan.organization_id}) at {plan.now:%Y-%m-%d %H:%M:%S} UTC"
    yield f"policies: {', '.join(policy.name for policy in plan.policies)}   open cases: {org_facts.open_cases}"
    yield f"ledger: {result.ledger}   level: {org_facts.level}   guard: {result.guard}   API calls: {result.api_calls}"
    yield f"plan {plan.digest[:16]}   audit head {(result.audit_head or 'none')[:16]}"


def warnings(result: Result) -> Iterator[str]:
    for (policy, route), reason in sorted(result.prepared.broken.items()):
        yield f"! {policy}/{route} cannot be carried out: {reason}"
    for doubt in result.prepared.doubts:
        yield f"! {doubt}"


def matches(result: Result) -> str:
    names = {queue.id: queue.name for queue in result.prepared.org_facts.queues.values()}
    rows = [
        (one.case_number, one.route, one.state.value, steps_text(one, names), reason_text(one))
        for one in result.outcomes
    ]
    return table(("Case", "Route", "State", "Steps", "Why"), rows)


def steps_text(outcome: Outcome, names: dict[str, str]) -> str:
    """The steps that are sent; the JSON report lists those that are already so, too."""
    owners = [step.before for step in outcome.steps if FIELD_OF.get(step.name) == "OwnerId"]
    names = names | {owner_id: outcome.owner_name for owner_id in owners if owner_id and outcome.owner_name}
    sent = [step_text(step, names) for step in outcome.steps if step.state is not StepState.ALREADY_SO]
    return ", ".join(sent) or "-"


def step_text(step: Step, names: dict[str, str]) -> str:
    if step.is_note:
        return "note"
    before, after = (names.get(value or "", value or "empty") for value in (step.before, step.after))
    return f"{step.name} {before} -> {after}"


def reason_text(outcome: Outcome) -> str:
    """The findings; or how it ended, where neither the state nor the text below the table shows that."""
    plain = outcome.state in (State.PLANNED, State.APPLIED, State.WITHHELD)
    return "; ".join(outcome.findings) if plain else outcome.reason


def note_pages(result: Result) -> Iterator[str]:
    for outcome in result.outcomes:
        if outcome.note:
            beside = f", also on its {outcome.beside.lower()}" if outcome.beside else ""
            yield f"\nThe note for case {outcome.case_number}{beside}:"
            yield "\n".join(f"  | {line}" for line in outcome.note.splitlines())


def no_match(prepared: Prepared) -> Iterator[str]:
    """The cases that no route matches, grouped by what is missing."""
    cases = prepared.plan.no_match
    if not cases:
        return
    groups: dict[tuple[str, str], list[str]] = {}
    for one in cases:
        for route, why in prepared.reasons_against(one).items():
            groups.setdefault((route, why), []).append(one.case.number)
    shown = [
        (route, why, str(len(numbers)), some(numbers))
        for route in dict.fromkeys(route for route, _ in groups)
        for why, numbers in commonest(groups, route)
    ]
    yield ""
    yield table(("Fits not", "Because", "Cases", ""), shown, title=f"Left alone: {len(cases)}")
    yield "(all reasons of one case with --case, of all cases with --json)"


def nearest(result: Result) -> Iterator[str]:
    """Where nothing matches: what came nearest, and what it lacks."""
    if len(result.prepared.poll.broken) == sum(len(policy.routes) for policy in result.prepared.plan.policies):
        return  # no case was read
    yield ""
    found = result.near
    if not found:
        yield "No case came near: no case is in the scope of the policies. `explain CASE` tells why."
        return
    rows = [(one.case.number, one.route, "; ".join(one.words)) for one in found]
    yield table(("Case", "Route", "Missing"), rows, title="Nearest misses")


def commonest(groups: dict[tuple[str, str], list[str]], route: str) -> list[tuple[str, list[str]]]:
    """The commonest reasons of a route, and all the others as one."""
    found = sorted(
        ((why, cases) for (name, why), cases in groups.items() if name == route), key=lambda one: -len(one[1])
    )
    rest = [number for _, numbers in found[MOST_REASONS:] for number in numbers]
    return [*found[:MOST_REASONS], *([("other reasons", rest)] if rest else [])]


def some(numbers: list[str]) -> str:
    return ", ".join(numbers[:3]) + (", ..." if len(numbers) > 3 else "")


def refusals(result: Result) -> Iterator[str]:
    """Each reason once, with the routes that it withholds."""
    found = result.prepared.plan.refusals
    for reason in dict.fromkeys(refusal.reason for refusal in found):
        routes = [f"{one.policy}/{one.route} ({one.cases} cases)" for one in found if one.reason == reason]
        yield f"\nWithheld: {', '.join(routes)}\n  {reason}"


def summary(result: Result) -> str:
    counts = Counter(outcome.state for outcome in result.outcomes)
    told = ", ".join(f"{counts[state]} {state.value}" for state in State if counts[state]) or "nothing to do"
    extras = {
        "settled from before": result.prepared.recovered,
        "bounced to another owner": len(result.applied.bounced),
        "gone": len(result.applied.gone),
        "still unsettled": result.unsettled,
    }
    more = "".join(f", {count} {name}" for name, count in extras.items() if count)
    read = len(result.prepared.poll.cases)
    return f"{counted(read, 'case')} read, {len(result.outcomes)} matched: {told}{more}"
