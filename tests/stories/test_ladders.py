"""Nobody lets go: ladders over the embedded org, from a policy file to notes, moves and the audit trail."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.stories.front import Reply, Request, in_front_of
from tests.stories.ladders import POLICY, later
from tests.stories.stopped_org import act, notes, run
from tests.stories.test_main_job import QUEUES, USERS, case, start
from tests.stories.world import World, advance, patch, select


@pytest.fixture
def support(stopped: World) -> World:
    stopped.policy(POLICY)
    return stopped


def the_case(org: EmbeddedOrg) -> dict[str, Any]:
    return select(org, "SELECT Status, Priority, Owner.Name, IsClosed FROM Case")[0]


def test_a_ladder_climbs_while_nobody_acts(support: World) -> None:
    """L1, L2, L5, L7, L10"""
    org = start(support, case(1))
    first = run(support, "--backlog", "escalate")
    assert first["applied"] == 1
    (begun,) = first["escalations"]
    assert begun["due"] == "2026-03-02T19:00:00Z"
    assert "Due: Mon 2026-03-02 19:00 UTC" in notes(org)[0]
    assert later(support, 29) == []
    assert later(support, 1) == [("after-30m", 1, "applied")]
    assert the_case(org)["Priority"] == "Critical"
    assert len(notes(org)) == 2
    assert notes(org)[1].splitlines()[-1].endswith("support/urgent/after-30m/1/1")
    assert later(support, 30) == [("remind", 1, "applied")]
    assert len(notes(org)) == 2  # it notifies only: nothing is written to the org
    assert later(support, 59) == []
    assert later(support, 1) == [("remind", 2, "applied")]
    assert later(support, 60) == [("remind", 3, "applied")]
    assert later(support, 60) == [("late", 1, "applied")]
    assert "It is late." in notes(org)[2]
    assert the_case(org)["Status"] == "Escalated"
    assert later(support, 600) == []


def test_a_rung_is_never_climbed_in_the_run_that_starts_its_escalation(support: World) -> None:
    """L1"""
    support.policy(POLICY.replace("after: 30m", "after: 0m"))
    start(support, case(1))
    assert [one["rung"] for one in run(support, "--backlog", "escalate")["escalations"]] == ["start"]
    assert later(support, 1) == [("after-0m", 1, "applied")]


def test_a_dry_run_shows_the_rung_that_a_run_would_climb(support: World) -> None:
    start(support, case(1))
    run(support, "--backlog", "escalate")
    advance(support.orgs[0], "31m")
    plan = run(support, "--dry-run")
    (rung,) = [one for one in plan["escalations"] if one["rung"] != "start"]
    assert (rung["state"], rung["moment"], rung["late_by"]) == ("planned", "2026-03-02T15:30:00Z", 60)
    live = run(support)
    assert live["plan_digest"] == plan["plan_digest"]
    assert live["matched"] == 2
    assert live["already"] == 1  # the case itself, beside its rung


def test_who_takes_the_case_stops_the_rungs_until_acknowledged(support: World) -> None:
    """L13, L14"""
    org = start(support, case(1))
    run(support, "--backlog", "escalate")
    advance(org, "10m")
    (one,) = select(org, "SELECT Id FROM Case")
    act(org, act="edit", case=one["Id"], fields={"OwnerId": "bob@support.example"}, by="bob@support.example")
    assert later(support, 30) == []
    assert later(support, 60) == []
    assert later(support, 140) == [("late", 1, "applied")]  # until: closed


def test_a_closed_case_ends_its_ladder(support: World) -> None:
    """L16"""
    org = start(support, case(1))
    run(support, "--backlog", "escalate")
    (one,) = select(org, "SELECT Id FROM Case")
    act(org, act="close", case=one["Id"], by="bob@support.example")
    assert later(support, 300) == []
    assert len(notes(org)) == 1


def test_after_an_outage_one_rung_comes_per_run_and_people_get_time_to_act(support: World) -> None:
    """L8, L9"""
    org = start(support, case(1))
    run(support, "--backlog", "escalate")
    assert later(support, 75) == [("after-30m", 1, "applied")]
    assert "late by 45 min" in notes(org)[1]
    assert later(support, 29) == []
    assert later(support, 1) == [("remind", 1, "applied")]


def test_a_ladder_that_is_added_later_climbs_nothing_on_old_escalations(support: World) -> None:
    """L21"""
    support.policy(POLICY[: POLICY.index("    ladder:")] + POLICY[POLICY.index("guards:") :])
    start(support, case(1))
    run(support, "--backlog", "escalate")
    support.policy(POLICY)
    assert later(support, 60) == []
    assert later(support, 600) == []


def test_a_renamed_rung_is_not_climbed_again(support: World) -> None:
    """L20"""
    start(support, case(1))
    run(support, "--backlog", "escalate")
    assert later(support, 31) == [("after-30m", 1, "applied")]
    support.policy(POLICY.replace("{after: 30m,", "{name: raise, formerly: [after-30m], after: 30m,"))
    assert later(support, 1) == []
    assert later(support, 28) == [("remind", 1, "applied")]


def test_a_rung_whose_new_name_is_taken_back_without_formerly_climbs_no_old_escalation(support: World) -> None:
    """L21: by its former name it is a new rung, for escalations to come."""
    org = start(support, case(1))
    run(support, "--backlog", "escalate")
    support.policy(POLICY.replace("{after: 30m,", "{name: raise, formerly: [after-30m], after: 30m,"))
    assert later(support, 31) == [("raise", 1, "applied")]
    support.policy(POLICY)
    assert later(support, 1) == []
    assert standings(support)[0]["aside"] == ["after-30m"]
    act(org, act="create", object="Case", fields={"Subject": "urgent again", "Status": "New", "Priority": "Low"})
    assert later(support, 1) == []
    assert later(support, 31) == [("remind", 1, "applied"), ("after-30m", 1, "applied")]
    assert len([one for one in notes(org) if "after-30m" in one]) == 1


def test_a_rung_renamed_back_and_forth_with_formerly_is_climbed_once(support: World) -> None:
    """L20"""
    start(support, case(1))
    run(support, "--backlog", "escalate")
    support.policy(POLICY.replace("{after: 30m,", "{name: raise, formerly: [after-30m], after: 30m,"))
    assert later(support, 10) == []
    support.policy(POLICY.replace("{after: 30m,", "{name: after-30m, formerly: [raise], after: 30m,"))
    assert later(support, 21) == [("after-30m", 1, "applied")]
    assert later(support, 1) == []


def test_a_rung_never_lowers_and_never_moves_out_of_a_helping_hand(support: World) -> None:
    """L10"""
    org = start(support, case(1, Priority="Critical"))
    run(support, "--backlog", "escalate")
    assert later(support, 31) == [("after-30m", 1, "applied")]
    assert len(notes(org)) == 1  # nothing moved, so no note
    assert the_case(org)["Priority"] == "Critical"


def test_a_route_above_takes_the_case_over_and_ends_the_lower_ladder(support: World) -> None:
    """L12, L16"""
    above = POLICY.replace(
        "routes:\n",
        """routes:
  - name: safety
    reason: It is about safety.
    when: [{field: Status, is: Working}]
    escalate: {note: {help_needed: Call now.}, queue: intake}
""",
    )
    support.policy(above)
    org = start(support, case(1))
    run(support, "--backlog", "escalate")
    (one,) = select(org, "SELECT Id FROM Case")
    advance(org, "31m")
    act(org, act="edit", case=one["Id"], fields={"Status": "Working"}, by="bob@support.example")
    advance(org, "1m")
    found = run(support)["escalations"]
    ends = [(one["route"], one["rung"], one["state"]) for one in found]
    assert ends == [("safety", "start", "applied"), ("urgent", "after-30m", "already")]
    assert later(support, 600) == []


NOTICE_ONLY = """
policy: onboarding
teams: {leads: {queue: Leads}, intake: {queue: Intake}}
routes:
  - name: not-yet-tried
    reason: Nobody phoned.
    when: [{field: Subject, starts_with: urgent}]
    escalate: none
    notify: [{person: Owner}]
    repeat: {every: 3d, at_most: 2}
guards: {max_cases: 10, max_share_of_open: 100%}
"""


def test_a_route_that_only_notifies_repeats_its_notice_from_the_run_that_first_saw_the_case(stopped: World) -> None:
    """L1"""
    stopped.policy(NOTICE_ONLY)
    org = start(stopped, case(1))
    answer = stopped.run("--backlog", "escalate")
    assert (answer.code, answer.json["applied"]) == (0, 1), answer.err
    told = [json.loads(line) for line in answer.err.splitlines() if '"notice"' in line]
    assert [(one["kind"], one["recipient"], one["route"]) for one in told] == [("start", "intake", "not-yet-tried")]
    assert later(stopped, 3 * 24 * 60 - 1) == []
    assert later(stopped, 1) == [("repeat", 1, "applied")]
    assert later(stopped, 3 * 24 * 60) == [("repeat", 2, "applied")]
    assert later(stopped, 9 * 24 * 60) == []
    assert notes(org) == []
    assert stopped.run().json["already"] == 1


def test_the_backlog_of_a_route_that_only_notifies_is_a_choice_too(stopped: World) -> None:
    """L6"""
    stopped.policy(NOTICE_ONLY)
    start(stopped, case(1))
    assert stopped.run().code == 4
    assert stopped.run("--backlog", "adopt").json["already"] == 1
    assert later(stopped, 9 * 24 * 60) == []


def test_the_due_time_is_printed_in_the_zone_of_the_calendar_that_gives_it(support: World) -> None:
    """L3"""
    calendars = """calendars:
  east: {timezone: America/New_York, open: {mon-sat: "08:00-20:00"}}
  west: {timezone: America/Los_Angeles, open: {mon-sat: "08:00-20:00"}}
priorities"""
    hours = "{by: Status, values: {New: west}, else: east}"
    due = f"due: {{end_of: business_day, calendar: {hours}}}"
    support.policy(POLICY.replace("priorities", calendars, 1).replace("due: 4h", due))
    org = start(support, case(1))
    (begun,) = run(support, "--backlog", "escalate")["escalations"]
    assert begun["due"] == "2026-03-03T04:00:00Z"
    assert "Due: Mon 2026-03-02 20:00 PST" in notes(org)[0]
    assert later(support, 31) == [("after-30m", 1, "applied")]
    assert "Due: Mon 2026-03-02 20:00 PST" in notes(org)[1]


TRIED = POLICY.replace("max_cases: 10", "max_cases: 1")


def test_an_escalation_of_a_trial_climbs_while_the_backlog_is_not_decided(support: World) -> None:
    """L7: a rung belongs to no backlog."""
    start(support, case(1), case(2))
    run(support, "--case", "1")
    assert later(support, 31, code=4) == [("after-30m", 1, "applied")]
    assert later(support, 30, "--backlog", "adopt") == [("remind", 1, "applied")]
    assert later(support, 60) == [("remind", 2, "applied")]


def test_a_guard_withholds_the_move_of_a_rung_and_later_rungs_do_not_wait(support: World) -> None:
    """L11: the move follows as soon as the guard lets it, without another climb."""
    org = start(support, case(1), case(2))
    run(support, "--backlog", "escalate")
    support.policy(TRIED)
    assert later(support, 31, code=4) == [("after-30m", 1, "withheld")] * 2
    assert "running" in {one["state"] for one in standings(support)}
    assert {one["next"]["rung"] for one in standings(support)} == {"remind"}
    assert later(support, 30, code=4).count(("remind", 1, "applied")) == 2
    support.policy(POLICY)
    assert later(support, 1) == [("after-30m", 1, "applied")] * 2
    assert len(notes(org)) == 4
    assert later(support, 1) == []


def test_a_withheld_move_of_a_rung_ends_when_somebody_acts(support: World) -> None:
    """L11, L13: who took the case does not find it moved an hour later."""
    org = start(support, case(1), case(2))
    run(support, "--backlog", "escalate")
    support.policy(TRIED)
    assert later(support, 31, code=4) == [("after-30m", 1, "withheld")] * 2
    for one in select(org, "SELECT Id FROM Case"):
        act(org, act="edit", case=one["Id"], fields={"OwnerId": "bob@support.example"}, by="bob@support.example")
    support.policy(POLICY)
    assert later(support, 1) == []
    assert len(notes(org)) == 2


def standings(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.type("status", "--json", "--expect-every", "100000h").json["escalations"]
    return found


def test_a_rejected_move_of_a_rung_that_a_guard_withholds_later_stays_rejected(support: World) -> None:
    """L11"""
    org = start(support, case(1), case(2))
    run(support, "--backlog", "escalate")
    with locked(org):
        advance(org, "31m")
        answer = support.run()
        assert {one["state"] for one in rungs(answer)} == {"rejected"}, answer.out
    support.policy(TRIED)
    advance(org, "16m")
    answer = support.run()
    assert (answer.code, {one["state"] for one in rungs(answer)}) == (4, {"withheld"}), answer.err
    support.policy(POLICY)
    assert later(support, 1) == [("after-30m", 1, "applied")] * 2


def rungs(answer: Any) -> list[dict[str, Any]]:
    return [one for one in answer.json["escalations"] if one["rung"] != "start"]


@contextmanager
def locked(org: EmbeddedOrg) -> Iterator[None]:
    """An approval locks every case."""
    ids = [one["Id"] for one in select(org, "SELECT Id FROM Case")]
    for case_id in ids:
        act(org, act="lock", case=case_id)
    yield
    for case_id in ids:
        act(org, act="unlock", case=case_id)


REPEATED = POLICY.replace(
    "{after: 30m, escalate: {priority: Critical}, until: acknowledged}",
    "{after: 30m, escalate: {note: {help_needed: Still open.}}, repeat: {every: 10m, at_most: 5}, until: closed}",
)


def test_a_turn_that_was_deferred_is_skipped_when_the_next_one_is_due(support: World) -> None:
    """L5"""
    support.policy(REPEATED)
    org = start(support, case(1))
    run(support, "--backlog", "escalate")
    (one,) = select(org, "SELECT Id FROM Case")
    advance(org, "31m")
    act(org, act="edit", case=one["Id"], fields={"Subject": "urgent: changed"})
    assert [one["state"] for one in rungs(support.run())] == ["deferred"]  # somebody changed it in this very second
    assert later(support, 10) == [("after-30m", 2, "applied")]
    assert later(support, 10) == [("after-30m", 3, "applied")]
    assert len(notes(org)) == 3


SECOND = POLICY.replace("policy: support", "policy: other").replace("starts_with: urgent", "starts_with: slow")


def test_an_act_counts_though_a_run_of_another_policy_came_between(support: World) -> None:
    """L15: each policy has its own last look."""
    org = start(support, case(1))
    run(support, "--backlog", "escalate")
    other = support.folder / "other.yaml"
    other.write_text(SECOND)
    (one,) = select(org, "SELECT Id FROM Case")
    advance(org, "5m")
    act(org, act="comment", case=one["Id"], text="I call them.", by="bob@support.example")
    advance(org, "5m")
    assert support.type("run", "--json", "--policy", str(other)).code == 0
    assert later(support, 25) == []
    (standing,) = standings(support)
    assert (standing["state"], standing["acknowledged"]["at"]) == ("acknowledged", "2026-03-02T15:05:00Z")


@pytest.mark.parametrize(("by", "acted"), [("bob@support.example", True), ("robot@support.example", False)])
def test_a_record_acknowledges_when_a_person_made_it(support: World, by: str, *, acted: bool) -> None:
    """L14"""
    proof = "acknowledged: {related: Tasks, where: {field: TaskSubtype, is: Call}, since: escalation, at_least: 1}"
    support.policy(POLICY.replace("    due: 4h\n", f"    due: 4h\n    {proof}\n"))
    robot = {"Username": "robot@support.example", "LastName": "Robot", "UserType": "AutomatedProcess"}
    users = [*({**one, "UserType": "Standard"} for one in USERS), robot]
    org = support.org(Case=[case(1)], Group=QUEUES, User=users)
    run(support, "--backlog", "escalate")
    (one,) = select(org, "SELECT Id FROM Case")
    advance(org, "5m")
    call = {"WhatId": one["Id"], "Subject": "Call", "TaskSubtype": "Call"}
    act(org, act="create", object="Task", fields=call, by=by)
    assert later(support, 25) == ([] if acted else [("after-30m", 1, "applied")])
    (standing,) = standings(support)
    assert (standing["acknowledged"] is not None) == acted


def test_runs_of_another_policy_do_not_make_a_ladder_look_forgotten(support: World) -> None:
    """L22"""
    start(support, case(1))
    run(support, "--backlog", "escalate")
    other = support.folder / "other.yaml"
    other.write_text(SECOND)
    for _ in range(4):
        advance(support.orgs[0], "20m")
        assert support.type("run", "--json", "--policy", str(other)).json["self_check"]["problems"] == []
    assert later(support, 1) == [("after-30m", 1, "applied")]


def test_a_case_that_is_deleted_right_after_the_write_has_no_ladder(
    support: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L16: the note of its start can still be read."""
    org = start(support, case(1), case(2))
    (first, second) = (one["Id"] for one in select(org, "SELECT Id FROM Case ORDER BY CaseNumber"))

    def deleting(request: Request, forward: Callable[[], Reply]) -> Reply | None:
        answer = forward() if request.is_write else None
        if answer:
            act(org, act="delete", case=first)
        return answer

    with in_front_of(org, deleting) as (_, address):
        monkeypatch.setitem(support.environ, "SFDC_INSTANCE_URL", address)
        found = run(support, "--backlog", "escalate")
    assert (found["applied"], found["gone"]) == (2, 1)
    monkeypatch.setitem(support.environ, "SFDC_INSTANCE_URL", org.instance_url)
    (left,) = support.type("status", "--json").json["escalations"]
    assert (left["case_id"], left["state"]) == (second, "running")
    assert later(support, 30) == [("after-30m", 1, "applied")]


def test_the_ladder_of_a_case_that_is_merged_right_after_the_write_goes_on(
    support: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L18: and the master is not escalated once more."""
    org = start(support, case(1), case(2, "calm"))
    (first, second) = (one["Id"] for one in select(org, "SELECT Id FROM Case ORDER BY CaseNumber"))

    def merging(request: Request, forward: Callable[[], Reply]) -> Reply | None:
        answer = forward() if request.is_write else None
        if answer:
            act(org, act="merge", case=first, into=second)
        return answer

    with in_front_of(org, merging) as (_, address):
        monkeypatch.setitem(support.environ, "SFDC_INSTANCE_URL", address)
        found = run(support, "--backlog", "escalate")
    assert (found["applied"], found["gone"]) == (1, 0)
    monkeypatch.setitem(support.environ, "SFDC_INSTANCE_URL", org.instance_url)
    patch(org, second, Subject="urgent, too")
    assert later(support, 30) == [("after-30m", 1, "applied")]
    assert len(notes(org)) == 2
    (left,) = support.type("status", "--json").json["escalations"]
    assert (left["case_id"], left["state"]) == (second, "running")
