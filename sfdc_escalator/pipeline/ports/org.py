"""The org as a run sees it. An edge raises errors of our own tree only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sfdc_escalator.escalation.notices.people import People
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.saved.since import CaseSince, Changes
from sfdc_escalator.escalation.world.case import Case, FieldValues
from sfdc_escalator.escalation.world.keys import RouteName
from sfdc_escalator.escalation.world.needs import Lookup, Need
from sfdc_escalator.escalation.world.org import Caller, OrgFacts
from sfdc_escalator.pipeline.ports.writing import Answer, Chunk


@dataclass(frozen=True, slots=True)
class CasePage:
    """One page of a poll. `at` is the Date header of the poll's first page; `broken` has the reasons of the routes that
    are not read, as far as they are known: a later page may have more of them."""

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
    published: bool = False


@dataclass(frozen=True, slots=True)
class CaseNow:
    """A case as it is now, deleted or not. `master_id` names the case that it was merged into; `keys` the keys on the
    last lines of the notes asked for. `closed_at` is its ClosedDate, None where that is empty or not to be read."""

    case: Case
    is_closed: bool
    is_deleted: bool
    master_id: str | None
    keys: frozenset[str] = frozenset()
    closed_at: datetime | None = None


class Org(Protocol):
    """A Salesforce org. Reads are retried inside; a write is sent once per call of `write`."""

    @property
    def api_calls(self) -> int:
        """The API calls made so far."""
        ...

    @property
    def retries(self) -> int:
        """The number of calls that were tried again so far."""
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

    def poll(self, policies: Sequence[Policy], org_facts: OrgFacts, case: str | None) -> Iterator[CasePage]:
        """The open cases that the policies' queries return, page by page, each case once; with `case` (number or id)
        that case alone, whatever the criteria. Long text and comments are left out. There is at least one page; other
        reads may come between the pages. A page sequence that is lost is taken up again twice, behind the last id that
        came; then this raises OrgUnavailable."""
        ...

    def longest_waiting(self, policies: Sequence[Policy], org_facts: OrgFacts, most: int) -> tuple[Case, ...]:
        """The oldest cases in the policies' scopes, whether or not a route matches them, read as a poll reads them."""
        ...

    def complete(self, cases: Sequence[Case], needs: frozenset[Need], us: frozenset[str]) -> tuple[Case, ...]:
        """The same cases with their long text and all lookups in `needs`; `us` are our own user ids."""
        ...

    def touched(self, since: datetime, needs: frozenset[Lookup]) -> frozenset[str] | None:
        """The ids of the cases with a record that is new since then, of a kind that is needed: a change in the history
        of a field, a message, or a child record of the case. Changes and comments by our user are left out. What the
        org does not track or does not have is not seen. None if it cannot be said: any case may have such a record."""
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
        """These cases, deleted ones too, with the fields of the paths but no long text; and, with `users`, the keys of
        their notes, deleted ones too, in the same answer. A case that cannot be seen is left out."""
        ...

    def cases_since(self, case_ids: Sequence[str], when: datetime) -> tuple[Mapping[str, CaseSince], datetime]:
        """These cases as they are now, deleted ones too, with their comments of that second or later, whoever wrote
        them; and the Date header of the first answer. A case that cannot be seen is left out."""
        ...

    def changes_since(self, case_ids: Sequence[str], when: datetime) -> Changes:
        """The last change of owner, status and priority of these cases, in that second or later. A field of which the
        org keeps no history is left out."""
        ...

    def people(self, ids: Sequence[str]) -> People:
        """The users with these ids, with their managers, and the queues and groups with their members. An id that the
        org does not have, or that is of another object, is left out."""
        ...

    def write(self, chunk: Chunk) -> Answer:
        """One guarded all-or-nothing write of the chunk. Never raises for what the org or the line does."""
        ...

    def pause(self, attempt: int, asked: float | None = None) -> bool:
        """Waits before a chunk is sent again, longer each time, or the seconds that the org asked for; False when the
        run's time is used up."""
        ...

    def unmoved(self, chunk: Chunk) -> frozenset[str]:
        """The cases of the chunk that the guard lets pass now."""
        ...

    def read_back(self, case_ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, FieldValues]:
        """The values of these fields after a commit; a case that is gone is left out."""
        ...
