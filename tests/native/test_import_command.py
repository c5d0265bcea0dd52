"""`import` as a user types it: what is written, what is kept, what it reports."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.native.metadata import action, clocked, document, item, rule, to_queue, write
from tests.stories.world import Answer, World

HIGH, NEW = item("Case.Priority", "equals", "High"), item("Case.Status", "equals", "New")
SAVER = item("User.Department", "equals", "Support")


def source(world: World, *entries: dict[str, Any], kind: str = "assignmentRules", **more: Any) -> Path:
    return write(world.folder / "src", kind, rule(kind, *entries, **more))


def imported(world: World, *words: str) -> Answer:
    return world.type("import", "src", "--out", "out", "--json", *words)


def policy(world: World, name: str = "assignment-standard") -> str:
    return (world.folder / "out" / f"{name}.yaml").read_text(encoding="utf-8")


def test_the_first_line_names_the_source_and_both_digests(world: World) -> None:
    path = source(world, to_queue("Tier_1", HIGH))
    found = imported(world)
    [file] = found.json["files"]
    first, _, body = policy(world).partition("\n")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert file["file"] == "src/assignmentRules/Case.assignmentRules-meta.xml"
    assert file["sha256"] == digest
    assert first == (
        f'# Imported from {path.name}, rule "Standard"; source sha256 {digest}; '
        f"content {hashlib.sha256(body.encode()).hexdigest()}"
    )


def test_the_json_has_the_shape_that_programs_read(world: World) -> None:
    source(
        world, clocked(action(180, "Tier_2"), action(240, notifyCaseOwner=True), items=[HIGH]), kind="escalationRules"
    )
    found = imported(world)
    assert found.code == 0
    rules = found.json["files"][0]["rules"]
    [entry] = rules[0].pop("entries")
    assert entry == {
        "entry": 1, "line": 6, "status": "mapped", "route": "tier-2", "minutes": 180, "rungs": [60], "remarks": [],
    }  # fmt: skip
    assert rules == [
        {
            "rule": "Standard",
            "active": True,
            "sample": False,
            "policy": "escalation-standard.yaml",
            "state": "written",
        }
    ]
    assert found.json["totals"] == {"mapped": 1, "warned": 0, "unmapped": 0, "idle": 0}
    assert found.json["exit"] == 0


def test_an_edited_policy_is_kept_and_an_unedited_one_follows_its_source(world: World) -> None:
    source(world, to_queue("Tier_1", HIGH))
    imported(world)
    assert imported(world).json["files"][0]["rules"][0]["state"] == "unchanged"
    source(world, to_queue("Tier_2", HIGH))
    assert imported(world).json["files"][0]["rules"][0]["state"] == "written"
    path = world.folder / "out" / "assignment-standard.yaml"
    path.write_text(policy(world).replace("Tier_2", "Tier_9"), encoding="utf-8")
    source(world, to_queue("Tier_3", HIGH))
    kept = imported(world)
    assert (kept.code, kept.json["exit"], kept.json["files"][0]["rules"][0]["state"]) == (3, 3, "kept")
    assert "Tier_9" in policy(world)
    assert "KEPT: it was edited since its import" in world.type("import", "src", "--out", "out").out


def test_inactive_rules_go_where_no_run_looks_and_a_second_name_gets_a_number(world: World) -> None:
    text = document(
        "AssignmentRules",
        assignmentRule=[
            {"fullName": "Regel 1!", "active": True, "ruleEntry": [to_queue("A", HIGH)]},
            {"fullName": "Regel_1", "active": False, "ruleEntry": [to_queue("A", HIGH)]},
            {"fullName": "規則", "active": True, "ruleEntry": [to_queue("A", HIGH)]},
            {"fullName": "empty", "active": True},
            {"fullName": "idle", "active": True, "ruleEntry": [to_queue("", HIGH)]},
        ],
    )
    write(world.folder / "src", "assignmentRules", text)
    rules = imported(world).json["files"][0]["rules"]
    assert [one["policy"] for one in rules] == [
        "assignment-regel-1.yaml", "inactive/assignment-regel-1-2.yaml", "assignment-3.yaml", None, None,
    ]  # fmt: skip
    assert [one["state"] for one in rules[3:]] == [None, None]
    assert "policy: assignment-regel-1-2\n" in policy(world, "inactive/assignment-regel-1-2")


def test_a_policy_whose_rule_is_not_active_any_more_is_named(world: World) -> None:
    source(world, to_queue("A", HIGH))
    imported(world)
    source(world, to_queue("A", HIGH), active=False)
    report = world.type("import", "src", "--out", "out").out
    assert "assignment-standard.yaml: left from an earlier import: its rule is not active any more" in report


def test_what_cannot_be_mapped_is_a_fence_with_the_rest_of_its_criteria_and_is_named(world: World) -> None:
    source(world, to_queue("Tier_1", HIGH, SAVER), to_queue("Tier_2", HIGH))
    found = imported(world)
    entry = found.json["files"][0]["rules"][0]["entries"][0]
    assert (found.code, entry["status"], entry["route"], entry["remarks"][0]["line"]) == (3, "unmapped", "tier-1", 15)
    text = policy(world)
    assert "  # not mapped: User.Department: who saves the record is known only to Salesforce" in text
    fence = text[text.index("- name: tier-1") : text.index("- name: tier-2")]
    assert "- {field: Priority, is: High}\n    escalate: none\n" in fence
    report = world.type("import", "src", "--out", "out", "--report", "report.txt")
    assert (report.code, report.out) == (3, "")
    assert "Case.assignmentRules-meta.xml:15: unmapped: User.Department: " in (world.folder / "report.txt").read_text()


def test_an_entry_that_waits_keeps_its_cases_from_the_entries_below(world: World) -> None:
    other = item("Case.Priority", "equals", "Low")
    source(
        world,
        clocked(action(1440, "Tier_1"), items=[HIGH]),
        clocked(action(60, "Tier_2"), items=[other]),
        clocked(action(120, "Tier_3"), items=[HIGH, NEW]),
        kind="escalationRules",
    )
    imported(world)
    names = [line.split()[-1] for line in policy(world, "escalation-standard").splitlines() if "- name:" in line]
    assert names == ["tier-1", "tier-1-waits", "tier-2", "tier-3"]


def test_every_spelling_of_a_file_makes_the_same_policy(world: World) -> None:
    text = rule("assignmentRules", to_queue("Tier_1", item("Case.Status", "equals", "Größe")))
    latin = text.replace('encoding="UTF-8"', 'encoding="ISO-8859-1"')
    utf_16 = text.replace('encoding="UTF-8"', 'encoding="UTF-16"')
    spelt = [
        text.encode(), b"\xef\xbb\xbf" + text.encode(), text.replace("\n", "\r\n").encode(), latin.encode("latin-1"),
        utf_16.encode("utf-16"), text.encode("utf-16"), b"\xef\xbb\xbf" + latin.encode(),
    ]  # fmt: skip
    bodies = set()
    for number, data in enumerate(spelt):
        path = write(world.folder / str(number), "assignmentRules", "")
        path.write_bytes(data)
        assert world.type("import", str(number), "--out", f"out{number}").code == 0
        made = world.folder / f"out{number}" / "assignment-standard.yaml"
        bodies.add(made.read_text(encoding="utf-8").partition("\n")[2])
    assert len(bodies) == 1


def test_the_cases_hours_come_from_the_settings_among_the_files(world: World) -> None:
    source(world, clocked(action(60, "A"), action(90, "B"), businessHoursSource="Case"), kind="escalationRules")
    without = imported(world).json["files"][0]["rules"][0]["entries"][0]
    assert [one["construct"] for one in without["remarks"]] == ["businessHoursSource"]
    assert "calendar: {business_hours: Default}" in policy(world, "escalation-standard")
    hours = [
        {"name": "Office", "active": True, "default": True},
        {"name": "ACME", "active": True, "default": False},
        {"name": "Old", "active": False, "default": False},
    ]
    holidays = {"name": "New Year", "activityDate": "2026-01-01", "businessHours": ["ACME"]}
    path = write(
        world.folder / "src", "settings", document("BusinessHoursSettings", businessHours=hours, holidays=holidays)
    )
    path.rename(path.with_name("BusinessHours.settings-meta.xml"))
    report = world.type("import", "src", "--out", "out")
    assert "New Year on 2026-01-01, of ACME" in report.out
    table = "{by: BusinessHours.Name, values: {ACME: {business_hours: ACME}}, else: {business_hours: Office}}"
    assert policy(world, "escalation-standard").count(f"calendar: {table}") == 2


def test_custom_fields_of_the_input_tell_look_ups_from_texts(world: World) -> None:
    source(world, to_queue("A", item("Case.Product__c", "equals", "Pump")))
    field = document("CustomField", fullName="Product__c", type="Lookup", referenceTo="Product2")
    path = world.folder / "src" / "objects" / "Case" / "fields" / "Product__c.field-meta.xml"
    path.parent.mkdir(parents=True)
    path.write_text(field)
    imported(world)
    assert "{field: Product__r.Name, is: Pump}" in policy(world)


def trigger(hours: int, name: str, kind: str) -> dict[str, Any]:
    return {"actions": {"name": name, "type": kind}, "timeLength": hours, "workflowTimeTriggerUnit": "Hours"}


def test_a_milestone_is_a_route_on_the_orgs_own_rows_with_the_actions_of_its_workflow(world: World) -> None:
    milestones = [
        {
            "milestoneName": "First Response",
            "timeTriggers": [
                trigger(2, "Tell", "Alert"),
                trigger(-1, "Raise", "FieldUpdate"),
                trigger(0, "X", "Task"),
            ],
        },
        {"milestoneName": "Close Case"},
    ]
    process = document("EntitlementProcess", name="Gold", active=True, milestones=milestones)
    folder = write(world.folder / "src", "entitlementProcesses", "").parent
    (folder / "Case.entitlementProcesses-meta.xml").unlink()
    (folder / "gold.entitlementProcess-meta.xml").write_text(process)
    workflow = document(
        "Workflow",
        fieldUpdates={"fullName": "Raise", "field": "Priority", "literalValue": "Critical", "operation": "Literal"},
        alerts={"fullName": "Tell", "recipients": [{"type": "owner"}, {"type": "role", "recipient": "CEO"}]},
    )
    write(world.folder / "src", "workflow", workflow)
    found = imported(world)
    first, second = found.json["files"][0]["rules"][0]["entries"]
    assert (first["status"], first["minutes"], first["rungs"]) == ("warned", -60, [60, 180])
    assert [one["construct"] for one in first["remarks"]] == ["Tell", "Raise", "X"]
    assert (second["status"], second["route"]) == ("idle", None)
    text = policy(world, "entitlement-gold")
    assert "- {milestone: due, within: 60m, name: First Response}\n" in text
    assert "escalate: {priority: Critical}" in text
    assert "priorities: [Low, Medium, High, Critical]" in text
    assert "- {after: 180m, notify: [{person: Owner}], until: closed}" in text
    assert world.type("validate", "out/entitlement-gold.yaml").code == 0


@pytest.mark.parametrize(
    ("unit", "when"),
    [
        ("Hours", "- {milestone: due, within: 120m, name: Answer}"),
        ("Weeks", "- {field: CaseNumber, is_empty: false}"),
    ],
)
def test_a_milestone_that_cannot_be_judged_keeps_its_cases_from_its_first_trigger_on(
    world: World, unit: str, when: str
) -> None:
    of_saver = {
        "milestoneCriteriaFilterItems": SAVER,
        "milestoneName": "Answer",
        "timeTriggers": {**trigger(-2, "X", "Task"), "workflowTimeTriggerUnit": unit},
    }
    other = {"milestoneName": "Answer", "timeTriggers": trigger(0, "X", "Task")}
    process = document("EntitlementProcess", name="Gold", active=True, milestones=[of_saver, other])
    path = world.folder / "src" / "gold.entitlementProcess"
    path.parent.mkdir()
    path.write_text(process)
    found = imported(world)
    assert [one["status"] for one in found.json["files"][0]["rules"][0]["entries"]] == ["unmapped", "warned"]
    fence = policy(world, "entitlement-gold").partition("- name: answer\n")[2].partition("- name: answer-2\n")[0]
    assert f"    when:\n      {when}\n    scan: true\n    escalate: none\n" in fence
    assert world.type("validate", "out/entitlement-gold.yaml").code == 0


def test_an_import_writes_nothing_but_policies_and_asks_no_org(world: World) -> None:
    source(world, to_queue("Tier_1", HIGH))
    imported(world)
    assert sorted(path.name for path in (world.folder / "out").rglob("*")) == ["assignment-standard.yaml"]
    assert json.loads(imported(world).out)["files"][0]["skipped"] is None


@pytest.mark.parametrize("target", ["None", "!!!", "none"])
def test_a_target_without_a_usable_name_makes_a_route_by_its_number(world: World, target: str) -> None:
    source(world, to_queue("A", HIGH), to_queue(target, NEW))
    assert [one["route"] for one in imported(world).json["files"][0]["rules"][0]["entries"]] == ["a", "entry-2"]
    assert world.type("validate", "out/assignment-standard.yaml").code == 0


@pytest.mark.parametrize(
    "queue", ["true", "No", "null", "1", "007", "12e3", "99999999999999999999", "0x1F", "1st_Level"]
)
def test_a_queue_whose_name_yaml_takes_for_something_else_makes_a_valid_policy(world: World, queue: str) -> None:
    source(world, to_queue(queue, HIGH))
    assert imported(world).code == 0
    checked = world.type("validate", "out/assignment-standard.yaml")
    assert checked.code == 0, checked.out
