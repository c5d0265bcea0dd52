"""`explain` and the nearest misses: why a case matches or not, over real HTTP."""

import json
from typing import Any
from urllib.parse import unquote_plus

import pytest
import requests

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
ANN = {"Username": "ann@support.example", "LastName": "Ann"}
FURIOUS = {"ParentId": "00000001", "CommentBody": "I am furious", "CreatedById": "ann@support.example"}
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


def explained_routes(world: World, *words: str) -> dict[str, Any]:
    answer = world.type("explain", "--json", *words)
    assert answer.code == 0, answer.err
    found: dict[str, Any] = answer.json
    return {route["route"]: route for route in found["policies"][0]["routes"]}


def test_each_route_is_shown_with_its_findings_and_misses(support: World) -> None:
    started(support, case(1, ContactId="One", Origin="Phone"))
    routes = explained_routes(support, "1")
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


def test_an_address_without_a_case_is_reported(support: World) -> None:
    started(support, case(1))
    answer = support.type("explain", "https://acme.lightning.force.com/lightning/page/home")
    assert answer.code == 2
    assert "there is no case id" in answer.err


def test_the_reasons_against_an_escalation_are_shown(support: World) -> None:
    started(support, case(1, Subject="I am furious"))
    assert "its backlog is not decided yet" in explained_routes(support, "1")["angry"]["obstacles"][0]
    assert support.run("--backlog", "escalate").json["applied"] == 1
    (back, *_) = explained_routes(support, "1")["angry"]["obstacles"]
    assert back.startswith("escalated by an earlier run: ESC-")


@pytest.mark.parametrize("trial", [("--case", "1"), ("--limit", "1")])
def test_after_a_trial_the_backlog_of_the_route_is_not_decided_yet(support: World, trial: tuple[str, str]) -> None:
    """The route has run live then, so nothing may say that it has not."""
    started(support, case(1, Subject="I am furious"), case(2, Subject="I am furious"))
    assert support.run(*trial).json["applied"] == 1
    explained, withheld = support.type("explain", "2"), support.run()
    assert "its backlog is not decided yet" in explained.out
    (refusal,) = withheld.json["refusals"]
    assert refusal["reason"] in explained_routes(support, "2")["angry"]["obstacles"]
    assert refusal["reason"] == withheld.json["escalations"][-1]["reason"]
    assert "never run live" not in explained.out + withheld.out + support.type("run", "--dry-run").out


HELD_BACK = """
policy: support
teams: {leads: {queue: Leads}}
defaults: {note: {parts: {steps: {from: [Reason], if_missing: hold}}}}
routes:
  - {name: high, reason: It is urgent., when: [{field: Priority, is: High}], escalate: {queue: leads}}
guards: {max_cases: 2}
"""


def test_a_guard_that_would_withhold_the_route_is_shown_with_its_figures(world: World) -> None:
    world.policy(HELD_BACK)
    started(world, *(case(number, Reason="Leak") for number in range(1, 4)))
    route = explained_routes(world, "2")["high"]
    assert (route["matches"], "3 cases at once is more than max_cases: 2" in route["obstacles"]) == (True, True)
    assert "withheld by the route high: 3 cases at once" in world.type("explain", "2").out


def test_an_incomplete_note_is_shown_as_an_obstacle(world: World) -> None:
    world.policy(HELD_BACK)
    started(world, case(1, Reason="Leak"), case(2))
    (gap,) = [why for why in explained_routes(world, "2")["high"]["obstacles"] if "missing" in why]
    assert gap == "the note's part 'steps' is missing: nothing in Reason"


def test_a_lost_ledger_is_shown_as_an_obstacle(world: World) -> None:
    world.policy(HELD_BACK)
    started(world, case(1, Reason="Leak"))
    assert world.run("--backlog", "escalate").json["applied"] == 1
    route = explained_routes(world, "1", "--ledger", str(world.folder / "another.db"))["high"]
    assert any("the ledger is empty" in why for why in route["obstacles"])


def test_the_page_shows_every_condition_with_its_value(support: World) -> None:
    started(support, case(1, Subject="I am furious", Origin="Phone"))
    page = support.type("explain", "1").out
    assert 'yes  Subject says "furious"' in page
    assert "yes  Priority is High" in page
    assert "time alone will make it match at 2026-03-03 12:00 UTC" in page
    assert "planned by the route angry: note, queue" in page


def test_a_run_escalates_at_the_shown_time_and_not_a_second_before(support: World) -> None:
    org = started(support, case(1))
    when = explained_routes(support, "1")["vip-waiting"]["matches_at"]
    assert when == "2026-03-03T12:00:00Z"
    for now, count in (("2026-03-03T11:59:59Z", 0), (when, 1)):
        assert support.run("--dry-run", "--now", now, "--backlog", "escalate").json["planned"] == count
    requests.post(f"{org.instance_url}/__embedded__/clock", json={"now": when}, timeout=30)
    assert support.run("--backlog", "escalate").json["applied"] == 1


def test_an_explanation_writes_nothing(support: World) -> None:
    org = started(support, case(1, Subject="I am furious"))
    explained_routes(support, "1")
    assert [one for one in org.requests() if one["written"]] == []


def test_a_case_as_an_example_is_redacted_and_has_the_same_result(support: World) -> None:
    words = [{"ParentId": "00000001", "CommentBody": "Ann Smith is furious, call +1 555 0100"}]
    started(support, case(1, Subject="Talk to a manager, says Ann Smith", Origin="Phone"), CaseComment=words)
    entry = support.type("explain", "1", "--as-example").out
    assert "Ann" not in entry
    assert "555" not in entry
    assert "expect: angry" in entry
    support.policy(POLICY + "examples:\n" + entry.split("\n", 1)[1])
    checked = support.type("validate")
    assert checked.code == 0, checked.out


PASTED = """
policy: support
calendars: {office: {timezone: UTC, open: {mon-fri: "09:00-17:00"}}}
teams: {leads: {queue: Leads}}
routes: [{name: one, reason: x, when: [%s], scan: true, escalate: {queue: leads}}]
examples:
"""


@pytest.mark.parametrize(
    ("when", "more", "entry"),
    [
        ("{field: Tags__c, is: red}", {"Tags__c:multipicklist": "red;green"}, 'Tags__c: ["...", "red"]'),
        ("{field: Subject, starts_with: rma}", {"Subject": "RMA of Ann Smith"}, 'Subject: "rma"'),
        ("{field: Subject, contains_any: [fire, smoke]}", {"Subject": "Ann saw smoke"}, 'Subject: "smoke"'),
        ("{idle: customer, calendar: office, at_most: 4h}", {"CreatedDate": "2026-02-27T16:00:00Z"}, "age: "),
    ],
)
def test_a_pasted_example_is_accepted_at_any_time(world: World, when: str, more: Row, entry: str) -> None:
    world.policy(PASTED % when)
    started(world, {**case(1), "LastModifiedDate": "2026-03-02T12:00:00Z", **more})
    page = world.type("explain", "1", "--as-example").out
    assert entry in page
    assert "#" not in page.splitlines()[1]
    world.policy(PASTED % when + page)
    assert world.type("validate").code == 0


@pytest.mark.parametrize(
    ("when", "more", "why"),
    [
        ("{text: comments, mentions: furious}", {}, "gives another result: the route one does not match"),
        ("{age: Due__c, at_most: 1d}", {"Due__c:datetime": "2026-03-02T12:00:00Z"}, "another result as time passes: "),
    ],
)
def test_facts_that_an_example_cannot_give_are_a_comment_that_can_be_pasted_too(
    world: World, when: str, more: Row, why: str
) -> None:
    world.policy(PASTED % when)
    started(world, case(1, **more), CaseComment=[FURIOUS], User=[ANN])
    page = world.type("explain", "1", "--as-example").out
    assert why in page
    assert "# - {" in page
    world.policy(PASTED % when + page)
    assert world.type("validate").code == 0


NARROW = """
policy: support
scope: [{field: Origin, is: Phone}]
teams: {leads: {queue: Leads}}
routes:
  - name: returns
    reason: Again and again.
    when: [{field: Priority, is: High}, {field: Returns__c, at_least: 4}]
    escalate: {queue: leads}
  - name: silent
    reason: Nobody answered.
    when: [{field: Type, is: Question}, {idle: agent, at_least: 24h}]
    escalate: {queue: leads}
"""


def test_near_misses_outside_the_query_of_the_policy_are_shown(world: World) -> None:
    world.policy(NARROW)
    rows = [
        case(1, Origin="Phone", **{"Returns__c:number": "1"}),
        case(2, Origin="Phone", **{"Returns__c:number": "3"}),
        case(3, Origin="Web", **{"Returns__c:number": "9"}),
        case(4, Origin="Phone", Priority="Low", **{"Returns__c:number": "5"}),
        case(5, Origin="Phone", Type="Question", Priority="Low", **{"Returns__c:number": "0"}),
    ]
    started(world, *rows)
    answer = world.run("--dry-run").json
    assert answer["polled"] == 0
    found = [(one["case_number"], one["route"]) for one in answer["nearest_misses"]]
    assert found == [("00000005", "silent"), ("00000002", "returns"), ("00000001", "returns"), ("00000004", "returns")]
    assert "21 h short, at 2026-03-03 12:00 UTC" in answer["nearest_misses"][0]["missing"][0]
    only = world.run("--dry-run", "--route", "returns").json["nearest_misses"]
    assert {one["route"] for one in only} == {"returns"}


def test_a_live_run_reads_nothing_for_near_misses(world: World) -> None:
    world.policy(NARROW)
    org = started(world, case(1, Origin="Phone", Type="Question", **{"Returns__c:number": "1"}))
    answer = world.run().json
    assert (answer["matched"], answer["nearest_misses"]) == (0, [])
    assert not reads_the_longest_waiting(org)
    world.run("--dry-run")
    assert reads_the_longest_waiting(org)


def reads_the_longest_waiting(org: Any) -> bool:
    return any("ORDER BY CreatedDate, Id LIMIT" in unquote_plus(one["path"]) for one in org.requests())


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
    assert "gives another result" not in entry
    support.policy(SCOPED + "examples:\n" + entry.split("\n", 1)[1])
    checked = support.type("validate")
    assert checked.code == 0, checked.out


def test_a_closed_case_is_a_closed_one_as_an_example(support: World) -> None:
    started(support, case(1, Subject="I am furious", Status="Closed", IsClosed="true"))
    entry = support.type("explain", "1", "--as-example").out
    assert "IsClosed: true" in entry
    assert "gives another result" not in entry


def test_a_dry_run_without_a_match_shows_the_five_nearest_misses(support: World) -> None:
    started(support, *(case(number, f"2026-03-02T{number + 8:02}:00:00Z", Origin="Web") for number in range(1, 7)))
    answer = support.type("run", "--dry-run", "--json")
    misses = json.loads(answer.out)["nearest_misses"]
    assert len(misses) == 5
    assert misses[0]["case_number"] == "00000001"
    assert "2 h of open time short" in misses[0]["missing"][0]
    page = support.type("run", "--dry-run").out
    assert "Nearest misses" in page


def test_a_case_is_not_reported_missing_where_no_route_can_be_read(world: World) -> None:
    fields = ("Nope__c", "Gone__c")
    routes = "".join(
        f"  - {{name: r{place}, reason: R., when: [{{field: {name}, is: x}}], escalate: {{queue: leads}}}}\n"
        for place, name in enumerate(fields)
    )
    world.policy("policy: support\nteams: {leads: {queue: Leads}}\nroutes:\n" + routes)
    started(world, case(1))
    for words in (("explain", "1"), ("run", "--dry-run", "--case", "1")):
        answer = world.type(*words)
        assert answer.code == 2
        assert all(f"Case has no {name}" in answer.err for name in fields)
        assert "cannot see it" not in answer.err
    page = world.type("run", "--dry-run").out
    assert all(f"Case has no {name}" in page for name in fields)
    assert "No case comes near" not in page
