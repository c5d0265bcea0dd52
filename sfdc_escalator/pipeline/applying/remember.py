"""Stores the findings of reading and the adopted backlog in the ledger, before anything is sent."""

from datetime import datetime

from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.on_ladder import seen_rungs
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import RungName
from sfdc_escalator.pipeline.changes import change, climbed, escalation_of
from sfdc_escalator.pipeline.ports.ledger import Change, Lease
from sfdc_escalator.pipeline.preparing.prepare import Prepared
from sfdc_escalator.pipeline.preparing.recover import Settled

MOVE_WAITS = (EscalationState.WITHHELD, EscalationState.REJECTED)
"""The states of a rung that counts as climbed, and whose move is tried again."""


def remember(prepared: Prepared, lease: Lease) -> None:
    new = {one.escalation.key for one in prepared.found if one.event == "found"}
    known, late = list[Change](), list[Change]()
    for one in prepared.settled:  # what is undone, or ends though the ledger has it only now, comes after what is found
        (late if one.event == "undone" or one.escalation.key in new else known).append(settled(prepared, one))
    changes = [*known, *prepared.found, *late]
    changes += [adopted(prepared, match) for match in prepared.plan.adopted]
    changes += [change for match in prepared.plan.matches for change in of_rung(match, prepared.plan.now)]
    changes += [Change("skipped", one, one.case_number, "") for one in prepared.skipped]
    if changes:
        lease.record(changes)
    remember_rungs(prepared, lease)
    if prepared.ladders.begun or prepared.ladders.ended:
        lease.record_holds(prepared.ladders.begun, prepared.ladders.ended)


def settled(prepared: Prepared, one: Settled) -> Change:
    notices = prepared.notices.get((one.event, one.escalation.key), ())
    facts = {"closed_at": f"{one.closed_at:%Y-%m-%dT%H:%M:%SZ}"} if one.closed_at else None
    return Change(one.event, one.escalation, one.escalation.case_number, "", facts=facts, notices=notices)


def remember_rungs(prepared: Prepared, lease: Lease) -> None:
    """The rungs that this run is the first to see, before it starts an escalation, and those that are gone. A renamed
    one keeps the time at which it was first seen, and its former name is gone: who takes the name back has a new rung.
    """
    history, plan = prepared.history, prepared.plan
    first_seen: dict[RungName, datetime] = {}
    for policy in plan.policies:
        for route in policy.routes:
            known = seen_rungs(history, policy, route)
            first_seen |= {(policy.name, route.name, one): known.get(one, plan.now) for one in route.ladder.ids}
    recorded = {(*route, rung) for route, rungs in history.rungs.items() for rung in rungs}
    of_policies = {policy.name for policy in plan.policies}
    new = {name: at for name, at in first_seen.items() if name not in recorded}
    gone = [name for name in recorded if name[0] in of_policies and name not in first_seen]
    if new or gone:
        lease.see_rungs(new, gone)


def of_rung(match: Match, now: datetime) -> list[Change]:
    """The changes by a rung that this run carries out, whose move a guard withholds, or that this org cannot carry out:
    each counts as climbed. The ledger keeps the last two as withheld, so that each run tries them again."""
    order = match.order
    if match.rung is None or order is None or match.state not in (State.PLANNED, State.WITHHELD, State.REJECTED):
        return []
    is_known = match.escalation is not None and match.escalation.state in MOVE_WAITS
    if match.state is State.PLANNED or is_known:
        return climbed(order)
    withheld = escalation_of(order, EscalationState.WITHHELD, tried_at=now, message=match.reason)
    return [change(order, "withheld", withheld, notices=order.notices), *climbed(order)]


def adopted(prepared: Prepared, match: Match) -> Change:
    escalation = Escalation.of(match.identity, EscalationState.ADOPTED, tried_at=prepared.plan.now)
    return Change("adopted", escalation, match.case.number, match.policy.digest, match.findings)
