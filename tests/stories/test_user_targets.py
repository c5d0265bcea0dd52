"""A team can have a user in place of a queue: the cases of the team go to that user."""

from typing import Any

import pytest

from tests.stories.test_main_job import QUEUES
from tests.stories.world import Row, World, advance, select

POLICY = """
policy: support
teams: {agents: {queue: Intake}, head: {user: HEAD@example.com}, deputy: {user: deputy@example.com}}
routes:
  - name: urgent
    reason: The case is urgent.
    when: {field: Priority, is: High}
    escalate: {queue: {by: Type, values: {Question: deputy}, else: head}}
    ladder:
      - {after: 30m, escalate: {queue: deputy}, until: closed}
guards: {max_cases: 10, max_share_of_open: 100%}
"""
USERS = [
    {"Username": "head@example.com", "LastName": "Head"},
    {"Username": "deputy@example.com", "LastName": "Deputy", "IsActive": "true"},
]
OWNERS = "SELECT CaseNumber, Owner.Name FROM Case ORDER BY CaseNumber"


def case(number: int, owner: str, kind: str = "Problem") -> Row:
    created = "2026-03-02T09:00:00Z"
    return {"CaseNumber": str(number), "Priority": "High", "Type": kind, "OwnerId": owner, "CreatedDate": created}


def org_with(world: World, *users: Row) -> Any:
    world.policy(POLICY)
    cases = [case(1, "Intake"), case(2, "Intake", "Question"), case(3, users[0]["Username"])]
    return world.org(Case=cases, Group=QUEUES, User=users)


def test_the_case_goes_to_the_user_of_the_team_and_a_rung_passes_it_on(world: World) -> None:
    org = org_with(world, *USERS)
    planned = world.type("run", "--org", "env", "--dry-run", "--backlog", "escalate")
    assert "queue Intake -> Head" in planned.out
    found = world.run("--backlog", "escalate").json
    steps = {one["case_number"]: [step["state"] for step in one["steps"]] for one in found["escalations"]}
    assert steps == {"1": ["applied", "applied"], "2": ["applied", "applied"], "3": ["applied", "already_so"]}
    assert [one["Owner"]["Name"] for one in select(org, OWNERS)] == ["Head", "Deputy", "Head"]
    advance(org, "31m")
    assert world.run().json["exit"] == 0
    assert [one["Owner"]["Name"] for one in select(org, OWNERS)] == ["Deputy", "Deputy", "Deputy"]


@pytest.mark.parametrize(
    ("users", "message"),
    [
        ([USERS[1]], "this org has no user with the Username 'HEAD@example.com' whom this user may see"),
        ([{**USERS[0], "IsActive": "false"}, USERS[1]], "the user 'HEAD@example.com' is not active"),
        ([{**USERS[0], "UserType": "Guest"}, USERS[1]], "is of the type Guest, which cannot own a case"),
    ],
)
def test_a_user_who_cannot_own_cases_is_reported_and_the_cases_are_rejected(
    world: World, users: list[Row], message: str
) -> None:
    org_with(world, *users)
    checked = world.type("validate", "--org", "env", "--format", "json")
    assert [one["line"] for one in checked.json["problems"] if message in one["message"]] == [3]
    found = world.run("--backlog", "escalate").json
    assert {one["state"] for one in found["escalations"]} == {"rejected"}
    assert all(message in one["reason"] for one in found["escalations"])
    assert found["exit"] == 3
