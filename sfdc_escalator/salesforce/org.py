"""A Salesforce org behind the pipeline's port. What few runs ask for is imported where it is asked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from sfdc_escalator.errors import OrgUnavailable, counted
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.case import Case, FieldValues
from sfdc_escalator.escalation.world.needs import Lookup, Need
from sfdc_escalator.escalation.world.org import Caller, OrgFacts
from sfdc_escalator.pipeline.ports.org import CaseNow, CasePage, KeyedNote
from sfdc_escalator.pipeline.ports.progress import Progress, unseen
from sfdc_escalator.pipeline.ports.writing import Answer, Chunk, NotExecuted, RolledBack, Unknown
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.line.failures import Rejected, Unanswered
from sfdc_escalator.salesforce.line.pages import Record
from sfdc_escalator.salesforce.line.retry import Patience
from sfdc_escalator.salesforce.line.session import DEFAULT_LINE, Line, OrgSession
from sfdc_escalator.salesforce.line.shapes import taken_apart
from sfdc_escalator.salesforce.line.token import Identity, Login, Token
from sfdc_escalator.salesforce.polling import poll
from sfdc_escalator.salesforce.polling.case_pages import READING
from sfdc_escalator.salesforce.reading import cases_now, lookups, org_facts, touched
from sfdc_escalator.salesforce.reading.facts import Facts
from sfdc_escalator.salesforce.reading.records import read
from sfdc_escalator.salesforce.schema.describe import standard_describe
from sfdc_escalator.salesforce.schema.values import needed, record_id
from sfdc_escalator.salesforce.writing.answer import REFUSED_QUERY, read_answer, refuses_guard
from sfdc_escalator.salesforce.writing.write import composite, guard_query

if TYPE_CHECKING:
    from sfdc_escalator.escalation.figures.in_common import OpenCases
    from sfdc_escalator.escalation.notices.people import People
    from sfdc_escalator.escalation.saved.since import CaseSince, Changes
    from sfdc_escalator.pipeline.ports.channel import Channel
    from sfdc_escalator.pipeline.ports.past import PastCases
    from sfdc_escalator.salesforce.readiness.inspector import SalesforceInspector

API_VERSION = "67.0"
LOOKING_CLOSER = "reading texts and related records"
log = logging.getLogger(__name__)


class SalesforceOrg:
    """Implements `Org`. `login` gives a new token when this one is refused; `identity` is the user of the token, where
    the login named it. `budget` is the number of seconds that failed attempts and waits may take together; `sleep`
    waits; `progress` sees how long reads go on.

    Call `identify` first; `write` and `unmoved` may run in several threads. Raises UnsafeAddress for plain http
    beyond loopback and Invalid for a text that is not an address.
    """

    def __init__(
        self,
        instance_url: str,
        access_token: str,
        *,
        login: Login | None = None,
        identity: Identity | None = None,
        line: Line = DEFAULT_LINE,
        api_version: str = API_VERSION,
        budget: float = 300.0,
        sleep: Callable[[float], None],
        progress: Progress = unseen,
    ) -> None:
        self._progress = progress
        self._session = OrgSession(instance_url, Token(access_token, login), line)
        self._patience = Patience(budget, sleep)
        self._client = Client(self._session, api_version, self._patience)
        self._user_id = ""
        self._identity = identity
        self._weak = self._proved = False
        self._describe = standard_describe()
        self._tracked: frozenset[str] | None = None
        self._now = datetime.min.replace(tzinfo=UTC)

    @property
    def instance_url(self) -> str:
        return f"{self._session.scheme}://{self._session.netloc}"

    @property
    def api_calls(self) -> int:
        return self._session.api_calls

    @property
    def retries(self) -> int:
        return self._patience.retries

    @property
    def guard(self) -> str:
        return "weak" if self._weak else "full"

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @taken_apart()
    def identify(self) -> Caller:
        caller = org_facts.identify(self._client, self._identity)
        self._identity = None  # its time is that of the login
        self._user_id, self._now = caller.user_id, caller.now
        return caller

    @taken_apart()
    def facts(self, caller: Caller, policies: Sequence[Policy]) -> OrgFacts:
        found = org_facts.org_facts(self._client, caller, policies)
        self._describe, self._proved, self._tracked = found.describe, found.level == "proved", found.tracked
        return found

    def poll(self, policies: Sequence[Policy], org_facts: OrgFacts, case: str | None) -> Iterator[CasePage]:
        self._progress(READING, 0, 0)
        with taken_apart():
            yield from poll.poll(self._client, policies, org_facts, case, self._progress)
        self._progress(READING, 1, 1)

    @taken_apart()
    def past_facts(self, caller: Caller, policies: Sequence[Policy]) -> OrgFacts:
        from sfdc_escalator.salesforce import past

        found = org_facts.org_facts(self._client, caller, policies, lookups=past.HISTORY)
        self._describe, self._tracked = found.describe, found.tracked
        return found

    @taken_apart()
    def past_cases(self, policies: Sequence[Policy], org_facts: OrgFacts, since: datetime) -> PastCases:
        from sfdc_escalator.salesforce import past

        us = frozenset({self._user_id})
        return past.past_cases(self._client, policies, org_facts, since, us, self._progress)

    @taken_apart()
    def longest_waiting(self, policies: Sequence[Policy], org_facts: OrgFacts, most: int) -> tuple[Case, ...]:
        return poll.longest_waiting(self._client, policies, org_facts, most)

    @taken_apart()
    def rows(self, soql: str) -> list[Record]:
        """The records of a query."""
        return self._client.lookups([soql])[0]

    @taken_apart()
    def complete(self, cases: Sequence[Case], needs: frozenset[Need], us: frozenset[str]) -> tuple[Case, ...]:
        from sfdc_escalator.salesforce.reading import second_look

        self._progress(LOOKING_CLOSER, 0, 0)
        found = second_look.complete(self._client, cases, needs, self._facts(us))
        self._progress(LOOKING_CLOSER, 1, 1)
        return found

    @taken_apart()
    def touched(self, since: datetime, needs: frozenset[Lookup]) -> frozenset[str] | None:
        return touched.touched(self._client, since, needs, self._facts(frozenset({self._user_id} - {""})))

    @taken_apart()
    def keyed_notes(self, case_ids: Sequence[str], users: frozenset[str]) -> tuple[KeyedNote, ...]:
        return lookups.keyed_notes(self._client, case_ids, users)

    @taken_apart()
    def keyed_notes_everywhere(self, users: frozenset[str]) -> tuple[KeyedNote, ...]:
        return lookups.keyed_notes_everywhere(self._client, users)

    @taken_apart()
    def read_back(self, case_ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, FieldValues]:
        return lookups.read_back(self._client, case_ids, fields)

    def pause(self, attempt: int, asked: float | None = None) -> bool:
        return self._patience.pause(attempt, asked)

    @taken_apart()
    def unmoved(self, chunk: Chunk) -> frozenset[str]:
        try:
            records = self._client.lookups([self._guard_query(chunk)])[0]
        except Rejected as error:
            if self._weak or error.error_code not in REFUSED_QUERY:
                raise
            self._weaken(error.message)
            return self.unmoved(chunk)
        return frozenset(read(lambda record: needed(record, "Id", record_id), records))

    @taken_apart()
    def cases_now(self, case_ids: Sequence[str], paths: frozenset[str], users: frozenset[str]) -> Mapping[str, CaseNow]:
        return cases_now.cases_now(self._client, case_ids, paths, users, self._describe)

    @taken_apart()
    def open_cases(self, values: Mapping[str, Sequence[str]]) -> OpenCases:
        """The number of open cases, and of those with each of these values, by field."""
        return cases_now.open_cases(self._client, values, standard_describe())

    @taken_apart()
    def cases_since(self, case_ids: Sequence[str], when: datetime) -> tuple[Mapping[str, CaseSince], datetime]:
        return cases_now.cases_since(self._client, case_ids, when)

    @taken_apart()
    def changes_since(self, case_ids: Sequence[str], when: datetime) -> Changes:
        return cases_now.changes_since(self._client, case_ids, when)

    @taken_apart()
    def people(self, ids: Sequence[str]) -> People:
        from sfdc_escalator.salesforce.telling import people

        return people.people(self._client, ids)

    @taken_apart()
    def merged_into(self, case_ids: Sequence[str]) -> Mapping[str, frozenset[str]]:
        return cases_now.merged_into(self._client, case_ids)

    def write(self, chunk: Chunk) -> Answer:
        weak = self._weak
        request = composite(chunk, self._client.base, self._user_id, weak=weak, proved=self._proved)
        try:
            sent = self._client.send(request.body)
        except Unanswered as error:
            return Unknown(error.message) if error.sent else NotExecuted(error.message, fatal=not error.passing)
        except OrgUnavailable as error:
            return NotExecuted(error.message, fatal=True)
        size = f"{counted(len(request.parts), 'part')}, {counted(len(chunk.writes), 'case')}"
        call = f"composite {size}, {sent.date or 'undated'}"
        answer = read_answer(sent.status, sent.text, request.parts, call, sent.retry_after, sent.sender)
        if not weak and isinstance(answer, RolledBack) and refuses_guard(answer, sent.text):
            self._weaken(answer.error.message)
            return self.write(chunk)
        return answer

    def channel(self, kind: str, settings: Mapping[str, Any]) -> Channel:
        """The channel of this kind in the org: `salesforce`, which is the bell, or `chatter`. It tries each call once,
        because a later run tries again."""
        from sfdc_escalator.salesforce.telling import bell, chatter

        make = {"salesforce": bell.channel, "chatter": chatter.channel}[kind]
        return make(self._client.trying_once(), settings)

    def inspector(self) -> SalesforceInspector:
        """The same org, to be asked before the first run."""
        from sfdc_escalator.salesforce.readiness.inspector import SalesforceInspector

        return SalesforceInspector(self._client)

    def _facts(self, us: frozenset[str]) -> Facts:
        return Facts(self._describe, self._tracked, self._now, us)

    def _guard_query(self, chunk: Chunk) -> str:
        return guard_query([write.case_id for write in chunk.writes], chunk.polled_at, self._user_id, weak=self._weak)

    def _weaken(self, reason: str) -> None:
        self._weak = True
        log.warning("salesforce.guard_weak", extra={"reason": reason})
