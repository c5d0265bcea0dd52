"""A run as one JSON object, in the shape that programs rely on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sfdc_escalator.errors import EscalatorError, Problem, RunBusy
from sfdc_escalator.escalation.decisions.outcome import Outcome, State
from sfdc_escalator.pipeline.run import Result


def instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def run_json(result: Result, org: str) -> dict[str, Any]:
    """The whole result. `exit` is left to the door, which knows what was asked for."""
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
        "polled": len(prepared.poll.cases),
        "matched": len(result.outcomes),
        **{state.value: result.count(state) for state in State},
        "recovered": prepared.recovered,
        "bounced": len(result.applied.bounced),
        "gone": len(result.applied.gone),
        "notices": {"sent": 0, "failed": 0, "pending": 0},
        "api_calls": result.api_calls,
        "retries": result.retries,
        "stopped": result.stopped,
        "audit_head": result.audit_head,
        "escalations": [escalation_json(outcome) for outcome in result.outcomes],
        "left_alone": [
            {
                "policy": one.policy,
                "case_id": one.case.id,
                "case_number": one.case.number,
                "reasons": dict(prepared.reasons_against(one)),
            }
            for one in plan.no_match
        ],
        "nearest_misses": [
            {"policy": one.policy, "route": one.route, "case_number": one.case.number, "missing": list(one.words)}
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
    }


def escalation_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "key": outcome.key,
        "case_id": outcome.case_id,
        "case_number": outcome.case_number,
        "policy": outcome.policy,
        "route": outcome.route,
        "rung": outcome.rung,
        "state": outcome.state,
        "reason": outcome.reason,
        "held_by": outcome.held_by,
        "findings": list(outcome.findings),
        "steps": [
            {"step": step.name, "before": step.before, "after": step.after, "state": step.state}
            for step in outcome.steps
        ],
    }


def failure_json(error: EscalatorError) -> dict[str, Any]:
    problems = [problem_json(problem) for problem in error.problems]
    failure: dict[str, Any] = {
        "error": {"code": error.code, "message": error.message, "problems": problems},
        "exit": error.exit_code,
    }
    if isinstance(error, RunBusy):
        counts = {state.value: 0 for state in State}
        busy = {"host": error.host, "pid": error.pid, "since": error.since}
        more = {"polled": 0, "matched": 0, "recovered": 0, "bounced": 0, "gone": 0, "api_calls": 1, "escalations": []}
        failure = {"busy": busy, **counts, **more, "exit": error.exit_code}
    return failure


def problem_json(problem: Problem) -> Mapping[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "found": problem.found,
        "expected": problem.expected,
        "nearest": problem.nearest,
    }
