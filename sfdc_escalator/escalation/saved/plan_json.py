"""A saved plan as JSON values, and back. `sha256` is the SHA-256 of the canonical text of the object without it."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.decisions.order_json import canonical, order_json, time_text
from sfdc_escalator.escalation.notices.notice_json import whole_notice_json
from sfdc_escalator.escalation.policy.telling import NoticeRules
from sfdc_escalator.escalation.saved.guards_json import guards_json
from sfdc_escalator.escalation.saved.plan import FORMAT, Adopted, PlannedStanding, SavedPlan, Withheld

Json = dict[str, Any]
SHA256 = "sha256"


def plan_text(plan: SavedPlan) -> str:
    """The canonical text of the file, without a line end."""
    found = plan_json(plan)
    return canonical({**found, SHA256: sha256_of(found)})


def sha256_of(found: Mapping[str, Any]) -> str:
    """The SHA-256, in hexadecimal, of the object without its own."""
    content = {name: value for name, value in found.items() if name != SHA256}
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def plan_json(plan: SavedPlan) -> Json:
    """The plan as JSON values, without its `sha256`."""
    choices = plan.choices
    return {
        "format": FORMAT,
        "org": plan.org,
        "organization_id": plan.organization_id,
        "polled_at": time_text(plan.polled_at),
        "now": time_text(plan.now),
        "made_by": plan.made_by,
        "policies": [{"policy": one.name, "digest": one.digest} for one in plan.policies],
        "plan_digest": plan.plan_digest,
        "guards": {name: guards_json(one) for name, one in plan.guards.items()},
        "backlog": choices.backlog,
        "choices": {"limit": choices.limit, "route": choices.route, "case": choices.case},
        "orders": [saved_order(one, plan) for one in plan.orders],
        "notices": list(notices(plan.orders)),
        "withheld": [withheld_json(one) for one in plan.withheld],
        "adopted": [adopted_json(one) for one in plan.adopted],
        "live": [{"policy": policy, "route": route} for policy, route in sorted(plan.live)],
        "rungs": [
            {"policy": name[0], "route": name[1], "rung": name[2], "seen": time_text(seen)}
            for name, seen in sorted(plan.rungs.items())
        ],
        "standings": {key: standing_json(one) for key, one in plan.standings.items()},
        "notice_rules": {name: rules_json(one) for name, one in plan.rules.items()},
    }


def saved_order(order: Order, plan: SavedPlan) -> Json:
    name = order.identity.policy, order.identity.route
    return {**order_json(order), "bypass_guards": name in plan.bypassing}


def notices(orders: Iterable[Order]) -> Iterable[Json]:
    """The notices of the orders; each has the key of its order."""
    return (whole_notice_json(one) for order in orders for one in order.notices)


def withheld_json(one: Withheld) -> Json:
    cases = [case._asdict() for case in one.cases]
    return {"policy": one.policy, "route": one.route, "reason": one.reason, "count": len(cases), "cases": cases}


def adopted_json(one: Adopted) -> Json:
    identity = one.identity
    return {
        "key": identity.key,
        "case_id": identity.case_id,
        "case_number": one.case_number,
        "policy": identity.policy,
        "policy_digest": one.policy_digest,
        "route": identity.route,
        "episode": identity.episode,
        "origin": identity.origin,
        "reasons": list(one.reasons),
    }


def standing_json(one: PlannedStanding) -> Json:
    found = one.standing
    return {
        "state": found.state.value,
        "rung": found.rung,
        "turn": found.turn,
        "at": time_text(found.at),
        "by_due": one.by_due,
        "aside": list(found.aside),
        "team": found.team,
        "zone": found.zone,
        "route": found.route,
    }


def rules_json(rules: NoticeRules) -> Json:
    """The rules that a delivery goes by; the others are in the messages already."""
    cap, quiet = rules.cap, rules.quiet
    return {
        "cap": {"most": cap.most, "within": cap.within.total_seconds()} if cap else None,
        "quiet": {"from": quiet.begin.isoformat(), "to": quiet.end.isoformat()} if quiet else None,
        "channels": dict(rules.channels),
    }
