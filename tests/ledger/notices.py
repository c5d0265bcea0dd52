"""The outbox of a run that queued notices."""

from dataclasses import replace

from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.ledger.store import SqlLedger
from sfdc_escalator.ledger.trail.outbox import SqlOutbox
from sfdc_escalator.pipeline.ports.ledger import RunStart
from tests.ledger.sample import ORG, change, escalation, start


def queue(ledger: SqlLedger, *notices: Notice, run: RunStart | None = None) -> SqlOutbox:
    """The outbox after a run that applied the escalations of these notices and queued them."""
    numbers = {int(one.subject.case_id[3:15]): one.subject.key for one in notices}
    with ledger.lease(run or start()) as lease:
        for number, key in numbers.items():
            lease.record([change(escalation(number))])
            applied = change(escalation(number), EscalationState.APPLIED)
            ours = tuple(one for one in notices if one.subject.key == key)
            lease.record([replace(applied, notices=ours)])
        lease.finish({"exit": 0})
    return SqlOutbox(ledger, ORG, "run-1")
