"""Notices as JSON: what a run sent, what a dry run would queue, what stands in the outbox, and one of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.notices.pages import plain_text
from sfdc_escalator.escalation.outbox.posting import Sender, message_now, together
from sfdc_escalator.escalation.outbox.queued import NoticeState, OutboxCounts, Queued
from sfdc_escalator.pipeline.ports.channel import Delayed, Delivered
from sfdc_escalator.reports.values import instant

if TYPE_CHECKING:  # `status` loads little
    from sfdc_escalator.pipeline.notify.delivery import Sent
    from sfdc_escalator.pipeline.notify.trial import Tried
    from sfdc_escalator.pipeline.read_models.notices import LastAndNext, NoticeEvent, NoticeList, ShownNotice
    from sfdc_escalator.pipeline.run import Result


def notices_json(post: Sent) -> dict[str, int]:
    """Sent and dropped by this run; waiting and undelivered after it."""
    return {"sent": post.sent, **standing_json(post.counts), "dropped": post.dropped}


def standing_json(counts: OutboxCounts) -> dict[str, int]:
    return {"waiting": counts.waiting, "undelivered": counts.undelivered}


def planned_json(result: Result, org: str) -> dict[str, Any]:
    """The notices that a run would queue now, with their whole text."""
    sender, planned = sender_of(result, org), result.notices_planned
    return {"notices_planned": [notice_json(one, sender) for one in planned], "notices_digest": digest(planned)}


def sender_of(result: Result, org: str) -> Sender:
    facts = result.prepared.org_facts
    return Sender(org, facts.caller.organization_id, org if facts.is_sandbox else "")


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


# -- in the outbox -----------------------------------------------------------------------------------------------------


def list_json(found: NoticeList) -> dict[str, Any]:
    return {"ledger": found.where, **standing_json(found.counts), "notices": queued_json(found.notices)}


def last_and_next_json(found: LastAndNext) -> dict[str, Any]:
    return {"last_notices": queued_json(found.last), "next_notices": queued_json(found.next)}


def queued_json(some: Iterable[Queued]) -> list[dict[str, Any]]:
    return [row_json(one) for one in some]


def row_json(one: Queued) -> dict[str, Any]:
    """A notice without its text. `at` is the first time at which it may be sent."""
    notice, about = one.notice, one.notice.subject
    return {
        "id": one.id,
        "kind": about.kind,
        "state": one.state.value,
        "case_number": about.case_number or None,
        "policy": about.policy,
        "route": about.route,
        "rung": about.rung or None,
        "turn": about.turn,
        "key": about.key,
        "channel": notice.channel or None,
        "recipient": notice.recipient,
        "to": notice.to or None,
        "instead_of": notice.instead_of or None,
        "urgent": notice.urgent,
        "digest": notice.digest,
        "queued_at": instant(notice.queued_at),
        "at": instant(one.at),
        "tries": one.tries,
        "last_try": maybe(one.last_try),
        "sent_at": maybe(one.sent_at),
        "reason": one.reason or None,
        "reference": one.reference or None,
    }


def maybe(at: datetime | None) -> str | None:
    return instant(at) if at else None


def shown_json(shown: ShownNotice, org: str) -> dict[str, Any]:
    """The notice with its whole message, and its events."""
    return {
        "ledger": shown.where,
        **row_json(shown.notice),
        "text": message_text(shown, org),
        "with": [one.id for one in shown.beside],
        "events": [event_json(one) for one in shown.events],
    }


def message_text(shown: ShownNotice, org: str) -> str | None:
    """The message as it goes out, or went out; None where its text was erased."""
    sender = Sender(org, shown.organization_id, org if shown.is_sandbox else "")
    if not all(one.notice.message.title for one in shown.together):
        return None
    messages = [message_now(one, sender, shown.acknowledged.get(one.id)) for one in shown.together]
    if len(messages) == 1 and not shown.notice.notice.digest:
        return plain_text(messages[0])
    return plain_text(together(messages, "digest" if shown.notice.notice.digest else "bundle", sender))


def event_json(one: NoticeEvent) -> dict[str, Any]:
    return {"at": instant(one.at), "event": one.event, "reason": one.reason or None, "by": one.by or None}


def retried_json(again: Sequence[Queued], left: Sequence[Queued]) -> dict[str, Any]:
    return {"retried": queued_json(again), "left": queued_json(left)}


def dropped_json(dropped: Sequence[Queued], why: str) -> dict[str, Any]:
    return {"dropped": queued_json(dropped), "why": why}


def tried_json(tried: Tried) -> dict[str, Any]:
    answer = tried.answer
    after = answer.after if isinstance(answer, Delayed) else None
    return {
        "id": tried.id,
        "channel": tried.channel,
        "kind": tried.kind,
        "by": tried.by,
        "to": tried.to or None,
        "delivered": isinstance(answer, Delivered),
        "reference": answer.reference or None if isinstance(answer, Delivered) else None,
        "reason": None if isinstance(answer, Delivered) else answer.reason,
        "retry_after": int(after.total_seconds()) if after else None,
    }
