"""Notices for tests: with every value filled in, about the escalations of `tests/ledger/sample.py`."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sfdc_escalator.escalation.notices.message import Line, Link, Message
from sfdc_escalator.escalation.notices.notice import Notice, NoticeKind, Subject, notice_id
from sfdc_escalator.escalation.policy.ladder import Until
from sfdc_escalator.escalation.world.escalation import Escalation
from tests.ledger.sample import AT, escalation

NOW = AT.replace(microsecond=0)
TEXT = "Jane Roe of Acme writes: it broke again"
"""A customer's own words."""


def notice(
    about: Escalation | int = 1,
    kind: NoticeKind = "start",
    channel: str = "desk",
    to: str = "",
    *,
    start: Escalation | None = None,
    **changed: Any,
) -> Notice:
    """A notice about this escalation, or the one with this number; `start` is that of its ladder."""
    about = about if isinstance(about, Escalation) else escalation(about)
    start = start or about
    until: Until | None = "acknowledged" if kind == "rung" else None
    subject = Subject(
        kind, about.key, about.policy, about.route, about.rung, about.turn, start.key, about.case_id, about.case_number,
        until,
    )  # fmt: skip
    made = Notice(
        id=notice_id(subject, channel, to),
        subject=subject,
        recipient="leads",
        channel=channel,
        to=to,
        urgent=False,
        digest=False,
        queued_at=NOW,
        at=NOW,
        message=message(subject),
        zone="Europe/Berlin",
    )
    if "until" in changed:
        made = replace(made, subject=replace(subject, until=changed.pop("until")))
    return replace(made, **changed)


def message(subject: Subject) -> Message:
    facts = {"kind": subject.kind, "policy": subject.policy, "route": subject.route, "say": {"Subject": TEXT}}
    return Message(
        id="",
        kind=subject.kind,
        title=f"ESCALATION {subject.case_number}: {subject.route}",
        lines=(Line("Subject", TEXT, kept=True), Line("Reason", "It waits.")),
        links=(Link("Case", f"https://acme.my.salesforce.com/{subject.case_id}"),),
        key=subject.key,
        case_id=subject.case_id,
        case_number=subject.case_number,
        alarm=subject.start_key,
        facts=facts,
    )


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)
