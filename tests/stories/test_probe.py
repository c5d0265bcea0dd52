"""`validate --probe` in a sandbox whose automation undoes the steps; and its reports for CI."""

import json
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.stories.world import NOW, World, select, writes

POLICY = """
policy: support
teams: {leads: {queue: Leads}, others: {queue: Others}}
routes:
  - {name: first, reason: One., when: [{field: Priority, is: High}], escalate: {queue: leads, status: Escalated}}
  - {name: second, reason: Two., when: [{field: Priority, is: Low}], escalate: {queue: others, priority: High}}
"""
GROUPS = [{"Type": "Queue", "DeveloperName": name, "Name": name} for name in ("Intake", "Leads", "Others", "Elsewhere")]
CASE = {"CaseNumber": "00000001", "CreatedDate": "2026-02-01T00:00:00Z", "OwnerId": "Intake", "Priority": "High"}


def sandbox(world: World, *rules: dict[str, Any]) -> EmbeddedOrg:
    world.policy(POLICY)
    data = world.data(Case=[CASE], Group=GROUPS)
    (data / "automation.json").write_text(json.dumps(list(rules)))
    org = EmbeddedOrg(data=data, now=NOW)
    world.orgs.append(org.__enter__())
    world.log_in(org)
    return org


def probed(world: World) -> tuple[int, list[tuple[int | None, str]], str]:
    """Exit code, each problem with its line, and the result of the rehearsal."""
    answer = world.type("validate", "--org", "env", "--probe", "--format", "json")
    actual = [(one["line"], one["message"]) for one in answer.json["problems"]]
    return answer.code, actual, answer.json["org"]["rehearsal"] or ""


def left(org: EmbeddedOrg) -> tuple[int, int]:
    return len(select(org, "SELECT Id FROM Case")), len(select(org, "SELECT Id FROM CaseComment"))


def test_each_route_is_carried_out_on_a_case_of_its_own_and_nothing_stays(world: World) -> None:
    org = sandbox(world)
    assert probed(world) == (
        0, [], "the steps of 2 routes, rolled back on a case, then carried out on 2 marked cases, deleted again: every "
        "step as the policy says",
    )  # fmt: skip
    assert left(org) == (1, 0)
    assert select(org, "SELECT Status, Priority FROM Case") == [{"Status": "New", "Priority": "High"}]
    assert sum(one["object"] == "Case" and one["op"] == "insert" for one in writes(org)) == 2


def test_a_validation_rule_that_refuses_a_step_is_reported_at_its_route(world: World) -> None:
    rule = {"kind": "validation_rule", "when": [{"field": "Status", "is": "Escalated"}], "message": "Ask first."}
    org = sandbox(world, rule)
    code, problems, _ = probed(world)
    assert code == 2
    assert {line for line, _ in problems} == {5}
    assert [message for _, message in problems] == [
        "route first: the org refuses its steps: FIELD_CUSTOM_VALIDATION_EXCEPTION: Ask first. "
        "(case 00000001, a new case)",
    ]
    assert left(org) == (1, 0)


def test_an_owner_that_bounces_is_reported(world: World) -> None:
    org = sandbox(world, {"kind": "owner_bounce", "from": "Leads", "to": "Elsewhere"})
    code, problems, _ = probed(world)
    assert code == 2
    message = "route first: the org's automation undid its queue: Leads was written, Elsewhere is there (a new case)"
    assert problems == [(5, message)]
    assert left(org) == (1, 0)


def test_an_org_where_no_case_can_be_created_is_reported_with_the_reason(world: World) -> None:
    rule = {"kind": "validation_rule", "when": [{"field": "Origin", "is_empty": True}], "message": "No robots."}
    org = sandbox(world, rule)
    code, problems, _ = probed(world)
    assert code == 2
    assert any("no marked case could be created" in message and "No robots." in message for _, message in problems)
    assert left(org)[0] == 1


def test_every_queue_and_priority_of_a_table_is_tried(world: World) -> None:
    org = sandbox(world, {"kind": "trigger_error", "when": [{"field": "OwnerId", "is": "Others"}]})
    world.policy("""
policy: support
teams: {leads: {queue: Leads}, others: {queue: Others}}
routes:
  - name: by-type
    reason: One.
    when: [{field: Priority, is: High}]
    escalate: {queue: {by: Type, values: {Other: leads}, else: others},
               priority: {by: Type, values: {Other: Low}, else: High}}
  - {name: to-leads, reason: Two., when: [{field: Priority, is: Low}], escalate: {queue: leads}}
""")
    code, problems, _ = probed(world)
    assert code == 2
    assert [line for line, _ in problems] == [5]
    assert problems[0][1].startswith("route by-type (Others, High): the org refuses its steps: CANNOT_INSERT_UPDATE")
    assert problems[0][1].endswith("(case 00000001, a new case)")
    assert left(org) == (1, 0)


def test_a_probe_needs_an_org(world: World) -> None:
    world.policy(POLICY)
    answer = world.type("validate", "--probe")
    assert answer.code == 2
    assert "--org NAME" in answer.err


BROKEN = POLICY.replace("status: Escalated", "statuss: 'a,b: 100%'").replace("is: Low", 'is: Low, "]]>\\u0001": 1')


def test_annotations_stand_on_the_lines_of_the_policy(world: World) -> None:
    world.policy(BROKEN)
    world.go_home()
    answer = world.type("validate", "policy.yaml", "--format", "github")
    assert answer.code == 2
    first = answer.out.splitlines()[0]
    assert first.startswith("::error file=policy.yaml,line=5,col=")
    assert ",title=sfdc-escalator validate::unknown key" in first
    assert first.endswith("did you mean status?")


def test_a_valid_policy_has_no_annotations(world: World) -> None:
    world.policy(POLICY)
    answer = world.type("validate", "--format", "github")
    assert (answer.code, answer.out) == (0, "")


def test_ci_shows_the_user_and_the_org_too(world: World) -> None:
    sandbox(world)
    opening = "You are integration@embedded.example in Embedded Org ("
    notice = world.type("validate", "--org", "env", "--format", "github").out.splitlines()[0]
    assert notice.startswith(f"::notice title=sfdc-escalator validate::{opening}")
    assert "%0ALevel guarded, guard full" in notice
    junit = Xml.fromstring(world.type("validate", "--org", "env", "--format", "junit").out)
    assert str(junit.findtext(".//testsuite/system-out")).startswith(opening)


def test_annotations_escape_special_characters_of_github(world: World) -> None:
    folder = world.folder / "a,b:100%"
    folder.mkdir()
    (folder / "p.yaml").write_text(POLICY.replace("Escalated}", '"50%\\n::error::x"}').replace("status:", "statuss:"))
    world.go_home()
    first = world.type("validate", "a,b:100%/p.yaml", "--format", "github").out.splitlines()[0]
    assert first.startswith("::error file=a%2Cb%3A100%25/p.yaml,line=5,col=")
    assert "\n" not in first


def test_junit_holds_a_case_for_each_file_and_each_problem(world: World) -> None:
    path = world.policy(BROKEN)
    answer = world.type("validate", "--format", "junit")
    suites = Xml.fromstring(answer.out)
    cases = suites.findall(".//testcase")
    assert (answer.code, suites.get("tests"), suites.get("failures")) == (2, str(len(cases)), str(len(cases) - 1))
    assert (cases[0].get("name"), cases[1].get("line")) == (str(path), "5")


@pytest.mark.parametrize(("strict", "code", "kind"), [([], 0, "system-out"), (["--strict"], 2, "failure")])
def test_warnings_fail_when_the_option_is_set(world: World, strict: list[str], code: int, kind: str) -> None:
    phrase = "{field: Priority, is: Low}, {text: Subject, mentions: churn}"
    world.policy("words: {churn: [cancel]}\n" + POLICY.replace("{field: Priority, is: Low}", phrase))
    answer = world.type("validate", "--format", "junit", *strict)
    case = Xml.fromstring(answer.out).findall(".//testcase")[1]
    assert (answer.code, case.find(kind) is not None) == (code, True)
    assert world.type("validate", "--format", "json", *strict).json["ok"] is (code == 0)


@pytest.mark.parametrize("form", ["junit", "github"])
def test_an_org_that_cannot_be_reached_fails_the_report_of_ci_too(world: World, form: str) -> None:
    sandbox(world)
    world.environ["SFDC_ACCESS_TOKEN"] = "00D000000000001!stale.token.of.ci"
    answer = world.type("validate", "--org", "env", "--format", form)
    assert answer.code == 5
    assert "refuses the access token" in answer.out
    assert "stale" not in answer.out + answer.err
    if form == "junit":
        assert Xml.fromstring(answer.out).get("failures") == "1"
    assert (world.folder / "config").exists() is False
