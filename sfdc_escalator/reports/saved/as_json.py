"""An apply of a saved plan, and the comparison of one with a plan of now, as JSON."""

from typing import Any

from sfdc_escalator.errors import PlanRefused, counted
from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.policy.steps import Step
from sfdc_escalator.escalation.saved.differences import Difference, sentence
from sfdc_escalator.escalation.saved.plan import SavedPlan
from sfdc_escalator.escalation.saved.plan_diff import Changed, PlanDiff
from sfdc_escalator.pipeline.saved.recheck import Refused
from sfdc_escalator.pipeline.saved.result import SavedResult
from sfdc_escalator.reports.json.notices import notices_json
from sfdc_escalator.reports.json.run import escalation_json
from sfdc_escalator.reports.values import instant


def applied_json(result: SavedResult, org: str) -> dict[str, Any]:
    """The whole result, in the shape of that of a run; `refused` are the orders that are different."""
    plan = result.plan
    return {
        "run": result.run,
        "org": org,
        "organization_id": plan.organization_id,
        "policies": [{"policy": one.name, "digest": one.digest} for one in plan.policies],
        "plan_digest": plan.plan_digest,
        "plan": plan.sha256,
        "now": instant(result.now),
        "ledger": result.ledger,
        "level": result.facts.level,
        "guard": result.guard,
        "polled": result.checked.read,
        "matched": len(result.outcomes),
        **{state.value: result.count(state) for state in State},
        "recovered": result.recovered,
        "bounced": len(result.applied.bounced),
        "gone": len(result.applied.gone),
        "notices": notices_json(result.post),
        "api_calls": result.api_calls,
        "retries": result.retries,
        "stopped": result.stopped,
        "audit_head": result.audit_head,
        "escalations": [escalation_json(one, result.now) for one in result.outcomes],
        "refused": [refused_json(one) for one in result.refused],
        **refusal_json(result),
    }


def refusal_json(result: SavedResult) -> dict[str, Any]:
    """The error of a plan that was refused as a whole."""
    if not result.whole:
        return {}
    problems = [f"case {one.order.case_number} ({one.order.key}): {one.reason}" for one in result.refused]
    message = f"{counted(len(problems), 'order')} of the plan {'is' if len(problems) == 1 else 'are'} different now"
    found = [{"message": one, **dict.fromkeys(PLACE)} for one in problems]
    return {"error": {"code": PlanRefused.code, "message": f"{message}; nothing was done", "problems": found}}


PLACE = ("file", "line", "column", "found", "expected", "nearest")


def refused_json(one: Refused) -> dict[str, Any]:
    order = one.order
    return {
        **about(order),
        "differences": [difference_json(found) for found in one.differences],
    }


def difference_json(one: Difference) -> dict[str, Any]:
    """`by` is the id of a user of the org, or the name of the person who holds the case."""
    return {
        "what": one.what,
        "before": one.before,
        "now": one.now,
        "by": one.by,
        "by_name": one.by_name or None,
        "at": instant(one.at) if one.at else None,
        "text": sentence(one),
    }


def about(order: Order) -> dict[str, Any]:
    identity = order.identity
    return {
        "key": order.key,
        "case_id": order.case_id,
        "case_number": order.case_number,
        "policy": identity.policy,
        "route": identity.route,
        "rung": identity.rung,
        "turn": identity.turn,
    }


def diff_json(plan: SavedPlan, diff: PlanDiff) -> dict[str, Any]:
    """The orders that a plan of now adds, drops and changes."""
    return {
        "plan": plan.sha256,
        "add": [{**about(one), "steps": steps_json(one)} for one in diff.added],
        "drop": [{**about(one.order), "reason": one.reason} for one in diff.dropped],
        "change": [changed_json(one) for one in diff.changed],
        "policies_changed": list(diff.policies),
    }


def changed_json(one: Changed) -> dict[str, Any]:
    """`note` says that the text of the note is another one too."""
    steps = {"before": steps_json(one.saved), "now": steps_json(one.now)}
    return {**about(one.now), **steps, "note": one.has_another_note}


def steps_json(order: Order) -> list[dict[str, Any]]:
    return [step_json(one) for one in order.steps]


def step_json(step: Step) -> dict[str, Any]:
    """A step without the text of a note."""
    return {"step": step.name, "before": step.before, "after": None if step.is_note else step.after}
