"""The pages of a poll: each case once; a page sequence that is lost is taken up again behind the last id that came."""

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple, TypeVar

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.org import Describe
from sfdc_escalator.pipeline.ports.progress import Progress
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.line.failures import Rejected
from sfdc_escalator.salesforce.line.pages import RESTARTS, CursorLost, Incomplete, Page
from sfdc_escalator.salesforce.polling.seen_ids import SeenIds
from sfdc_escalator.salesforce.reading.records import CaseReader
from sfdc_escalator.salesforce.soql.soql import Filter, Leaf, both, quote, render, select

TIMEOUT = "QUERY_TIMEOUT"
NOT_THE_QUERY = frozenset({"INVALID_QUERY_LOCATOR", "REQUEST_LIMIT_EXCEEDED"})
READING = "reading cases"
Result = TypeVar("Result")
log = logging.getLogger(__name__)


class QueryRefused(Exception):
    """The org does not take a query; none of its cases came."""

    def __init__(self, error: Rejected) -> None:
        super().__init__(error.message)
        self.error = error


class CaseQueries(NamedTuple):
    """The fields of a poll, those of them that policies read, and the filters that together return its cases."""

    fields: Sequence[str]
    paths: Sequence[str]
    wheres: Sequence[Filter]


class CasePages:
    """The pages of one poll. `at` is the org's time of the first one, None before."""

    def __init__(self, client: Client, describe: Describe, progress: Progress) -> None:
        self._client, self._describe, self._progress = client, describe, progress
        self._seen = SeenIds()
        self._restarts_left = RESTARTS
        self.at: datetime | None = None

    def read(self, asked: CaseQueries) -> Iterator[tuple[Case, ...]]:
        """The cases that did not come before, page by page. Raises QueryRefused and OrgUnavailable."""
        reader = CaseReader(asked.paths, self._describe)
        for where in asked.wheres:
            self._seen.new_query()
            yield from self._sequence(asked.fields, where, reader)

    def _sequence(self, fields: Sequence[str], where: Filter, reader: CaseReader) -> Iterator[tuple[Case, ...]]:
        last, count, behind = "", 0, where
        while True:
            before = count
            try:
                ask = partial(self._client.query, select(fields, "Case", render(behind), "ORDER BY Id"))
                for page in self._client.pages(ask() if count else first_page(ask)):
                    cases = reader.cases(page.records)
                    last, count = cases[-1].id if cases else last, count + len(cases)
                    self.at = self.at or page.at
                    self._progress(READING, count, before + page.total)
                    yield self._seen.fresh(cases)
                return
            except Incomplete as lost:
                self._restart(lost.reason)
                behind = where  # what is missing may stand before the last id
            except CursorLost as lost:
                self._restart(lost.reason)
                behind = both([where, Leaf(f"Id > {quote(last)}")]) if last else where
            except Rejected as error:
                if error.error_code != TIMEOUT:
                    raise
                log.warning("salesforce.query_timeout", extra={"reason": error.message})
                self._restart(error)
                behind = both([where, Leaf(f"Id > {quote(last)}")]) if last else where

    def _restart(self, reason: OrgUnavailable) -> None:
        if not self._restarts_left:
            raise reason
        self._restarts_left -= 1
        log.debug("salesforce.pages_lost", extra={"reason": reason.message})


def first_page(ask: Callable[[], Page]) -> Page:
    """The first page of a query. Raises QueryRefused where the org does not take it."""
    try:
        return once_more(ask)
    except Rejected as error:
        if error.status != 400 or error.error_code in NOT_THE_QUERY:
            raise
        raise QueryRefused(error) from None


def once_more(read_query: Callable[[], Result]) -> Result:
    """The result of the query, which is asked again if the org had no time for it."""
    try:
        return read_query()
    except Rejected as error:
        if error.error_code != TIMEOUT:
            raise
        log.warning("salesforce.query_timeout", extra={"reason": error.message})
        return read_query()
