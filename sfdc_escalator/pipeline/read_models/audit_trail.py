"""The audit trail as reports print it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class EscalationEntry:
    """One escalation in a list. `at` is the time of its newest event, `run` the run of that event."""

    key: str
    case_id: str
    case_number: str
    policy: str
    route: str
    rung: str
    state: str
    at: datetime
    run: str


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One event. `body` is the text that was hashed; `note` is None when the event has no note or it was erased."""

    seq: int
    at: datetime
    event: str
    run: str
    hash: str
    body: Mapping[str, Any]
    note: str | None


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of a verification. `head` is the hash of the newest event. No problems: the trail is unchanged."""

    events: int
    head: str | None
    problems: tuple[str, ...]
