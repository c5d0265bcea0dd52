"""Notices as reports print them: those of a ledger, and all that happened to one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sfdc_escalator.escalation.outbox.queued import NoticeState, OutboxCounts, Queued
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged
from sfdc_escalator.escalation.world.waitlist import Waiting

SHORT = 8
"""Signs of an id in a text: enough to tell it from the others."""
MOST_SHOWN = 5
"""The last and the next notices that a report shows."""


@dataclass(frozen=True, slots=True)
class NoticeEvent:
    """One event of a notice, by the clock of the ledger: `queued`, `tried`, `sent`, `undelivered`, `retried`,
    `dropped`. `by` is the person who retried or dropped it."""

    at: datetime
    event: str
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class NoticeList:
    """The notices of a ledger: those that wait for a person first. They come without their texts."""

    where: str
    counts: OutboxCounts
    notices: tuple[Queued, ...]


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """One notice with its text and its events. `together` are the notices of its message, itself among them: others
    only since the first try. `acknowledged` are the acts that the message names, by id. `is_sandbox` is None where
    no run recorded it."""

    where: str
    organization_id: str
    notice: Queued
    together: tuple[Queued, ...]
    acknowledged: Mapping[str, Acknowledged] = field(default_factory=dict)
    events: tuple[NoticeEvent, ...] = ()
    is_sandbox: bool | None = None

    @property
    def beside(self) -> tuple[Queued, ...]:
        """The other notices of its message."""
        return tuple(one for one in self.together if one.id != self.notice.id)


@dataclass(frozen=True, slots=True)
class LastAndNext:
    """The notices that ended last, the newest first, and those that wait, the next one first."""

    last: tuple[Queued, ...] = ()
    next: tuple[Queued, ...] = ()


def short(notice_id: str) -> str:
    return notice_id[:SHORT]


def waiting_for_a_person(undelivered: Iterable[Queued]) -> tuple[Waiting, ...]:
    """The undelivered notices as things that wait for a person."""
    return tuple(waiting_of(one) for one in undelivered)


def waiting_of(one: Queued) -> Waiting:
    about = one.notice.subject
    by = f" by {one.notice.channel}" if one.notice.channel else ""
    reason = f"the notice {short(one.id)} ({about.kind}) to {one.notice.recipient}{by} is not delivered: {one.reason}"
    return Waiting(NoticeState.UNDELIVERED.value, reason, about.policy, about.route, about.case_number, one.id)
