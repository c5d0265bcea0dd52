"""A hold that was made, or that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sfdc_escalator.reports.values import instant

if TYPE_CHECKING:
    from sfdc_escalator.escalation.world.ladder_facts import Hold
    from sfdc_escalator.pipeline.holding import Held


def hold_json(hold: Hold) -> dict[str, Any]:
    """A hold that lasts; `policy` and `route` are null where it holds for every one."""
    return {
        "case_number": hold.case_number,
        "policy": hold.policy or None,
        "route": hold.route or None,
        "by": hold.by,
        "from": instant(hold.begin),
        "until": instant(hold.until) if hold.until else None,
        "why": hold.why,
    }


def held_json(done: Held) -> dict[str, Any]:
    """`until` is the end of the hold: of one that was released, the time of its release."""
    first = done.holds[0]
    until = first.released or first.until
    return {
        "case_number": done.case_number,
        "from": instant(first.begin),
        "until": instant(until) if until else None,
        "why": first.why,
        "inside_due": [one.key for one in done.inside_due],
    }
