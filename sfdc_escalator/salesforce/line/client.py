"""Calls to one org by simple-salesforce: answers as plain values, failures as this program's errors."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError
from urllib3.exceptions import HTTPError

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.salesforce.line.connection import kind_of, moved_to, unanswered
from sfdc_escalator.salesforce.line.failures import Rejected, Unanswered, not_an_org, of_answer, seconds_to_wait
from sfdc_escalator.salesforce.line.retry import Patience
from sfdc_escalator.salesforce.line.session import CONNECT, WRITE, OrgSession

Result = TypeVar("Result")
Record = Mapping[str, Any]
SUBREQUESTS = 25  # in one composite (REST guide, Composite)
QUERIES = 5  # query and collection subrequests in one composite (REST guide, Composite)
PAGE = {"Sforce-Query-Options": "batchSize=2000"}


class Page(NamedTuple):
    """One page of a query; `at` is the org's time of the answer, `more` the address of the next page."""

    records: Sequence[Record]
    more: str | None
    at: datetime


class Sent(NamedTuple):
    """A complete answer to a write: HTTP status, the org's time if given, and the unchanged body."""

    status: int
    date: str
    text: str


class Client:
    """A client of one org; `version` such as `67.0`. Reads are retried as `patience` allows; writes are sent once."""

    def __init__(self, session: OrgSession, version: str, patience: Patience) -> None:
        self.session, self._patience = session, patience
        self.base = f"/services/data/v{version}"
        self._org = Salesforce(
            instance=session.netloc,
            session_id="added by the session",
            version=version,
            session=session,
            object_pairs_hook=dict,
        )

    def resources(self) -> tuple[Mapping[str, Any], datetime]:
        """The resources of the API, including `identity`, and the org's time."""
        return self._read("resources", lambda: (_object(self._org.restful("")), self._time()))

    def query(self, soql: str) -> Page:
        return self._read("query", lambda: self._page(self._org.query(soql, headers=PAGE)))

    def following(self, page: Page) -> Iterator[Page]:
        """The pages after this one."""
        while page.more is not None:
            page = self._read("query page", partial(self._next, page.more))
            yield page

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
        fives = (queries[start : start + QUERIES] for start in range(0, len(queries), QUERIES))
        path = partial(query_path, resource="queryAll") if deleted else query_path
        bodies = [body for five in fives for body in self.get(*map(path, five))]
        return [self.records(body) for body in bodies]

    def records(self, body: Any) -> list[Record]:
        """The records of a query answered inside a composite, with all pages."""
        page = self._page(body)
        return [*page.records, *(record for later in self.following(page) for record in later.records)]

    def send(self, body: Mapping[str, Any]) -> Sent:
        """Sends a write as one composite; repeats only a request that was never sent.

        Raises Unanswered when no complete answer came.
        """
        return self._patience.unsent("composite write", lambda: self._send(body))

    def _send(self, body: Mapping[str, Any]) -> Sent:
        self.session.forget()
        try:
            self._org.restful("composite", method="POST", json=body, timeout=(CONNECT, WRITE))
        except (SalesforceError, OSError, HTTPError, ValueError, TypeError) as error:
            if self.session.last is None:
                raise unanswered(error) from None
        answer = self._last()
        return Sent(answer.status_code, answer.headers.get("Date", ""), answer.text)

    def _read(self, what: str, call: Callable[[], Result]) -> Result:
        return self._patience.reading(what, lambda: self._translated(call))

    def _translated(self, call: Callable[[], Result]) -> Result:
        # `from None`: the foreign errors contain whole URLs with the query.
        self.session.forget()
        try:
            return call()
        except SalesforceError as error:
            raise _refusal(self._last(), error.content) from None
        except (OSError, HTTPError, ValueError, TypeError) as error:
            if self.session.last is None:
                raise unanswered(error) from None
            raise not_an_org(f"HTTP {self._last().status_code} with {kind_of(self._last())}") from None

    def _last(self) -> requests.Response:
        assert self.session.last is not None
        return self.session.last

    def _next(self, url: str) -> Page:
        return self._page(self._org.query_more(url, identifier_is_url=True, headers=PAGE))

    def _page(self, body: Any) -> Page:
        page = _object(body)
        records, more = page.get("records"), page.get("nextRecordsUrl")
        if not isinstance(records, list) or (more is not None and not str(more).startswith("/services/data/")):
            raise not_an_org("a query answer without records")
        return Page(records, more, self._time())

    def _time(self) -> datetime:
        try:
            at = parsedate_to_datetime(self._last().headers.get("Date", ""))
            at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)  # HTTP knows UTC only (RFC 9110)
        except (ValueError, TypeError, OverflowError):
            raise not_an_org("an answer without a Date") from None
        if not 2000 <= at.year < 2200:
            raise not_an_org(f"an answer with a Date in the year {at.year}")
        return at

    def _composite(self, paths: Sequence[str]) -> list[Mapping[str, Any]]:
        requests_ = [
            {"method": "GET", "url": f"{self.base}/{path}", "referenceId": f"r{place}"}
            for place, path in enumerate(paths)
        ]
        body = {"allOrNone": False, "collateSubrequests": False, "compositeRequest": requests_}
        answers = _object(self._org.restful("composite", method="POST", json=body)).get("compositeResponse")
        if not isinstance(answers, list) or [
            isinstance(answer, dict) and answer.get("referenceId") for answer in answers
        ] != [request["referenceId"] for request in requests_]:
            raise not_an_org("a composite answer with missing parts")
        return answers

    def _answers(self, paths: Sequence[str]) -> list[Any | OrgUnavailable]:
        answers = [_body_or_error(answer) for answer in self._composite(paths)]
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


def composites(paths: Sequence[str]) -> list[list[str]]:
    """The paths in order, in groups that one composite may contain."""
    calls: list[list[str]] = []
    queries = 0
    for path in paths:
        is_query = path.startswith("query")
        if not calls or len(calls[-1]) == SUBREQUESTS or (is_query and queries == QUERIES):
            calls.append([])
            queries = 0
        calls[-1].append(path)
        queries += is_query
    return calls


def query_path(soql: str, resource: str = "query") -> str:
    return f"{resource}?q=" + quote(soql, safe="")


def _refusal(answer: requests.Response, body: Any) -> OrgUnavailable:
    if host := moved_to(answer):
        return OrgUnavailable(f"the org's address redirects to {host}: give that as the instance URL")
    if answer.is_redirect:
        return not_an_org(f"HTTP {answer.status_code} with {kind_of(answer)}")
    wait = seconds_to_wait(answer.headers.get("Retry-After"), answer.headers.get("Date"))
    return of_answer(answer.status_code, body, wait)


def _object(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise not_an_org("an answer that is not an object")
    return body


def _body_or_error(answer: Mapping[str, Any]) -> Any | OrgUnavailable:
    status = answer.get("httpStatusCode")
    if not isinstance(status, int):
        return not_an_org("a composite answer without a status")
    return answer.get("body") if 200 <= status < 300 else of_answer(status, answer.get("body"))
