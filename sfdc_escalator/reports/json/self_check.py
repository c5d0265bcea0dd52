"""The self-check of a ledger."""

from typing import Any

from sfdc_escalator.escalation.world.waitlist import SelfCheck


def self_check_json(check: SelfCheck) -> dict[str, Any]:
    return {
        "open": check.open,
        "problems": [{"key": one.key, "why": one.why} for one in check.problems],
        "ms": check.ms,
    }
