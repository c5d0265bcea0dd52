"""A fleet: two orgs, a schedule that cron calls, and a worker."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.fleet import child
from sfdc_escalator.fleet.book import Book
from sfdc_escalator.pipeline.stop import Stop
from sfdc_escalator.wiring.fleet.work import work
from tests.ledger.server import a_database
from tests.stories.moments import wait_for
from tests.stories.world import NOW, World, write_tables
from tests.warm import program

POLICY = """policy: support
routes: [{name: high, reason: High., when: [{field: Priority, is: High}], escalate: {status: Working}}]
guards: {max_cases: 10, max_share_of_open: 100%}
"""


@pytest.fixture
def database(postgresql_server: str) -> Iterator[str]:
    with a_database(postgresql_server) as url:
        yield url


def entry(name: str, org: EmbeddedOrg, more: str) -> str:
    return f"{name}: {{instance_url: '{org.instance_url}', access_token: env:TOKEN_OF_{name.upper()}, {more}}}\n"


@pytest.fixture
def fleet(world: World, database: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """Two orgs with a case that matches, of which the first is a canary. Runs start at once."""
    starter = world.folder / "starter"
    starter.write_text(f'#!/bin/sh\nshift 2\nexec {shlex.quote(str(program()))} "$@"\n')
    starter.chmod(0o755)
    monkeypatch.setattr(child, "PROGRAM", [str(starter)])
    text = ""
    for name, more in (("first", ", canary: true"), ("second", "")):
        cases = [{"CaseNumber": "1", "Priority": "High"}]
        org = EmbeddedOrg(data=write_tables(world.folder / name, {"Case": cases}), now=NOW)
        world.orgs.append(org.__enter__())
        world.environ[f"TOKEN_OF_{name.upper()}"] = org.access_token
        text += entry(name, org, f"ledger: '{database}', every: 1h{more}")
    (world.folder / "config").mkdir()
    (world.folder / "config" / "orgs.yaml").write_text(text)
    policies(world, POLICY)
    world.environ["SFDC_ESCALATOR_BACKLOG"] = "escalate"
    world.go_home()
    return world


def policies(world: World, text: str) -> None:
    folder = world.folder / "config" / "policies"
    folder.mkdir(exist_ok=True)
    (folder / "support.yaml").write_text(text)


def status(world: World) -> dict[str, Any]:
    return world.type("fleet", "status", "--json").json


def lasts(world: World) -> dict[str, int | None]:
    return {one["org"]: one["last"]["exit"] for one in status(world)["orgs"] if one["last"]}


@contextmanager
def worker(world: World) -> Iterator[None]:
    """A worker at work, in a thread; it ends as after SIGTERM."""
    stop = Stop()
    here = replace(world.surroundings(), stopping=lambda _: nullcontext(stop))
    thread = Thread(target=work, args=(here, None, 4))
    thread.start()
    try:
        yield
    finally:
        stop.call_off("SIGTERM")
        thread.join(60)
    assert not thread.is_alive()


def test_a_fleet_serves_each_org_and_a_bad_policy_stops_at_the_canary(fleet: World) -> None:
    assert fleet.type("fleet", "status").code == 2
    assert fleet.type("fleet", "init").out.startswith("The fleet is set up in postgresql://")
    assert fleet.type("fleet", "schedule", "--once").out == "Queued: first, second\n"
    assert fleet.type("fleet", "schedule", "--once").out == "No org is due\n"
    with worker(fleet):
        wait_for(lambda: lasts(fleet) == {"first": 0, "second": 0})
        assert all(written(org) == ["CaseComment", "Case"] for org in fleet.orgs)
        good = status(fleet)["rollout"]["digest"]

        policies(fleet, POLICY.replace("field", "feild"))
        fleet.type("fleet", "schedule", "--once", "--metrics", "m.prom")
        assert fleet.type("fleet", "run", "first").out == "A run of first is queued\n"
        wait_for(lambda: status(fleet)["rollout"]["state"] == "halted")
    halted = fleet.type("fleet", "status", "--json")
    rollout = halted.json["rollout"]
    assert (halted.code, halted.json["workers"]) == (3, [])
    assert rollout["why"].startswith("a run of first ended with exit code 2: the policy is invalid: one problem;")
    assert {one["org"]: one["policies"] for one in halted.json["orgs"]} == {"first": rollout["digest"], "second": good}
    assert 'state="failing"} 0' in (fleet.folder / "m.prom").read_text()

    assert fleet.type("fleet", "rollback", rollout["digest"][:8]).code == 0
    assert {one["policies"] for one in status(fleet)["orgs"]} == {good}
    assert fleet.type("fleet", "pause", "second").out == "second is paused\n"
    assert fleet.type("fleet", "resume", "second").out == "second is served again\n"
    assert fleet.type("fleet", "promote", "abcdef").err.startswith("the fleet has no policies abcdef")


def test_an_org_that_left_the_file_while_its_job_waits_is_not_run(fleet: World, database: str) -> None:
    fleet.type("fleet", "init")
    fleet.type("fleet", "schedule", "--once")
    fleet.type("fleet", "pause", "first")
    file = fleet.folder / "config" / "orgs.yaml"
    file.write_text(file.read_text().splitlines()[0])
    with worker(fleet):
        wait_for(lambda: not waiting(database))
    assert [org.requests() for org in fleet.orgs] == [[], []]
    assert "Traceback" not in fleet.reported[-1]


def waiting(database: str) -> list[str]:
    """The orgs of which a job exists."""
    with Book.opened(database, writing=False) as book:
        return [one.member.org for one in book.states() if one.job is not None]


def written(org: EmbeddedOrg) -> list[str]:
    return [one["object"] for request in org.requests() for one in request["written"]]


def orgs(world: World, text: str) -> Path:
    path = world.folder / "config" / "orgs.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    world.go_home()
    return path


LOGIN = "instance_url: https://acme.my.salesforce.com, access_token: env:TOKEN"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"acme: {{{LOGIN}}}", "expected `every: 5m` in the entry of each org"),
        (f"acme: {{{LOGIN}, every: 5m}}", "config/orgs.yaml:1:7: the org acme has `every` and no `ledger`"),
        (f"acme: {{{LOGIN}, every: 5m, ledger: a.db}}", "the ledger of the org acme is not in PostgreSQL"),
        (
            f"a: {{{LOGIN}, every: 5m, ledger: 'postgresql://h/one'}}\nb: {{{LOGIN}, every: 5m, ledger: 'postgresql://h/two'}}",
            "config/orgs.yaml:2",
        ),
        (f"acme: {{{LOGIN}, every: 5m, deadline: 6m}}", "config/orgs.yaml:1"),
    ],
)
def test_entries_that_make_no_fleet_are_named_with_their_line(world: World, text: str, message: str) -> None:
    orgs(world, text)
    answer = world.type("fleet", "status")
    assert answer.code == 2
    assert message in answer.err


def test_a_missing_extra_is_named_with_the_line_that_installs_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    orgs(world, f"acme: {{{LOGIN}, every: 5m, ledger: 'postgresql://h/one'}}")
    monkeypatch.delitem(sys.modules, "sfdc_escalator.fleet.queue", raising=False)
    monkeypatch.setitem(sys.modules, "procrastinate", None)
    answer = world.type("fleet", "worker")
    assert answer.code == 2
    assert answer.err.strip() == (
        "the fleet needs procrastinate, which is not installed; run: pip install 'sfdc-escalator[fleet]'"
    )
