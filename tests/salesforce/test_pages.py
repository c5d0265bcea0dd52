"""A query counts as read only when its pages are complete, wherever it is asked."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.salesforce.line.failures import Rejected, TokenRefused
from sfdc_escalator.salesforce.line.pages import Page, page_of, read_to_end
from tests.salesforce.conftest import Stage, error, page

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
LINK = "/services/data/v67.0/query/01g"
SOQL = "SELECT Id FROM Case"
LOST = Rejected("gone", status=400, error_code="INVALID_QUERY_LOCATOR")
REFUSED = TokenRefused("log in again")
Answer = Any


def rows(*numbers: int) -> list[dict[str, int]]:
    return [{"n": number} for number in numbers]


def part(*numbers: int, more: str | None = None, total: int) -> dict[str, Any]:
    return page(*rows(*numbers), more=more, total=total)


class Script:
    """An org that gives these answers to the first page and to the links, one after the other."""

    def __init__(self, firsts: Sequence[Answer], links: Sequence[Answer]) -> None:
        self.firsts, self.links = list(firsts), list(links)
        self.asked = 0

    def ask(self) -> Page:
        self.asked += 1
        return self.answer(self.firsts)

    def follow(self, _link: str) -> Page:
        return self.answer(self.links)

    def answer(self, left: list[Answer]) -> Page:
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return page_of(found, NOW)

    def read(self) -> list[int]:
        found, _ = read_to_end(None, self.ask, self.follow, list)
        return [row["n"] for row in found]


FIRST, SECOND = part(1, 2, more=f"{LINK}-2", total=4), part(3, 4, total=4)


@pytest.mark.parametrize("lost", [LOST, REFUSED], ids=["locator", "401"])
def test_a_lost_cursor_starts_the_query_again_and_no_record_counts_twice(lost: Exception) -> None:
    script = Script([FIRST, FIRST, FIRST], [lost, lost, SECOND])
    assert (script.read(), script.asked) == ([1, 2, 3, 4], 3)


@pytest.mark.parametrize("lost", [LOST, REFUSED], ids=["locator", "401"])
def test_a_cursor_that_is_lost_a_third_time_is_the_orgs_error(lost: Exception) -> None:
    script = Script([FIRST] * 4, [lost] * 4)
    with pytest.raises(OrgUnavailable) as caught:
        script.read()
    assert (caught.value, script.asked) == (lost, 3)


def test_a_cursor_lost_on_a_late_page_starts_again() -> None:
    pages = [part(2, more=f"{LINK}-2", total=3), LOST, part(2, more=f"{LINK}-2", total=3), part(3, total=3)]
    assert Script([part(1, more=f"{LINK}-1", total=3)] * 2, pages).read() == [1, 2, 3]


def without(body: dict[str, Any], *names: str, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in (body | more).items() if name not in names}


INCOMPLETE: dict[str, tuple[list[Answer], list[Answer]]] = {
    "not done and no link": ([without(FIRST, "nextRecordsUrl")], []),
    "done and a link": ([without(FIRST, done=True)], []),
    "done with fewer records": ([part(1, 2, total=4)], []),
    "done with more records": ([part(1, 2, total=1)], []),
    "done is missing": ([without(SECOND, "done")], []),
    "done is a text": ([without(SECOND, done="true")], []),
    "no total": ([without(SECOND, "totalSize")], []),
    "a total that is a truth value": ([part(1, total=True)], []),
    "an empty page in the middle": ([part(more=f"{LINK}-2", total=4)], []),
    "a page beyond the total": ([part(1, 2, 3, 4, more=f"{LINK}-2", total=4)], [part(5, total=4)]),
    "a last page that is short": ([FIRST], [part(3, total=4)]),
    "a second page without a link": ([FIRST], [without(FIRST, "nextRecordsUrl")]),
    "a second page that is too long": ([FIRST], [part(3, 4, 5, more=f"{LINK}-9", total=4)]),
}


@pytest.mark.parametrize("name", INCOMPLETE)
def test_a_part_never_counts_as_the_whole(name: str) -> None:
    firsts, links = INCOMPLETE[name]
    assert Script([*firsts, FIRST], [*links, SECOND]).read() == [1, 2, 3, 4]
    script = Script(firsts * 4, links * 4)
    with pytest.raises(OrgUnavailable, match="not complete"):
        script.read()
    assert script.asked == 3


@pytest.mark.parametrize("links", [["a"], ["a", "b", "a"], ["a", "b", "b"]])
def test_a_page_that_comes_again_ends_the_query(links: list[str]) -> None:
    """The total is as large as the answers need; nothing is asked again."""
    following = [part(1, more=f"{LINK}-{name}", total=10**9) for name in links[1:] or links]
    script = Script([part(1, more=f"{LINK}-{links[0]}", total=10**9)], [*following, *following])
    with pytest.raises(OrgUnavailable, match="read before"):
        script.read()
    assert script.asked == 1


def composite_then_alone(stage: Stage, body: Any, *pages: Any) -> list[Any]:
    """A look-up whose first page comes inside a composite, and is then asked alone."""
    stage.identified()
    stage.composite(body)
    for one in pages:
        stage.answers("GET", "query/", one)
    return stage.org.rows(SOQL)


def test_a_part_inside_a_composite_is_read_again(stage: Stage) -> None:
    assert composite_then_alone(stage, part(1, total=2), part(1, 2, total=2)) == rows(1, 2)


def test_a_part_inside_a_composite_is_an_error_when_it_stays(stage: Stage) -> None:
    with pytest.raises(OrgUnavailable, match="not complete"):
        composite_then_alone(stage, part(1, total=2), part(1, total=2))


def test_a_lost_cursor_of_a_look_up_is_asked_again(stage: Stage) -> None:
    stage.answers("GET", "query/01g-2", error("INVALID_QUERY_LOCATOR"), 400)
    assert composite_then_alone(stage, FIRST, part(1, 2, 3, 4, total=4)) == rows(1, 2, 3, 4)


def test_a_cursor_of_another_login_is_asked_again(stage: Stage) -> None:
    stage.answers("GET", "query/01g-2", error("INVALID_SESSION_ID"), 401)
    assert composite_then_alone(stage, FIRST, part(1, 2, 3, 4, total=4)) == rows(1, 2, 3, 4)


CHILDREN = "SELECT Id, (SELECT Id FROM CaseComments) FROM Case"


@pytest.mark.parametrize(
    "last",
    [lambda: page({"Id": "2"}, total=2), lambda: page(total=2)],
    ids=["complete", "lost"],
)
def test_the_records_inside_a_record_are_read_to_their_end(stage: Stage, last: Callable[[], Any]) -> None:
    stage.identified()
    child = page({"Id": "1"}, more=f"{LINK}-1", total=2)
    stage.composite(page({"Id": "5", "CaseComments": child, "Contact": None}))
    stage.answers("GET", "query/01g-1", last())
    stage.answers("GET", "query/", page({"Id": "5", "CaseComments": page({"Id": "1"}, {"Id": "2"})}))
    (found,) = stage.org.rows(CHILDREN)
    assert found["CaseComments"]["records"] == [{"Id": "1"}, {"Id": "2"}]
