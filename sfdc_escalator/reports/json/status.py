"""The state of a ledger."""

from typing import Any

from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.waitlist import Waiting
from sfdc_escalator.pipeline.read_models.ledger_status import LedgerStatus, RunRecord
from sfdc_escalator.reports.json.ladder import due_json, hold_json, maybe, open_json
from sfdc_escalator.reports.json.notices import last_and_next_json, standing_json
from sfdc_escalator.reports.json.self_check import self_check_json
from sfdc_escalator.reports.values import instant


def status_json(status: LedgerStatus, silent: str | None) -> dict[str, Any]:
    """`silent` says for how long no run was recorded, when that is too long."""
    return {
        "ledger": status.where,
        "now": maybe(status.now),
        "last_run": run_json(status.last_run),
        "last_success": run_json(status.last_success),
        "silent": silent,
        "open": status.open,
        "escalations": [open_json(one) for one in status.escalations],
        "due_list": due_list_json(status),
        "holds": [hold_json(one) for one in status.holds],
        "notices": standing_json(status.outbox),
        **last_and_next_json(status.notices),
        "unsettled": [escalation_json(one) for one in status.unsettled],
        "rejected": [escalation_json(one) for one in status.rejected],
        "waiting_for_people": [waiting_json(one) for one in status.waiting if one.state != "withheld"],
        "withheld": [withheld_json(one) for one in status.waiting if one.state == "withheld"],
        "review_overdue": list(status.review_overdue),
        **({"self_check": self_check_json(status.check)} if status.check else {}),
    }


def due_list_json(status: LedgerStatus) -> dict[str, list[dict[str, Any]]]:
    """The escalations that are due within 24 hours, and those that are overdue, by team; without a team under ""."""
    return {team: [due_json(one, status.now) for one in found] for team, found in status.due_soon.items()}


def waiting_json(one: Waiting) -> dict[str, Any]:
    """A case. A route that cannot be carried out has no case, a run that was stopped has no route either."""
    return {
        "case_number": one.case_number or None,
        "policy": one.policy or None,
        "route": one.route or None,
        "state": one.state,
        "reason": one.reason,
        "missing": list(one.missing),
        "key": one.key or None,
    }


def withheld_json(one: Waiting) -> dict[str, Any]:
    return {"policy": one.policy, "route": one.route, "count": one.cases, "reason": one.reason}


def run_json(record: RunRecord | None) -> dict[str, Any] | None:
    if record is None:
        return None
    return {
        "run": record.run,
        "organization_id": record.organization_id,
        "host": record.host,
        "started": instant(record.started),
        "finished": instant(record.finished) if record.finished else None,
        **(record.result or {"exit": None}),
    }


def escalation_json(escalation: Escalation) -> dict[str, Any]:
    again = escalation.try_again_at()
    return {
        "key": escalation.key,
        "case_number": escalation.case_number,
        "policy": escalation.policy,
        "route": escalation.route,
        "state": escalation.state.value,
        "message": escalation.message,
        "try_again_at": instant(again) if again else None,
    }
