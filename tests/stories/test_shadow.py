"""Policies beside the rules of an org that acts as Salesforce does: every planted difference is named, nothing else."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
import requests

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.native.metadata import action, clocked, item, rule, to_queue, write
from tests.reports.html.checks import assert_page, elements, text_of
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


def start(
    world: World,
    rules: Sequence[Any],
    *cases: Row,
    policy: str = POLICY,
    users: Sequence[Row] = USERS,
    queues: Sequence[Row] = QUEUES,
) -> EmbeddedOrg:
    world.policy(policy)
    (world.folder / "org").mkdir(exist_ok=True)
    (world.folder / "org" / "automation.json").write_text(json.dumps(rules))
    return world.org(Case=cases, Group=queues, User=users)


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
    edit(org, 6, "11:00", ROBOT, OwnerId="Leads", IsEscalated=True)
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
    ]
    equal = {one["case_number"].lstrip("0"): one["what"] for one in found["listed"] if one["kind"] == "equal"}
    leads, night = "owner Leads team", "owner Night team"
    assert equal == {"1": leads, "8": "priority Medium", "9": "escalated", "11": leads, "1001": night}
    assert found["counts"] == {"equal": 5, "earlier": 1, "later": 1, "only ours": 2, "only theirs": 3}
    assert (found["exit"], found["not_compared"], found["without_history"]) == (0, [], ["Origin"])


def test_it_only_reads(world: World) -> None:
    org = start(world, NATIVE, case(1, Priority="High"), case(2, Type="Question"))
    assert shadow(world)["exit"] == 0
    assert {one["method"] for one in org.requests()} <= {"GET", "POST"}
    assert [one["written"] for one in org.requests() if one["written"]] == []
    assert not list(world.folder.rglob("*.db"))


def test_imported_rules_and_the_rules_that_they_come_from_are_equal(world: World) -> None:
    """Two policies: the escalation rule asks for the owner whom the assignment rule gives."""
    high, intake = item("Case.Priority", "equals", "High"), item("Case.OwnerId", "equals", "Intake team")
    phone, night = item("Case.Origin", "equals", "Phone"), item("Case.OwnerId", "equals", "Night team")
    write(world.folder / "src", "assignmentRules", rule("assignmentRules", to_queue("Night", phone), name="First"))
    entries = (
        clocked(action(60, "Leads"), items=[high, intake]),
        clocked(action(90, "Leads"), items=[phone, night]),
    )
    write(world.folder / "src", "escalationRules", rule("escalationRules", *entries, name="Then"))
    assert world.type("import", "src", "--out", "config/policies").code == 0
    origin_is_phone = {"field": "Origin", "is": "Phone"}
    intakes = {"field": "OwnerId", "is": "Intake"}
    native = [
        {"kind": "assignment_rule", "to": "Night", "when": origin_is_phone},
        {
            "kind": "escalation_rule",
            "minutes": 60,
            "to": "Leads",
            "when": [{"field": "Priority", "is": "High"}, intakes],
        },
        {"kind": "escalation_rule", "minutes": 90, "to": "Leads", "when": [origin_is_phone]},
    ]
    org = start(world, native, case(1, Priority="High"), case(2))
    del world.environ["SFDC_ESCALATOR_POLICY"]
    new_case(org, Origin="Phone", Priority="Low")
    advance(org, "4h")
    found = shadow(world)
    assert [one["policy"] for one in found["policies"]] == ["assignment-first", "escalation-then"]
    assert kinds(found) == []
    equal = sorted((one["case_number"].lstrip("0"), one["what"], one["ours"]["policy"]) for one in found["listed"])
    assert equal == [
        ("1", "owner Leads team", "escalation-then"),
        ("1001", "owner Leads team", "escalation-then"),
        ("1001", "owner Night team", "assignment-first"),
    ]


def test_an_entry_that_was_not_imported_is_named_as_the_reason(world: World) -> None:
    """It became a fence: what Salesforce does with its cases, no policy does."""
    saver = item("User.Department", "equals", "Desk")
    entries = (
        clocked(action(60, "Leads"), items=[item("Case.Origin", "equals", "Phone"), saver]),
        clocked(action(60, "Leads"), items=[item("Case.Priority", "equals", "High")]),
    )
    write(world.folder / "src", "escalationRules", rule("escalationRules", *entries, name="Desk"))
    assert world.type("import", "src", "--out", "out").code == 3
    native = [
        {"kind": "escalation_rule", "minutes": 60, "to": "Leads", "when": [{"field": "Origin", "is": "Phone"}]},
        {"kind": "escalation_rule", "minutes": 60, "to": "Leads", "when": {"field": "Priority", "is": "High"}},
    ]
    policy = (world.folder / "out" / "escalation-desk.yaml").read_text()
    start(world, native, case(1, Origin="Phone"), case(2, Priority="High"), case(3), policy=policy)
    found = shadow(world)
    assert kinds(found) == [("1", "only theirs", "owner Leads team", "kept")]
    assert "the route escalation-desk/leads kept the case" in found["listed"][0]["reason"]["text"]


def test_automated_process_is_known_by_its_name_too(world: World) -> None:
    org = start(world, NATIVE, case(1, Type="Other"), users=[{**USERS[0], "UserType": "Standard"}])
    edit(org, 1, "12:00", ROBOT, OwnerId="Leads")
    assert kinds(shadow(world)) == [("1", "only theirs", "owner Leads team", "criteria")]


def test_queues_whose_names_look_like_ids_change_nothing(world: World) -> None:
    """A change of the owner has two rows, one with ids and one with names."""
    names = {"Intake": "CustomerSupport", "Leads": "EscalationsTeam", "Night": "24x7SupportTeam"}
    queues = [{**one, "Name": names[one["DeveloperName"]]} for one in QUEUES]
    start(world, NATIVE, case(1, Priority="High"), queues=queues)
    found = shadow(world)
    assert [(one["kind"], one["what"]) for one in found["listed"]] == [("equal", "owner EscalationsTeam")]


def test_a_comparison_begins_at_its_time(world: World) -> None:
    start(world, NATIVE, case(1, Type="Question"), case(2, "14:00", Type="Question"))
    answer = world.type("shadow", "--org", "env", "--since", "2h", "--json")
    assert kinds(answer.json) == [("2", "only ours", "owner Night team", "recent")]
    assert (answer.json["since"][:16], answer.json["until"][:16]) == ("2026-03-02T13:00", "2026-03-02T15:00")


def test_fields_that_the_user_may_not_see_are_done_without(world: World) -> None:
    hidden = {"kind": "field_security", "object": "Case", "hidden": ["ClosedDate"]}
    org = start(world, [*NATIVE, hidden], case(1, Priority="High"), case(2, Type="Question"))
    edit(org, 2, "11:40", Status="Closed")
    assert kinds(shadow(world)) == [("2", "only ours", "owner Night team", "criteria")]


@pytest.mark.parametrize("untracked", [[], ["Status"]])
def test_closed_cases_of_the_time_count(world: World, untracked: list[str]) -> None:
    """Without a history of the status the time of closing says until when they were open."""
    rules = [*NATIVE, {"kind": "untracked", "fields": untracked}]
    org = start(world, rules, case(1, Priority="High"), case(2, Type="Question"))
    edit(org, 1, "10:40", Status="Closed")
    edit(org, 2, "10:40", Status="Closed")
    assert kinds(shadow(world)) == [("2", "only ours", "owner Night team", "criteria")]


def test_a_case_that_was_opened_again_is_escalated_again(world: World) -> None:
    org = start(world, NATIVE, case(1, "08:00", Type="Question"), case(2, "08:00", Type="Question"))
    for number in (1, 2):
        edit(org, number, "08:30", ROBOT, OwnerId="Night")
        edit(org, number, "09:00", Status="Closed")
        edit(org, number, "11:00", Status="New", OwnerId="Intake")
    edit(org, 1, "11:05", ROBOT, OwnerId="Night")
    found = shadow(world)
    assert kinds(found) == [("2", "only ours", "owner Night team", "user_edit")]
    assert [one["ours"]["at"] for one in found["listed"]] == [at("08:30"), at("11:00")] * 2


def test_a_ladder_is_climbed_beside_the_rules(world: World) -> None:
    """The second action of an entry is a rung; whoever takes the case ends neither."""
    rung = "    ladder: [{after: 60m, escalate: {queue: night}, until: closed}]"
    policy = POLICY.replace("    escalate: {queue: leads}", "    escalate: {queue: leads}\n" + rung)
    org = start(world, NATIVE, case(1, Priority="High"), policy=policy)
    edit(org, 1, "11:00", ROBOT, OwnerId="Leads", IsEscalated=True)
    edit(org, 1, "11:30", OwnerId="ann@example.com")
    found = shadow(world)
    (only,) = (one for one in found["listed"] if one["kind"] != "equal")
    assert (only["kind"], only["what"], only["ours"]["rung"]) == ("only ours", "owner Night team", "after-60m")
    assert only["ours"]["at"] == at("12:00")


def test_a_rung_that_only_notifies_hides_no_later_act_however_often_it_comes(world: World) -> None:
    again = "{after: 1m, notify: [lead], repeat: {every: 1m, at_most: 100}, until: closed}"
    rungs = f"    ladder: [{again}, {{after: 2h, escalate: {{queue: night}}, until: closed}}]"
    policy = POLICY.replace("    escalate: {queue: leads}", "    escalate: {queue: leads}\n" + rungs)
    start(world, NATIVE, case(1, Priority="High"), policy=policy)
    found = shadow(world)
    assert kinds(found) == [("1", "only ours", "owner Night team", "criteria")]
    assert [one["ours"]["at"] for one in found["listed"]] == [at("11:00"), at("13:00")]


@pytest.mark.parametrize(
    ("fields", "lost"),
    [
        (["OwnerId"], ["OwnerId: Case keeps no history of it, so the owners"]),
        (["Priority", "OwnerId"], ["OwnerId: Case keeps no history", "Priority: Case keeps no history"]),
        (["IsEscalated"], ["IsEscalated: Case keeps no history of it, so routes that only notify people"]),
    ],
)
def test_a_field_without_a_history_is_named_with_what_is_lost(world: World, fields: list[str], lost: list[str]) -> None:
    start(world, [*NATIVE, {"kind": "untracked", "fields": fields}], case(1, Type="Question"), case(2, Type="Feature"))
    found = shadow(world)
    shown = [f"{one['subject']}: {one['reason']}" for one in found["not_compared"]]
    assert [one.startswith(begin) for one, begin in zip(shown, lost, strict=True)] == [True] * len(lost), shown
    assert not {one["field"] for one in found["listed"]} & set(fields)
    assert found["not_compared"][0]["cases"] == (["00000002"] if fields == ["IsEscalated"] else ["00000001"])
    assert found["exit"] == 3
    text = world.type("shadow", "--org", "env", "--since", "7d")
    assert (text.code, text.out.count("! not compared: ")) == (3, len(lost))


def test_a_route_that_the_past_cannot_answer_is_left_out(world: World) -> None:
    soql = "  - {name: raw, reason: R., when: [{soql: \"Type = 'Problem'\"}], escalate: {queue: leads}}\n"
    missing = "  - {name: gone, reason: R., when: [{field: Type, is: Gone}], escalate: {queue: nobody}}\n"
    policy = POLICY.replace("teams:\n", "teams:\n  nobody: {queue: Nobody}\n") + soql + missing
    start(world, NATIVE, case(1, Type="Question"), policy=policy)
    found = shadow(world)
    assert [one["subject"] for one in found["not_compared"]] == ["desk/raw", "desk/gone"]
    assert "for the present only" in found["not_compared"][0]["reason"]
    assert (kinds(found), found["exit"]) == ([("1", "only ours", "owner Night team", "criteria")], 3)


def test_a_route_that_the_org_cannot_carry_out_keeps_its_cases_as_in_a_run(world: World) -> None:
    gone = "  - {name: gone, reason: R., when: [{field: Type, is: Question}], escalate: {queue: nobody}}\n"
    policy = POLICY.replace("teams:\n", "teams:\n  nobody: {queue: Nobody}\n").replace("routes:\n", "routes:\n" + gone)
    start(world, NATIVE, case(1, Type="Question"), case(2, Priority="High"), policy=policy)
    found = shadow(world)
    assert (kinds(found), found["exit"], found["counts"]["equal"]) == ([], 3, 1)


def test_a_case_without_a_row_in_the_table_is_held_and_climbs_no_ladder(world: World) -> None:
    table = "tables: {who: {by: [Type], rows: [[Other, leads]]}}\nroutes:\n"
    steps = "{table: who}}\n    ladder: [{after: 30m, escalate: {queue: night}, until: closed}]"
    policy = POLICY.replace("routes:\n", table).replace("leads}\n  - name: question", f"{steps}\n  - name: question")
    start(world, NATIVE[:1], case(1, Priority="High"), case(2, Priority="High", Type="Other"), policy=policy)
    found = shadow(world)
    assert [one["case_number"][-1] for one in found["listed"]] == ["2", "2"]


def test_an_org_that_hides_the_history_is_an_error_of_the_org(world: World) -> None:
    start(world, [{"kind": "object_security", "object": "CaseHistory"}], case(1))
    answer = world.type("shadow", "--org", "env", "--since", "7d")
    assert (answer.code, "does not let us read CaseHistory" in answer.err) == (5, True)
    assert world.type("shadow", "--org", "env", "--since", "7d", "--json").json["error"]["code"] == "org_unavailable"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--since", "yesterday"], "is not a duration"),
        (["--since", "0s"], "expected a time of at most 730d"),
        (["--since", "731d"], "expected a time of at most 730d"),
        (["--since", ""], "has an empty value"),
        ([], "Missing option '--since'"),
        (["--since", "7d", "--policy", "missing.yaml"], "missing.yaml"),
        (["--since", "7d", "--policy", "bad.yaml"], "bad.yaml:2"),
        (["--since", "7d", "--html", "missing/page.html"], "cannot be written"),
    ],
)
def test_bad_input_is_refused_before_the_org_is_asked(world: World, words: list[str], message: str) -> None:
    org = start(world, NATIVE, case(1))
    (world.folder / "bad.yaml").write_text("policy: bad\nruotes: []\n")
    answer = world.type("shadow", "--org", "env", *words)
    assert (answer.code, message in answer.err, org.requests()) == (2, True, []), answer.err


def test_the_page_shows_hostile_texts_as_texts(world: World) -> None:
    hostile = "<script>document.title='x'</script>\u202e"
    org = start(world, NATIVE, case(1, Type="Question", Subject=hostile), case(2, Priority="High"))
    answer = world.type("shadow", "--org", "env", "--since", "7d", "--html", "page.html")
    assert answer.code == 0
    html = (world.folder / "page.html").read_text(encoding="utf-8")
    assert_page(html, f"{org.instance_url}/lightning/r/Case/")
    assert [text_of(one) for one in elements(html, "h2")] == ["Summary", "Only ours", "Equal"]
    rows = [text_of(one) for one in elements(html, "tr") if "00000001" in text_of(one)]
    assert rows[0].startswith(f"00000001 {hostile[:-1]}\\u202e")
    assert "<script" not in html


def test_the_text_lists_each_case_with_its_likely_reason(world: World) -> None:
    start(world, NATIVE, case(1, Type="Question"), case(2, Priority="High"))
    out = world.type("shadow", "--org", "env", "--since", "7d").out
    assert "1 equal, 0 earlier, 0 later, 1 only ours, 0 only theirs\n" in out
    ours = "  00000001  owner Night team: ours 2026-03-02T10:30:00Z (desk/question)\n    no rule of Salesforce did this"
    assert ours in out
    assert "00000002" not in out
    equal = "ours 2026-03-02T11:00:00Z (desk/high), Salesforce 2026-03-02T11:00:00Z (Automated Process)"
    assert equal in world.type("shadow", "--org", "env", "--since", "7d", "-v").out
