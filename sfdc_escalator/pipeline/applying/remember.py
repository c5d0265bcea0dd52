"""Stores the findings of reading and the adopted backlog in the ledger, before anything is sent."""

from datetime import datetime

from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.world.history import Escalation, EscalationState
from sfdc_escalator.pipeline.changes import change, climbed, escalation_of
from sfdc_escalator.pipeline.ports.ledger import Change, Lease
from sfdc_escalator.pipeline.preparing.prepare import Prepared

MOVE_WAITS = (EscalationState.WITHHELD, EscalationState.REJECTED)
"""The states of a rung that counts as climbed, and whose move is tried again."""


def remember(prepared: Prepared, lease: Lease) -> None:
    changes = [Change(one.event, one.escalation, one.escalation.case_number, "") for one in prepared.settled]
    changes += prepared.found
    changes += [adopted(prepared, match) for match in prepared.plan.adopted]
    changes += [change for match in prepared.plan.matches for change in of_rung(match, prepared.plan.now)]
    changes += [Change("skipped", one, one.case_number, "") for one in prepared.skipped]
    if changes:
        lease.record(changes)
    remember_rungs(prepared, lease)
    if prepared.ladders.begun or prepared.ladders.ended:
        lease.record_holds(prepared.ladders.begun, prepared.ladders.ended)


def remember_rungs(prepared: Prepared, lease: Lease) -> None:
    """The rungs that this run is the first to see, before it starts an escalation, and those that are gone."""
    known = prepared.history.rungs
    routes = [(policy.name, route) for policy in prepared.plan.policies for route in policy.routes]
    written = {(policy, name, rung) for policy, route in routes for name in route.names for rung in route.ladder.ids}
    seen = [
        (policy, route.name, rung.id)
        for policy, route in routes
        for rung in route.ladder.rungs
        if not any(one in known.get((policy, name), {}) for name in route.names for one in rung.ids)
    ]
    of_policies = {policy.name for policy in prepared.plan.policies}
    gone = [
        (policy, route, rung)
        for (policy, route), rungs in known.items()
        for rung in rungs
        if policy in of_policies and (policy, route, rung) not in written
    ]
    if seen or gone:
        lease.see_rungs(seen, gone, prepared.plan.now)


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
    return [change(order, "withheld", withheld), *climbed(order)]


def adopted(prepared: Prepared, match: Match) -> Change:
    escalation = Escalation.of(match.identity, EscalationState.ADOPTED, tried_at=prepared.plan.now)
    return Change("adopted", escalation, match.case.number, match.policy.digest, match.findings)
