"""Queries of several pages: complete, restarted when their cursor is lost, at most five at a time."""

import json
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.sampling import some
from tests.stories.front import Reply, Request, in_front_of
from tests.stories.test_main_job import OLD, QUEUES, USERS, case
from tests.stories.world import NOW, Row, World, ask, select, write_tables

POLICY = """
policy: support
teams: {leads: {queue: Leads}}
routes:
  - name: asked
    reason: Somebody asked.
    when: [{field: Priority, is: High}, {text: [comments], mentions: [escalate this]}]
    escalate: {note: {help_needed: Have a look.}, queue: leads}
guards: {max_cases: 10, max_share_of_open: 100%}
"""
DATE = {"Date": "Mon, 02 Mar 2026 15:00:00 GMT"}
CASES = 2_400  # two pages; six look-ups of 400 cases, the first and the last of two pages
ASKED = (7, 399, 2_400)


def comments(number: int, count: int) -> list[dict[str, str]]:
    told = {"ParentId": f"{number:08}", "CreatedDate": OLD, "CreatedById": "bob@support.example"}
    last = "escalate this" if number in ASKED else "word"
    return [{**told, "CommentBody": "word"}] * (count - 1) + [{**told, "CommentBody": last}]


def tables(cases: int, count: Callable[[int], int]) -> dict[str, list[Row]]:
    numbers = range(1, cases + 1)
    return {
        "Case": [{**case(number), "Priority": "High"} for number in numbers],
        "CaseComment": [one for number in numbers for one in comments(number, count(number))],
        "Group": QUEUES,
        "User": USERS,
    }


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The org as a file, read from its tables once."""
    folder = tmp_path_factory.mktemp("kept")
    data = write_tables(folder / "org", tables(CASES, lambda number: 6 if number <= 400 or number > 2_000 else 1))
    EmbeddedOrg(data=data, db=folder / "org.db", now=NOW).close()
    return folder / "org.db"


@pytest.fixture
def org(world: World, kept: Path) -> EmbeddedOrg:
    world.policy(POLICY)
    return world.org_of(kept)


def run(world: World, org: EmbeddedOrg, rule: Any) -> tuple[Any, list[Request]]:
    with in_front_of(org, rule) as (front, url):
        world.environ["SFDC_INSTANCE_URL"] = url
        return world.type("run", "--json", "--dry-run", "--backlog", "escalate"), front.requests


def result(answer: Any) -> Any:
    return answer.code, answer.json["polled"], answer.json["matched"]


def test_a_look_at_many_comments_works_in_an_org_that_keeps_ten_cursors(world: World) -> None:
    """12 look-ups of 400 cases with 2,400 comments each."""
    world.policy(POLICY)
    org = world.org(**tables(4_801, lambda _: 6))  # type: ignore[arg-type]  # the names of tables only
    answer, requests = run(world, org, lambda *_: None)
    assert result(answer) == (0, 4_801, len(ASKED)), answer
    assert most_open(requests) <= 5


def most_open(requests: Sequence[Request]) -> int:
    """The largest number of comment queries of two pages that were unfinished at the same time."""
    unfinished = most = 0
    for request in requests[next(place for place, one in enumerate(requests) if one.is_second_look) :]:
        if request.is_second_look:
            unfinished += request.text.count("FROM CaseComment WHERE ParentId")
        unfinished -= request.is_page
        most = max(most, unfinished)
    return most


LOST = {
    "locator": Reply(400, DATE, b'[{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}]'),
    "401": Reply(401, DATE, b'[{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]'),
}
PAGES = {"the poll": 1, "the second look": 2, "the last second look": 3}


@pytest.mark.parametrize(("kind", "place"), some(product(LOST, PAGES), 3))
def test_a_lost_cursor_is_opened_again_at_any_page(world: World, org: EmbeddedOrg, kind: str, place: str) -> None:
    count = 0

    def rule(request: Request, _: Callable[[], Reply]) -> Reply | None:
        nonlocal count
        count += request.is_page
        return LOST[kind] if request.is_page and count == PAGES[place] else None

    answer, _ = run(world, org, rule)
    assert count == 4
    assert result(answer) == (0, CASES, len(ASKED)), answer


def changed(reply: Reply, change: Callable[[dict[str, Any]], Any]) -> Reply:
    """The reply with this change in each query answer."""
    body = json.loads(reply.body)
    for one in [part["body"] for part in body["compositeResponse"]] if "compositeResponse" in body else [body]:
        change(one)
    return Reply(reply.status, reply.headers, json.dumps(body).encode())


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "without a link": lambda body: body.pop("nextRecordsUrl", None),
    "done early": lambda body: (body.pop("nextRecordsUrl", None), body.update(done=True)),
    "short": lambda body: body["records"].pop(),
}


@pytest.mark.parametrize(
    ("place", "name", "always"), some(product(["is_poll", "is_second_look"], CHANGES, [False, True]), 6)
)
def test_a_part_of_an_answer_is_never_the_whole(
    world: World, org: EmbeddedOrg, place: str, name: str, always: bool
) -> None:
    count = 0

    def rule(request: Request, forward: Callable[[], Reply]) -> Reply | None:
        nonlocal count
        again = always and "FROM CaseComment" in request.text and request.method == "GET"
        if not (getattr(request, place) or again) or (count and not always):
            return None
        count += 1
        return changed(forward(), CHANGES[name])

    answer, _ = run(world, org, rule)
    if always:
        assert (answer.code, "not complete" in answer.out) == (5, True), answer
    else:
        assert result(answer) == (0, CASES, len(ASKED)), answer


def test_the_embedded_org_keeps_ten_open_cursors(org: EmbeddedOrg) -> None:
    pages = [ask(org, "query", q="SELECT Id FROM Case") for _ in range(11)]
    with pytest.raises(AssertionError, match="INVALID_QUERY_LOCATOR"):
        ask(org, pages[0]["nextRecordsUrl"])
    assert len(ask(org, pages[1]["nextRecordsUrl"])["records"]) == CASES - 2_000
    assert len(select(org, "SELECT Id FROM Case")) == CASES
