"""Notices as JSON: what a run sent, what stands in the outbox, and what a dry run would queue."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.notices.pages import plain_text
from sfdc_escalator.escalation.outbox.posting import Sender, message_now
from sfdc_escalator.escalation.outbox.queued import NoticeState, OutboxCounts, Queued
from sfdc_escalator.pipeline.notify.delivery import Sent
from sfdc_escalator.pipeline.run import Result
from sfdc_escalator.reports.values import instant


def notices_json(post: Sent) -> dict[str, int]:
    """Sent and dropped by this run; waiting and undelivered after it."""
    return {"sent": post.sent, **standing_json(post.counts), "dropped": post.dropped}


def standing_json(counts: OutboxCounts) -> dict[str, int]:
    return {"waiting": counts.waiting, "undelivered": counts.undelivered}


def planned_json(result: Result, org: str) -> dict[str, Any]:
    """The notices that a run would queue now, with their whole text."""
    facts = result.prepared.org_facts
    sender = Sender(org, facts.caller.organization_id, org if facts.is_sandbox else "")
    planned = result.notices_planned
    return {"notices_planned": [notice_json(one, sender) for one in planned], "notices_digest": digest(planned)}


def notice_json(one: Notice, sender: Sender) -> dict[str, Any]:
    about = one.subject
    return {
        "id": one.id,
        "kind": about.kind,
        "channel": one.channel,
        "recipient": one.recipient,
        "urgent": one.urgent,
        "at": instant(one.at),
        "case_number": about.case_number,
        "route": about.route,
        "rung": about.rung,
        "turn": about.turn,
        "text": text_of(one, sender),
    }


def text_of(one: Notice, sender: Sender) -> str:
    return plain_text(message_now(Queued(one, NoticeState.WAITING, one.at), sender))


def digest(planned: Iterable[Notice]) -> str:
    """SHA-256 of who is notified of what: no texts and no times."""
    content = sorted([one.id, one.channel, one.recipient, one.urgent, one.digest] for one in planned)
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()
