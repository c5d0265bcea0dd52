"""A notice: one event for one recipient by one channel, as the outbox keeps it."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sfdc_escalator.escalation.notices.message import Message
from sfdc_escalator.escalation.policy.ladder import Until

NoticeKind = Literal["start", "rung", "warn", "acknowledged", "closed", "exhausted", "guard", "missing", "undone"]


@dataclass(frozen=True, slots=True)
class Subject:
    """The thing that a notice is about: a turn of an escalation, or a route. `key` is that of the turn, `start_key`
    that of the start of its escalation; the case is empty for a route. `until` is that of a rung."""

    kind: NoticeKind
    key: str
    policy: str
    route: str
    rung: str = ""
    turn: int = 1
    start_key: str = ""
    case_id: str = ""
    case_number: str = ""
    until: Until | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as it is queued. `recipient`, `channel`, `to` and `instead_of` are those of its address. It is not sent
    before `at`. `group` is that of `one_notice_per`, for `within`. `missing` is the reason for which nobody can be
    reached. `channel_kind` is the kind of the channel in the policy. `comes_at` is the time
    at which the case of a warning would match. Times are the org's."""

    id: str
    subject: Subject
    recipient: str
    channel: str
    to: str
    urgent: bool
    digest: bool
    queued_at: datetime
    at: datetime
    message: Message
    instead_of: str = ""
    zone: str = ""
    group: str = ""
    within: timedelta = timedelta()
    missing: str = ""
    channel_kind: str = "log"
    comes_at: datetime | None = None


def notice_id(subject: Subject, channel: str, to: str) -> str:
    """The same event, recipient and channel have the same id, in whatever run."""
    return hash_of((subject.key, subject.kind, str(subject.turn), to.lower(), channel))


def bundle_id(ids: Iterable[str]) -> str:
    return hash_of(sorted(ids))


def hash_of(facts: Iterable[str]) -> str:
    return hashlib.sha256("\x1f".join(facts).encode()).hexdigest()[:32]
