"""The things that a person may do with a notice: have it sent again, or drop it."""

from sfdc_escalator.escalation.outbox.queued import NoticeState, Queued

NOT_KNOWN = "the outcome of its escalation is not known yet: a run finds it out"
BEING_SENT = "a run sends it now, or ended while it did: the next run finds it out"


def can_be_sent(one: Queued) -> bool:
    """False for an undelivered notice that has no address, because it was never tried, and for one whose text was
    erased."""
    return one.state is not NoticeState.UNDELIVERED or (one.tries > 0 and bool(one.notice.message.title))


def not_to_retry(one: Queued) -> str | None:
    """The reason for which it cannot be sent again; None where it can."""
    if one.state is NoticeState.UNDELIVERED:
        lacks = f"it has no address: {one.reason}" if one.tries == 0 else "its text was erased after 30 days"
        return None if can_be_sent(one) else f"{lacks}. Call the people, then drop it"
    if one.state is NoticeState.WAITING:
        return f"it waits already: the next run after {one.at:%Y-%m-%d %H:%M} UTC sends it"
    return ended(one)


def not_to_drop(one: Queued) -> str | None:
    """The reason for which it cannot be dropped; None where it can."""
    return None if one.state in (NoticeState.UNDELIVERED, NoticeState.WAITING) else ended(one)


def ended(one: Queued) -> str:
    match one.state:
        case NoticeState.SENT:
            return f"it is sent already, at {one.sent_at:%Y-%m-%d %H:%M} UTC"
        case NoticeState.DROPPED:
            return f"it is dropped already: {one.reason}"
        case NoticeState.INTENDED:
            return NOT_KNOWN
        case _:
            return BEING_SENT
