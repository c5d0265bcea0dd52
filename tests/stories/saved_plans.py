"""Stories of saved plans: a policy, two cases that match it, and the commands about a plan in a file."""

import hashlib
import json
from pathlib import Path
from typing import Any

from sfdc_escalator.escalation.decisions.order_json import canonical
from tests.stories.world import Answer, Row, World, advance

POLICY = """
policy: support
priorities: [Low, Medium, High, Critical]
channels: {alarm: slack}
teams: {leads: {queue: Leads, tell: [alarm]}}
defaults: {status: Escalated}
routes:
  - name: urgent
    reason: It is urgent.
    when: [{field: Subject, starts_with: urgent}]
    escalate: {note: {help_needed: Call back.}, queue: leads, priority: High}
    notify: [leads]
    due: 4h
    ladder:
      - {after: 30m, escalate: {priority: Critical}, notify: [leads], until: acknowledged}
guards: {max_cases: 10, max_share_of_open: 100%}
"""
QUEUES = [
    {"Type": "Queue", "DeveloperName": "Intake", "Name": "Intake"},
    {"Type": "Queue", "DeveloperName": "Leads", "Name": "Team leads"},
]
USERS = [{"Id": "005000000000002AAA", "Username": "ann@support.example", "FirstName": "Ann", "LastName": "Agent"}]
ANN = USERS[0]["Id"]


def ident(number: int) -> str:
    """The id of the case with this number."""
    return f"500{number:012d}AAA"


def case(number: int, subject: str = "urgent: broken", **more: str) -> Row:
    row = {"CaseNumber": f"{number:08}", "Subject": subject, "Status": "New", "Priority": "Medium", "OwnerId": "Intake"}
    return {**row, "Id": ident(number), "CreatedDate": "2026-03-02T09:00:00Z", **more}


def begin(world: World, *cases: Row, policy: str = POLICY, **more: Any) -> World:
    """An org with these cases, or with two that match."""
    world.policy(policy)
    world.org(Case=cases or (case(1), case(2)), Group=QUEUES, User=USERS, **more)
    return world


def file_of(world: World) -> Path:
    return world.folder / "plan.json"


def save(world: World, *words: str, backlog: str = "escalate") -> dict[str, Any]:
    """Saves a plan of now. Returns its content."""
    answer = world.run("--dry-run", "--out", str(file_of(world)), "--backlog", backlog, *words)
    assert answer.code == 0, answer.err
    return content(world)


def content(world: World) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(file_of(world).read_text())
    return loaded


def forge(world: World, **members: Any) -> None:
    """Changes the plan as somebody does who knows how its sha256 is made."""
    found = {**content(world), **members}
    found.pop("sha256")
    file_of(world).write_text(canonical({**found, "sha256": hashlib.sha256(canonical(found).encode()).hexdigest()}))


def apply(world: World, *words: str) -> Answer:
    return world.type("apply", str(file_of(world)), "--json", *words)


def act(world: World, what: str, **more: Any) -> None:
    """Somebody does this a minute later, and a minute goes by."""
    advance(world.orgs[-1], "1m")
    world.orgs[-1].act(what, **more)
    advance(world.orgs[-1], "1m")


def whats(answer: Answer) -> dict[str, list[str]]:
    """What is different, by case number."""
    return {one["case_number"]: [found["what"] for found in one["differences"]] for one in answer.json["refused"]}
