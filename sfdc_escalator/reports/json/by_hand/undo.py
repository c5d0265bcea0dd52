"""An undo, or its rehearsal."""

from typing import Any

from sfdc_escalator.escalation.policy.steps import FIELD_STEPS, NOTE
from sfdc_escalator.escalation.undoing.fields import Touched
from sfdc_escalator.escalation.undoing.undo import Undo, UndoState
from sfdc_escalator.pipeline.undoing.undo import UndoResult
from sfdc_escalator.reports.json.notices import notices_json
from sfdc_escalator.reports.values import instant

ORDER = (NOTE, *(step.key for step in FIELD_STEPS))


def undo_json(result: UndoResult, org: str) -> dict[str, Any]:
    """The whole result; the command adds what only it knows, such as `exit`."""
    return {
        "run": result.run,
        "org": org,
        "organization_id": result.caller.organization_id,
        "now": instant(result.caller.now),
        "ledger": result.ledger,
        "level": result.prepared.org_facts.level,
        "guard": result.guard,
        **{state.value: result.count(state) for state in UndoState},
        "touched": sum(len(one.touched) for one in result.undos),
        "bounced": len(result.applied.bounced),
        "notices": notices_json(result.post),
        "api_calls": result.api_calls,
        "stopped": result.stopped,
        "audit_head": result.audit_head,
        "escalations": [escalation_json(one) for one in result.undos],
    }


def escalation_json(one: Undo) -> dict[str, Any]:
    """One undo. `key` is its own, `undoes` that of the start or the turn of a rung that it takes back."""
    target = one.target
    return {
        "key": one.key,
        "undoes": target.key,
        "undoes_rung": target.rung,
        "case_id": target.case_id,
        "case_number": target.case_number,
        "policy": target.policy,
        "route": target.route,
        "rung": one.identity.rung,
        "turn": one.identity.turn,
        "state": one.state,
        "reason": one.reason,
        "steps": sorted([*sent(one), *map(stays, one.touched)], key=lambda step: ORDER.index(step["step"])),
        "touched": [{"step": field.step, **who(field)} for field in one.touched],
    }


def sent(one: Undo) -> list[dict[str, Any]]:
    return [
        {"step": step.name, "before": step.before, "after": step.after, "state": step.state.value} for step in one.steps
    ]


def stays(field: Touched) -> dict[str, Any]:
    """A field that somebody touched: it has the value that it had."""
    return {"step": field.step, "before": field.value, "after": field.value, "state": "touched", **who(field)}


def who(field: Touched) -> dict[str, Any]:
    return {"by": field.by, "at": instant(field.at) if field.at else None}
