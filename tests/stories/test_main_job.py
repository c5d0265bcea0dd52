"""The main job, from a policy file to the org and the audit trail, over real HTTP."""

import json
from typing import Any

import pytest

from tests.stories.world import Row, World, advance, patch, select, writes

POLICY = """
policy: support
priorities: [Low, Medium, High, Critical]
teams: {leads: {queue: Leads}}
defaults: {status: Escalated}
routes:
  - name: urgent
    reason: It is urgent.
    when: [{field: Subject, starts_with: urgent}]
    escalate: {note: {help_needed: Call back.}, queue: leads, priority: High}
  - name: old
    reason: It is old.
    when: [{age: CreatedDate, at_least: 2d}]
    escalate: {note: {help_needed: Have a look.}, queue: leads}
guards: {max_cases: 10, max_share_of_open: 100%}
"""
QUEUES = [
    {"Type": "Queue", "DeveloperName": "Intake", "Name": "Intake"},
    {"Type": "Queue", "DeveloperName": "Leads", "Name": "Team leads"},
]
USERS = [
    {"Username": "ann@support.example", "LastName": "Lead"},
    {"Username": "bob@support.example", "LastName": "Agent"},
]
YOUNG, OLD = "2026-03-02T09:00:00Z", "2026-02-20T09:00:00Z"


def case(number: int, subject: str = "urgent: broken", created: str = YOUNG, **more: str) -> Row:
    row = {"CaseNumber": f"{number:08}", "Subject": subject, "Status": "New", "Priority": "Medium", "OwnerId": "Intake"}
    return {**row, "CreatedDate": created, "LastModifiedDate": created, **more}


@pytest.fixture
def support(world: World) -> World:
    world.policy(POLICY)
    return world


def start(world: World, *cases: Row, **more: Any) -> Any:
    return world.org(Case=cases, Group=QUEUES, User=USERS, **more)


def composites(org: Any) -> list[dict[str, Any]]:
    """The write requests, in the order sent."""
    found = [one["body"] for one in org.requests() if one["path"].endswith("/composite")]
    return [body for body in found if body["allOrNone"]]


def one(answer: Any) -> dict[str, Any]:
    (escalation,) = answer.json["escalations"]
    found: dict[str, Any] = escalation
    return found


def test_the_note_comes_first_then_queue_status_and_priority(support: World) -> None:
    org = start(support, case(1))
    answer = support.run("--backlog", "escalate")
    assert (answer.code, answer.json["applied"]) == (0, 1), answer.err
    written = [(one["object"], [name for name in one["fields"] if name != "attributes"]) for one in writes(org)]
    assert [name for name, _ in written] == ["CaseComment", "Case", "Case", "Case"]
    assert [fields[-1] for name, fields in written if name == "Case"] == ["OwnerId", "Status", "Priority"]
    assert [step["step"] for step in one(answer)["steps"]] == ["note", "queue", "status", "priority"]


def test_every_write_turns_assignment_rules_off_and_is_all_or_nothing(support: World) -> None:
    org = start(support, case(1))
    support.run("--backlog", "escalate")
    (body,) = composites(org)
    assert (body["allOrNone"], body["collateSubrequests"]) == (True, False)
    parts = body["compositeRequest"]
    assert [part["method"] for part in parts] == ["GET", "GET", "POST", "PATCH", "PATCH", "PATCH"]
    for part in parts:
        headers = {} if part["method"] == "GET" else {"Sforce-Auto-Assign": "FALSE"}
        assert part.get("httpHeaders", {}) == headers
        assert part["method"] == "GET" or part["body"]["allOrNone"] is True


def test_the_notes_last_line_is_the_key_and_its_facts_in_clear(support: World) -> None:
    org = start(support, case(1))
    escalation = one(support.run("--backlog", "escalate"))
    note = select(org, "SELECT CommentBody, IsPublished FROM CaseComment")[0]
    assert note["CommentBody"].splitlines()[-1] == f"{escalation['key']} support/urgent/start/1/1"
    assert note["IsPublished"] is False
    assert "Call back." in note["CommentBody"]


def test_a_value_that_the_case_already_has_is_not_sent(support: World) -> None:
    org = start(support, case(1, Status="Escalated", Priority="Critical", OwnerId="Leads"))
    escalation = one(support.run("--backlog", "escalate"))
    assert [step["state"] for step in escalation["steps"]] == ["applied", "already_so", "already_so", "already_so"]
    assert [one["object"] for one in writes(org)] == ["CaseComment"]


def test_a_case_that_a_team_member_owns_keeps_its_owner(support: World) -> None:
    org = start(
        support,
        case(1, OwnerId="ann@support.example"),
        case(2, OwnerId="bob@support.example"),
        GroupMember=[{"GroupId": "Leads", "UserOrGroupId": "ann@support.example"}],
    )
    support.run("--backlog", "escalate")
    owners = {row["CaseNumber"]: row["Owner"]["Name"] for row in select(org, "SELECT CaseNumber, Owner.Name FROM Case")}
    assert owners == {"00000001": "Lead", "00000002": "Team leads"}


def test_the_first_matching_route_wins(support: World) -> None:
    start(support, case(1, created=OLD), case(2, "hello", created=OLD), case(3, "hello"))
    answer = support.run("--backlog", "escalate")
    routes = {one["case_number"]: one["route"] for one in answer.json["escalations"]}
    assert routes == {"00000001": "urgent", "00000002": "old"}


def test_a_second_run_does_nothing(support: World) -> None:
    org = start(support, case(1), case(2, created=OLD))
    support.run("--backlog", "escalate")
    written = len(writes(org))
    again = support.run()
    assert (again.code, again.json["applied"], again.json["already"]) == (0, 0, 2)
    assert len(writes(org)) == written


def test_our_own_steps_do_not_make_a_route_above_match(world: World) -> None:
    """Raising a priority to High must not make the route for High cases match."""
    world.policy(
        POLICY.replace("when: [{field: Subject, starts_with: urgent}]", "when: [{field: Priority, is: High}]").replace(
            "queue: leads}\nguards", "queue: leads, priority: High}\nguards"
        )
    )
    org = start(world, case(1, "hello", created=OLD))
    assert one(world.run("--backlog", "escalate"))["route"] == "old"
    again = world.run()
    assert (again.json["applied"], one(again)["state"], one(again)["route"]) == (0, "already", "old")
    assert len(select(org, "SELECT Id FROM CaseComment")) == 1


def test_a_route_above_takes_over_when_it_matches_by_itself(support: World) -> None:
    org = start(support, case(1, "hello", created=OLD))
    support.run("--backlog", "escalate")
    case_id = select(org, "SELECT Id FROM Case")[0]["Id"]
    patch(org, case_id, Subject="urgent: still broken")
    advance(org, "1m")
    again = support.run("--backlog", "escalate")
    assert (again.json["applied"], one(again)["route"]) == (1, "urgent"), again.out
    assert len(select(org, "SELECT Id FROM CaseComment")) == 2
    listed = support.type("audit", "list", "--json").json["escalations"]
    assert {entry["route"]: entry["state"] for entry in listed} == {"old": "superseded", "urgent": "applied"}


def test_a_case_that_somebody_touched_since_the_poll_waits_for_the_next_run(support: World) -> None:
    org = start(support, case(1, LastModifiedDate="2026-03-02T14:59:59Z"), case(2))
    answer = support.run("--backlog", "escalate")
    states = {one["case_number"]: one["state"] for one in answer.json["escalations"]}
    assert states == {"00000001": "deferred", "00000002": "applied"}
    assert answer.code == 0
    advance(org, "1m")
    again = support.run()
    assert {one["case_number"]: one["state"] for one in again.json["escalations"]} == {
        "00000001": "applied",
        "00000002": "already",
    }


def test_a_dry_run_writes_nothing_and_has_the_plan_of_the_run(support: World) -> None:
    org = start(support, case(1), case(2, created=OLD))
    dry = support.run("--dry-run", "--backlog", "escalate")
    assert (dry.json["planned"], dry.json["applied"], dry.json["dry_run"]) == (2, 0, True)
    assert not writes(org)
    assert not (support.folder / "state").exists()
    live = support.run("--backlog", "escalate")
    assert live.json["plan_digest"] == dry.json["plan_digest"]


def test_every_match_ends_as_exactly_one_state(support: World) -> None:
    start(support, *(case(number) for number in range(1, 6)), case(6, "hello", created=OLD))
    report = support.run("--limit", "2", "--backlog", "escalate").json
    words = ["planned", "applied", "already", "held", "withheld", "rejected", "deferred", "unknown"]
    assert report["matched"] == sum(report[word] for word in words) == len(report["escalations"]) == 6
    assert (report["applied"], report["deferred"]) == (2, 4)


def test_a_backlog_waits_for_a_choice(support: World) -> None:
    org = start(support, case(1), case(2, created=OLD))
    for words in (["--dry-run"], []):
        answer = support.run(*words)
        assert (answer.code, answer.json["withheld"]) == (4, 2)
        assert "--backlog" in answer.json["refusals"][0]["reason"]
    assert not writes(org)


def test_an_adopted_backlog_is_remembered_and_only_new_cases_are_escalated(support: World) -> None:
    org = start(support, case(1), case(2, "hello"))
    adopted = support.run("--backlog", "adopt")
    assert (adopted.code, adopted.json["already"]) == (0, 1)
    assert not writes(org)
    other = select(org, "SELECT Id FROM Case WHERE CaseNumber = '00000002'")[0]["Id"]
    patch(org, other, Subject="Urgent now")
    advance(org, "1m")
    later = support.run()
    assert {one["case_number"]: one["state"] for one in later.json["escalations"]} == {
        "00000001": "already",
        "00000002": "applied",
    }


def test_a_limited_run_leaves_the_backlog_choice_open(support: World) -> None:
    start(support, *(case(number) for number in range(1, 5)))
    limited = support.run("--limit", "1")
    assert (limited.code, limited.json["applied"], limited.json["withheld"]) == (0, 1, 3)
    later = support.run()
    assert (later.code, later.json["already"], later.json["withheld"]) == (4, 1, 3)


def test_a_guard_withholds_only_the_route_that_is_too_large(support: World) -> None:
    support.policy(POLICY.replace("max_cases: 10", "max_cases: 2"))
    start(support, *(case(number) for number in range(1, 5)), case(9, "hello", created=OLD))
    answer = support.run("--backlog", "escalate")
    assert (answer.code, answer.json["withheld"], answer.json["applied"]) == (4, 4, 1)
    assert "max_cases: 2" in answer.json["refusals"][0]["reason"]


def test_one_case_by_number_or_id_is_escalated_without_a_backlog_choice(support: World) -> None:
    org = start(support, case(1), case(2))
    assert support.run("--case", "00000001").json["applied"] == 1
    other = select(org, "SELECT Id FROM Case WHERE CaseNumber = '00000002'")[0]["Id"]
    assert support.run("--case", other[:15]).json["applied"] == 1


def test_a_single_case_that_does_not_match_is_reported_with_its_reasons(support: World) -> None:
    start(support, case(1, "hello"))
    file = support.folder / "left.json"
    support.run("--dry-run", "--case", "00000001", "--left-alone", str(file))
    (unmatched,) = json.loads(file.read_text())
    assert set(unmatched["reasons"]) == {"urgent", "old"}
    assert "CreatedDate was 6 h ago" in unmatched["reasons"]["old"]


def test_a_missing_queue_breaks_only_its_own_route(support: World) -> None:
    support.policy(
        POLICY.replace("teams: {leads: {queue: Leads}}", "teams: {leads: {queue: Leeds}, all: {queue: Leads}}").replace(
            "queue: leads}\nguards", "queue: all}\nguards"
        )
    )
    start(support, case(1), case(2, "hello", created=OLD))
    answer = support.run("--backlog", "escalate")
    states = {one["route"]: (one["state"], one["reason"]) for one in answer.json["escalations"]}
    assert answer.code == 3
    assert states["old"][0] == "applied"
    assert states["urgent"][0] == "rejected"
    assert "Leads" in states["urgent"][1]


def test_an_unknown_field_breaks_only_its_own_route(support: World) -> None:
    support.policy(POLICY.replace("{field: Subject, starts_with: urgent}", "{field: Subjekt, starts_with: urgent}"))
    start(support, case(1, created=OLD))
    answer = support.run("--backlog", "escalate")
    assert (answer.code, answer.json["applied"], one(answer)["route"]) == (3, 1, "old")
    assert "Subject" in answer.json["broken"][0]["reason"]


def test_the_audit_trail_shows_every_event_of_a_key(support: World) -> None:
    start(support, case(1))
    key = one(support.run("--backlog", "escalate"))["key"]
    events = support.type("audit", "show", key, "--json").json["events"]
    assert [event["event"] for event in events] == ["intended", "applied"]
    assert "Call back." in events[0]["note_text"]
    assert support.type("audit", "verify").code == 0


def test_a_raw_condition_with_a_relative_date_runs_on_the_embedded_org(world: World) -> None:
    world.policy("""
policy: recent
teams: {leads: {queue: Leads}}
routes:
  - name: recent
    reason: Opened in the last seven days.
    when: [{soql: "CreatedDate = LAST_N_DAYS:7 AND CALENDAR_YEAR(CreatedDate) = 2026"}]
    escalate: {queue: leads}
guards: {max_share_of_open: 100%}
""")
    days = ("2026-02-20T09:00:00Z", "2026-02-23T09:00:00Z", "2026-02-28T09:00:00Z")
    world.org(
        Case=[{"CaseNumber": str(place), "CreatedDate": day} for place, day in enumerate(days)],
        Group=[{"Type": "Queue", "DeveloperName": "Leads", "Name": "Leads"}],
    )
    answer = world.run("--dry-run", "--backlog", "escalate")
    assert answer.code == 0, answer
    assert [one["case_number"] for one in answer.json["escalations"]] == ["1", "2"]


def test_a_list_longer_than_a_query_reads_no_other_case(world: World) -> None:
    sites = [f"Warehouse number {number}" for number in range(650)]
    world.policy(f"""
policy: sites
routes:
  - {{name: far, reason: Far., when: [{{field: Site__c, in: [{", ".join(sites)}]}}], escalate: {{status: Escalated}}}}
guards: {{max_cases: 1000, max_share_of_open: 100%}}
""")
    cases = [{"CaseNumber": str(place), "Site__c": f"Warehouse number {place}"} for place in range(800)]
    org = world.org(Case=cases)
    answer = world.run("--dry-run", "--backlog", "escalate")
    assert (answer.code, answer.json["matched"], answer.json["polled"]) == (0, 650, 650), answer
    assert world.type("validate").out == f"ok ({world.environ['SFDC_ESCALATOR_POLICY']})\n"
    assert not writes(org)
