"""Runs in which the connection or the org fails: nothing is lost or sent twice, the failure is reported."""

from typing import Any

import pytest

from tests.stories.test_main_job import OLD, POLICY, QUEUES, case
from tests.stories.world import World, advance, select, writes

WRITE = {"method": "POST", "path": "/composite$"}


@pytest.fixture
def support(world: World) -> World:
    world.policy(POLICY)
    return world


def start(world: World, *faults: Any, cases: int = 2) -> Any:
    found = [case(number) for number in range(1, cases + 1)]
    return world.org(faults=faults, Case=found, Group=QUEUES)


def write_number(world: World) -> int:
    """The number of composite requests that a run makes before its write."""
    org = start(world)
    world.run("--backlog", "escalate")
    composites = [request for request in org.requests() if request["path"].endswith("/composite")]
    place = next(place for place, request in enumerate(composites) if request["body"]["allOrNone"])
    (world.folder / "org" / "Case.csv").unlink()
    return place + 1


def at_the_write(world: World, kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "match": {**WRITE, "nth": write_number(world)}, **more}


def notes(org: Any) -> int:
    return len(select(org, "SELECT Id FROM CaseComment"))


@pytest.mark.parametrize("kind", ["refuse", "lose", "cut", "html", "garbage", "500", "503"])
def test_a_write_without_a_clear_answer_is_never_sent_again(support: World, kind: str) -> None:
    org = start(support, at_the_write(support, kind))
    answer = support.run("--backlog", "escalate")
    assert (answer.code, answer.json["unknown"], answer.json["applied"]) == (3, 2, 0), answer.out
    there = notes(org)
    advance(org, "1m")
    second = support.run()
    assert notes(org) == there
    if there:
        assert (second.code, second.json["recovered"], second.json["already"]) == (0, 2, 2)
    else:
        assert (second.code, second.json["unknown"]) == (3, 2)
    assert support.type("audit", "verify").code == 0


@pytest.mark.parametrize("words", [["explain", "1", "--json"], ["validate", "--org", "env", "--format", "json"]])
def test_retries_are_logged_on_stderr_and_the_answer_is_one_json_object(support: World, words: list[str]) -> None:
    start(support, {"kind": "503", "match": {"method": "POST", "path": "/composite$"}})
    answer = support.type(*words)
    assert answer.code in (0, 2), answer
    assert isinstance(answer.json, dict)
    assert "503" in answer.err


def test_reads_are_tried_again_when_the_org_is_not_available(support: World) -> None:
    org = start(support, {"kind": "503", "match": {"method": "GET", "path": "/query"}, "times": 2})
    answer = support.run("--backlog", "escalate")
    assert (answer.code, answer.json["applied"], notes(org)) == (0, 2, 2)


def test_locked_records_are_sent_again_in_smaller_parts(support: World) -> None:
    org = start(support, at_the_write(support, "lock"), cases=4)
    answer = support.run("--backlog", "escalate")
    assert (answer.code, answer.json["applied"], notes(org)) == (0, 4, 4), answer.out


def test_records_that_stay_locked_wait_for_the_next_run(support: World) -> None:
    first, sends = write_number(support), 5
    second = first + sends + first - 1
    locks = [{"kind": "lock", "match": {**WRITE, "nth": place}, "times": sends} for place in (first, second)]
    org = start(support, *locks)
    answer = support.run("--backlog", "escalate")
    assert (answer.code, answer.json["deferred"], notes(org)) == (0, 2, 0)
    advance(org, "1m")
    again = support.run("--backlog", "escalate")
    assert (again.code, again.json["deferred"]) == (3, 2)
    assert not writes(org)


def test_an_expired_session_ends_the_run_and_loses_nothing(support: World) -> None:
    org = start(support, at_the_write(support, "session"))
    answer = support.run("--backlog", "escalate")
    assert (answer.code, answer.json["deferred"], notes(org)) == (5, 2, 0)
    advance(org, "1m")
    again = support.run("--backlog", "escalate")
    assert (again.code, again.json["applied"], notes(org)) == (0, 2, 2)


def test_an_exhausted_api_limit_ends_the_run_and_loses_nothing(support: World) -> None:
    org = start(support, at_the_write(support, "limit"))
    answer = support.run("--backlog", "escalate")
    assert (answer.json["deferred"], notes(org)) == (2, 0)
    assert answer.code != 0
    advance(org, "1m")
    assert support.run("--backlog", "escalate").json["applied"] == 2


def test_a_lost_ledger_is_noticed_before_anything_is_written_twice(support: World) -> None:
    org = start(support)
    support.run("--backlog", "escalate")
    for file in (support.folder / "state").glob("**/*.db*"):
        file.unlink()
    advance(org, "1m")
    for _ in range(2):
        answer = support.run("--backlog", "escalate")
        assert answer.code == 4
        assert "ledger rebuild" in answer.json["error"]["message"]
    assert notes(org) == 2


def test_a_second_host_with_its_own_ledger_finds_the_keys_in_the_org(support: World) -> None:
    org = start(support, cases=3)
    here, there = str(support.folder / "here.db"), str(support.folder / "there.db")
    support.run("--backlog", "escalate", "--limit", "1", "--ledger", here)
    advance(org, "1m")
    support.run("--case", "00000002", "--ledger", there)
    advance(org, "1m")
    answer = support.run("--backlog", "escalate", "--ledger", there)
    assert (answer.json["applied"], answer.json["already"], notes(org)) == (1, 2, 3), answer.out


def test_a_renamed_route_does_not_escalate_everything_again(support: World) -> None:
    org = start(support)
    support.run("--backlog", "escalate")
    support.policy(POLICY.replace("name: urgent\n", "name: pressing\n    formerly: [urgent]\n"))
    advance(org, "1m")
    answer = support.run()
    assert (answer.code, answer.json["already"], answer.json["applied"], notes(org)) == (0, 2, 0, 2)


def test_the_second_of_two_policies_waits_for_the_next_run(support: World) -> None:
    org = support.org(Case=[case(1, created=OLD)], Group=QUEUES)
    second = support.folder / "second.yaml"
    second.write_text(POLICY.replace("policy: support", "policy: other"))
    both = ["--policy", str(support.folder / "policy.yaml"), "--policy", str(second), "--backlog", "escalate"]
    first = support.run(*both)
    assert (first.code, first.json["applied"], first.json["deferred"]) == (0, 1, 1)
    advance(org, "1m")
    again = support.run(*both)
    assert (again.code, again.json["applied"], again.json["already"], notes(org)) == (0, 1, 1, 2)
