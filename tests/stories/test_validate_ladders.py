"""Stories of `validate --org` with ladders: what rungs, due times, acknowledgements and holds need in an org."""

import json
from typing import Any

import pytest

from tests.stories.test_main_job import case, start
from tests.stories.test_validate_org import CASE, GROUPS
from tests.stories.world import World, advance

GOOD = """
policy: support
priorities: [Low, Medium, High]
teams: {leads: {queue: Leads}}
routes:
  - name: old
    reason: It is old.
    when: [{age: CreatedDate, at_least: 2d}]
    escalate: {priority: Medium}
    due: {end_of: business_day, calendar: {business_hours: Default}}
    ladder:
      - {after: 30m, calendar: {business_hours: Default}, escalate: {queue: leads}, until: acknowledged}
      - after_due: 0m
        escalate: {priority: High, status: Working}
        notify: [leads, {person: Owner.Manager}, {person: Account.Owner}]
        until: closed
"""
BAD = """
policy: support
priorities: [Low, Medium, High]
teams: {leads: {queue: Leds}}
hold_while: {field: Satus__c, is: Legal}
tables: {gap: {by: Tier__c, values: {Gold: 1h}, else: 2h}}
routes:
  - name: old
    reason: It is old.
    when: [{age: CreatedDate, at_least: 2d}]
    escalate: {priority: Medium}
    due: {end_of: business_day, calendar: {business_hours: Nights}}
    acknowledged: {related: Calls__r, at_least: 1}
    ladder:
      - {after: 30m, escalate: {queue: leads, status: Workin}, until: acknowledged}
      - {name: gap, after: {table: gap}, escalate: {note: {quick_text: Late}}, until: closed}
      - {after: 9h, calendar: {business_hours: Days}, notify: [leads], until: closed}
"""
COMPARED = """
policy: support
hold_while: {field: IsEscalated, is: maybe}
routes:
  - name: old
    reason: It is old.
    when: [{age: CreatedDate, at_least: 2d}]
    escalate: {priority: Medium}
    due: {by: Priority, values: {Hihg: 1h}, else: 2h}
    acknowledged: {field: Status, at_least: 3}
    ladder: [{after: 1h, escalate: {note: {}}, until: acknowledged}]
"""

OFFICE = {"Name": "Office", "IsActive": "true", "TimeZoneSidKey": "UTC"} | {
    f"{day}{edge}Time": f"{hour}:00:00.000Z"
    for day in ("Monday", "Tuesday")
    for edge, hour in (("Start", "09"), ("End", "17"))
}
URGENT = """
policy: support
priorities: [Low, Medium, High, Critical]
routes:
  - name: urgent
    reason: It is urgent.
    when: [{field: Subject, starts_with: urgent}]
    escalate: {priority: High}
    due: {end_of: business_day, calendar: {business_hours: Office}}
    ladder:
      - {after: 30m, calendar: {business_hours: Office}, escalate: {priority: Critical}, until: closed}
guards: {max_cases: 10, max_share_of_open: 100%}
"""


def problems(world: World, *words: str, code: int) -> list[dict[str, Any]]:
    answer = world.type("validate", *words, "--org", "env", "--format", "json")
    assert answer.code == code, answer.out + answer.err
    found: list[dict[str, Any]] = answer.json["problems"]
    return found


def automated(world: World, rule: dict[str, Any]) -> None:
    """Starts an org with one rule of its own."""
    folder = world.data(Case=[CASE], Group=GROUPS)
    (folder / "automation.json").write_text(json.dumps([rule]))
    world.org(Case=[CASE], Group=GROUPS)


OWNER_UNTRACKED = {"kind": "untracked", "fields": ["OwnerId"]}


def test_a_ladder_that_the_org_can_carry_out_is_valid(world: World) -> None:
    world.policy(GOOD)
    world.org(Case=[CASE], Group=GROUPS)
    assert problems(world, code=0) == []


def test_everything_that_a_ladder_needs_and_the_org_lacks_is_reported_with_its_line(world: World) -> None:
    world.policy(BAD)
    world.org(Case=[CASE], Group=GROUPS)
    found = {(one["line"], one["found"], one["severity"]) for one in problems(world, code=2)}
    assert found >= {
        (4, "Leds", "error"),
        (5, "Satus__c", "error"),
        (6, "Tier__c", "error"),
        (12, "Nights", "error"),
        (13, "Calls__r", "error"),
        (15, "Workin", "error"),
        (16, "Late", "warning"),
        (17, "Days", "error"),
    }


def test_comparisons_of_a_ladder_are_checked_by_the_type_of_their_fields(world: World) -> None:
    world.policy(COMPARED)
    world.org(Case=[CASE], Group=GROUPS)
    found = [(one["line"], one["found"], one["severity"]) for one in problems(world, code=2)]
    assert found == [(3, "maybe", "error"), (9, "Hihg", "warning"), (10, "3", "error")]


def test_a_step_of_a_rung_that_the_org_refuses_is_found_in_a_sandbox(world: World) -> None:
    rule = {"kind": "validation_rule", "when": [{"field": "Status", "is": "Working"}], "message": "Ask first."}
    world.policy(GOOD)
    automated(world, rule)
    refused = [one["message"] for one in problems(world, "--probe", code=2)]
    assert [one.partition(" (")[0] for one in refused] == [
        "route old, rung after-due-0m: the org refuses its steps: FIELD_CUSTOM_VALIDATION_EXCEPTION: Ask first."
    ]


def test_an_owner_without_history_is_a_warning_at_the_ladder(world: World) -> None:
    """L14"""
    world.policy(GOOD)
    automated(world, OWNER_UNTRACKED)
    [one] = problems(world, code=0)
    assert (one["severity"], one["line"]) == ("warning", 6)
    assert one["message"].startswith("this org does not track the history of OwnerId: a change of it acknowledges")


@pytest.mark.parametrize(("until", "key"), [("closed", ""), ("acknowledged", "acknowledged: {spoke: agent}")])
def test_no_history_of_the_owner_is_needed_where_no_rung_waits_for_a_new_owner(
    world: World, until: str, key: str
) -> None:
    world.policy(GOOD.replace("until: acknowledged", f"until: {until}") + (f"    {key}\n" if key else ""))
    automated(world, OWNER_UNTRACKED)
    assert problems(world, code=0) == []


def test_a_run_goes_by_the_business_hours_of_the_org_on_ladders(world: World) -> None:
    world.policy(URGENT)
    org = start(world, case(1), BusinessHours=[OFFICE])
    first = world.run("--backlog", "escalate").json
    assert first["escalations"][0]["due"] == "2026-03-02T17:00:00Z"
    advance(org, "30m")
    assert [one["rung"] for one in world.run().json["escalations"] if one["rung"] != "start"] == ["after-30m"]


GONE = """
policy: support
priorities: [Low, Medium, High, Critical]
teams: {gone: {queue: Gone}}
routes:
  - name: urgent
    reason: It is urgent.
    when: [{field: Subject, starts_with: urgent}]
    escalate: {priority: High}
    ladder:
      - {after: 30m, escalate: {queue: gone}, until: closed}
      - {after: 40m, escalate: {priority: Critical}, until: closed}
guards: {max_cases: 10, max_share_of_open: 100%}
"""


def test_a_rung_that_the_org_cannot_carry_out_is_rejected_and_the_others_go_on(world: World) -> None:
    """L11"""
    world.policy(GONE)
    org = start(world, case(1))
    first = world.run("--backlog", "escalate")
    assert (first.json["applied"], first.code) == (1, 3)
    advance(org, "30m")
    answer = world.run()
    (rung,) = [one for one in answer.json["escalations"] if one["rung"] != "start"]
    assert (rung["rung"], rung["state"], answer.code) == ("after-30m", "rejected", 3)
    assert rung["reason"] == "this org has no queue 'Gone' for cases"
    advance(org, "10m")
    (rung,) = [one for one in world.run().json["escalations"] if one["state"] == "applied"]
    assert rung["rung"] == "after-40m"
