"""Calls to one org by simple-salesforce: answers as plain values, failures as this program's errors."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

import requests
from urllib3.exceptions import HTTPError

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.salesforce.line.composite import QUERIES, an_object, bodies, composite, composites, query_path
from sfdc_escalator.salesforce.line.connection import kind_of, moved_to, time_of, unanswered
from sfdc_escalator.salesforce.line.failures import Rejected, Unanswered, not_an_org, of_answer, sender_of, wait_asked
from sfdc_escalator.salesforce.line.pages import CursorLost, Page, Record, following, is_children, page_of, read_to_end
from sfdc_escalator.salesforce.line.retry import Patience
from sfdc_escalator.salesforce.line.session import OrgSession
from sfdc_escalator.salesforce.line.shapes import ODD, parsed
from sfdc_escalator.salesforce.line.simple import Salesforce, SalesforceError

Result = TypeVar("Result")
Row = TypeVar("Row")
PAGE = {"Sforce-Query-Options": "batchSize=2000"}


class Rest(Salesforce):
    """simple-salesforce with our reader of JSON."""

    def parse_result_to_json(self, result: requests.Response) -> Any:
        return parsed(result.content)


class Sent(NamedTuple):
    """A complete answer to a write: HTTP status, the org's time if given, and the unchanged body.

    Also the seconds that it asks to wait, and the server that it names.
    """

    status: int
    date: str
    text: str
    retry_after: float | None = None
    sender: str = ""


class Client:
    """A client of one org; `version` such as `67.0`. Reads are retried as `patience` allows; writes are sent once."""

    def __init__(self, session: OrgSession, version: str, patience: Patience) -> None:
        self.session, self._version, self._patience = session, version, patience
        self.base = f"/services/data/v{version}"
        self._org = Rest(
            instance=session.netloc,
            session_id="added by the session",
            version=version,
            session=session,
        )

    def trying_once(self) -> "Client":
        """A client of the same session that tries each call once."""
        return Client(self.session, self._version, Patience(0.0, lambda _: None))

    def resources(self) -> tuple[Mapping[str, Any], datetime]:
        """The resources of the API, including `identity`, and the org's time."""
        return self._read("resources", lambda: (an_object(self._org.restful("")), self._time()))

    def query(self, soql: str, *, deleted: bool = False) -> Page:
        """The first page of a query."""
        return self._read("query", lambda: self._page(self._org.query(soql, include_deleted=deleted, headers=PAGE)))

    def pages(self, first: Page) -> Iterator[Page]:
        """This page of a query and those after it. Raises CursorLost as well."""
        return following(first, self._next)

    def in_full(
        self,
        soql: str,
        convert: Callable[[Sequence[Record]], Sequence[Row]],
        seen: Callable[[int, int], object] = lambda _count, _total: None,
    ) -> tuple[list[Row], datetime]:
        """The records of all pages, converted page by page, and the time of the first page. `seen` is that of
        `read_to_end`."""
        return read_to_end(None, partial(self.query, soql), self._next, convert, seen)

    def get(self, *paths: str) -> list[Any]:
        """The bodies of these resources (paths below the version), read in one call. Raises the first error."""
        return self._read("composite read", lambda: self._bodies(paths))

    def try_get(self, *paths: str) -> list[Any | OrgUnavailable]:
        """The bodies as in `get`, with an error in place of a refused body; uses several calls if needed."""
        calls = [partial(self._answers, part) for part in composites(paths)]
        return [answer for call in calls for answer in self._read("composite read", call)]

    def try_read(self, path: str, parameters: Mapping[str, str]) -> Any | OrgUnavailable:
        """The body of a resource that is not allowed in a composite, or the org's refusal."""
        try:
            return self._read(path, lambda: self._org.restful(path, params=dict(parameters)))
        except Rejected as error:
            return error

    def lookups(self, queries: Sequence[str], *, deleted: bool = False) -> list[list[Record]]:
        """The records of each query, with all pages; five queries in a call. `deleted` includes deleted records."""
        found = self.try_lookups(queries, deleted=deleted)
        for records in found:
            if isinstance(records, OrgUnavailable):
                raise records
        return [records for records in found if not isinstance(records, OrgUnavailable)]

    def try_lookups(self, queries: Sequence[str], *, deleted: bool = False) -> list[list[Record] | OrgUnavailable]:
        """As `lookups`, with an error in place of a refused query. At most five cursors are open at the same time."""
        fives = (queries[start : start + QUERIES] for start in range(0, len(queries), QUERIES))
        path = partial(query_path, resource="queryAll") if deleted else query_path
        return [
            body if isinstance(body, OrgUnavailable) else self.records(body, query, deleted=deleted)
            for five in fives
            for query, body in zip(five, self.try_get(*map(path, five)), strict=True)
        ]

    def timed_lookups(self, queries: Sequence[str], *, deleted: bool = False) -> tuple[list[list[Record]], datetime]:
        """As `lookups` for queries that each have one page, and the org's time of the first answer."""
        first = self.lookups(queries[:QUERIES], deleted=deleted)
        at = self._time()
        return [*first, *self.lookups(queries[QUERIES:], deleted=deleted)], at

    def records(self, body: Any, soql: str, *, deleted: bool = False) -> list[Record]:
        """The records of a query answered inside a composite, with all pages."""
        ask = partial(self.query, soql, deleted=deleted)
        try:
            first = page_of(body, self._time())
        except CursorLost:
            first = None
        convert: Callable[[Sequence[Record]], list[Record]] = self._with_children if "(SELECT " in soql else list
        return read_to_end(first, ask, self._next, convert)[0]

    def _with_children(self, records: Sequence[Record]) -> list[Record]:
        """The records, each with all pages of its child records."""
        return [
            {name: self._all_children(value) if is_children(value) else value for name, value in record.items()}
            for record in records
        ]

    def _all_children(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        pages = following(self._page(body), self._next)
        return {**body, "records": [record for page in pages for record in page.records]}

    def send(self, body: Mapping[str, Any], path: str = "composite") -> Sent:
        """Sends a write, by default as one composite; repeats only a request that was never sent.

        Raises Unanswered when no complete answer came.
        """
        return self._patience.unsent(f"{path} write", lambda: self._send(body, path))

    def _send(self, body: Mapping[str, Any], path: str) -> Sent:
        self.session.forget()
        try:
            self._org.restful(path, method="POST", json=body)
        except (SalesforceError, OSError, HTTPError, *ODD) as error:  # an odd answer to a write is read by the caller
            if self.session.last is None:
                raise unanswered(error) from None
        answer = self._last()
        headers = answer.headers
        return Sent(answer.status_code, headers.get("Date", ""), answer.text, wait_asked(headers), sender_of(headers))

    def _read(self, what: str, call: Callable[[], Result]) -> Result:
        return self._patience.reading(what, lambda: self._translated(call))

    def _translated(self, call: Callable[[], Result]) -> Result:
        # `from None`: the foreign errors contain whole URLs with the query.
        self.session.forget()
        try:
            return call()
        except SalesforceError as error:
            raise _refusal(self._last(), error.content) from None
        except (OSError, HTTPError, *ODD) as error:
            if self.session.last is None:
                raise unanswered(error) from None
            raise not_an_org(f"HTTP {self._last().status_code} with {kind_of(self._last())}") from None

    def _last(self) -> requests.Response:
        assert self.session.last is not None
        return self.session.last

    def _next(self, link: str) -> Page:
        ask = partial(self._org.query_more, link, identifier_is_url=True, headers=PAGE)
        return self._read("query page", lambda: self._page(ask()))

    def _page(self, body: Any) -> Page:
        return page_of(body, self._time())

    def _time(self) -> datetime:
        return time_of(self._last())

    def _answers(self, paths: Sequence[str]) -> list[Any | OrgUnavailable]:
        body = self._org.restful("composite", method="POST", json=composite(self.base, paths))
        answers = bodies(body, len(paths))
        for answer in answers:
            if isinstance(answer, Unanswered):  # a part that is temporarily unavailable is read again
                raise answer
        return answers

    def _bodies(self, paths: Sequence[str]) -> list[Any]:
        bodies = self._answers(paths)
        for body in bodies:
            if isinstance(body, OrgUnavailable):
                raise body
        return bodies


def _refusal(answer: requests.Response, body: Any) -> OrgUnavailable:
    if host := moved_to(answer):
        return OrgUnavailable(f"the org's address redirects to {host}: give that as the instance URL")
    if answer.is_redirect:
        return not_an_org(f"HTTP {answer.status_code} with {kind_of(answer)}")
    return of_answer(answer.status_code, body, wait_asked(answer.headers), sender_of(answer.headers))
