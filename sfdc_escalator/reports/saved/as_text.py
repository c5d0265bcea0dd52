"""An apply of a saved plan, and the comparison of one with a plan of now, for people."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.decisions.outcome import Outcome, State
from sfdc_escalator.escalation.policy.steps import Step, StepState
from sfdc_escalator.escalation.saved.differences import Difference, sentence
from sfdc_escalator.escalation.saved.plan import SavedPlan
from sfdc_escalator.escalation.saved.plan_diff import PlanDiff
from sfdc_escalator.escalation.world.keys import FIRST_RUNG
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.pipeline.saved.result import SavedResult
from sfdc_escalator.reports.page import Page
from sfdc_escalator.reports.text.notices import sent_lines
from sfdc_escalator.reports.text.outcomes.cases import case_lines, step_text
from sfdc_escalator.reports.text.outcomes.summary import states_text
from sfdc_escalator.reports.values import counted, visible

ADVICE = (
    "Nothing was done. Make the plan anew and have it approved, or apply the other orders with --partial; "
    "see `sfdc-escalator diff PLAN` for what a plan of now would do"
)


def applied_text(result: SavedResult, page: Page) -> str:
    """A quiet page is empty where nothing needs a person."""
    if page.is_quiet and not result.exit_code:
        return ""
    return "\n".join(applied_lines(result, page))


def applied_lines(result: SavedResult, page: Page) -> Iterator[str]:
    yield from map(visible, head(result))
    names = queue_names(result.facts)
    if result.outcomes and not result.whole:
        yield ""
        yield from case_lines([without_steps(one) for one in result.outcomes], names, page)
    if result.refused:
        yield ""
        yield from refused_lines(result, names)
    if result.stopped:
        yield ""
        yield visible(f"The apply stopped early: {result.stopped}; the same command carries out the rest")
    yield from sent_lines(result, page)
    yield ""
    yield summary(result, page)


def head(result: SavedResult) -> Iterator[str]:
    facts, plan = result.facts, result.plan
    kind = "sandbox" if facts.is_sandbox else "production"
    yield (f"Apply {result.run} on {facts.name} ({kind}, {plan.organization_id}) at {result.now:%Y-%m-%d %H:%M:%S} UTC")
    yield f"plan {plan.sha256[:16]}, made {plan.now:%Y-%m-%d %H:%M:%S} UTC by {plan.made_by}"
    yield f"ledger: {result.ledger}   level: {facts.level}   guard: {result.guard}   API calls: {result.api_calls}"
    yield f"audit head {result.audit_head or 'none'}"


def without_steps(one: Outcome) -> Outcome:
    """The outcome; without its steps where an earlier apply carried them out."""
    return replace(one, steps=()) if one.state is State.ALREADY else one


def refused_lines(result: SavedResult, names: Mapping[str, str]) -> Iterator[str]:
    """Each order that is different, with its differences."""
    total, different = len(result.outcomes), len(result.refused)
    yield f"Different: {different} of {counted(total, 'order')}"
    for one in result.refused:
        yield visible(f"  case {one.order.case_number} {name_of(one.order)} {one.order.key}")
        known = {**names, **({one.order.before["OwnerId"] or "": one.order.owner_name} if one.order.owner_name else {})}
        for found in one.differences:
            yield visible(f"    {shown(found, known)}{by_whom(found)}")
    if result.whole:
        yield ADVICE


def shown(one: Difference, names: Mapping[str, str]) -> str:
    """The difference in words, an owner by name where it is known."""
    if one.what != "owner":
        return sentence(one)
    before, now = (names.get(value or "", value or "empty") for value in (one.before, one.now))
    return f"owner was {before}, is {now}"


def by_whom(one: Difference) -> str:
    name = one.by_name or one.by or ""
    parts = [f"by {name}" if name else "", f"{one.at:%Y-%m-%d %H:%M:%S} UTC" if one.at else ""]
    said = ", ".join(filter(None, parts))
    return f" ({said})" if said else ""


def name_of(order: Order) -> str:
    identity = order.identity
    rung = "" if identity.rung == FIRST_RUNG else f"/{identity.rung}"
    return f"{identity.policy}/{identity.route}{rung}"


def queue_names(facts: OrgFacts) -> dict[str, str]:
    return {queue.id: queue.name for queue in facts.queues.values()}


def summary(result: SavedResult, page: Page) -> str:
    others = {"settled from an earlier run": result.recovered, "bounced to another owner": len(result.applied.bounced)}
    parts = [states_text(result.outcomes, page), *(f"{count} {name}" for name, count in others.items() if count)]
    return f"{counted(len(result.outcomes), 'order')}: {', '.join(parts)}"


# -- against a plan of now ---------------------------------------------------------------------------------------------


def diff_text(plan: SavedPlan, diff: PlanDiff, facts: OrgFacts) -> str:
    return "\n".join(map(visible, diff_lines(plan, diff, queue_names(facts))))


def diff_lines(plan: SavedPlan, diff: PlanDiff, names: Mapping[str, str]) -> Iterator[str]:
    yield f"A plan of now against {plan.sha256[:16]}, made {plan.now:%Y-%m-%d %H:%M:%S} UTC by {plan.made_by}:"
    for one in diff.added:
        yield f"  + {line_of(one)}: {steps_of(one, names)}"
    for dropped in diff.dropped:
        yield f"  - {line_of(dropped.order)}: {dropped.reason}"
    for changed in diff.changed:
        yield f"  ~ {line_of(changed.now)}: {steps_of(changed.saved, names)}"
        yield f"      now {steps_of(changed.now, names)}{', with another note' if changed.has_another_note else ''}"
    if diff.policies:
        yield f"  policies that changed: {', '.join(diff.policies)}"
    counts = {"to add": len(diff.added), "to drop": len(diff.dropped), "to change": len(diff.changed)}
    found = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    yield found or f"No difference: {counted(len(plan.orders), 'order')}"


def line_of(order: Order) -> str:
    return f"case {order.case_number} {name_of(order)} {order.key}"


def steps_of(order: Order, names: Mapping[str, str]) -> str:
    known = {**names, **({order.before["OwnerId"] or "": order.owner_name} if order.owner_name else {})}
    sent: list[Step] = [one for one in order.steps if one.state is not StepState.ALREADY_SO]
    return ", ".join(step_text(one, known) for one in sent) or "-"
