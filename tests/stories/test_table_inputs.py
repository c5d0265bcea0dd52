"""A reason that rests on a look-up table shows the fields by which the table was asked, and what it gave."""

from typing import Any

import pytest

from tests.stories.test_main_job import QUEUES, USERS
from tests.stories.world import Row, World, select

TABLES = """
policy: support
priorities: [Low, Medium, High]
teams: {leads: {queue: Leads}, agents: {queue: Intake}}
calendars: {office: {timezone: Etc/UTC, open: {mon-fri: "08:00-14:00"}}}
tables:
  severity:
    by: [Origin, Type]
    rows: [[Web, Problem, P1], [Web, [Question, Other], P2]]
    else: P3
  grade: {by: Origin, values: {Web: High}, else: Low}
  target: {by: Origin, values: {Web: 2h, Phone: 30h}}
  hours: {by: Origin, values: {Web: 1h}}
  team: {by: Type, values: {Problem: leads}, else: agents}
routes:
  - {name: route, reason: R., when: [WHEN], escalate: {STEPS}}
guards: {max_cases: 10, max_share_of_open: 100%}
"""
STATUS = "status: Escalated"


def case(number: int = 1, **more: str) -> Row:
    row = {"CaseNumber": f"{number:08}", "Subject": "broken", "Status": "New", "Priority": "High", "OwnerId": "Intake"}
    created = {"CreatedDate": "2026-03-02T09:00:00Z"}
    return {**row, **created, "Origin": "Web", "Type": "Problem", **more}


def world_with(world: World, when: str, *cases: Row, steps: str = STATUS) -> Any:
    world.policy(TABLES.replace("WHEN", when).replace("STEPS", steps))
    return world.org(Case=cases or [case()], Group=QUEUES, User=USERS)


HOLDS = {
    "a table as the condition": (
        "{table: severity, is: P1}",
        "the table severity is P1, by Origin Web, Type Problem: P1",
    ),
    "a comparison with the order of the table": (
        "{table: severity, not_in: [P2, P3]}",
        "the table severity is P1 (none of P2, P3), by Origin Web, Type Problem: P1",
    ),
    "a table in place": (
        "{table: {by: Origin, values: {Web: 1}, else: 2}, at_most: 1}",
        "the table by Origin is 1 (at most 1), by Origin Web: 1",
    ),
    "a value that a field is compared with": (
        "{field: Priority, is: {table: grade}}",
        "Priority is High, by Origin Web: High",
    ),
    "a limit": (
        "{age: CreatedDate, at_least: {table: target}}",
        "CreatedDate was 6 h ago (at least 2 h), by Origin Web: 2 h",
    ),
    "a limit by a calendar": (
        "{age: CreatedDate, at_least: {table: target}, calendar: office}",
        "CreatedDate was 5 h of open time ago (at least 2 h), by Origin Web: 2 h",
    ),
}


@pytest.mark.parametrize("kind", HOLDS)
def test_the_reason_shows_the_inputs_wherever_it_stands(world: World, kind: str) -> None:
    when, text = HOLDS[kind]
    org = world_with(world, when)
    rehearsed = world.run("--dry-run", "--backlog", "escalate").json
    assert rehearsed["escalations"][0]["findings"] == [text]
    explained = world.type("explain", "00000001", "--json").json
    assert text in str(explained["policies"][0]["routes"][0]["conditions"])
    assert text in " ".join(world.type("explain", "00000001").out.split())
    assert world.run("--backlog", "escalate").json["applied"] == 1
    (note,) = select(org, "SELECT CommentBody FROM CaseComment")
    assert text in note["CommentBody"]


MISSES = {
    "a table as the condition": (
        "{table: severity, is: P3}",
        "the table severity is P1 (asked for P3: no), by Origin Web, Type Problem: P1",
    ),
    "a value that a field is compared with": (
        "{field: Status, is: {table: grade}}",
        "Status is New (asked for the table grade: no), by Origin Web: High",
    ),
    "a limit": (
        "{age: CreatedDate, at_least: {by: Type, values: {Problem: 30h}}}",
        "CreatedDate was 6 h ago (at least 1 d 6 h: no), by Type Problem: 1 d 6 h",
    ),
    "a limit by a calendar": (
        "{age: CreatedDate, at_least: {by: Type, values: {Problem: 30h}}, calendar: office}",
        "(at least 30 h: no), by Type Problem: 30 h",
    ),
    "a table without a row for the case": (
        "{age: CreatedDate, at_least: {by: Subject, values: {fine: 30h}}}",
        "(at least a limit that its table does not give: no), by Subject broken: no value",
    ),
    "an input without a value": (
        "{table: {by: Description, values: {x: 1}, else: 2}, is: 1}",
        "by Description empty: 2",
    ),
}


@pytest.mark.parametrize("kind", MISSES)
def test_a_reason_against_a_match_shows_the_inputs_too(world: World, kind: str) -> None:
    when, text = MISSES[kind]
    world_with(world, when)
    explained = world.type("explain", "00000001", "--json").json["policies"][0]["routes"][0]
    assert text in explained["conditions"]["parts"][-1]["condition"] or text in str(explained["conditions"])
    assert text in explained["missing"][0] or text.split(", by ")[-1] in explained["missing"][0]
    file = world.folder / "left.json"
    world.run("--dry-run", "--case", "00000001", "--left-alone", str(file))
    assert text in file.read_text()


def test_a_step_whose_value_a_table_gives_shows_the_inputs(world: World) -> None:
    steps = "queue: {table: team}, priority: {table: grade}"
    world_with(world, "{field: Status, is: New}", case(Priority="Low"), steps=steps)
    found = world.run("--dry-run", "--backlog", "escalate").json["escalations"][0]
    assert found["findings"] == ["Status is New", "queue by Type Problem: leads", "priority by Origin Web: High"]


def test_a_table_that_gives_condition_and_step_is_shown_once(world: World) -> None:
    world_with(world, "{table: grade, is: High}", case(Priority="Low"), steps="priority: {table: grade}")
    found = world.run("--dry-run", "--backlog", "escalate").json["escalations"][0]
    assert found["findings"] == ["the table grade is High, by Origin Web: High"]


def test_a_reason_without_a_table_stays_as_it_is(world: World) -> None:
    world_with(world, "{age: CreatedDate, at_least: 2h}")
    found = world.run("--dry-run", "--backlog", "escalate").json["escalations"][0]
    assert found["findings"] == ["CreatedDate was 6 h ago (at least 2 h)"]
