"""`validate --probe` when the line breaks, the org fails, or it is stopped: no case is left, or it is reported."""

import signal
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.embedded_org.rest import describing
from sfdc_escalator.salesforce.line.client import Client, Sent
from sfdc_escalator.salesforce.readiness import marked_cases
from tests.sampling import some
from tests.stories.moments import signal_to_this_thread
from tests.stories.test_probe import CASE, GROUPS, POLICY, sandbox
from tests.stories.world import Answer, World, select, writes

BEFORE = 3
"""Composites before the marked cases are made: the survey, two of the inspection, the cases of earlier probes."""
KINDS = ("refuse", "lose", "cut", "500", "503", "lock", "limit", "session", "html", "garbage")
CALLS = range(1, 13)
"""Make the cases, look for them, the note that is rolled back, look for it, two routes rolled back, both carried
out, read them back, their notes; look for the cases, delete them, look again."""
LOOK_AT_LAST = 10


def failing(world: World, kind: str, nth: int, times: int = 1, seconds: float = 0.01) -> EmbeddedOrg:
    """The org whose nth composite of the probe fails."""
    world.policy(POLICY)
    match = {"method": "POST", "path": "composite", "nth": BEFORE + 1 + nth}
    fault = {"kind": kind, "match": match, "times": times, "seconds": seconds}
    return world.org(faults=[fault], Case=[CASE], Group=GROUPS)


def probed(world: World) -> Answer:
    return world.type("validate", "--org", "env", "--probe")


def marked(org: EmbeddedOrg) -> list[str]:
    found = select(org, f"SELECT CaseNumber FROM Case WHERE Subject LIKE '{marked_cases.MARK}%'")
    return [one["CaseNumber"] for one in found]


def others(org: EmbeddedOrg) -> list[dict[str, Any]]:
    return select(org, "SELECT CaseNumber, OwnerId, Status, Priority, LastModifiedDate FROM Case")


def test_the_calls_of_these_tests_are_those_of_a_probe(world: World) -> None:
    org = sandbox(world)
    assert probed(world).code == 0
    wrote = [bool(one["written"]) for one in org.requests() if one["method"] == "POST"]
    assert wrote[BEFORE + 1 :].index(True) == 0
    assert len(wrote) == BEFORE + 1 + len(CALLS)


@pytest.mark.parametrize("kind", KINDS)
def test_whichever_call_of_a_probe_fails_nothing_is_left_behind(world: World, kind: str) -> None:
    for nth in some(CALLS, 4):
        org = failing(world, kind, nth)
        before = others(org)
        answer = probed(world)
        assert answer.code in (0, 2, 5), (nth, answer)
        assert (marked(org), others(org)) == ([], before), (nth, answer)
        assert select(org, "SELECT Id FROM CaseComment") == []
        assert "a defect of sfdc-escalator" not in answer.err


def test_a_lost_answer_is_not_reported_as_a_fault_of_a_route(world: World) -> None:
    """A request that is always rolled back may be sent again."""
    for nth in (5, 6):
        failing(world, "lose", nth)
        assert probed(world).code == 0
    failing(world, "lose", 5, times=2)
    assert "route first: its steps could not be tried: " in probed(world).out


def test_cases_that_may_appear_later_are_announced(world: World) -> None:
    org = failing(world, "late", 1, seconds=0.5)
    answer = probed(world)
    assert answer.code == 2
    assert "should cases with the Subject 'sfdc-escalator probe " in answer.out
    assert "appear later, delete them" in answer.out
    org.__exit__(None, None, None)
    world.orgs.remove(org)


def test_cases_that_cannot_be_deleted_are_named(world: World) -> None:
    org = failing(world, "limit", LOOK_AT_LAST, times=0)
    answer = probed(world)
    assert answer.code == 2
    assert "cases of this probe are left in the org, delete them: " in answer.out
    subject = next(one["fields"]["Subject"] for one in writes(org) if one["object"] == "Case")
    assert f"every case with the Subject {subject!r}" in answer.out


def test_a_case_whose_queue_lets_nobody_delete_it_is_named_with_its_number(world: World) -> None:
    org = sandbox(world, {"kind": "lose_edit_right", "queue": "Leads"})
    world.policy(POLICY.replace(", status: Escalated", ""))
    answer = probed(world)
    assert answer.code == 2
    [number] = marked(org)
    assert f"delete them: case {number}: INSUFFICIENT_ACCESS_OR_READONLY" in answer.out
    again = probed(world)
    assert f"cases of an earlier probe are left in the org, delete them: {number}" in again.out


def test_where_a_case_of_the_queue_shows_that_none_could_be_deleted_none_is_moved_there(world: World) -> None:
    world.monkeypatch.setattr("tests.stories.test_probe.CASE", {**CASE, "OwnerId": "Leads"})
    org = sandbox(world, {"kind": "lose_edit_right", "queue": "Leads"})
    answer = probed(world)
    assert answer.code == 2
    assert "(not with Leads: this user could not delete such cases)" in answer.out
    assert "costs the right to edit the case before route first can go on" in answer.out
    assert marked(org) == []
    assert [one["fields"].get("OwnerId") for one in writes(org) if one["op"] == "update"] != []


def test_no_case_is_made_without_a_step_to_try(world: World) -> None:
    org = sandbox(world)
    world.policy(POLICY.replace("queue: Leads", "queue: Leds").replace("queue: Others", "queue: Otters"))
    answer = probed(world)
    assert answer.code == 2
    assert "Rehearsed nothing: there is no step that could be tried." in answer.out
    assert "all-or-nothing honoured" in answer.out
    assert writes(org) == []


def interrupted(world: World, nth: int, act: Callable[[], None]) -> Answer:
    """Somebody does something while the nth write of the probe is under way."""
    real, count = Client.send, 0

    def send(self: Client, body: Any) -> Sent:
        nonlocal count
        count += 1
        if count == nth:
            act()
        return real(self, body)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "send", send)
        return probed(world)


@pytest.mark.parametrize(
    ("number", "nth"), some(product([signal.SIGTERM, signal.SIGINT, signal.SIGHUP], [1, 2, 3, 4]), 6)
)
def test_a_stopped_probe_waits_for_its_calls_and_cleans_up(world: World, number: signal.Signals, nth: int) -> None:
    org = sandbox(world)
    answer = interrupted(world, nth, lambda: signal_to_this_thread(number))
    assert (answer.code, marked(org)) == (3, [])
    assert answer.err == f"stopped by {number.name} before everything was tried out; none of the marked cases is left\n"
    assert any(one["op"] == "delete" for one in writes(org))


def test_a_second_interrupt_deletes_the_cases_too(world: World) -> None:
    org = sandbox(world)

    def twice() -> None:
        signal_to_this_thread(signal.SIGINT)
        signal_to_this_thread(signal.SIGINT)

    answer = interrupted(world, 3, twice)
    assert (answer.code, marked(org)) == (3, [])
    assert answer.err == "interrupted; none of the marked cases is left\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_json_reports_an_interruption_as_one_object(world: World) -> None:
    sandbox(world)
    world.monkeypatch.setattr(Client, "send", stopped_by(signal.SIGTERM))
    answer = world.type("validate", "--org", "env", "--probe", "--format", "json")
    assert (answer.code, answer.json["error"]["code"], answer.json["exit"]) == (3, "stopped", 3)


def stopped_by(number: signal.Signals) -> Callable[[Client, Any], Sent]:
    real = Client.send

    def send(self: Client, body: Any) -> Sent:
        signal_to_this_thread(number)
        return real(self, body)

    return send


def test_a_user_who_may_not_delete_cases_makes_none(world: World) -> None:
    org = sandbox(world)
    real = describing.summary
    world.monkeypatch.setattr(describing, "summary", lambda *words: {**real(*words), "deletable": False})
    answer = probed(world)
    assert answer.code == 2
    assert "this user may not delete cases, so --probe makes none" in answer.out
    assert writes(org) == []
