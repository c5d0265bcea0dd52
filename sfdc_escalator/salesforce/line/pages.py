"""A query's pages: read to the end, checked against the number of records that the org reports.

A cursor belongs to the login that opened it, and a user has ten (SOQL reference, QueryLocator): the eleventh ends the
oldest. So a query whose cursor is lost starts again from its first page.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sfdc_escalator.errors import OrgUnavailable, counted
from sfdc_escalator.salesforce.line.failures import Rejected, TokenRefused, not_an_org

RESTARTS = 2
LOST = frozenset({"INVALID_QUERY_LOCATOR", "INVALID_SESSION_ID"})
Record = Mapping[str, Any]
Row = TypeVar("Row")
Link = str


class Page(NamedTuple):
    """One page of a query; `at` is the org's time of the answer, `more` the address of the next page.

    `total` is the number of records of all pages.
    """

    records: Sequence[Record]
    more: Link | None
    total: int
    at: datetime


class CursorLost(Exception):
    """The pages do not go on; `reason` is the error for people when starting again does not help."""

    def __init__(self, reason: OrgUnavailable) -> None:
        super().__init__(reason.message)
        self.reason = reason


class Incomplete(CursorLost):
    """The pages came to their end with another number of records than the org announced."""


def page_of(body: Any, at: datetime) -> Page:
    """The page in this body.

    Raises OrgUnavailable for another shape, and CursorLost when `done`, `nextRecordsUrl` and `totalSize` do not agree.
    """
    page = body if isinstance(body, dict) else {}
    records, more, total, done = (page.get(name) for name in ("records", "nextRecordsUrl", "totalSize", "done"))
    is_link = isinstance(more, str) and more.startswith("/services/data/")
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise not_an_org("a query answer without records")
    if more is not None and not is_link:
        raise not_an_org("a query answer without records")
    if type(total) is not int or done is not (more is None) or (more is not None and not records):
        raise CursorLost(incomplete(f"`done`, the next page and `totalSize` {total} do not agree"))
    return Page(records, more, total, at)


def is_children(value: Any) -> bool:
    """True if this value of a record is the answer to a query inside the query."""
    return isinstance(value, dict) and "records" in value


def incomplete(reason: str) -> OrgUnavailable:
    return OrgUnavailable(f"the pages of a query are not complete ({reason}): try again later")


def read_to_end(
    first: Page | None,
    ask: Callable[[], Page],
    follow: Callable[[Link], Page],
    convert: Callable[[Sequence[Record]], Sequence[Row]],
    seen: Callable[[int, int], object] = lambda _count, _total: None,
) -> tuple[list[Row], datetime]:
    """The rows of all pages, each once, and the time of the first page.

    `seen` gets the number of rows after each page, and the number of all of them. `ask` reads the first page, unless
    it is given; it is asked again, at most twice, when the cursor is lost. Raises what these raise, and OrgUnavailable
    for pages that never end or do not add up.
    """
    for restarts in range(RESTARTS + 1):
        try:
            start = first or ask()
            rows = list[Row]()
            for page in following(start, follow):
                rows += convert(page.records)
                seen(len(rows), page.total)
            return rows, start.at
        except CursorLost as lost:
            if restarts == RESTARTS:
                raise lost.reason from None
            first = None
    raise AssertionError("the last restart returns or raises")


def following(page: Page, follow: Callable[[Link], Page]) -> Iterator[Page]:
    """This page and those after it. Raises CursorLost, at the end Incomplete where they do not add up, and
    OrgUnavailable for a page that comes again."""
    total, count, seen = page.total, len(page.records), set[Link]()
    yield page
    while page.more is not None and count <= total:
        if page.more in seen:
            raise not_an_org("a query whose next page is one that was read before")
        seen.add(page.more)
        page = _next(page.more, follow)
        count += len(page.records)
        yield page
    if count != total:
        raise Incomplete(incomplete(f"{counted(count, 'record')} where the org announced {total:,}"))


def _next(link: Link, follow: Callable[[Link], Page]) -> Page:
    try:
        return follow(link)
    except TokenRefused as error:
        raise CursorLost(error) from None
    except Rejected as error:
        if error.error_code not in LOST:
            raise
        raise CursorLost(error) from None
