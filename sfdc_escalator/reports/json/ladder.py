"""An open escalation on its ladder: the object that `status` and `explain` share; and holds."""

from datetime import datetime
from typing import Any

from sfdc_escalator.escalation.world.ladder_facts import Acknowledged, Hold, Standing
from sfdc_escalator.pipeline.read_models.open_escalation import Climbed, OpenEscalation
from sfdc_escalator.reports.values import instant


def open_json(one: OpenEscalation) -> dict[str, Any]:
    start = one.start
    return {
        "key": start.key,
        "case_id": start.case_id,
        "case_number": start.case_number,
        "policy": start.policy,
        "route": start.route,
        "episode": start.episode,
        "started": maybe(one.started),
        "due": maybe(one.due),
        "state": one.state.value,
        "acknowledged": acknowledged_json(one.acknowledged) if one.acknowledged else None,
        "climbed": [climbed_json(turn) for turn in one.climbed],
        "next": next_json(one.standing),
        "held": held_json(one.hold) if one.hold else None,
        "aside": list(one.standing.aside),
    }


def maybe(at: datetime | None) -> str | None:
    return instant(at) if at else None


def acknowledged_json(one: Acknowledged) -> dict[str, Any]:
    return {"at": instant(one.at), "by": one.by, "how": one.how}


def climbed_json(one: Climbed) -> dict[str, Any]:
    return {
        "rung": one.rung,
        "turn": one.turn,
        "moment": maybe(one.moment),
        "climbed_at": maybe(one.at),
        "skipped": one.is_skipped,
    }


def next_json(standing: Standing) -> dict[str, Any] | None:
    return {"rung": standing.rung, "turn": standing.turn, "at": maybe(standing.at)} if standing.rung else None


def held_json(hold: Hold) -> dict[str, Any]:
    return {"by": hold.by, "from": instant(hold.begin), "until": maybe(hold.until), "why": hold.why}


def hold_json(hold: Hold) -> dict[str, Any]:
    """A hold by itself. `policy` and `route` are null where it holds for all of them."""
    return {
        "case_id": hold.case_id,
        "case_number": hold.case_number,
        "policy": hold.policy or None,
        "route": hold.route or None,
        "kind": hold.kind,
        **held_json(hold),
    }


def due_json(one: OpenEscalation, now: datetime | None) -> dict[str, Any]:
    return {
        "key": one.start.key,
        "case_number": one.start.case_number,
        "policy": one.start.policy,
        "route": one.start.route,
        "due": maybe(one.due),
        "overdue": bool(now and one.due and one.due < now),
    }
