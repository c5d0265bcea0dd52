"""A run or a rehearsal: which case is escalated, how, and the reason; and the reasons for those without a match."""

from collections import Counter
from collections.abc import Iterator, Sequence

from sfdc_escalator.escalation.decisions.on_ladder import hold_text
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.pipeline.run import Result
from sfdc_escalator.reports.page import PLAIN, Page, needs_attention
from sfdc_escalator.reports.text.notices import planned_lines, sent_lines
from sfdc_escalator.reports.text.outcomes.cases import case_lines, note_pages
from sfdc_escalator.reports.text.outcomes.no_match import nearest, no_match
from sfdc_escalator.reports.text.outcomes.summary import summary
from sfdc_escalator.reports.values import counted, visible


def run_text(
    result: Result, org: str = "", *, all_notes: bool = False, page: Page = PLAIN, warned: Sequence[str] = ()
) -> str:
    """The page; `org` is the name that messages give to the org, `warned` are warnings about the policy files. With
    `all_notes` every note in full. A quiet page is empty where nothing needs a person."""
    if page.is_quiet:
        return "\n".join(quiet_lines(result, page)) if result.exit_code else ""
    return "\n".join(lines(result, org, page, warned, all_notes=all_notes or page.is_full))


def lines(result: Result, org: str, page: Page, warned: Sequence[str], *, all_notes: bool) -> Iterator[str]:
    yield summary(result.prepared, result.outcomes, page)
    yield from (page.paint(visible(f"! {one}"), "yellow") for one in (*warned, *warnings(result)))
    yield ""
    yield from map(visible, head(result))
    if result.outcomes:
        yield ""
        yield from case_lines(result.outcomes, names_of_queues(result), page)
    if all_notes:
        yield from note_pages(result.outcomes)
    elif result.is_rehearsal and result.outcomes:
        yield "(one note in full: --case CASE; all notes: -v)"
    if result.is_rehearsal:
        yield from planned_lines(result, org, page)
    yield from no_match(result.prepared, page)
    if result.is_rehearsal and not result.outcomes:
        yield from nearest(result, page)
    yield from map(visible, holds(result))
    yield from refusals(result, page)
    yield from ends(result, page)
    yield ""
    yield ending(result)


def quiet_lines(result: Result, page: Page) -> Iterator[str]:
    """The parts that need a person."""
    yield summary(result.prepared, result.outcomes, page)
    yield from (page.paint(visible(f"! {one}"), "yellow") for one in broken(result))
    stuck = [one for one in result.outcomes if one.is_stuck]
    if stuck:
        yield from case_lines(stuck, names_of_queues(result), page)
    yield from refusals(result, page)
    if text := needs_attention("\n".join(ends(result, page))):
        yield text
    yield ending(result)


def ends(result: Result, page: Page) -> Iterator[str]:
    """The early stop of a live run, and its notices."""
    if result.stopped:
        yield ""
        yield page.paint(visible(f"! The run stopped early: {result.stopped}"), "yellow")
    if not result.is_rehearsal:
        yield from sent_lines(result, page)


def names_of_queues(result: Result) -> dict[str, str]:
    return {target.id: target.name for target in result.prepared.org_facts.targets.values()}


def head(result: Result) -> Iterator[str]:
    org_facts, plan = result.prepared.org_facts, result.prepared.plan
    kind = "sandbox" if org_facts.is_sandbox else "production"
    what = "What a run would do" if result.is_rehearsal else f"Run {result.run}"
    yield f"{what} on {org_facts.name} ({kind}, {plan.organization_id}) at {plan.now:%Y-%m-%d %H:%M:%S} UTC"
    yield f"policies: {', '.join(policy.name for policy in plan.policies)}   open cases: {org_facts.open_cases}"
    yield f"ledger: {result.ledger}   level: {org_facts.level}   guard: {result.guard}   API calls: {result.api_calls}"
    yield f"plan {plan.digest[:16]}   audit head {result.audit_head or 'none'}"


def warnings(result: Result) -> Iterator[str]:
    yield from broken(result)
    yield from result.prepared.warnings


def broken(result: Result) -> Iterator[str]:
    """The routes that this run could not carry out."""
    for (policy, route), reason in sorted(result.prepared.broken.items()):
        yield f"{policy}/{route} cannot be carried out: {reason}"


def holds(result: Result) -> Iterator[str]:
    """The cases that are held, by whom and until when."""
    found = result.prepared.holds
    if found:
        yield ""
        yield "Held:"
    for one in found:
        yield f"  case {one.case_number}{f', route {one.route}' if one.route else ''}: {hold_text(one)}"


def refusals(result: Result, page: Page) -> Iterator[str]:
    """Each reason once, with the routes that it withholds."""
    found = result.prepared.plan.refusals
    for reason in dict.fromkeys(refusal.reason for refusal in found):
        routes = [f"{one.policy}/{one.route} ({counted(one.cases, 'case')})" for one in found if one.reason == reason]
        yield ""
        yield f"{page.state('withheld', 'Withheld:')} {visible(', '.join(routes))}"
        yield visible(f"  {reason}")


def ending(result: Result) -> str:
    """The last line: the cases read and the end of each match."""
    counts = Counter(outcome.state for outcome in result.outcomes)
    states = [f"{counts[state]} {state.value}" for state in State if counts[state]] or ["nothing to do"]
    others = {
        "settled from an earlier run": result.prepared.recovered,
        "bounced to another owner": len(result.applied.bounced),
        "gone": len(result.applied.gone),
        "still not settled": result.unsettled,
    }
    ends = ", ".join([*states, *(f"{count} {name}" for name, count in others.items() if count)])
    return f"{counted(result.prepared.poll.count, 'case')} read, {len(result.outcomes)} matched: {ends}"
