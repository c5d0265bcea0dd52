"""Notices for the ledger's tests."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sfdc_escalator.escalation.notices.message import Line, Link, Message
from sfdc_escalator.escalation.notices.notice import Notice, Subject, notice_id
from sfdc_escalator.escalation.world.history import EscalationState
from sfdc_escalator.ledger.store import SqlLedger
from sfdc_escalator.ledger.trail.outbox import SqlOutbox
from sfdc_escalator.pipeline.ports.ledger import RunStart
from tests.ledger.sample import AT, ORG, change, escalation, start

STARTED = AT.replace(microsecond=0)
TEXT = "The customer waits since Tuesday."


def notice(number: int = 1, channel: str = "desk", to: str = "", at: datetime = STARTED, **more: Any) -> Notice:
    """A notice of the start of the escalation with this number, to the team `leads`."""
    one = escalation(number)
    subject = Subject(
        "start", one.key, one.policy, one.route, start_key=one.key, case_id=one.case_id, case_number=one.case_number
    )
    message = Message(
        id="",
        kind="start",
        title=f"{one.case_number}: {one.route}",
        lines=(Line("Needed", "Call back.", kept=True), Line("Reason", TEXT)),
        links=(Link("Case", f"https://acme.example.com/{one.case_id}"),),
        key=one.key,
        case_id=one.case_id,
        case_number=one.case_number,
    )
    made = Notice(
        id=notice_id(subject, channel, to),
        subject=subject,
        recipient="leads",
        channel=channel,
        to=to,
        urgent=False,
        digest=False,
        queued_at=at,
        at=at,
        message=message,
    )
    return replace(made, **more)


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
