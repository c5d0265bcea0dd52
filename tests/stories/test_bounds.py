"""An answer that never ends, or is too large, ends the run in time; what a write did is found out later."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest

from sfdc_escalator.salesforce.line.bounds import Bounds, bounded
from tests.moved_clock import Clock
from tests.sampling import some
from tests.stories.front import Reply, Request, in_front_of
from tests.stories.test_main_job import OLD, QUEUES, USERS, case
from tests.stories.world import World, advance, select

POLICY = """
policy: support
teams: {leads: {queue: Leads}}
routes:
  - name: asked
    reason: Somebody asked.
    when: [{text: [comments], mentions: [please escalate]}]
    escalate: {note: {help_needed: Have a look.}, queue: leads}
guards: {max_cases: 10, max_share_of_open: 100%}
"""
SIZE = 200_000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture
def clock() -> Iterator[Clock]:
    made = Clock()
    with bounded(Bounds(size=SIZE, clock=made)):
        yield made


@pytest.fixture
def over() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


Raw = Callable[[Any], None]


def dripping(start: bytes, clock: Clock, over: threading.Event) -> Raw:
    """Sends the start of an answer, then one byte after 1,000 seconds, then no more until the test is over."""

    def drip(out: Any) -> None:
        out.write(start)
        out.flush()
        clock.now += 1000
        out.write(b" ")
        out.flush()
        over.wait()

    return drip


def bomb(layers: int) -> Raw:
    """An answer that is small on the wire."""
    body = b'{"records": [' + b" " * (SIZE * 50)
    for _ in range(layers):
        body = gzip.compress(body)
    encoding = b", ".join([b"gzip"] * layers)

    def send(out: Any) -> None:
        out.write(HEAD + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding, len(body)) + body)

    return send


def endless_headers(out: Any) -> None:
    out.write(HEAD)
    for number in range(10_000):
        out.write(b"X-%d: more\r\n" % number)


STARTS = {
    "in its first line": b"HTTP/1.1 20",
    "in its headers": HEAD + b"X-More: ",
    "in its body": HEAD + b"Content-Length: 1000\r\n\r\n{",
    "in a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5",
    "after many others": b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
}
ENDLESS = [*STARTS, "a bomb", "a bomb in a bomb", "endless headers", "endless zeros"]


def endless_zeros(out: Any) -> None:
    out.write(HEAD + b"Connection: close\r\n\r\n")
    while True:
        out.write(b" " * 65536)


def raw_of(kind: str, clock: Clock, over: threading.Event) -> Raw:
    others = {
        "a bomb": bomb(1), "a bomb in a bomb": bomb(2), "endless headers": endless_headers,
        "endless zeros": endless_zeros,
    }  # fmt: skip
    return others[kind] if kind in others else dripping(STARTS[kind], clock, over)


PLACES: dict[str, Callable[[Request], bool]] = {
    "the first answer": lambda request: request.path.rstrip("/").endswith("/v67.0"),
    "the poll": lambda request: request.is_poll,
    "the second look": lambda request: request.is_second_look,
}


@pytest.fixture
def org(world: World) -> Any:
    world.policy(POLICY)
    asked = {"CommentBody": "please escalate", "CreatedDate": OLD, "CreatedById": "bob@support.example"}
    comments = [{"ParentId": f"0000000{number}", **asked} for number in (1, 2)]
    return world.org(Case=[case(1), case(2)], Group=QUEUES, User=USERS, CaseComment=comments)


def notes(org: Any) -> int:
    return len(select(org, "SELECT Id FROM CaseComment WHERE CommentBody LIKE '%ESC-%'"))


@pytest.mark.parametrize(("kind", "place", "deadline"), some(product(ENDLESS, PLACES, [(), ("--deadline", "5s")]), 16))
def test_a_read_without_end_ends_with_exit_5(
    world: World, org: Any, clock: Clock, over: threading.Event, kind: str, place: str, deadline: tuple[str, ...]
) -> None:
    raw = raw_of(kind, clock, over)

    def rule(request: Request, _forward: Callable[[], Reply]) -> Reply | None:
        return Reply(raw=raw) if PLACES[place](request) else None

    with in_front_of(org, rule) as (_, url):
        world.environ["SFDC_INSTANCE_URL"] = url
        answer = world.run("--backlog", "escalate", *deadline)
        over.set()
    assert answer.code == 5, answer
    assert "Traceback" not in answer.err
    assert notes(org) == 0


@pytest.mark.parametrize(("kind", "arrived"), some(product(ENDLESS, [True, False]), 7))
def test_a_write_without_end_is_unknown_until_a_later_run_settles_it(
    world: World, org: Any, clock: Clock, over: threading.Event, kind: str, arrived: bool
) -> None:
    raw = raw_of(kind, clock, over)

    def rule(request: Request, forward: Callable[[], Reply]) -> Reply | None:
        if not request.is_write:
            return None
        if arrived:
            forward()
        return Reply(raw=raw)

    with in_front_of(org, rule) as (_, url):
        there, world.environ["SFDC_INSTANCE_URL"] = world.environ["SFDC_INSTANCE_URL"], url
        answer = world.run("--backlog", "escalate", "--deadline", "5s")
        over.set()
    assert (answer.code, answer.json["unknown"], answer.json["applied"]) == (3, 2, 0), answer
    world.environ["SFDC_INSTANCE_URL"] = there
    for _ in range(2):
        advance(org, "20m")
        answer = world.run()
    assert (answer.code, answer.json["unknown"], notes(org)) == (0, 0, 2), answer


def test_a_page_that_leads_to_itself_ends_the_run(world: World, org: Any) -> None:
    link = {"totalSize": 9000, "done": False, "nextRecordsUrl": "/services/data/v67.0/query/01gX-1"}

    def rule(request: Request, forward: Callable[[], Reply]) -> Reply | None:
        if not (request.is_poll or request.is_page):
            return None
        reply = forward() if request.is_poll else Reply(200, {"Date": "Mon, 02 Mar 2026 15:00:00 GMT"}, polled[0])
        polled.append(reply.body)
        return Reply(200, reply.headers, json.dumps({**json.loads(reply.body), **link}).encode())

    polled: list[bytes] = []
    with in_front_of(org, rule) as (front, url):
        world.environ["SFDC_INSTANCE_URL"] = url
        answer = world.run("--backlog", "escalate")
    assert (answer.code, "read before" in answer.out) == (5, True), answer
    assert sum(request.is_page for request in front.requests) == 1
