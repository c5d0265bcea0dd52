"""`also_on: Account`: the note is also in the account's feed, in the transaction of the case."""

import json

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.stories.world import World, select, writes

POLICY = """
policy: support
teams: {leads: {queue: Leads}}
defaults: {note: {also_on: Account}}
routes:
  - {name: high, reason: High., when: [{field: Priority, is: High}], escalate: {queue: leads, status: Escalated}}
guards: {max_cases: 500, max_share_of_open: 100%}
"""
GROUPS = [{"Type": "Queue", "DeveloperName": "Leads", "Name": "Leads"}]


def org_with(world: World, count: int = 2, rules: list[object] | None = None) -> EmbeddedOrg:
    """The first case has no account."""
    cases = [
        {"CaseNumber": f"{number:08}", "Priority": "High", "AccountId": "" if number == 1 else f"Acme {number % 3}"}
        for number in range(1, count + 1)
    ]
    accounts = [{"Name": f"Acme {number}"} for number in range(3)]
    folder = world.data(Case=cases, Account=accounts, Group=GROUPS)
    (folder / "automation.json").write_text(json.dumps(rules or []))
    world.policy(POLICY)
    return world.org(Case=cases, Account=accounts, Group=GROUPS)


def test_the_note_is_on_the_account_too_before_the_case_moves(world: World) -> None:
    org = org_with(world)
    assert world.run("--backlog", "escalate").json["applied"] == 2
    order = [one["object"] for one in writes(org)]
    assert order[:3] == ["CaseComment", "CaseComment", "FeedItem"]
    assert set(order[3:]) == {"Case"}
    (post,) = select(org, "SELECT ParentId, Body, Type FROM FeedItem")
    (account,) = select(org, "SELECT Id FROM Account WHERE Name = 'Acme 2'")
    note = select(org, "SELECT CommentBody FROM CaseComment WHERE Parent.CaseNumber = '00000002'")[0]["CommentBody"]
    assert (post["ParentId"], post["Type"]) == (account["Id"], "TextPost")
    assert post["Body"] == f"Case 00000002\n\n{note}"


def test_a_second_run_posts_nothing_again(world: World) -> None:
    org = org_with(world)
    world.run("--backlog", "escalate")
    assert world.run().json["applied"] == 0
    assert len(select(org, "SELECT Id FROM FeedItem")) == 1


def test_more_than_a_hundred_cases_go_in_several_requests(world: World) -> None:
    org = org_with(world, 150)
    assert world.run("--backlog", "escalate").json["applied"] == 150
    assert len(select(org, "SELECT Id FROM FeedItem")) == 149


def test_a_case_whose_account_refuses_the_post_is_not_moved(world: World) -> None:
    rule = {
        "kind": "validation_rule",
        "object": "FeedItem",
        "when": [{"field": "Type", "is": "TextPost"}],
        "message": "No feed.",
    }
    org = org_with(world, 2, [rule])
    answer = world.run("--backlog", "escalate")
    assert (answer.code, answer.json["applied"], answer.json["rejected"]) == (3, 1, 1)
    assert len(select(org, "SELECT Id FROM CaseComment")) == 1
    assert select(org, "SELECT Status FROM Case WHERE CaseNumber = '00000002'") == [{"Status": "New"}]


@pytest.mark.parametrize(("number", "expected"), [("00000001", ":"), ("00000002", ", also on its account:")])
def test_a_rehearsal_names_the_records_that_get_the_note(world: World, number: str, expected: str) -> None:
    org = org_with(world)
    answer = world.type("run", "--dry-run", "--case", number)
    assert f"The note for case {number}{expected}" in answer.out
    assert writes(org) == []
