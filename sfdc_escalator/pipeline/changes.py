"""The changes that the ledger records of an order: the escalation after the change, and the facts of the event."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.decisions.order_json import counted_json
from sfdc_escalator.escalation.policy.steps import StepState, values_written
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import FIRST_RUNG, Identity
from sfdc_escalator.pipeline.ports.ledger import Change
from sfdc_escalator.pipeline.ports.writing import Write

SENT = frozenset({EscalationState.SENDING, EscalationState.APPLIED, EscalationState.UNKNOWN, EscalationState.GONE})


def escalation_of(
    order: Order,
    state: EscalationState,
    *,
    attempts: int = 0,
    tried_at: datetime | None = None,
    message: str = "",
) -> Escalation:
    """The order as the ledger records it in this state."""
    before, wrote = (order.before, order.after) if state in SENT else (None, None)
    return Escalation.of(
        order.identity,
        state,
        before=before,
        wrote=wrote,
        attempts=attempts,
        tried_at=tried_at,
        message=message,
        ladder=order.ladder,
        moment=order.moment,
        start_key=order.start_key,
    )


def escalation_found(identity: Identity, at: datetime) -> Escalation:
    """An escalation that another run wrote at that time: the values before and after are not known."""
    start_key = "" if identity.rung == FIRST_RUNG else identity.start_key
    return Escalation.of(identity, EscalationState.APPLIED, tried_at=at, start_key=start_key)


def change(
    order: Order, event: str, escalation: Escalation, facts: Mapping[str, Any] | None = None, **more: Any
) -> Change:
    """The change by this order; its event names the saved plan that the order comes from."""
    of_plan = {"plan": order.plan} if order.plan else {}
    about = order.case_number, order.policy_digest, order.findings
    return Change(event, escalation, *about, facts={**(facts or {}), **of_plan} or None, **more)


def intended(order: Order, now: datetime, *, together: bool) -> Change:
    """The change stored before the call: the whole order, and the org's time."""
    escalation = escalation_of(order, EscalationState.SENDING, tried_at=now)
    facts = {"steps": steps(order), "together": together, **counted_facts(order), **undo_facts(order)}
    return change(order, "intended", escalation, note=order.note, facts=facts, notices=order.notices)


def counted_facts(order: Order) -> Mapping[str, Any]:
    """The facts that a report counts a start by; none of a rung, which counts with its start."""
    return {"counted": counted_json(order.counted)} if order.identity.rung == FIRST_RUNG else {}


def undo_facts(order: Order) -> Mapping[str, Any]:
    """The person behind an undo, and the keys that it takes back."""
    return {"by": order.by, "undoes": [one.key for one in order.undoes]} if order.undoes else {}


def undone(order: Order) -> list[Change]:
    """The escalations that the order takes back, once it is carried out."""
    ended = (replace(one, state=EscalationState.UNDONE, message="") for one in order.undoes)
    return [change(order, "undone", one, facts={"by": order.by, "undo": order.key}) for one in ended]


def superseded(order: Order) -> list[Change]:
    """The escalations that the order takes over."""
    ended = (replace(one, state=EscalationState.SUPERSEDED) for one in order.takes_over)
    return [change(order, "superseded", one) for one in ended]


def climbed(order: Order) -> list[Change]:
    """The turns that are skipped, and the start with the rungs that are moved, because this rung is carried out."""
    skipped = [change(order, "skipped", one) for one in order.skips]
    return [*skipped, *([change(order, "moved", order.ladder_after)] if order.ladder_after else [])]


def steps(order: Order) -> list[Mapping[str, str | None]]:
    """The steps as an event records them; the note's text is personal and stays out."""
    return [
        {"step": step.name, "before": step.before, "after": None if step.is_note else step.after}
        for step in order.steps
        if step.state is StepState.PLANNED
    ]


def write_of(order: Order) -> Write:
    """The write that carries out the order: only the steps that are planned."""
    return Write(
        key=order.key,
        case_id=order.case_id,
        note=order.note,
        published=order.published,
        values=values_written(order.steps),
        post=order.post,
    )
