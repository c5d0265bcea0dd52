"""Too many calls at the same time pass; the limit of a day, a lost cursor and a part of an answer are what they are."""

import json
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from tests.sampling import some
from tests.stories.front import Reply, Request, in_front_of
from tests.stories.test_bounds import PLACES
from tests.stories.test_bounds import POLICY as ASKED
from tests.stories.test_main_job import OLD, QUEUES, USERS, case
from tests.stories.world import World, select

DATE = {"Date": "Mon, 02 Mar 2026 15:00:00 GMT"}


def refusal(status: int, message: str, **headers: str) -> Reply:
    body = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": message}]
    return Reply(status, {**DATE, **headers}, json.dumps(body).encode())


def throttled(**headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(429, {**DATE, "Server": "edge-gate", **named}, b"<html>slow down</html>")


PASSING = {
    "concurrent requests": refusal(403, "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
    "long transactions": refusal(403, "ConcurrentPerOrgLongTxn Limit exceeded."),
    "throttled": throttled(),
    "seconds": throttled(Retry_After="1"),
    "a date": throttled(Retry_After="Mon, 02 Mar 2026 15:00:05 GMT"),
    "a date long ago": throttled(Retry_After="Mon, 02 Mar 1970 15:00:05 GMT"),
    "negative": throttled(Retry_After="-5"),
    "absurd": throttled(Retry_After="soon \N{SNOWMAN}".encode().decode("latin-1")),
    "not a number": throttled(Retry_After="nan"),
}
WHERE: dict[str, Callable[[Request], bool]] = {**PLACES, "the write": lambda request: request.is_write}


@pytest.fixture
def org(world: World) -> Any:
    world.policy(ASKED)
    asked = {"CommentBody": "please escalate", "CreatedDate": OLD, "CreatedById": "bob@support.example"}
    comments = [{"ParentId": f"0000000{number}", **asked} for number in (1, 2)]
    return world.org(Case=[case(1), case(2)], Group=QUEUES, User=USERS, CaseComment=comments)


def notes(org: Any) -> int:
    return len(select(org, "SELECT Id FROM CaseComment WHERE CommentBody LIKE '%ESC-%'"))


def run(world: World, org: Any, place: str, reply: Reply, times: float = 1) -> tuple[Any, int]:
    """A run in which these requests get this reply so many times; the answer and the number of replies."""
    count = 0

    def rule(request: Request, _: Callable[[], Reply]) -> Reply | None:
        nonlocal count
        if not WHERE[place](request) or count >= times:
            return None
        count += 1
        return reply

    with in_front_of(org, rule) as (_, url):
        world.environ["SFDC_INSTANCE_URL"] = url
        return world.run("--backlog", "escalate"), count


@pytest.mark.parametrize(("kind", "place"), some(product(PASSING, WHERE), 10))
def test_too_many_calls_at_once_are_waited_for(world: World, org: Any, kind: str, place: str) -> None:
    answer, count = run(world, org, place, PASSING[kind])
    assert (answer.code, answer.json["applied"], notes(org), count) == (0, 2, 2, 1), answer


@pytest.mark.parametrize(
    ("kind", "place"), some(product(["concurrent requests", "long transactions", "throttled"], WHERE), 6)
)
def test_calls_that_never_get_through_end_the_run_with_the_reason(
    world: World, org: Any, kind: str, place: str
) -> None:
    answer, count = run(world, org, place, PASSING[kind], float("inf"))
    assert (answer.code, notes(org)) == (5, 0), answer
    message = answer.json["error"]["message"] if place != "the write" else answer.out
    assert "too many calls at the same time" in message
    assert "24 hours" not in answer.out
    assert ("edge-gate" in message) is (kind == "throttled")
    assert 1 < count < 10


@pytest.mark.parametrize(
    ("after", "place"), some(product(["86400", "inf", "1e400", "Mon, 02 Mar 2037 15:00:05 GMT"], WHERE), 8)
)
def test_a_wait_longer_than_the_time_of_the_run_ends_it(world: World, org: Any, place: str, after: str) -> None:
    answer, count = run(world, org, place, throttled(Retry_After=after))
    assert (answer.code, notes(org), count) == (5, 0, 1), answer


@pytest.mark.parametrize("place", WHERE)
def test_the_limit_of_a_day_is_not_waited_for(world: World, org: Any, place: str) -> None:
    answer, count = run(world, org, place, refusal(403, "TotalRequests Limit exceeded."), float("inf"))
    assert (answer.code, notes(org), count) == (5, 0, 1), answer
    assert "TotalRequests" in answer.out


@pytest.mark.parametrize("place", PLACES)
def test_a_read_that_timed_out_on_the_way_is_read_again(world: World, org: Any, place: str) -> None:
    answer, _ = run(world, org, place, Reply(408, DATE))
    assert (answer.code, notes(org)) == (0, 2), answer


def test_a_write_that_timed_out_on_the_way_is_unknown(world: World, org: Any) -> None:
    answer, count = run(world, org, "the write", Reply(408, DATE))
    assert (answer.code, answer.json["unknown"], count) == (3, 2, 1), answer


TIMEOUT = Reply(400, DATE, b'[{"errorCode": "QUERY_TIMEOUT", "message": "Your query request was running too long."}]')


def test_a_query_without_time_is_asked_once_more(world: World, org: Any) -> None:
    answer, _ = run(world, org, "the poll", TIMEOUT)
    assert (answer.code, answer.json["applied"]) == (0, 2), answer


TWO = """
policy: support
teams: {leads: {queue: Leads}}
routes:
  - {name: slow, reason: It is slow., when: [{field: Subject, starts_with: slow}],
     escalate: {note: {help_needed: Look.}, queue: leads}}
  - {name: quick, reason: It is quick., when: [{field: Subject, starts_with: Quick}],
     escalate: {note: {help_needed: Look.}, queue: leads}}
guards: {max_cases: 10, max_share_of_open: 100%}
"""


def test_a_query_that_never_has_time_breaks_its_route_alone(world: World) -> None:
    world.policy(TWO)
    org = world.org(Case=[{**case(1), "Subject": "Quick"}, {**case(2), "Subject": "slow"}], Group=QUEUES)

    def rule(request: Request, _: Callable[[], Reply]) -> Reply | None:
        return TIMEOUT if request.is_poll and "slow" in request.text else None

    with in_front_of(org, rule) as (_, url):
        world.environ["SFDC_INSTANCE_URL"] = url
        answer = world.run("--backlog", "escalate")
    assert (answer.code, answer.json["applied"]) == (3, 1), answer
    assert [one["route"] for one in answer.json["broken"]] == ["slow"]
