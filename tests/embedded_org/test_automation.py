"""Org automation: rules that apply when records are saved, and faults in automation files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg, InvalidData
from tests.embedded_org.client import FILES, NO_RULES, NOW, Client, rows, sub, write_folder

Automated = Callable[..., Any]
ASSIGN = {"kind": "assignment_rule", "to": "second_line"}
BOUNCE = {"kind": "owner_bounce", "from": "second_line", "to": "ann@example.org"}
THROW = {"kind": "trigger_error", "when": {"field": "Priority", "is": "High"}}
TOGETHER = {"allOrNone": True, "collateSubrequests": False}


@pytest.fixture
def automated(tmp_path: Path) -> Automated:
    @contextmanager
    def start(*rules: dict[str, Any], db: Path | None = None) -> Iterator[Client]:
        folder = write_folder(tmp_path / "data")
        (folder / "automation.json").write_text(json.dumps(list(rules)))
        with EmbeddedOrg(data=folder, db=db, now=NOW) as org, Client(org) as client:
            yield client

    return start


def owner(client: Client, number: str = "00001001") -> str:
    (found,) = client.query(f"SELECT Owner.Name FROM Case WHERE CaseNumber = '{number}'")["records"]
    name: str = found["Owner"]["Name"]
    return name


def patch(client: Client, number: str, fields: dict[str, Any], **more: Any) -> Any:
    return client.call("PATCH", f"/sobjects/Case/{client.case(number)}", json=fields, **more)


def move(client: Client, queue: str, number: str = "00001001") -> Any:
    return patch(client, number, {"OwnerId": client.queue(queue)}, headers=NO_RULES)


def written(client: Client) -> list[tuple[str, str, list[str]]]:
    """The writes of the last request that wrote something."""
    last = next(each for each in reversed(client.org.requests()) if each["written"])
    return [(each["object"], each["op"], list(each["fields"])) for each in last["written"]]


# --- assignment rules ------------------------------------------------------------------------------------------------


def test_an_assignment_rule_moves_a_saved_case(automated: Automated) -> None:
    """Without the header, rules run on every save; their writes are logged too."""
    with automated(ASSIGN) as client:
        assert patch(client, "00001001", {"Subject": "trivial"}).status_code == 204
        assert written(client) == [("Case", "update", ["Subject"]), ("Case", "update", ["OwnerId"])]
        assert owner(client) == "Second line"
        made = client.call("POST", "/sobjects/Case", json={"Subject": "new"}).json()["id"]
        (case,) = client.query(f"SELECT Owner.Name FROM Case WHERE Id = '{made}'")["records"]
        assert case["Owner"]["Name"] == "Second line"


@pytest.mark.parametrize("value", ["FALSE", "false"])
def test_the_header_turns_assignment_rules_off(automated: Automated, value: str) -> None:
    with automated(ASSIGN) as client:
        patch(client, "00001001", {"Subject": "trivial"}, headers={"Sforce-Auto-Assign": value})
        assert owner(client) == "First line"


def test_inside_a_composite_the_header_of_the_subrequest_counts(automated: Automated) -> None:
    """The header of the whole call is not inherited."""
    with automated(ASSIGN) as client:
        one, two, three = (client.case(f"0000100{i}") for i in (1, 2, 4))
        steps = [
            sub(
                "PATCH", "/composite/sobjects", "kept", rows("Case", {"id": one, "Subject": "a"}), httpHeaders=NO_RULES
            ),
            sub("PATCH", f"/sobjects/Case/{two}", "moved", {"Subject": "b"}),
            sub("PATCH", "/composite/sobjects", "also", rows("Case", {"id": three, "Subject": "c"})),
        ]
        client.call("POST", "/composite", json={"compositeRequest": steps, **TOGETHER}, headers=NO_RULES)
        assert [owner(client, f"0000100{i}") for i in (1, 2, 4)] == ["First line", "Second line", "Second line"]


def test_the_first_matching_assignment_rule_counts(automated: Automated) -> None:
    rules = [{**ASSIGN, "to": "ann@example.org", "when": [{"field": "Priority", "is": "low"}]}, ASSIGN]
    with automated(*rules) as client:
        patch(client, "00001003", {"Subject": "x"})
        patch(client, "00001001", {"Subject": "x"})
        assert [owner(client, "00001003"), owner(client, "00001001")] == ["Ann Ash", "Second line"]


def test_a_comment_does_not_run_assignment_rules(automated: Automated) -> None:
    with automated(ASSIGN) as client:
        client.call("POST", "/sobjects/CaseComment", json={"ParentId": client.case("00001001"), "CommentBody": "x"})
        assert owner(client) == "First line"


# --- owners that bounce ----------------------------------------------------------------------------------------------


def test_an_owner_bounces_after_the_commit(automated: Automated) -> None:
    """Another user moves the case on; this is the last write in the log."""
    with automated(BOUNCE) as client:
        assert move(client, "second_line").status_code == 204
        assert written(client) == [("Case", "update", ["OwnerId"]), ("Case", "update", ["OwnerId"])]
        case = "SELECT Owner.Name, LastModifiedBy.UserType FROM Case WHERE CaseNumber = '00001001'"
        (found,) = client.query(case)["records"]
        assert (found["Owner"]["Name"], found["LastModifiedBy"]["UserType"]) == ("Ann Ash", "AutomatedProcess")
        history = "SELECT NewValue FROM CaseHistory WHERE Field = 'Owner' AND DataType = 'Text' ORDER BY Id"
        assert [each["NewValue"] for each in client.query(history)["records"]] == ["Second line", "Ann Ash"]


def test_a_read_inside_the_same_composite_does_not_see_the_bounce(automated: Automated) -> None:
    with automated(BOUNCE) as client:
        case, queue = client.case("00001001"), client.queue("second_line")
        _, seen = client.composite(
            sub("PATCH", f"/sobjects/Case/{case}", "move", {"OwnerId": queue}, httpHeaders=NO_RULES),
            sub("GET", f"/sobjects/Case/{case}?fields=OwnerId", "read"),
            **TOGETHER,
        )
        assert seen["body"]["OwnerId"] == queue
        assert owner(client) == "Ann Ash"


def test_each_case_bounces_only_its_first_times(automated: Automated, tmp_path: Path) -> None:
    """The count is kept across restarts with the data."""
    with automated({**BOUNCE, "times": 1}, db=tmp_path / "org.db") as client:
        move(client, "second_line")
        move(client, "second_line", "00001004")
        assert (owner(client), owner(client, "00001004")) == ("Ann Ash", "Ann Ash")
    with EmbeddedOrg(db=tmp_path / "org.db") as org, Client(org) as client:
        move(client, "second_line")
        assert owner(client) == "Second line"


@pytest.mark.parametrize("number", ["00001001", "00001003"])
def test_a_rolled_back_or_missing_change_of_owner_does_not_bounce(automated: Automated, number: str) -> None:
    with automated(BOUNCE) as client:
        case, queue, before = client.case(number), client.queue("second_line"), owner(client, number)
        client.composite(
            sub("PATCH", f"/sobjects/Case/{case}", "move", {"OwnerId": queue}, httpHeaders=NO_RULES),
            sub("PATCH", f"/sobjects/Case/{case}", "wrong", {"IsClosed": True}),
            **TOGETHER,
        )
        if number == "00001003":
            assert move(client, "second_line", number).status_code == 204
        assert owner(client, number) == before


def test_a_failed_bounce_changes_neither_the_owner_nor_the_answer(automated: Automated) -> None:
    with automated({**BOUNCE, "to": "old@example.org"}) as client:
        assert move(client, "second_line").status_code == 204
        assert owner(client) == "Second line"


# --- validation rules and triggers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "fields", "fails"),
    [
        ({"field": "Subject", "is_empty": True}, {"Subject": None}, True),
        ({"field": "Subject", "is_empty": True}, {"Subject": "x"}, False),
        ({"field": "Subject", "longer_than": 5}, {"Subject": "123456"}, True),
        ({"field": "Subject", "longer_than": 5}, {"Subject": "12345"}, False),
        ({"field": "Status", "is": "Escalated"}, {"Status": "escalated"}, True),
        ({"field": "Status", "is_not": "Escalated"}, {"Status": "Escalated"}, False),
        ({"field": "Status", "changed": True}, {"Status": "New", "Subject": "x"}, False),
        ({"field": "Status", "changed": True}, {"Status": "Working"}, True),
        ({"field": "OwnerId", "is": "first_line"}, {"Subject": "x"}, True),
        ({"field": "Vip__c", "is": True}, {"Subject": "x"}, True),
        ([{"field": "Priority", "is": "High"}, {"field": "Reassignments__c", "is": 4}], {"Subject": "x"}, False),
    ],
)
def test_a_validation_rule_judges_the_record_after_the_save(
    automated: Automated, when: Any, fields: dict[str, Any], fails: bool
) -> None:
    with automated({"kind": "validation_rule", "when": when, "message": "Not like this."}) as client:
        answer = patch(client, "00001001", fields, headers=NO_RULES)
        assert answer.status_code == (400 if fails else 204)
        if fails:
            expected = {"message": "Not like this.", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": []}
            assert answer.json() == [expected]


def test_a_validation_error_fails_only_its_row(automated: Automated) -> None:
    rule = {"kind": "validation_rule", "when": {"field": "Priority", "is": "High"}, "message": "No."}
    with automated(rule) as client:
        cases = [{"id": client.case(f"0000100{i}"), "Subject": "x"} for i in (1, 2)]
        first, second = client.call("PATCH", "/composite/sobjects", json=rows("Case", *cases)).json()
        assert first["errors"] == [{"statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "No.", "fields": []}]
        assert second["success"] is True


def test_a_trigger_exception_fails_its_whole_batch(automated: Automated) -> None:
    """All records of the batch fail with the same error, and nothing is saved."""
    with automated(THROW) as client:
        cases = [{"id": client.case(f"0000100{i}"), "Subject": "x"} for i in (1, 2)]
        answer = client.call("PATCH", "/composite/sobjects", json=rows("Case", *cases)).json()
        errors = [each["errors"][0] for each in answer]
        assert errors[0] == errors[1]
        assert errors[0]["statusCode"] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
        assert errors[0]["message"].startswith("CaseTrigger: execution of BeforeUpdate\n\ncaused by: System.")
        assert client.query("SELECT COUNT() FROM Case WHERE Subject = 'x'")["totalSize"] == 0
        assert patch(client, "00001002", {"Subject": "x"}).status_code == 204


def test_a_trigger_may_fail_only_large_batches(automated: Automated) -> None:
    with automated({"kind": "trigger_error", "object": "CaseComment", "batch_over": 2, "limit": True}) as client:
        note = {"ParentId": client.case("00001001"), "CommentBody": "x"}
        for count, fits in ((3, False), (2, True)):
            (answer,) = client.composite(
                sub("POST", "/composite/sobjects", "n", rows("CaseComment", *[note] * count, all_or_none=True)),
                **TOGETHER,
            )
            assert all(each["success"] is fits for each in answer["body"])
            if not fits:
                assert "System.LimitException" in answer["body"][0]["errors"][0]["message"]
        assert client.query("SELECT COUNT() FROM CaseComment WHERE CommentBody = 'x'")["totalSize"] == 2


# --- rights ----------------------------------------------------------------------------------------------------------


def test_a_field_may_be_read_only(automated: Automated) -> None:
    with automated({"kind": "field_security", "readonly": ["priority"]}) as client:
        described = client.call("GET", "/sobjects/Case/describe").json()["fields"]
        (field,) = (each for each in described if each["name"] == "Priority")
        assert (field["createable"], field["updateable"]) == (False, False)
        answer = patch(client, "00001001", {"Priority": "Low"})
        assert answer.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
        assert answer.json()[0]["fields"] == ["Priority"]
        (row,) = client.call(
            "PATCH", "/composite/sobjects", json=rows("Case", {"id": client.case("00001001"), "Priority": "Low"})
        ).json()
        assert row["errors"][0]["statusCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
        (found,) = client.query("SELECT Priority FROM Case WHERE CaseNumber = '00001001'")["records"]
        assert found["Priority"] == "High"


def test_a_field_may_be_invisible(automated: Automated, tmp_path: Path) -> None:
    """It cannot be described, read or written; the org still fills it. The same after a restart."""
    with automated({"kind": "field_security", "hidden": ["Priority", "Vip__c"]}, db=tmp_path / "org.db"):
        pass
    with EmbeddedOrg(db=tmp_path / "org.db") as org, Client(org) as client:
        names = {each["name"] for each in client.call("GET", "/sobjects/Case/describe").json()["fields"]}
        assert not {"Priority", "Vip__c"} & names
        (error,) = client.query("SELECT Id FROM Case WHERE Priority = 'High'")
        assert (error["errorCode"], "No such column 'Priority'" in error["message"]) == ("INVALID_FIELD", True)
        (error,) = patch(client, "00001001", {"Vip__c": False}).json()
        assert error["message"] == "No such column 'Vip__c' on sobject of type Case"
        case = client.call("GET", f"/sobjects/Case/{client.case('00001001')}").json()
        assert "Subject" in case
        assert "Priority" not in case
        assert client.call("POST", "/sobjects/Case", json={"Subject": "new"}).status_code == 201
        assert "Priority" not in client.query("SELECT FIELDS(STANDARD) FROM Case LIMIT 1")["records"][0]


def test_a_move_to_a_queue_may_remove_the_edit_right(automated: Automated) -> None:
    """This counts already later in the same composite, but not for the note and other cases."""
    with automated({"kind": "lose_edit_right", "queue": "second_line"}) as client:
        case, queue = client.case("00001001"), client.queue("second_line")
        answer = client.composite(
            sub("POST", "/sobjects/CaseComment", "note", {"ParentId": case, "CommentBody": "x"}),
            sub("PATCH", f"/sobjects/Case/{case}", "owner", {"OwnerId": queue}, httpHeaders=NO_RULES),
            sub("PATCH", f"/sobjects/Case/{case}", "status", {"Status": "Escalated"}, httpHeaders=NO_RULES),
            **TOGETHER,
        )
        assert answer[2]["body"][0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
        assert owner(client) == "First line"
        assert patch(client, "00001001", {"OwnerId": queue, "Status": "Escalated"}).status_code == 204
        assert (
            patch(client, "00001001", {"Priority": "Low"}).json()[0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
        )
        assert client.call("DELETE", f"/sobjects/Case/{case}").status_code == 400
        assert patch(client, "00001002", {"Priority": "Low"}).status_code == 204


def test_user_record_access_shows_the_lost_right(automated: Automated) -> None:
    with automated({"kind": "lose_edit_right", "queue": "second_line"}) as client:
        soql = "SELECT CaseNumber, UserRecordAccess.HasEditAccess, UserRecordAccess.MaxAccessLevel FROM Case"
        found = {each["CaseNumber"]: each["UserRecordAccess"] for each in client.query(soql)["records"]}
        levels = {number: (each["HasEditAccess"], each["MaxAccessLevel"]) for number, each in found.items()}
        assert levels == dict.fromkeys(levels, (True, "All")) | {"00001003": (False, "Read")}
        me = client.call("GET", "/services/oauth2/userinfo").json()["user_id"]
        ann = client.id("SELECT Id FROM User WHERE Alias != null AND FirstName = 'Ann'")
        for user, edits in ((me, False), (ann, True)):
            soql = (
                "SELECT RecordId, HasReadAccess, HasEditAccess FROM UserRecordAccess "
                f"WHERE UserId = '{user}' AND RecordId = '{client.case('00001003')}'"
            )
            (access,) = client.query(soql)["records"]
            assert (access["HasReadAccess"], access["HasEditAccess"]) == (True, edits)


def test_a_locked_case_is_not_written(automated: Automated) -> None:
    with automated({"kind": "locked", "cases": ["00001001"]}) as client:
        (error,) = patch(client, "00001001", {"Status": "Escalated"}).json()
        assert (error["errorCode"], error["message"]) == ("ENTITY_IS_LOCKED", "entity is locked for approval")
        assert patch(client, "00001002", {"Status": "Escalated"}).status_code == 204


# --- faults in the file ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "message", "near"),
    [
        ("{}", 1, "is not a list", None),
        ("[", 1, "is not JSON", None),
        ("[3]", 1, "is not an object", None),
        ('[\n {"kind": "asignment_rule"}]', 2, "unknown kind asignment_rule", "assignment_rule"),
        ("[{}]", 1, "kind is missing", None),
        ('[{"kind": "assignment_rule"}]', 1, "to is missing", None),
        ('[{"kind": "assignment_rule", "to": "first_lin"}]', 1, "does not name exactly one record", "first_line"),
        ('[{"kind": "assignment_rule", "to": 3}]', 1, "to is not a text", None),
        ('[{"kind": "assignment_rule", "to": "first_line", "wenn": []}]', 1, "unknown key wenn", "when"),
        ('[{"kind": "owner_bounce", "from": "first_line", "to": "first_line"}]', 1, "the same owner", None),
        ('[{"kind": "untracked"}]', 1, "fields is missing", None),
        ('[{"kind": "untracked", "fields": ["OwnerID", "Statu"]}]', 1, "Case has no field Statu", "Status"),
        ('[{"kind": "owner_bounce", "from": "first_line", "to": "second_line", "times": -1}]', 1, "times", None),
        ('[{"kind": "validation_rule", "message": "x"}]', 1, "when is missing", None),
        ('[{"kind": "validation_rule", "when": {"field": "Subject", "is": "x"}}]', 1, "message is missing", None),
        ('[{"kind": "trigger_error", "when": {"field": "Subjekt", "is": "x"}}]', 1, "no field Subjekt", "Subject"),
        ('[{"kind": "trigger_error", "when": {"field": "Subject"}}]', 1, "needs exactly one test", None),
        ('[{"kind": "trigger_error", "when": {"field": "Subject", "equals": "x", "is": "x"}}]', 1, "equals", None),
        ('[{"kind": "trigger_error", "when": {"field": "Subject", "is": 5}}]', 1, "is is not a value of Subject", None),
        ('[{"kind": "trigger_error", "when": {"field": "Subject", "is_empty": "yes"}}]', 1, "is_empty", None),
        ('[{"kind": "trigger_error", "when": "always"}]', 1, "not a condition", None),
        ('[{"kind": "trigger_error", "object": "Cas"}]', 1, "Cas is not an object", "Case"),
        ('[{"kind": "trigger_error", "batch_over": 1.5}]', 1, "batch_over is not valid", None),
        ('[{"kind": "trigger_error", "limit": "yes"}]', 1, "limit is not valid", None),
        ('[{"kind": "field_security"}]', 1, "readonly or hidden is missing", None),
        ('[{"kind": "field_security", "hidden": ["OwnerId"]}]', 1, "OwnerId cannot be hidden", None),
        ('[{"kind": "field_security", "readonly": "Priority"}]', 1, "readonly is not valid", None),
        ('[{"kind": "lose_edit_right", "queue": "ann@example.org"}]', 1, "does not name exactly one record", None),
        ('[{"kind": "locked", "cases": ["00009999"]}]', 1, "does not name exactly one record", None),
        ('[{"kind": "locked"}]', 1, "cases is missing", None),
        ('[{"kind": "escalation_rule"}]', 1, "minutes is missing", None),
        ('[{"kind": "escalation_rule", "minutes": -5}]', 1, "minutes is not valid", None),
        ('[{"kind": "escalation_rule", "minutes": 5, "to": "x"}]', 1, "does not name exactly one record", None),
        ('[{"kind": "tracked"}]', 1, "fields is missing", None),
        ('[{"kind": "object_security", "object": "CaseHistry"}]', 1, "not an object of the org", "CaseHistory"),
    ],
)
def test_a_fault_in_an_automation_file_is_reported_with_its_place(
    tmp_path: Path, text: str, line: int, message: str, near: str | None
) -> None:
    folder = write_folder(tmp_path)
    (folder / "automation.json").write_text(text)
    with pytest.raises(InvalidData) as caught:
        EmbeddedOrg(data=folder, now=NOW)
    (found,) = caught.value.problems
    assert (Path(found.file).name, found.line, found.nearest) == ("automation.json", line, near)
    assert message in found.message


def test_problems_of_automation_and_data_are_reported_together(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, {**FILES, "Account": "Nam\nx\n"})
    (folder / "automation.json").write_text('[{"kind": "x"},\n{"kind": "locked", "cases": ["1", "2"]}]')
    with pytest.raises(InvalidData) as caught:
        EmbeddedOrg(data=folder, now=NOW)
    places = [(Path(each.file).name, each.line) for each in caught.value.problems]
    assert [("Account.csv", 1), *[("automation.json", n) for n in (1, 2, 2)]] == [
        place for place in places if place in (("Account.csv", 1), ("automation.json", 1), ("automation.json", 2))
    ]


def test_an_escalation_rule_acts_once_at_its_minute_as_automated_process(automated: Automated, tmp_path: Path) -> None:
    """The first rule that matches a case has it, whether its time has come or not."""
    rules = (
        {"kind": "tracked", "fields": ["IsEscalated"]},
        {"kind": "escalation_rule", "minutes": 4320, "to": "second_line", "when": {"field": "Priority", "is": "Low"}},
        {"kind": "escalation_rule", "minutes": 0, "to": "second_line"},
    )
    history = (
        "SELECT Case.CaseNumber, Field, NewValue, CreatedDate FROM CaseHistory "
        "WHERE CreatedBy.Name = 'Automated Process' AND DataType != 'Text' ORDER BY CaseId, DataType DESC"
    )
    for _ in range(2):  # the database file keeps it, and nothing is done twice
        with automated(*rules, db=tmp_path / "org.db") as client:
            found = client.query(history)["records"]
            assert [(one["Case"]["CaseNumber"][-1], one["Field"], one["CreatedDate"][:16]) for one in found] == [
                ("1", "ownerEscalated", "2026-02-20T08:00"),
                ("1", "IsEscalated", "2026-02-20T08:00"),
                ("2", "ownerEscalated", "2026-02-10T08:00"),
                ("2", "IsEscalated", "2026-02-10T08:00"),
            ]
            assert [owner(client, f"0000100{number}") for number in (1, 2, 4)] == ["Second line"] * 2 + ["First line"]
            client.call("PATCH", f"/sobjects/Case/{client.case('00001003')}", json={"Subject": "x"})


def test_an_escalation_rule_acts_as_the_clock_moves(automated: Automated) -> None:
    rule = {"kind": "escalation_rule", "minutes": 4320, "when": {"field": "Priority", "is": "Low"}}
    with automated(rule) as client:
        escalated = "SELECT CaseNumber FROM Case WHERE IsEscalated = true"
        assert client.query(escalated)["totalSize"] == 0
        client.call("POST", "/__embedded__/clock", json={"now": "2026-03-02T06:00:01Z"})
        assert [one["CaseNumber"] for one in client.query(escalated)["records"]] == ["00001003"]


def test_a_hidden_object_is_not_there(automated: Automated) -> None:
    with automated({"kind": "object_security", "object": "CaseHistory"}) as client:
        assert client.query("SELECT Id FROM CaseHistory")[0]["errorCode"] == "INVALID_TYPE"
        client.org.act("edit", case="00001001", fields={"Status": "Working"})
        client.org.act("delete", case="00001001")


def test_a_field_can_be_without_a_history(automated: Automated, tmp_path: Path) -> None:
    tracked = (
        "SELECT QualifiedApiName FROM FieldDefinition WHERE IsFieldHistoryTracked = true ORDER BY QualifiedApiName"
    )
    rule = {"kind": "untracked", "fields": ["OwnerId", "type"]}
    for _ in range(2):  # the database file keeps it
        with automated(rule, db=tmp_path / "org.db") as client:
            found = [one["QualifiedApiName"] for one in client.query(tracked)["records"]]
            assert found == ["Priority", "Reason", "Status"]
            client.org.act("edit", case="00001001", fields={"OwnerId": "second_line", "Status": "Working"})
            client.org.act("edit", case="00001001", fields={"OwnerId": "first_line", "Status": "New"})
            names = client.query("SELECT Field FROM CaseHistory WHERE Field != 'created'")["records"]
            assert {one["Field"] for one in names} == {"Status"}


@pytest.mark.parametrize("name", ["Automation.json", "automations.json", "automation.yaml"])
def test_an_automation_file_with_a_wrong_name_is_reported(tmp_path: Path, name: str) -> None:
    (write_folder(tmp_path) / name).write_text("[]")
    with pytest.raises(InvalidData, match=r"did you mean automation\.json"):
        EmbeddedOrg(data=tmp_path, now=NOW)
