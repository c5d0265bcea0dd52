"""Stories of `validate --org`: the gaps of an org, and its guarantees; nothing is written."""

from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.embedded_org.basics.api_error import ApiError
from sfdc_escalator.embedded_org.rest import composite
from sfdc_escalator.embedded_org.rest.calls import Answer, Call
from sfdc_escalator.embedded_org.rest.resources import Resources
from sfdc_escalator.embedded_org.store.work import Work
from tests.stories.test_expected_org import OTHER, orgs
from tests.stories.world import World, select, writes

GOOD = """
policy: support
teams: {leads: {queue: Leads}}
routes:
  - name: old
    reason: It is old.
    when: [{age: CreatedDate, at_least: 2d}]
    escalate: {queue: leads, status: Working, priority: High}
"""
BAD = """
policy: support
teams: {leads: {queue: Leds}, others: {queue: Nowhere_At_All}}
scope: [{field: Origni, is: Web}]
defaults:
  status: Workin
  note: {parts: {steps: {from: [Descripton, Subject]}}}
routes:
  - name: old
    reason: It is old.
    when: [{age: CreatedDat, at_least: 2d}, {field: Account.Tpye, is: x}]
    escalate: {queue: leads, priority: High}
  - name: older
    reason: It is older.
    when: [{field: Account.Tpye, is: y}]
    escalate: {queue: leads, status: Escalated}
"""
GROUPS = [{"Type": "Queue", "DeveloperName": name, "Name": name} for name in ("Intake", "Leads")]
CASE = {"CaseNumber": "00000001", "CreatedDate": "2026-02-01T00:00:00Z", "OwnerId": "Intake"}


@pytest.fixture
def org(world: World) -> EmbeddedOrg:
    world.policy(GOOD)
    return world.org(Case=[CASE], Group=GROUPS)


@pytest.fixture
def production(world: World) -> EmbeddedOrg:
    world.policy(GOOD)
    return world.org(production=True, Case=[CASE], Group=GROUPS)


def notes(org: EmbeddedOrg) -> list[dict[str, Any]]:
    return select(org, "SELECT Id, CommentBody FROM CaseComment")


def tried(org: EmbeddedOrg) -> list[Any]:
    """The requests that would have written."""
    bodies = [request["body"] for request in org.requests()]
    return [body for body in bodies if "POST" in str(body) or "DELETE" in str(body)]


def test_validate_begins_with_user_org_and_guarantees(world: World, org: EmbeddedOrg) -> None:
    answer = world.type("validate", "--probe", "--org", "env")
    first, second, *rest = answer.out.splitlines()
    assert answer.code == 0, answer.out
    assert first.startswith(f"You are integration@embedded.example in Embedded Org ({org.organization_id}, sandbox, ")
    assert first.endswith(" API calls left.")
    assert second == (
        "Level guarded, guard full, all-or-nothing honoured: a note on case 00000001 was written and rolled back."
    )
    assert rest[0].startswith("Rehearsed the steps of 1 route")
    assert rest[1].startswith("A run that finds nothing costs about 4 API calls")
    assert rest[-1].startswith("ok (")


def test_a_sandbox_is_tried_out_and_nothing_is_left_behind(world: World, org: EmbeddedOrg) -> None:
    before = select(org, "SELECT Id, LastModifiedDate, Status, OwnerId FROM Case")
    answer = world.type("validate", "--probe", "--org", "env", "--format", "json")
    assert answer.json["org"]["all_or_nothing"] == "honoured"
    assert [(one["object"], one["op"]) for one in writes(org)] == [
        ("Case", "insert"), ("CaseComment", "insert"), *[("Case", "update")] * 3, ("Case", "delete")
    ]  # fmt: skip
    assert notes(org) == []
    assert select(org, "SELECT Id, LastModifiedDate, Status, OwnerId FROM Case") == before
    assert not list(world.folder.glob("**/*.db"))


def test_json_holds_the_org_beside_the_problems(world: World, org: EmbeddedOrg) -> None:
    answer = world.type("validate", "--probe", "--org", "env", "--format", "json").json
    about = answer["org"]
    assert (answer["ok"], answer["problems"]) == (True, [])
    assert isinstance(about.pop("api_left"), int)
    assert len(about.pop("user_id")) == 18
    assert about.pop("rehearsal").endswith("every step as the policy says")
    assert all(isinstance(remark, str) for remark in about.pop("remarks"))
    assert about == {
        "org": "env",
        "instance_url": org.instance_url,
        "organization_id": org.organization_id,
        "name": "Embedded Org",
        "sandbox": True,
        "username": "integration@embedded.example",
        "open_cases": 1,
        "level": "guarded",
        "guard": "full",
        "all_or_nothing": "honoured",
        "reason": "a note on case 00000001 was written and rolled back",
    }


def test_all_gaps_of_the_org_are_reported_at_once_each_at_its_place(world: World, org: EmbeddedOrg) -> None:
    path = world.policy(BAD)
    answer = world.type("validate", "--probe", "--org", "env", "--format", "json")
    actual = {(one["line"], one["found"], one["nearest"], one["severity"]) for one in answer.json["problems"]}
    assert answer.code == 2
    assert actual == {
        (3, "Leds", "Leads", "error"),
        (4, "Origni", "Origin", "error"),
        (6, "Workin", "Working", "error"),
        (7, "Descripton", "Description", "error"),
        (11, "CreatedDat", "CreatedDate", "error"),
        (11, "Account.Tpye", "Type", "error"),
        (15, "Account.Tpye", "Type", "error"),
    }
    assert {one["file"] for one in answer.json["problems"]} == {str(path)}


MANY = """
policy: support
priorities: [Low, High, Critcal]
teams: {leads: {queue: Leads}, web: {queue: Web_Leads}}
defaults: {note: {quick_text: ["HIP {route}", Escalations]}}
routes:
  - name: asked
    reason: Asked.
    when: [{soql: "Nope__c = 1"}]
    escalate: {queue: leads, note: {help_needed: "Ask {Case.Helper__c}."}}
  - name: chosen
    reason: Chosen.
    when: [{field: Type, is: Other}]
    escalate: {queue: web, priority: {by: Risk__c, rows: [[Critcal, High], [Low, Critcal]], else: Low}}
  - name: open
    reason: Open.
    when: [{age: CreatedDate, at_least: 2h, calendar: {business_hours: Nights}}]
    escalate: {queue: leads, status: Working}
  - name: held
    reason: Held.
    when: [{in_state: Subject, at_least: 1h}, {age: CreatedDate, at_least: 1h, except_while: {field: Origin, is: Web}}]
    escalate: {queue: leads}
"""


def test_faults_that_only_an_org_shows_are_reported_at_the_value(world: World) -> None:
    """Raw filters, sentences of the note, cells of tables, business hours, queues of other objects, merge fields."""
    path = world.policy(MANY)
    org = world.org(
        Case=[CASE],
        Group=[*GROUPS, {"Type": "Queue", "DeveloperName": "Web_Leads", "Name": "Web"}],
        QueueSobject=[{"QueueId": "Web_Leads", "SobjectType": "Lead"}],
        BusinessHours=[
            {"Name": "Default", "IsDefault": "true", "IsActive": "true"},
            {"Name": "Nights", "IsDefault": "false", "IsActive": "false"},
        ],
        QuickText=[{"Name": "Escalations", "Message": "{!Case.CaseNumber} {!Case.Subjct} {parts} {part}"}],
    )
    answer = world.type("validate", "--org", "env", "--format", "json")
    lines = path.read_text().splitlines()
    wanted = [
        ("Web_Leads", "the queue 'Web_Leads' does not serve cases", None),
        ("Escalations", "holds {!Case.Subjct}: Case has no Subjct that the user may read (routes asked, ", "Subject"),
        ("Escalations", "holds {part}, which is not a known placeholder (routes asked, chosen, ", None),
        ("Nope__c = 1", "route asked: the org refuses its part of the poll: the org answered INVALID_FIELD", None),
        ("Ask {Case.Helper__c}.", "Helper__c: Case has no Helper__c that the user may read", None),
        ("Risk__c", "Risk__c: Case has no Risk__c that the user may read", None),
        ("Critcal", "Priority 'Critcal' is not a value of this org's picklist", None),
        ("Nights", "the business hours 'Nights' of this org are not active", None),
        ("Subject", "this org does not track the history of Subject", None),
        ("Origin", "this org does not track the history of Origin", None),
    ]
    actual = answer.json["problems"]
    assert answer.code == 2
    assert [one["line"] for one in actual] == sorted(one["line"] for one in actual)
    for (value, message, nearest), problem in zip(wanted, actual, strict=True):
        assert message in problem["message"]
        line, column = problem["line"], problem["column"]
        assert lines[line - 1][column - 1 :].lstrip('"').startswith(value), problem
        assert problem["nearest"] == nearest
    assert writes(org) == []


def test_a_right_lost_by_the_move_to_the_queue_is_reported_with_the_remedy(world: World) -> None:
    world.policy(GOOD)
    data = world.data(Case=[CASE, {**CASE, "CaseNumber": "00000002", "OwnerId": "Leads"}], Group=GROUPS)
    (data / "automation.json").write_text('[{"kind": "lose_edit_right", "queue": "Leads"}]')
    world.org()
    answer = world.type("validate", "--org", "env", "--format", "json")
    [problem] = answer.json["problems"]
    assert (answer.code, problem["line"], problem["found"]) == (2, 3, "Leads")
    assert "its case 00000002" in problem["message"]
    assert "write `fields: together`" in problem["message"]
    world.policy(GOOD + "defaults: {fields: together}\n")
    assert world.type("validate", "--org", "env").code == 0


def test_a_field_that_may_not_be_edited_is_reported_wherever_a_step_sets_it(world: World) -> None:
    world.policy(GOOD)
    data = world.data(Case=[CASE], Group=GROUPS)
    (data / "automation.json").write_text('[{"kind": "field_security", "readonly": ["Priority"]}]')
    world.org()
    [problem] = world.type("validate", "--org", "env", "--format", "json").json["problems"]
    assert (problem["line"], problem["column"]) == (8, 57)
    assert problem["message"].startswith("this user may not edit Case.Priority, which route old would set")


def test_validate_makes_few_calls_for_any_policy(world: World, org: EmbeddedOrg) -> None:
    assert world.type("validate", "--org", "env").code == 0
    assert len(org.requests()) <= 8
    world.policy(MANY)
    before = len(org.requests())
    world.type("validate", "--org", "env")
    assert len(org.requests()) - before <= 11


def test_a_field_that_a_template_reads_is_reported_where_the_policy_names_it(world: World, org: EmbeddedOrg) -> None:
    (world.folder / "note.j2").write_text("{{ case.Descripton }}")
    world.policy(GOOD + "defaults: {note: {template: note.j2}}\n")
    problem = world.type("validate", "--org", "env", "--format", "json").json["problems"][0]
    assert (problem["found"], problem["nearest"]) == ("Descripton", "Description")
    assert (problem["line"], problem["column"]) == (9, 29)


def test_validate_is_offline_unless_an_org_is_named(world: World, org: EmbeddedOrg) -> None:
    world.environ["SFDC_ESCALATOR_ORG"] = "env"
    answer = world.type("validate", "--format", "json")
    assert (answer.code, "org" in answer.json, org.requests()) == (0, False, [])


def test_production_is_never_written_to(world: World, production: EmbeddedOrg) -> None:
    answer = world.type("validate", "--org", "env")
    assert answer.code == 0
    assert ", production, " in answer.out
    assert "all-or-nothing not probed: this is production, where validate writes nothing." in answer.out
    refused = world.type("validate", "--probe", "--org", "env")
    assert (refused.code, "this is production" in refused.err) == (2, True)
    assert (tried(production), writes(production)) == ([], [])


def test_without_its_option_validate_writes_nothing_in_a_sandbox(world: World, org: EmbeddedOrg) -> None:
    answer = world.type("validate", "--org", "env")
    assert answer.code == 0
    assert "all-or-nothing not probed: --probe tries it out in a sandbox." in answer.out
    assert (tried(org), writes(org)) == ([], [])


def test_without_an_open_case_everything_is_tried_on_marked_cases(world: World) -> None:
    world.policy(GOOD)
    org = world.org(Case=[{**CASE, "Status": "Closed", "IsClosed": "true"}], Group=GROUPS)
    answer = world.type("validate", "--probe", "--org", "env")
    assert answer.code == 0
    assert "all-or-nothing honoured: a note on case 00001001 was written and rolled back." in answer.out
    assert "Rehearsed the steps of 1 route, rolled back on a case, then carried out on 1 marked case" in answer.out
    assert len(select(org, "SELECT Id FROM Case")) == 1


def test_an_org_that_does_not_roll_back_is_an_error_and_is_cleaned_up(
    world: World, org: EmbeddedOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = composite._run
    monkeypatch.setattr(composite, "_run", lambda work, parts, inner, _: real(work, parts, inner, False))
    answer = world.type("validate", "--probe", "--org", "env", "--format", "json")
    assert (answer.code, answer.json["org"]["all_or_nothing"]) == (2, "broken")
    assert answer.json["problems"][0]["message"] == (
        "all-or-nothing broken: the org kept a note of a request that failed, on case 00000001; it was deleted"
    )
    actual = [(one["object"], one["op"]) for one in writes(org)]
    assert actual == [("Case", "insert"), ("CaseComment", "insert"), ("CaseComment", "delete"), ("Case", "delete")]
    assert notes(org) == []


def test_an_org_without_the_clause_gives_a_weak_guard(
    world: World, org: EmbeddedOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Resources._query

    def without_anti_joins(self: Resources, work: Work, call: Call) -> Answer:
        if "NOT IN" in str(call.query):
            raise ApiError("MALFORMED_QUERY", "no such clause")
        return real(self, work, call)

    monkeypatch.setattr(Resources, "_query", without_anti_joins)
    answer = world.type("validate", "--probe", "--org", "env")
    assert "guard weak, all-or-nothing honoured" in answer.out


def test_problems_of_the_file_are_reported_together_with_those_of_the_org(world: World, org: EmbeddedOrg) -> None:
    good = world.policy(GOOD.replace("Leads", "Leds"))
    bad = world.policy("policy: other\nroutes: []\nscop: []\n", "other.yaml")
    problems = world.type("validate", str(bad), "--policy", str(good), "--org", "env", "--format", "json").json[
        "problems"
    ]
    assert {Path(one["file"]).name for one in problems} == {"policy.yaml", "other.yaml"}
    assert "Leads" in {one["nearest"] for one in problems}


def test_a_file_that_the_org_was_not_asked_about_is_named(world: World, org: EmbeddedOrg) -> None:
    bad = world.policy("policy: other\nroutes: []\nscop: []\n", "other.yaml")
    answer = world.type("validate", str(bad), "--org", "env")
    assert answer.code == 2
    assert f"Not checked in the org, as they have errors: {bad}." in answer.out


def test_an_org_that_cannot_be_reached_is_exit_5_unless_the_files_are_wrong(world: World, org: EmbeddedOrg) -> None:
    world.environ["SFDC_ACCESS_TOKEN"] = "00D000000000001!stale.token"
    answer = world.type("validate", "--probe", "--org", "env", "--format", "json")
    assert (answer.code, answer.json["error"]["code"]) == (5, "login_refused")
    world.policy(GOOD + "scop: []\n")
    answer = world.type("validate", "--probe", "--org", "env", "--format", "json")
    assert (answer.code, answer.json["error"]["problems"][0]["nearest"]) == (2, "scope")
    assert "access token" in answer.json["error"]["message"]
    assert "stale" not in answer.out


def test_an_org_that_is_not_the_expected_one_is_refused(world: World, org: EmbeddedOrg) -> None:
    orgs(world, env={"expect": {"organization_id": OTHER}})
    answer = world.type("validate", "--probe", "--org", "env")
    assert answer.code == 2
    assert f"expected organization {OTHER}" in answer.err
    assert "Log in to the org that is meant" in answer.err
    assert len(org.requests()) == 1


def test_the_warnings_of_the_orgs_file_are_among_the_problems(world: World, org: EmbeddedOrg) -> None:
    world.go_home()
    orgs(world, env={"sandbox_to": {"mail": "me@example.com"}})
    answer = world.type("validate", "--probe", "--org", "env", "--format", "json")
    assert [(one["file"], one["severity"]) for one in answer.json["problems"]] == [("config/orgs.yaml", "warning")]
    assert (answer.code, answer.err) == (0, "")
