"""A run or a rehearsal."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sfdc_escalator.escalation.decisions.match import NoMatch
from sfdc_escalator.escalation.decisions.outcome import Outcome, State
from sfdc_escalator.pipeline.run import Result
from sfdc_escalator.reports.json.by_hand.holds import hold_json
from sfdc_escalator.reports.json.document import json_text
from sfdc_escalator.reports.json.notices import notices_json, planned_json
from sfdc_escalator.reports.json.self_check import self_check_json
from sfdc_escalator.reports.values import instant


def run_json(result: Result, org: str) -> dict[str, Any]:
    """The whole result; the command adds what only it knows, such as `exit`."""
    prepared, plan = result.prepared, result.prepared.plan
    return {
        "run": result.run,
        "org": org,
        "organization_id": plan.organization_id,
        "policies": [{"policy": policy.name, "digest": policy.digest} for policy in plan.policies],
        "plan_digest": plan.digest,
        "now": instant(plan.now),
        "ledger": result.ledger,
        "level": prepared.org_facts.level,
        "guard": result.guard,
        "polled": prepared.poll.count,
        "matched": len(result.outcomes),
        **{state.value: result.count(state) for state in State},
        "recovered": prepared.recovered,
        "bounced": len(result.applied.bounced),
        "gone": len(result.applied.gone),
        "notices": notices_json(result.post),
        "holds": [hold_json(one) for one in prepared.holds],
        "self_check": self_check_json(result.check),
        "watched": {"open": len(prepared.ladders.open), "calls": prepared.ladders.calls},
        "api_calls": result.api_calls,
        "retries": result.retries,
        "stopped": result.stopped,
        "audit_head": result.audit_head,
        "escalations": [escalation_json(outcome, plan.now) for outcome in result.outcomes],
        "left_alone": prepared.left_alone.as_json(),
        "nearest_misses": [
            {"policy": one.policy, "route": one.route, "case_number": one.case.number, "missing": list(one.missing)}
            for one in result.near
        ],
        "refusals": [
            {"policy": one.policy, "route": one.route, "cases": one.cases, "reason": one.reason}
            for one in plan.refusals
        ],
        "broken": [
            {"policy": policy, "route": route, "reason": reason}
            for (policy, route), reason in sorted(prepared.broken.items())
        ],
        **(planned_json(result, org) if result.is_rehearsal else {}),
    }


def no_match_line(one: NoMatch, reasons: Mapping[str, str]) -> str:
    """A case that no route of a policy matches, as one line of JSON, with the reason against each route."""
    return json_text(
        {"policy": one.policy, "case_id": one.case.id, "case_number": one.case.number, "reasons": dict(reasons)}
    )


def escalation_json(outcome: Outcome, now: datetime) -> dict[str, Any]:
    """One end of a match. `late_by` are the seconds since the moment of a rung; `moved` says why its move waits."""
    moment = outcome.moment
    waits = moment is not None and outcome.state in (State.WITHHELD, State.REJECTED)
    return {
        "key": outcome.key,
        "case_id": outcome.case_id,
        "case_number": outcome.case_number,
        "policy": outcome.policy,
        "route": outcome.route,
        "rung": outcome.rung,
        "turn": outcome.turn,
        "due": instant(outcome.due) if outcome.due else None,
        "moment": instant(moment) if moment else None,
        "late_by": int((now - moment).total_seconds()) if moment else None,
        "moved": outcome.state.value if waits else None,
        "state": outcome.state,
        "reason": outcome.reason,
        "held_by": outcome.held_by,
        "findings": list(outcome.findings),
        "steps": [
            {"step": step.name, "before": step.before, "after": step.after, "state": step.state}
            for step in outcome.steps
        ],
    }
