"""Stores the findings of reading and the adopted backlog in the ledger, before anything is sent."""

from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.world.history import Escalation, EscalationState
from sfdc_escalator.pipeline.ports.ledger import Change, Lease
from sfdc_escalator.pipeline.preparing.prepare import Prepared


def remember(prepared: Prepared, lease: Lease) -> None:
    changes = [Change(one.event, one.escalation, one.escalation.case_number, "") for one in prepared.settled]
    changes += prepared.found
    changes += [adopted(prepared, match) for match in prepared.plan.adopted]
    if changes:
        lease.record(changes)


def adopted(prepared: Prepared, match: Match) -> Change:
    escalation = Escalation.of(match.identity, EscalationState.ADOPTED, tried_at=prepared.plan.now)
    return Change("adopted", escalation, match.case.number, match.policy.digest, match.findings)
