"""A person says that a case is not to be escalated for some time, or a field says so (rule L19 of the ladder)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.stories.front import Reply, Request, in_front_of
from tests.stories.ladders import POLICY, later
from tests.stories.stopped_org import act, notes, run
from tests.stories.test_ladders import the_case
from tests.stories.test_main_job import case, start
from tests.stories.world import World, advance, patch, select

WHY = "the customer is on holiday"


def hold(world: World, *words: str, code: int = 0) -> dict[str, Any]:
    answer = world.type("hold", "1", "--json", *words)
    assert answer.code == code, answer.out + answer.err
    return answer.json


@pytest.fixture
def support(stopped: World) -> World:
    stopped.policy(POLICY)
    return stopped


@pytest.fixture
def held(support: World) -> World:
    """An escalated case, held for two hours."""
    start(support, case(1))
    run(support, "--backlog", "escalate")
    hold(support, "--until", "2h", "--why", WHY)
    return support


def test_no_rung_comes_while_a_case_is_held_and_held_time_does_not_count(held: World) -> None:
    assert later(held, 60) == []
    (one,) = run(held)["holds"]
    assert (one["case_number"], one["why"], one["until"]) == ("00000001", WHY, "2026-03-02T17:00:00Z")
    assert "held until 2026-03-02 17:00 UTC" in held.type("run", "--dry-run").out
    assert later(held, 61) == []  # the hold has ended by itself: 1 minute of the 30 has passed
    assert later(held, 28) == []
    assert later(held, 1) == [("after-30m", 1, "applied")]


def test_a_hold_says_which_escalation_is_due_inside(support: World) -> None:
    start(support, case(1))
    begun = run(support, "--backlog", "escalate")["escalations"][0]
    found = hold(support, "--until", "5h", "--why", WHY)
    assert found["inside_due"] == [begun["key"]]
    assert (found["case_number"], found["why"]) == ("00000001", WHY)
    assert (found["from"], found["until"]) == ("2026-03-02T15:00:00Z", "2026-03-02T20:00:00Z")
    text = support.type("hold", "1", "--until", "5h", "--why", WHY).out
    assert "is held until 2026-03-02 20:00 UTC" in text
    assert f"! {begun['key']} (support/urgent) is due inside, at 2026-03-02 19:00 UTC" in text


def test_a_due_time_does_not_move_and_missed_rungs_come_one_per_run(support: World) -> None:
    start(support, case(1))
    run(support, "--backlog", "escalate")
    hold(support, "--until", "5h", "--why", WHY)
    assert later(support, 301) == [("late", 1, "applied")]


def test_no_start_comes_while_a_case_is_held(support: World) -> None:
    org = start(support, case(1), case(2))
    hold(support, "--until", "2026-03-02T16:00:00Z", "--why", WHY)
    found = run(support, "--backlog", "escalate")
    assert sorted((one["state"], one["held_by"]) for one in found["escalations"]) == [
        ("applied", None),
        ("held", "hold"),
    ]
    assert len(notes(org)) == 1
    assert later(support, 60) == [("after-30m", 1, "applied")]
    assert len(notes(org)) == 3


def test_a_route_that_bypasses_guards_starts_all_the_same(support: World) -> None:
    support.policy(POLICY.replace("    due: 4h\n", "    due: 4h\n    bypass_guards: true\n"))
    start(support, case(1))
    hold(support, "--until", "1h", "--why", WHY)
    assert run(support, "--backlog", "escalate")["applied"] == 1


def test_a_release_ends_the_hold(held: World) -> None:
    answer = held.type("release", "1", "--json")
    assert (answer.code, answer.json["why"]) == (0, WHY), answer.err
    assert later(held, 31) == [("after-30m", 1, "applied")]
    again = held.type("release", "00000001")
    assert (again.code, "is not held" in again.err) == (2, True)


def test_a_second_hold_replaces_the_first(held: World) -> None:
    hold(held, "--until", "10m", "--why", "shorter")
    assert later(held, 41) == [("after-30m", 1, "applied")]


def test_one_route_may_be_held_alone(support: World) -> None:
    start(support, case(1))
    run(support, "--backlog", "escalate")
    hold(support, "--until", "1h", "--why", WHY, "--route", "urgent")
    assert later(support, 31) == []
    assert run(support)["holds"][0]["route"] == "urgent"
    unknown = support.type("hold", "1", "--until", "1h", "--why", WHY, "--route", "urgnt")
    assert (unknown.code, "no policy has a route 'urgnt'; there are: urgent" in unknown.err) == (2, True)


def test_a_hold_of_a_renamed_route_is_shown_on_the_escalations_from_before(support: World) -> None:
    start(support, case(1))
    run(support, "--backlog", "escalate")
    support.policy(POLICY.replace("name: urgent\n", "name: pressing\n    formerly: [urgent]\n"))
    run(support)
    hold(support, "--until", "1h", "--why", WHY, "--route", "pressing")
    assert standing(support)["state"] == "held"
    assert later(support, 31) == []
    assert standing(support)["held"]["why"] == WHY


def standing(world: World) -> dict[str, Any]:
    answer = world.type("status", "--json")
    (one,) = answer.json["escalations"]
    return dict(one)


def test_the_hold_of_a_case_that_was_merged_away_can_be_released(support: World) -> None:
    org = start(support, case(1), case(2))
    run(support, "--backlog", "escalate")
    hold(support, "--until", "2h", "--why", WHY)
    first, second = (one["Id"] for one in select(org, "SELECT Id FROM Case ORDER BY CaseNumber"))
    act(org, act="merge", case=first, into=second)
    run(support)
    answer = support.type("release", "1", "--json")
    assert (answer.code, answer.json["case_number"]) == (0, "00000001"), answer.err
    assert run(support)["holds"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["1", "--until", "31d", "--why", WHY], "30 days at most"),
        (["1", "--until", "2026-03-02T14:59:00Z", "--why", WHY], "is not in the future"),
        (["1", "--until", "tomorrow", "--why", WHY], "is not a time"),
        (["1", "--until", "2026-03-03T14:59:00", "--why", WHY], "is not a time"),
        (["1", "--until", "1h", "--why", "  "], "--why is empty"),
        (["1", "--until", "1h", "--why", "x" * 501], "expected 500 at most"),
        (["9", "--until", "1h", "--why", WHY], "case 9 is not in this org"),
        (["2", "--until", "1h", "--why", WHY], "case 00000002 is closed"),
    ],
)
def test_a_hold_that_cannot_be_is_one_clear_message(support: World, words: list[str], said: str) -> None:
    start(support, case(1), case(2, Status="Closed", IsClosed="true"))
    answer = support.type("hold", *words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert run(support, "--backlog", "escalate")["held"] == 0


def test_a_case_is_held_while_a_field_says_so(support: World) -> None:
    org = start(support, case(1))
    support.policy(POLICY + "hold_while: [{field: Status, is: Working}]\n")
    run(support, "--backlog", "escalate")
    (one,) = select(org, "SELECT Id FROM Case")
    advance(org, "10m")
    patch(org, one["Id"], Status="Working")
    assert later(support, 10) == []
    assert later(support, 30) == []  # the 30 minutes stand still at 20, when a run first saw it
    (one_hold,) = run(support)["holds"]
    assert (one_hold["by"], one_hold["until"]) == ("hold_while", None)
    patch(org, one["Id"], Status="New")
    assert later(support, 1) == []
    assert later(support, 9) == []
    assert later(support, 1) == [("after-30m", 1, "applied")]
    assert the_case(org)["Priority"] == "Critical"


def test_a_case_with_two_escalations_is_held_once_while_a_field_says_so(support: World) -> None:
    """L18, L19: a merge brought the second escalation."""
    other = POLICY[POLICY.index("  - name: urgent") : POLICY.index("guards:")].replace("urgent", "slow")
    support.policy(POLICY.replace("guards:", f"{other}guards:") + "hold_while: [{field: Status, is: Working}]\n")
    org = start(support, case(1), case(2, "slow"))
    run(support, "--backlog", "escalate")
    first, second = (one["Id"] for one in select(org, "SELECT Id FROM Case ORDER BY CaseNumber"))
    act(org, act="merge", case=second, into=first)
    patch(org, first, Status="Working")
    advance(org, "5m")
    assert len(run(support)["holds"]) == 1
    assert len(run(support)["holds"]) == 1


def woken(world: World, first_answer: str) -> dict[str, Any]:
    """A run that was stopped after the org's first answer, before it took the lease, and goes on now."""

    def first_answer_then(request: Request, forward: Callable[[], Reply]) -> Reply | None:
        if not request.path.rstrip("/").endswith("/v67.0"):
            return None
        answer = forward()
        return replace(answer, headers={**answer.headers, "Date": f"Mon, 02 Mar 2026 {first_answer}:00 GMT"})

    with in_front_of(world.orgs[0], first_answer_then) as (_, address):
        direct = world.environ["SFDC_INSTANCE_URL"]
        world.environ["SFDC_INSTANCE_URL"] = address
        found = run(world)
        world.environ["SFDC_INSTANCE_URL"] = direct
    assert found["now"] == f"2026-03-02T{first_answer}:00Z"
    return found


def ids(org: EmbeddedOrg) -> list[str]:
    return [one["Id"] for one in select(org, "SELECT Id FROM Case ORDER BY CaseNumber")]


def states(report: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    return [(one["rung"], one["state"], one["held_by"]) for one in report["escalations"] if one["state"] != "already"]


def test_a_hold_that_began_after_the_first_answer_of_a_run_holds_its_rungs_and_starts(support: World) -> None:
    """L19: the run was stopped, or the next answers came from a server of the org with another clock."""
    org = start(support, case(1), case(2, "calm"))
    run(support, "--backlog", "escalate")
    advance(org, "33m")
    patch(org, ids(org)[1], Subject="urgent too")
    for number in ("1", "2"):
        assert support.type("hold", number, "--until", "2h", "--why", WHY).code == 0
    advance(org, "1m")
    found = woken(support, "15:31")
    assert states(found) == [("start", "held", "hold"), ("after-30m", "held", "hold")]
    assert len(found["holds"]) == 2


def test_a_field_that_an_earlier_run_saw_later_than_this_one_began_holds_its_rungs(support: World) -> None:
    """L19: this run, too, sees the case as held."""
    org = start(support, case(1))
    support.policy(POLICY + "hold_while: [{field: Status, is: Working}]\n")
    run(support, "--backlog", "escalate")
    advance(org, "32m")
    patch(org, ids(org)[0], Status="Working")
    advance(org, "1m")
    assert later(support, 0) == [("after-30m", 1, "held")]
    found = woken(support, "15:31")
    assert (states(found), len(found["holds"])) == ([("after-30m", "held", "field")], 1)
    patch(org, ids(org)[0], Status="New")
    advance(org, "1m")
    found = woken(support, "15:31")
    assert (states(found), found["holds"]) == ([("after-30m", "applied", None)], [])


def test_a_field_that_held_until_this_second_ends_once(support: World) -> None:
    """Two runs within a second."""
    org = start(support, case(1))
    support.policy(POLICY + "hold_while: [{field: Status, is: Working}]\n")
    run(support, "--backlog", "escalate")
    patch(org, ids(org)[0], Status="Working")
    advance(org, "1m")
    assert len(run(support)["holds"]) == 1
    patch(org, ids(org)[0], Status="New")
    advance(org, "1m")
    assert [run(support)["holds"], run(support)["holds"]] == [[], []]
