"""A notice in the outbox: how far its delivery is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sfdc_escalator.escalation.notices.notice import Notice


class NoticeState(StrEnum):
    """`intended` waits for the outcome of its escalation, `waiting` for its time, `sending` for an answer. The others
    are ends; an undelivered one waits for a person."""

    INTENDED = "intended"
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    UNDELIVERED = "undelivered"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Queued:
    """`at` and `held` are those of now, and may differ from those of the notice. `bundle` is the id of the message that
    it was first tried with. `repeats` counts the tries that may have been delivered. `remark` was added when the
    outcome of its escalation was known. `is_busy`: another process that lives sends it now. Times are the org's."""

    notice: Notice
    state: NoticeState
    at: datetime
    held: bool = False
    bundle: str = ""
    tries: int = 0
    first_try: datetime | None = None
    last_try: datetime | None = None
    reason: str = ""
    remark: str = ""
    repeats: int = 0
    is_busy: bool = False
    sent_at: datetime | None = None
    reference: str = ""

    @property
    def may_have_arrived(self) -> bool:
        """True where a try may have been delivered: its answer did not come, or its run ended before."""
        return self.repeats > 0 or self.state is NoticeState.SENDING

    @property
    def is_fixed(self) -> bool:
        """True where it is sent whatever comes: it may have arrived, or it is part of a message that was tried."""
        return self.may_have_arrived or self.bundle not in ("", self.id)

    @property
    def id(self) -> str:
        return self.notice.id


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """The notices that stand in the outbox: those that wait, and those that a person has to look at."""

    waiting: int = 0
    undelivered: int = 0


KEPT = timedelta(days=30)
"""Texts of notices that ended are erased after this time."""
