"""The problems that `validate` found, and commands that failed."""

from collections.abc import Mapping, Sequence
from typing import Any

from sfdc_escalator.errors import EscalatorError, Problem, RunBusy
from sfdc_escalator.escalation.decisions.outcome import State

NOT_KNOWN = ("run", "org", "organization_id", "plan_digest", "now", "ledger", "level", "guard", "audit_head")
"""Facts of a run that a run does not have when another run is at work."""


def failure_json(error: EscalatorError) -> dict[str, Any]:
    if isinstance(error, RunBusy):
        return busy_json(error)
    problems = [problem_json(problem) for problem in error.problems]
    return {
        "error": {"code": error.code, "message": error.message, "problems": problems},
        "exit": error.exit_code,
    }


def busy_json(error: RunBusy) -> dict[str, Any]:
    """The keys of a run that found another run at work, and did nothing."""
    return {
        "busy": {"host": error.host, "pid": error.pid, "since": error.since},
        **dict.fromkeys(NOT_KNOWN),
        "policies": [],
        **dict.fromkeys((state.value for state in State), 0),
        **dict.fromkeys(("polled", "matched", "recovered", "bounced", "gone"), 0),
        "notices": no_notices(),
        "api_calls": 1,
        "escalations": [],
        "exit": error.exit_code,
    }


def no_notices() -> dict[str, int]:
    return dict.fromkeys(("sent", "waiting", "undelivered", "dropped"), 0)


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


def is_ok(problems: Sequence[Problem], *, strict: bool) -> bool:
    return not any(strict or problem.severity == "error" for problem in problems)


def problems_json(problems: Sequence[Problem], *, strict: bool) -> dict[str, Any]:
    listed = [{**problem_json(problem), "severity": problem.severity} for problem in problems]
    return {"ok": is_ok(problems, strict=strict), "problems": listed}
