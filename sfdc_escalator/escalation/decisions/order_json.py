"""An order as JSON values, and back, as a saved plan holds it. The canonical text is the same on every machine."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sfdc_escalator.escalation.decisions.counted import Counted
from sfdc_escalator.escalation.decisions.order import Order, Post
from sfdc_escalator.escalation.policy.steps import FIELD_OF, NOTE, Step, StepState
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.escalation.world.ladder_json import ladder_json, ladder_of

Json = dict[str, Any]
TIMES = ("tried_at", "ended_at", "moment")
NAMES = {"OwnerId": "owner", "Status": "status", "Priority": "priority"}
"""The names of fields in `before`; another field has its API name."""
FIELDS = {name: field for field, name in NAMES.items()}


def canonical(value: Any) -> str:
    """The value as JSON text: sorted keys, no blanks, and unescaped text.

    Half a surrogate pair has no UTF-8 form, so it is escaped.
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def order_json(order: Order) -> Json:
    """The order as JSON values. The note's text is written once, not in its step as well."""
    identity = order.identity
    return {
        "key": order.key,
        "organization_id": identity.organization_id,
        "policy": identity.policy,
        "policy_digest": order.policy_digest,
        "route": identity.route,
        "case_id": identity.case_id,
        "case_number": order.case_number,
        "rung": identity.rung,
        "episode": identity.episode,
        "turn": identity.turn,
        "origin": identity.origin,
        "reason": order.reason,
        "reasons": list(order.findings),
        "note": order.note,
        "published": order.published,
        "post": order.post._asdict() if order.post else None,
        "steps": [_step_json(step) for step in order.steps],
        "before": {NAMES.get(name, name): value for name, value in order.before.items()},
        "together": order.together,
        "takes_over": [_escalation_json(one) for one in order.takes_over],
        "rejections": order.rejections,
        "deferrals": order.deferrals,
        "locks": list(order.locks),
        "owner_name": order.owner_name,
        "ladder": ladder_json(order.ladder) if order.ladder else None,
        "due": time_text(order.due),
        "moment": time_text(order.moment),
        "start_key": order.start_key,
        "skips": [_escalation_json(one) for one in order.skips],
        "ladder_after": _escalation_json(order.ladder_after) if order.ladder_after else None,
        "counted": counted_json(order.counted),
    }


def counted_json(counted: Counted) -> Json:
    """The facts that a report counts by."""
    return {
        "team": counted.team,
        "counts_as": counted.counts_as,
        "watched": counted.watched,
        "values": dict(counted.values),
    }


def order_of(found: Mapping[str, Any]) -> Order:
    """The order from its JSON values. ValueError for anything that is not an order."""
    try:
        return _order(found)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this is not an order: {error!r}") from error


def _order(found: Mapping[str, Any]) -> Order:
    order = Order(
        identity=Identity(
            found["organization_id"],
            found["policy"],
            found["route"],
            found["case_id"],
            found["rung"],
            found["episode"],
            found["turn"],
            found["origin"],
        ),
        case_number=found["case_number"],
        policy_digest=found["policy_digest"],
        reason=found["reason"],
        findings=tuple(found["reasons"]),
        steps=tuple(_step_of(one, found["note"]) for one in found["steps"]),
        before={FIELDS.get(name, name): value for name, value in found["before"].items()},
        published=found["published"],
        post=Post(**found["post"]) if found["post"] else None,
        together=found["together"],
        takes_over=tuple(_escalation_of(one) for one in found["takes_over"]),
        rejections=found["rejections"],
        deferrals=found["deferrals"],
        locks=tuple(found["locks"]),
        owner_name=found["owner_name"],
        ladder=ladder_of(found["ladder"]) if found["ladder"] else None,
        due=time_of(found["due"]),
        moment=time_of(found["moment"]),
        start_key=found["start_key"],
        skips=tuple(_escalation_of(one) for one in found["skips"]),
        ladder_after=_escalation_of(found["ladder_after"]) if found["ladder_after"] else None,
        counted=Counted(**found["counted"]),
    )
    if order.key != found["key"]:
        raise ValueError(f"the key {found['key']!r} does not follow from the order's facts: expected {order.key}")
    return order


def _step_json(step: Step) -> Json:
    after = None if step.is_note else step.after
    return {"step": step.name, "before": step.before, "after": after, "state": step.state, "reason": step.reason}


def _step_of(found: Mapping[str, Any], note: str) -> Step:
    name = found["step"]
    if name not in (NOTE, *FIELD_OF):
        raise ValueError(f"{name!r} is not a step of this version: expected one of {', '.join((NOTE, *FIELD_OF))}")
    after = note if name == NOTE else found["after"]
    return Step(name, found["before"], after, StepState(found["state"]), found["reason"])


def time_text(at: datetime | None) -> str | None:
    """The time in UTC, such as `2026-03-02T15:00:00Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def time_of(text: str | None) -> datetime | None:
    """The time from its text. Raises ValueError for a text without a zone."""
    at = datetime.fromisoformat(text) if text else None
    if at and at.tzinfo is None:
        raise ValueError(f"the time {text} has no zone")
    return at


def _escalation_json(escalation: Escalation) -> Json:
    facts = {name: getattr(escalation, name) for name in Escalation.__dataclass_fields__}
    values = {name: dict(facts[name]) if facts[name] is not None else None for name in ("before", "wrote")}
    times = {name: time_text(facts[name]) for name in TIMES}
    ladder = ladder_json(escalation.ladder) if escalation.ladder else None
    return facts | values | times | {"ladder": ladder}


def _escalation_of(found: Mapping[str, Any]) -> Escalation:
    times = {name: time_of(found[name]) for name in TIMES}
    ladder = ladder_of(found["ladder"]) if found["ladder"] else None
    return Escalation(**{**found, **times, "state": EscalationState(found["state"]), "ladder": ladder})
