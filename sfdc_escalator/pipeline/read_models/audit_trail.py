"""The audit trail as reports print it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple


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
    """One event. `body` is the text that was hashed; `note` is None when the event has no note or it was erased. The
    other texts that are kept apart are `texts`, by name: `reasons`, `message`, `why`; None where they were erased."""

    seq: int
    at: datetime
    event: str
    run: str
    hash: str
    body: Mapping[str, Any]
    note: str | None
    texts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListedOnly:
    """The escalations that a list shows: those of a case (number or id), of a route (`route` or `policy/route`), with
    an event of a run, in a state, and with their newest event in [since, until)."""

    case: str | None = None
    route: str | None = None
    run: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class ExportedEvent(NamedTuple):
    """One event as others verify it: `hash` is SHA-256 of the bytes of `prev` and of `body`; both are hexadecimal."""

    seq: int
    at: str
    org_at: str | None
    prev: str
    hash: str
    body: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """The end of an erasure. `case_ids` are the case and those merged with it; `texts` counts what was deleted;
    `erased_before` is the time of the earlier erasure where there was nothing left to do. `in_the_clear` counts events
    of older versions that hold a reason themselves. `not_cleaned` is the reason for which deleted rows may still be
    found in the files; `copies` are the backups that migrations left beside the ledger."""

    where: str
    case_id: str
    case_number: str
    case_ids: tuple[str, ...]
    texts: int
    erased_before: str | None
    in_the_clear: int
    not_cleaned: str
    copies: tuple[str, ...]
    is_on_a_server: bool


class OrgPruned(NamedTuple):
    """The numbers of what was removed of one org at one time. `idle_runs_through` is the number of the event that binds
    the last row of idle runs that was removed, 0 where none was."""

    before: datetime
    escalations: int
    events: int
    texts: int
    notices: int
    idle_runs: int
    idle_runs_through: int


@dataclass(frozen=True, slots=True)
class Pruning:
    """The end of `ledger prune`: what was removed of each org. The other facts are those of `Erasure`."""

    where: str
    before: datetime
    pruned: tuple[OrgPruned, ...]
    not_cleaned: str
    copies: tuple[str, ...]
    is_on_a_server: bool


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of a verification. `head` is the hash of the newest event, or of the idle runs after it. No problems:
    the trail is unchanged. `erased` are the ids of the cases whose texts were erased, as events record it. `idle_runs`
    counts the runs that found nothing to do and are kept together. `pruned` is what was removed."""

    events: int
    head: str | None
    problems: tuple[str, ...]
    erased: tuple[str, ...] = ()
    idle_runs: int = 0
    pruned: tuple[OrgPruned, ...] = ()
