"""True before it is sent: a waiting notice whose escalation has moved on is dropped."""

from collections.abc import Iterable, Iterator, Mapping

from sfdc_escalator.escalation.outbox.queued import NoticeState, Queued
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.pipeline.ports.outbox import Settled

UNDONE = "it was undone"
OVER = {
    EscalationState.CLOSED: "the case was closed",
    EscalationState.GONE: "the case was deleted or merged",
    EscalationState.SUPERSEDED: "another escalation of the case took it over",
    EscalationState.UNDONE: UNDONE,
}


def no_longer_true(queued: Iterable[Queued], known: Mapping[str, Escalation]) -> Iterator[Settled]:
    """Rule N5: a start or a warning is dropped when the escalation is over, a rung when its `until` is reached; others
    are always sent, and so is what may have been delivered already, and what is part of a message that was tried.
    Of what is undone only that is said. `known` are the escalations by key."""
    for one in queued:
        subject = one.notice.subject
        start, turn = known.get(subject.start_key), known.get(subject.key)
        reason = reason_to_drop(one, start, turn) if start and not one.is_fixed else None
        if reason:
            yield Settled((one.id,), NoticeState.DROPPED, reason)


def reason_to_drop(one: Queued, start: Escalation, turn: Escalation | None) -> str | None:
    subject = one.notice.subject
    if subject.kind != "undone" and EscalationState.UNDONE in (start.state, turn and turn.state):
        return UNDONE
    if subject.kind not in ("start", "warn", "rung"):
        return None
    if start.state in OVER:
        return OVER[start.state]
    acknowledged = start.ladder.acknowledged if start.ladder else None
    if subject.kind == "rung" and subject.until == "acknowledged" and acknowledged:
        return "somebody acted"
    return None
