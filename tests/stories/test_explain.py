"""`explain` and the nearest misses: why a case matches or not, over real HTTP."""

import json
from typing import Any

import pytest

from tests.stories.world import Row, World, select

POLICY = """
policy: support
calendars: {office: {timezone: UTC, open: {mon-fri: "09:00-17:00"}}}
priorities: [Low, Medium, High]
teams: {leads: {queue: Leads}}
routes:
  - name: vip-waiting
    reason: An important customer waits.
    when:
      - {field: Priority, is: High}
      - {age: CreatedDate, calendar: office, at_least: 8h}
    escalate: {queue: leads}
  - name: repeated
    reason: Again and again.
    when: [{related: Cases, through: Contact, at_least: 2}, {field: Origin, in: [Phone, Web]}]
    escalate: {queue: leads}
  - name: angry
    reason: The words are angry.
    when: [{text: [Subject, comments], mentions: [furious, "speak|talk to a manager"]}]
    scan: true
    escalate: {queue: leads}
"""
GROUPS = [{"Type": "Queue", "DeveloperName": "Leads", "Name": "Leads"}]


def case(number: int, created: str = "2026-03-02T12:00:00Z", **more: str) -> Row:
    row = {"CaseNumber": f"{number:08}", "Subject": "Hello", "Status": "New", "Priority": "High"}
    return {**row, "CreatedDate": created, "LastModifiedDate": created, **more}


@pytest.fixture
def support(world: World) -> World:
    world.policy(POLICY)
    return world


def started(world: World, *cases: Row, **more: Any) -> Any:
    return world.org(Case=cases, Group=GROUPS, Contact=[{"LastName": "One", "Name": "One"}], **more)


def told(world: World, *words: str) -> dict[str, Any]:
    answer = world.type("explain", "--json", *words)
    assert answer.code == 0, answer.err
    found: dict[str, Any] = answer.json
    return {route["route"]: route for route in found["policies"][0]["routes"]}


def test_each_route_says_what_it_sees_and_what_is_missing(support: World) -> None:
    started(support, case(1, ContactId="One", Origin="Phone"))
    routes = told(support, "1")
    (short,) = routes["vip-waiting"]["missing"]
    assert "5 h of open time short, at 2026-03-03 12:00 UTC" in short
    assert routes["vip-waiting"]["matches_at"] == "2026-03-03T12:00:00Z"
    assert routes["repeated"]["missing"] == ["needs 2 or more Cases, has 1"]
    assert routes["repeated"]["matches_at"] is None
    assert not routes["angry"]["matches"]


def test_a_number_an_id_and_the_address_of_the_page_mean_the_same_case(support: World) -> None:
    org = started(support, case(1), case(2))
    (row,) = select(org, "SELECT Id FROM Case WHERE CaseNumber = '00000002'")
    pages = [
        f"https://acme.lightning.force.com/lightning/r/Case/{row['Id']}/view",
        f"https://acme.my.salesforce.com/{row['Id'][:15]}",
        f"https://acme.lightning.force.com/one/one.app?ws=%2Flightning%2Fr%2FCase%2F{row['Id']}%2Fview",
    ]
    for words in ("2", "00000002", row["Id"], *pages):
        assert support.type("explain", words, "--json").json["case"]["number"] == "00000002"


def test_an_address_without_a_case_is_told(support: World) -> None:
    started(support, case(1))
    answer = support.type("explain", "https://acme.lightning.force.com/lightning/page/home")
    assert answer.code == 2
    assert "there is no case id" in answer.err


def test_what_holds_a_match_back_is_told(support: World) -> None:
    started(support, case(1, Subject="I am furious"))
    assert "has never run live" in told(support, "1")["angry"]["held_back"][0]
    assert support.run("--backlog", "escalate").json["applied"] == 1
    (back, *_) = told(support, "1")["angry"]["held_back"]
    assert back.startswith("escalated by an earlier run: ESC-")


def test_the_page_shows_every_condition_with_its_value(support: World) -> None:
    started(support, case(1, Subject="I am furious", Origin="Phone"))
    page = support.type("explain", "1").out
    assert 'yes  Subject says "furious"' in page
    assert "yes  Priority is High" in page
    assert "time alone will make it match at 2026-03-03 12:00 UTC" in page
    assert "a run would have it planned by the route angry" in page


def test_nothing_is_written_by_an_explanation(support: World) -> None:
    org = started(support, case(1, Subject="I am furious"))
    told(support, "1")
    assert [one for one in org.requests() if one["written"]] == []


def test_a_case_as_an_example_names_nobody_and_comes_out_alike(support: World) -> None:
    words = [{"ParentId": "00000001", "CommentBody": "Ann Smith is furious, call +1 555 0100"}]
    started(support, case(1, Subject="Talk to a manager, says Ann Smith", Origin="Phone"), CaseComment=words)
    entry = support.type("explain", "1", "--as-example").out
    assert "Ann" not in entry
    assert "555" not in entry
    assert "expect: angry" in entry
    support.policy(POLICY + "examples:\n" + entry.split("\n", 1)[1])
    checked = support.type("validate")
    assert checked.code == 0, checked.out


SCOPED = """
policy: scoped
teams: {leads: {queue: Leads}}
scope: {field: Type, is: Phone}
routes: [{name: angry, reason: x, scan: true, when: [{text: Subject, mentions: furious}], escalate: {queue: leads}}]
"""


def test_a_case_outside_the_scope_says_so_as_an_example_even_by_an_empty_field(support: World) -> None:
    started(support, case(1, Subject="I am furious"))
    support.policy(SCOPED)
    entry = support.type("explain", "1", "--as-example").out
    assert "Type: null" in entry
    assert "expect: none" in entry
    assert "comes out otherwise" not in entry
    support.policy(SCOPED + "examples:\n" + entry.split("\n", 1)[1])
    checked = support.type("validate")
    assert checked.code == 0, checked.out


def test_a_closed_case_is_a_closed_one_as_an_example(support: World) -> None:
    started(support, case(1, Subject="I am furious", Status="Closed", IsClosed="true"))
    entry = support.type("explain", "1", "--as-example").out
    assert "IsClosed: true" in entry
    assert "comes out otherwise" not in entry


def test_a_dry_run_without_a_match_shows_the_five_nearest_misses(support: World) -> None:
    started(support, *(case(number, f"2026-03-02T{number + 8:02}:00:00Z", Origin="Web") for number in range(1, 7)))
    answer = support.type("run", "--dry-run", "--json")
    misses = json.loads(answer.out)["nearest_misses"]
    assert len(misses) == 5
    assert misses[0]["case_number"] == "00000001"
    assert "2 h of open time short" in misses[0]["missing"][0]
    page = support.type("run", "--dry-run").out
    assert "Nearest misses" in page
