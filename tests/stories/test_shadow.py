"""Policies beside the rules of an org that acts as Salesforce does: every planted difference is named, nothing else."""

import json
from collections.abc import Sequence
from typing import Any

import requests

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.stories.world import Row, World, advance

ROBOT = "autoproc@embedded.example"
POLICY = """
policy: desk
channels: {mail: email}
teams:
  leads: {queue: Leads}
  night: {queue: Night}
  lead: {person: lead@example.com, tell: [mail]}
priorities: [Low, Medium, High]
routes:
  - name: phone
    reason: R.
    when: [{field: Origin, is: Phone}, {age: CreatedDate, at_least: 30m}]
    escalate: {queue: night}
  - name: high
    reason: R.
    when: [{field: Priority, is: High}, {age: CreatedDate, at_least: 60m}]
    escalate: {queue: leads}
  - name: question
    reason: R.
    when: [{field: Type, is: Question}, {age: CreatedDate, at_least: 30m}]
    escalate: {queue: night}
  - name: slow
    reason: R.
    when: [{field: Status, is: Working}, {age: CreatedDate, at_least: 2h}]
    escalate: {priority: Medium}
  - name: feature
    reason: R.
    when: [{field: Type, is: Feature}, {age: CreatedDate, at_least: 2h}]
    escalate: none
    notify: [lead]
  - name: breakdown
    reason: R.
    when: [{field: Reason, is: Breakdown}]
    escalate: {queue: night}
"""
NATIVE = [
    {"kind": "tracked", "fields": ["IsEscalated"]},
    {"kind": "assignment_rule", "to": "Night", "when": {"field": "Reason", "is": "Breakdown"}},
    {"kind": "escalation_rule", "minutes": 60, "to": "Leads", "when": {"field": "Priority", "is": "High"}},
    {"kind": "escalation_rule", "minutes": 150, "to": "Night", "when": {"field": "Origin", "is": "Phone"}},
    {"kind": "escalation_rule", "minutes": 45, "to": "Leads", "when": {"field": "Type", "is": "Problem"}},
    {"kind": "escalation_rule", "minutes": 120, "when": {"field": "Type", "is": "Feature"}},
]
QUEUES = [{"Type": "Queue", "DeveloperName": name, "Name": f"{name} team"} for name in ("Intake", "Leads", "Night")]
USERS = [
    {"Username": ROBOT, "LastName": "Automated Process", "UserType": "AutomatedProcess"},
    {"Username": "ann@example.com", "LastName": "Ann", "UserType": "Standard"},
]


def at(time: str) -> str:
    return f"2026-03-02T{time}:00Z"


def case(number: int, created: str = "10:00", **more: str) -> Row:
    plain = {"OwnerId": "Intake", "Status": "New", "Priority": "Low", "Subject": f"Case {number}"}
    return {"CaseNumber": f"{number:08}", "CreatedDate": at(created), **plain, **more}


def start(world: World, rules: Sequence[Any], *cases: Row, policy: str = POLICY) -> EmbeddedOrg:
    world.policy(policy)
    (world.folder / "org").mkdir(exist_ok=True)
    (world.folder / "org" / "automation.json").write_text(json.dumps(rules))
    return world.org(Case=cases, Group=QUEUES, User=USERS)


def shadow(world: World, *more: str) -> Any:
    answer = world.type("shadow", "--org", "env", "--since", "7d", "--json", *more)
    assert answer.out.startswith("{"), answer.err
    return answer.json


def kinds(found: Any) -> list[tuple[str, ...]]:
    """What is not equal: number, kind, what, reason."""
    listed = (one for one in found["listed"] if one["kind"] != "equal")
    return [(one["case_number"].lstrip("0"), one["kind"], one["what"], one["reason"]["code"]) for one in listed]


def edit(org: EmbeddedOrg, number: int, time: str, by: str = "ann@example.com", **fields: Any) -> None:
    org.act("edit", case=f"{number:08}", fields=fields, by=by, at=at(time))


def new_case(org: EmbeddedOrg, **fields: str) -> None:
    url = f"{org.instance_url}/services/data/v67.0/sobjects/Case"
    answer = requests.post(url, json=fields, headers={"Authorization": f"Bearer {org.access_token}"}, timeout=9)
    assert answer.status_code == 201, answer.text


def test_every_planted_difference_is_named_and_nothing_else(world: World) -> None:
    org = start(
        world,
        NATIVE,
        case(1, Priority="High"),
        case(2, Origin="Phone"),
        case(3, Type="Problem"),
        case(4, Type="Question"),
        case(5, Priority="High", Origin="Phone"),
        case(6, Priority="High"),
        case(7, Origin="Phone"),
        case(8, Status="Working"),
        case(9, Type="Feature"),
        case(10),
        case(11, Priority="High", created="08:00"),
    )
    edit(org, 6, "10:30", Priority="Low")
    edit(org, 6, "12:10", Priority="High")
    edit(org, 7, "12:30", ROBOT, OwnerId="Night", IsEscalated=True)
    edit(org, 7, "13:00", Origin="Web")
    edit(org, 8, "12:00", ROBOT, Priority="Medium")
    edit(org, 11, "08:10", Status="Closed")
    edit(org, 11, "10:00", Status="New")
    new_case(org, Reason="Breakdown", Subject="At creation")
    advance(org, "2h")
    found = shadow(world)
    assert kinds(found) == [
        ("2", "earlier", "owner Night team", "limit"),
        ("3", "only theirs", "owner Leads team", "criteria"),
        ("4", "only ours", "owner Night team", "criteria"),
        ("5", "only ours", "owner Night team", "order"),
        ("5", "only theirs", "owner Leads team", "order"),
        ("6", "later", "owner Leads team", "user_edit"),
        ("7", "only theirs", "owner Night team", "history_off"),
        ("11", "later", "owner Leads team", "user_edit"),
    ]
    equal = {one["case_number"].lstrip("0"): one["what"] for one in found["listed"] if one["kind"] == "equal"}
    assert equal == {"1": "owner Leads team", "8": "priority Medium", "9": "escalated", "1001": "owner Night team"}
    assert found["counts"] == {"equal": 4, "earlier": 1, "later": 2, "only ours": 2, "only theirs": 3}
    assert (found["exit"], found["not_compared"], found["without_history"]) == (0, [], ["Origin"])


def test_it_only_reads(world: World) -> None:
    org = start(world, NATIVE, case(1, Priority="High"), case(2, Type="Question"))
    assert shadow(world)["exit"] == 0
    assert {one["method"] for one in org.requests()} <= {"GET", "POST"}
    assert [one["written"] for one in org.requests() if one["written"]] == []
    assert not list(world.folder.rglob("*.db"))
