"""What a run asks of the worlds outside it, and the values that pass through.

An edge raises errors of our own tree only. What the org says to a write is a value, not an error: see `Answer`.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.case import Case, FieldValues
from sfdc_escalator.escalation.world.history import Escalation, History
from sfdc_escalator.escalation.world.needs import Need
from sfdc_escalator.escalation.world.org import Caller, OrgFacts

RouteName = tuple[str, str]
"""(policy, route)"""


@dataclass(frozen=True, slots=True)
class Poll:
    """The cases that a poll read. `at` is the Date header of its first page; `broken` says why a route was not."""

    cases: tuple[Case, ...]
    at: datetime
    broken: Mapping[RouteName, str]


@dataclass(frozen=True, slots=True)
class KeyedNote:
    """A note with a key on its last line, by one of the users asked for."""

    key: str
    line: str
    case_id: str
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseNow:
    """A case as it stands, deleted or not. `master_id` names the case that it was merged into; `keys` the keys on the
    last lines of the notes asked for."""

    case: Case
    is_closed: bool
    is_deleted: bool
    master_id: str | None
    keys: frozenset[str] = frozenset()


class Post(NamedTuple):
    """A note on a record beside the case, such as its account."""

    parent_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Write:
    """One case in a chunk: its note, then the new owner, status and priority. None = the step is not sent."""

    key: str
    case_id: str
    note: str
    published: bool
    owner_id: str | None
    status: str | None
    priority: str | None
    post: Post | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Up to 200 writes that commit or roll back as one. `polled_at` is the time of the poll that they rest on."""

    writes: tuple[Write, ...]
    polled_at: datetime
    together: bool = False


@dataclass(frozen=True, slots=True)
class Committed:
    """Everything was written; `call` names the API call for the audit trail."""

    call: str


@dataclass(frozen=True, slots=True)
class Moved:
    """The guard stopped it: a case changed since the poll. Nothing was written."""


class ErrorKind(StrEnum):
    """Why a write was turned down, as far as it decides what to do next. DUPLICATE: the org has this key already."""

    ROW = "row"
    DUPLICATE = "duplicate"
    LOCK = "lock"
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class RowError:
    """What the org says of one case."""

    fault: ErrorKind
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class RolledBack:
    """Nothing was written. `rows` names the cases that the org complains of; empty when it is about the whole."""

    rows: Mapping[str, RowError]
    error: RowError


@dataclass(frozen=True, slots=True)
class NotExecuted:
    """The request never ran; it is safe to send it again. `reason` is for people."""

    reason: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have been written; only reading can tell."""

    reason: str


Answer = Committed | Moved | RolledBack | NotExecuted | Unknown


class Org(Protocol):
    """A Salesforce org. Reads are retried inside; a write is sent once per call of `write`."""

    @property
    def api_calls(self) -> int:
        """The API calls made so far."""
        ...

    @property
    def retries(self) -> int:
        """How often a call was tried again so far."""
        ...

    @property
    def guard(self) -> str:
        """`full`, or `weak` where the org does not take the comment clause of the guard query."""
        ...

    def identify(self) -> Caller:
        """The first answer of the org. Raises OrgUnavailable."""
        ...

    def facts(self, caller: Caller, policies: Sequence[Policy]) -> OrgFacts:
        """Queues with members, the open count, and the objects that the policies read."""
        ...

    def poll(self, policies: Sequence[Policy], org_facts: OrgFacts, case: str | None) -> Poll:
        """The open cases that the policies' queries return, by id; with `case` (number or id) that case alone,
        whatever the criteria. Long text and comments are left out."""
        ...

    def longest_waiting(self, policies: Sequence[Policy], org_facts: OrgFacts, most: int) -> tuple[Case, ...]:
        """The oldest cases in the policies' scopes, whatever their routes ask, read as a poll reads them."""
        ...

    def complete(self, cases: Sequence[Case], needs: frozenset[Need], us: frozenset[str]) -> tuple[Case, ...]:
        """The same cases with their long text and all evidence that `needs` names; `us` are our own user ids."""
        ...

    def keyed_notes(self, case_ids: Sequence[str], users: frozenset[str]) -> tuple[KeyedNote, ...]:
        """The notes with a key on these cases by these users, oldest first."""
        ...

    def keyed_notes_everywhere(self, users: frozenset[str]) -> tuple[KeyedNote, ...]:
        """All notes with a key by these users, whatever the case, oldest first."""
        ...

    def merged_into(self, case_ids: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """The cases that were merged into each of these."""
        ...

    def cases_now(self, case_ids: Sequence[str], paths: frozenset[str], users: frozenset[str]) -> Mapping[str, CaseNow]:
        """These cases, deleted ones too, with what the paths say short of long text; and, with `users`, the keys of
        their notes, deleted ones too, in the very same answer. A case that cannot be seen is left out."""
        ...

    def write(self, chunk: Chunk) -> Answer:
        """One guarded all-or-nothing write of the chunk. Never raises for what the org or the line does."""
        ...

    def pause(self, attempt: int) -> bool:
        """Waits before a locked chunk is sent again, longer each time; False when the run's time is used up."""
        ...

    def unmoved(self, chunk: Chunk) -> frozenset[str]:
        """The cases of the chunk that the guard lets pass now."""
        ...

    def read_back(self, case_ids: Sequence[str]) -> Mapping[str, FieldValues]:
        """The values of the fields that steps write, as they stand after a commit; a case that is gone is left out."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an escalation and the event that tells of it; both are stored in one transaction.

    `event` is one of intended, applied, rejected, unknown, returned (nothing written, to be sent again), deferred,
    found, recovered, absent, resolved (a person said so), merged, gone, closed, ended, adopted, superseded, bounced.
    `note` is personal text: the event holds only its salted hash. `facts` are further JSON values for the event.
    """

    event: str
    escalation: Escalation
    case_number: str
    policy_digest: str
    reasons: tuple[str, ...] = ()
    note: str | None = None
    call: str | None = None
    facts: Mapping[str, Any] | None = None


class HistoryReader(Protocol):
    """The ledger as a dry run sees it: nothing is created, nothing is written."""

    @property
    def where(self) -> str:
        """The ledger's URL or path, without secrets."""
        ...

    def history(self, organization_id: str) -> History: ...

    def head(self) -> str | None:
        """The hash of the newest event; None when there is none."""
        ...


class Lease(Protocol):
    """The right to work on one org. Every write checks that it is still ours, and raises LeaseLost when not."""

    def record(self, changes: Sequence[Change]) -> None:
        """Stores the changes and their events, all or nothing, durable when it returns."""
        ...

    def check(self) -> None:
        """Raises LeaseLost when the lease is no longer ours."""
        ...

    def mark_live(self, routes: Sequence[RouteName]) -> None:
        """These routes have run live in this org."""
        ...

    def finish(self, result: Mapping[str, Any]) -> None:
        """The run's last event: its counts and exit code."""
        ...


@dataclass(frozen=True, slots=True)
class RunStart:
    """Who starts a run, on what. `policies` maps names to digests."""

    run: str
    organization_id: str
    user_id: str
    policies: Mapping[str, str]


class Ledger(HistoryReader, Protocol):
    def lease(self, start: RunStart) -> AbstractContextManager[Lease]:
        """Takes the run lease of the org and stores the run's first event. Raises RunBusy while somebody holds it."""
        ...
