"""A run or a rehearsal: which case is escalated, how, and the reason; and the reasons for those without a match."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sfdc_escalator.escalation.decisions.on_ladder import hold_text
from sfdc_escalator.escalation.decisions.outcome import Outcome, State
from sfdc_escalator.escalation.explaining.misses import NearMiss
from sfdc_escalator.escalation.policy.steps import FIELD_OF, Step, StepState
from sfdc_escalator.escalation.world.keys import FIRST_RUNG
from sfdc_escalator.pipeline.preparing.prepare import Prepared
from sfdc_escalator.pipeline.run import Result
from sfdc_escalator.reports.terminal import PLAIN, Page, table
from sfdc_escalator.reports.text.notices import planned_lines, sent_lines
from sfdc_escalator.reports.values import counted, visible

MOST_REASONS = 2
MOST_NUMBERS = 3
SHOWN_BY_STATE = (State.PLANNED, State.APPLIED, State.WITHHELD)
"""The reason of these ends is plain from the state, or stands below the table."""


def run_text(result: Result, org: str = "", *, all_notes: bool = False, page: Page = PLAIN) -> str:
    """The page; `org` is the name that messages give to the org. With `all_notes` every note in full."""
    return "\n".join(lines(result, org, page, all_notes=all_notes))


def lines(result: Result, org: str, page: Page, *, all_notes: bool) -> Iterator[str]:
    yield from map(visible, head(result))
    yield from map(visible, warnings(result))
    if result.outcomes:
        yield ""
        yield matches(result, page)
    if all_notes:
        yield from note_pages(result)
    elif result.is_rehearsal and result.outcomes:
        yield "(one note in full: --case CASE; all notes: --json)"
    if result.is_rehearsal:
        yield from planned_lines(result, org)
    yield from no_match(result.prepared, page)
    if result.is_rehearsal and not result.outcomes:
        yield from nearest(result, page)
    yield from map(visible, holds(result))
    yield from map(visible, refusals(result))
    if result.stopped:
        yield ""
        yield visible(f"The run stopped early: {result.stopped}")
    if not result.is_rehearsal:
        yield from sent_lines(result)
    yield ""
    yield summary(result)


def head(result: Result) -> Iterator[str]:
    org_facts, plan = result.prepared.org_facts, result.prepared.plan
    kind = "sandbox" if org_facts.is_sandbox else "production"
    what = "What a run would do" if result.is_rehearsal else f"Run {result.run}"
    yield f"{what} on {org_facts.name} ({kind}, {plan.organization_id}) at {plan.now:%Y-%m-%d %H:%M:%S} UTC"
    yield f"policies: {', '.join(policy.name for policy in plan.policies)}   open cases: {org_facts.open_cases}"
    yield f"ledger: {result.ledger}   level: {org_facts.level}   guard: {result.guard}   API calls: {result.api_calls}"
    yield f"plan {plan.digest[:16]}   audit head {result.audit_head or 'none'}"


def warnings(result: Result) -> Iterator[str]:
    for (policy, route), reason in sorted(result.prepared.broken.items()):
        yield f"! {policy}/{route} cannot be carried out: {reason}"
    for warning in result.prepared.warnings:
        yield f"! {warning}"


# -- matches -----------------------------------------------------------------------------------------------------------


def matches(result: Result, page: Page) -> str:
    names = {queue.id: queue.name for queue in result.prepared.org_facts.queues.values()}
    rows = [
        (one.case_number, route_text(one), one.state.value, steps_text(one, names), reason_text(one))
        for one in result.outcomes
    ]
    return table(("Case", "Route", "State", "Steps", "Reason"), rows, page=page)


def route_text(outcome: Outcome) -> str:
    """The route; of a rung with its id, and its turn where it repeats."""
    if outcome.rung == FIRST_RUNG:
        return outcome.route
    return f"{outcome.route}/{outcome.rung}" + (f" ({outcome.turn})" if outcome.turn > 1 else "")


def steps_text(outcome: Outcome, names: Mapping[str, str]) -> str:
    """The steps that are sent; the JSON report lists those that are already so, too."""
    owners = [step.before for step in outcome.steps if FIELD_OF.get(step.name) == "OwnerId"]
    known = {**names, **{owner_id: outcome.owner_name for owner_id in owners if owner_id and outcome.owner_name}}
    return ", ".join(step_text(step, known) for step in outcome.steps if step.state is not StepState.ALREADY_SO) or "-"


def step_text(step: Step, names: Mapping[str, str]) -> str:
    if step.is_note:
        return "note"
    before, after = (names.get(value or "", value or "empty") for value in (step.before, step.after))
    return f"{step.name} {before} -> {after}"


def reason_text(outcome: Outcome) -> str:
    """The findings; or the reason of an end that nothing else on the page explains."""
    return "; ".join(outcome.findings) if outcome.state in SHOWN_BY_STATE else outcome.reason


def note_pages(result: Result) -> Iterator[str]:
    for outcome in result.outcomes:
        if outcome.note:
            beside = f", also on its {outcome.beside.lower()}" if outcome.beside else ""
            yield ""
            yield visible(f"The note for case {outcome.case_number}{beside}:")
            yield from (f"  | {visible(line)}" for line in outcome.note.splitlines())


# -- no match ----------------------------------------------------------------------------------------------------------


def no_match(prepared: Prepared, page: Page) -> Iterator[str]:
    """The cases that no route matches, grouped by what is missing."""
    cases = prepared.plan.no_match
    if not cases:
        return
    numbers: dict[str, dict[str, list[str]]] = {}
    for one in cases:
        for route, reason in prepared.reasons_against(one).items():
            numbers.setdefault(route, {}).setdefault(reason, []).append(one.case.number)
    rows = [
        (route, reason, str(len(found)), first_of(found))
        for route, by_reason in numbers.items()
        for reason, found in most_common(by_reason)
    ]
    yield ""
    title = f"No match: {counted(len(cases), 'case')}"
    yield table(("Route", "Missing", "Cases", ""), rows, title, page=page)
    yield "(all reasons of one case: --case CASE; of all cases: --left-alone FILE)"


def most_common(by_reason: Mapping[str, Sequence[str]]) -> list[tuple[str, Sequence[str]]]:
    """The most common reasons of a route, and all its other reasons as one."""
    found = sorted(by_reason.items(), key=lambda one: -len(one[1]))
    others = [number for _, numbers in found[MOST_REASONS:] for number in numbers]
    return [*found[:MOST_REASONS], *([("other reasons", others)] if others else [])]


def first_of(numbers: Sequence[str]) -> str:
    return ", ".join(numbers[:MOST_NUMBERS]) + (", ..." if len(numbers) > MOST_NUMBERS else "")


def nearest(result: Result, page: Page) -> Iterator[str]:
    """The cases that come nearest to a match, and what each of them lacks."""
    prepared = result.prepared
    if len(prepared.poll.broken) == sum(len(policy.routes) for policy in prepared.plan.policies):
        return  # no case was read
    yield ""
    if result.near:
        rows = [near_cells(one) for one in result.near]
        yield table(("Case", "Route", "Missing"), rows, title="Nearest misses", page=page)
    else:
        yield "No case comes near a match: no case is in the scope of the policies."
        yield "The reasons of one case: sfdc-escalator explain CASE"


def near_cells(one: NearMiss) -> tuple[str, str, str]:
    return one.case.number, one.route, "; ".join(one.missing)


# -- the end -----------------------------------------------------------------------------------------------------------


def holds(result: Result) -> Iterator[str]:
    """The cases that are held, by whom and until when."""
    found = result.prepared.holds
    if found:
        yield ""
        yield "Held:"
    for one in found:
        yield f"  case {one.case_number}{f', route {one.route}' if one.route else ''}: {hold_text(one)}"


def refusals(result: Result) -> Iterator[str]:
    """Each reason once, with the routes that it withholds."""
    found = result.prepared.plan.refusals
    for reason in dict.fromkeys(refusal.reason for refusal in found):
        routes = [f"{one.policy}/{one.route} ({counted(one.cases, 'case')})" for one in found if one.reason == reason]
        yield ""
        yield f"Withheld: {', '.join(routes)}"
        yield f"  {reason}"


def summary(result: Result) -> str:
    counts = Counter(outcome.state for outcome in result.outcomes)
    states = [f"{counts[state]} {state.value}" for state in State if counts[state]] or ["nothing to do"]
    others = {
        "settled from an earlier run": result.prepared.recovered,
        "bounced to another owner": len(result.applied.bounced),
        "gone": len(result.applied.gone),
        "still not settled": result.unsettled,
    }
    ends = ", ".join([*states, *(f"{count} {name}" for name, count in others.items() if count)])
    return f"{counted(len(result.prepared.poll.cases), 'case')} read, {len(result.outcomes)} matched: {ends}"
