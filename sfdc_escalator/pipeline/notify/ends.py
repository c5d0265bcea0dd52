"""The end of a try by the answer of the channel (rules N9, N11)."""

from datetime import datetime

from sfdc_escalator.escalation.outbox.batches import Batch
from sfdc_escalator.escalation.outbox.queued import NoticeState
from sfdc_escalator.escalation.outbox.tries import is_given_up, next_try
from sfdc_escalator.pipeline.ports.channel import Broken, Delayed, Delivered, Delivery, Refused, Unanswered
from sfdc_escalator.pipeline.ports.outbox import Settled


def end_of(batch: Batch, answer: Delivery, tried: datetime, *, may_repeat: bool) -> Settled:
    """The end of this try of a message: delivered, to be tried again, or undelivered. `may_repeat`: the service knows a
    message again, or this one cannot have arrived before."""
    ids, row = tuple(one.id for one in batch.rows), batch.rows[0]
    lost = isinstance(answer, Unanswered)
    match answer:
        case Delivered():
            return Settled(ids, NoticeState.SENT, tried=tried, reference=answer.reference, firsts=batch.firsts)
        case Refused():
            return Settled(ids, NoticeState.UNDELIVERED, answer.reason, tried=tried)
        case Unanswered() if not may_repeat:
            reason = f"{answer.reason}; it was sent twice and may have been delivered"
            return Settled(ids, NoticeState.UNDELIVERED, reason, tried=tried, repeats=True)
        case _ if is_given_up(row.first_try or tried, tried):
            return Settled(ids, NoticeState.UNDELIVERED, f"given up after a day: {answer.reason}", tried=tried)
        case Broken():
            return Settled(ids, NoticeState.WAITING, answer.reason, tried=tried)
    asked = answer.after if isinstance(answer, Delayed) else None
    at = next_try(row.tries + 1, tried, asked, row.quiet, row.zone, batch.urgent)
    return Settled(ids, NoticeState.WAITING, answer.reason, at, tried=tried, repeats=lost)
