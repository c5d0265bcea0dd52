"""A case that is escalated once more: by newer words, by one more record, by what happened since; over real HTTP."""

import json
import re
from typing import Any

import pytest
import requests

from tests.stories.world import Row, World, advance, patch, select

POLICY = """
policy: support
teams: {leads: {queue: Leads}}
routes: [{name: one, reason: x, when: [%s], rearm: %s, scan: true, escalate: {queue: leads}}]
"""
WORDS = "{text: [Subject, comments.customer], mentions: refund}"
CUSTOMER = {"Username": "carl@portal.example", "LastName": "Carl", "UserType": "CspLitePortal"}
SAID: Row = {"ParentId": "00000001", "IsPublished": "true", "CreatedById": "carl@portal.example"}


def started(world: World, when: str, rearm: str, subject: str = "refund", **more: Any) -> Any:
    world.policy(POLICY % (when, rearm))
    case = {"CaseNumber": "00000001", "Subject": subject, "CreatedDate": "2026-03-01T12:00:00Z", "ContactId": "Kim Lee"}
    return world.org(
        Case=[{**case, "LastModifiedDate": case["CreatedDate"]}],
        Contact=[{"FirstName": "Kim", "LastName": "Lee"}],
        Group=[{"Type": "Queue", "DeveloperName": "Leads", "Name": "Leads"}],
        User=[CUSTOMER],
        **more,
    )


def act(org: Any, **what: str) -> None:
    answer = requests.post(f"{org.instance_url}/__embedded__/act", data=json.dumps(what), timeout=30)
    assert answer.status_code == 200, answer.text


def create(org: Any, kind: str, **fields: str) -> None:
    url = f"{org.instance_url}/services/data/v{org.api_version}/sobjects/{kind}"
    answer = requests.post(url, json=fields, headers={"Authorization": f"Bearer {org.access_token}"}, timeout=30)
    assert answer.status_code == 201, answer.text


def states(world: World, *words: str) -> list[str]:
    return [one["state"] for one in world.run(*words).json["escalations"]]


@pytest.mark.parametrize("choice", ["escalate", "adopt"])
def test_after_an_escalation_only_newer_messages_make_a_route_match_again(world: World, choice: str) -> None:
    old = [{**SAID, "CommentBody": "I want a refund", "CreatedDate": "2026-03-02T10:00:00Z"}]
    org = started(world, WORDS, "1h", CaseComment=old)
    assert states(world, "--backlog", choice) == ["applied" if choice == "escalate" else "already"]
    advance(org, "10m")
    assert states(world) == ["already"]  # the words are old from now on: the episode ends, and `rearm` counts from here
    advance(org, "2h")
    assert states(world) == []
    assert "no message since the last escalation" in world.type("explain", "1").out
    act(org, act="comment", case="00000001", text="Where is my REFUND?", **{"as": "customer"})
    assert states(world) == ["applied"]
    advance(org, "10m")
    assert states(world) == ["already"]


def test_an_escalation_is_open_until_its_case_is_closed(world: World) -> None:
    """Also when its route no longer matches, because its words are old by now."""
    old = [{**SAID, "CommentBody": "I want a refund", "CreatedDate": "2026-03-02T10:00:00Z"}]
    org = started(world, WORDS, "1h", CaseComment=old)

    def standing() -> tuple[int, int]:
        world.run("--metrics", "m.prom", "--backlog", "escalate")
        (figure,) = re.findall(r"open_escalations\{.*\} (\d+)", (world.folder / "m.prom").read_text())
        return world.type("status", "--json", "--expect-every", "100000h").json["open"], int(figure)

    assert standing() == (1, 1)
    advance(org, "10m")
    assert standing() == (1, 1)
    patch(org, select(org, "SELECT Id FROM Case")[0]["Id"], Status="Closed")
    assert standing() == (0, 0)


def test_one_more_record_begins_a_new_episode_and_time_alone_does_not(world: World) -> None:
    returned = [
        {"ContactId": "Kim Lee", "CaseId": "00000001", "CreatedDate": f"2026-03-0{day}T10:00:00Z"} for day in (1, 2)
    ]
    org = started(world, "{related: ReturnOrders, through: Contact, at_least: 2}", "new_record", ReturnOrder=returned)
    assert states(world, "--backlog", "escalate") == ["applied"]
    advance(org, "30d")
    assert states(world) == ["already"]
    (case,) = select(org, "SELECT ContactId FROM Case")
    create(org, "ReturnOrder", ContactId=case["ContactId"])
    assert states(world) == ["applied"]
    assert states(world) == ["already"]


def test_since_the_escalation_counts_from_the_routes_own_last_one(world: World) -> None:
    since = "{any: [{field: Subject, is: refund}, {spoke: customer, since: escalation}]}"
    org = started(world, since, "1h")
    assert states(world, "--backlog", "escalate") == ["applied"]
    seen = json.loads(world.type("explain", "1", "--json").out)["policies"][0]["routes"][0]
    assert [part["holds"] for part in seen["conditions"]["parts"][1]["parts"]] == [True, False]
    advance(org, "5m")
    act(org, act="comment", case="00000001", text="Hello?", **{"as": "customer"})
    seen = json.loads(world.type("explain", "1", "--json").out)["policies"][0]["routes"][0]
    assert [part["holds"] for part in seen["conditions"]["parts"][1]["parts"]] == [True, True]
    assert "at 2026-03-02 15:00 UTC" in seen["obstacles"][0]


def test_a_route_escalates_once_more_after_a_route_below_took_the_case_over(world: World) -> None:
    """Its time to be re-armed passed before the route below began, so that it was free to begin."""
    org = started(world, "{field: Status, is: Working}", "1h")
    low = "{name: low, reason: x, when: {field: Subject, is: refund}, scan: true, escalate: {queue: leads}}"
    world.policy(POLICY.replace("}]", f"}}, {low}]") % ("{field: Status, is: Working}", "1h"))

    def routes() -> list[tuple[str, str]]:
        return [(one["route"], one["state"]) for one in world.run("--backlog", "escalate").json["escalations"]]

    (case,) = select(org, "SELECT Id FROM Case")
    patch(org, case["Id"], Status="Working")
    advance(org, "1m")
    assert routes() == [("one", "applied")]
    patch(org, case["Id"], Status="New")
    advance(org, "1m")
    assert routes() == [("low", "already")]  # the episode ends; the route below waits for `rearm`
    advance(org, "61m")
    assert routes() == [("low", "applied")]
    patch(org, case["Id"], Status="Working")
    advance(org, "1m")
    assert routes() == [("one", "applied")]
    patch(org, case["Id"], Status="New")
    advance(org, "1m")
    assert routes() == [("low", "already")]
