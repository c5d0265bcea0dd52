"""Acts of other people in an org, through Python and through `/__embedded__/act`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.embedded_org.client import FILES, NO_RULES, NOW, Client, write_folder

CASE = "00001001"


def case(client: Client, fields: str, number: str = CASE, path: str = "/queryAll") -> dict[str, Any]:
    (found,) = client.query(f"SELECT {fields} FROM Case WHERE CaseNumber = '{number}'", path)["records"]
    return {name: value for name, value in found.items() if name != "attributes"}


def test_an_agent_edits_a_case_at_the_orgs_clock(org: Client) -> None:
    org.call("POST", "/__embedded__/clock", json={"now": "2026-03-01T12:00:00Z"})
    done = org.org.act("edit", case=CASE, fields={"Status": "Working", "OwnerId": "second_line"})
    assert done["act"] == "edit"
    assert done["at"].startswith("2026-03-01T12:00:0")
    (written,) = done["written"]
    assert (written["id"], written["op"], written["fields"]["Status"]) == (done["id"], "update", "Working")
    found = case(org, "Status, Owner.Name, LastModifiedBy.Name, LastModifiedById, LastModifiedDate")
    assert (found["Status"], found["Owner"]["Name"], found["LastModifiedBy"]["Name"]) == (
        "Working",
        "Second line",
        "Agent",
    )
    assert found["LastModifiedById"] == done["by"]
    assert found["LastModifiedDate"].startswith("2026-03-01T12:00:0")
    history = org.query("SELECT CreatedBy.Name FROM CaseHistory WHERE Field = 'Status'")["records"]
    assert [each["CreatedBy"]["Name"] for each in history] == ["Agent"]


def test_acts_are_neither_logged_nor_counted(org: Client) -> None:
    before = org.call("GET", "/limits").headers["Sforce-Limit-Info"]
    answer = org.call("POST", "/__embedded__/act", json={"act": "close", "case": CASE}, headers={"Authorization": ""})
    assert answer.status_code == 200
    assert "Sforce-Limit-Info" not in answer.headers
    assert len(org.org.requests()) == 1
    assert before == "api-usage=1/15000"
    assert org.call("GET", "/limits").headers["Sforce-Limit-Info"] == "api-usage=2/15000"


def test_a_case_is_closed(org: Client) -> None:
    org.org.act("close", case=CASE)
    assert case(org, "Status, IsClosed") == {"Status": "Closed", "IsClosed": True}
    assert case(org, "ClosedDate")["ClosedDate"] is not None


def test_agents_and_customers_comment(org: Client) -> None:
    """A customer is a portal user, not an agent."""
    org.org.act("comment", case=CASE, text="on it", published=False)
    org.org.act("comment", case=CASE, text="any news?", **{"as": "customer"})
    org.org.act("comment", case=CASE, text="from Ann", by="ann@example.org")
    soql = "SELECT CommentBody, IsPublished, CreatedBy.UserType, CreatedBy.Name FROM CaseComment WHERE CreatedDate >= "
    found = org.query(f"{soql}2026-03-01T10:00:00Z ORDER BY Id")["records"]
    comments = [(e["CommentBody"], e["IsPublished"], e["CreatedBy"]["UserType"], e["CreatedBy"]["Name"]) for e in found]
    assert comments == [
        ("on it", False, "Standard", "Agent"),
        ("any news?", True, "CspLitePortal", "Customer"),
        ("from Ann", True, "Standard", "Ann Ash"),
    ]


def test_a_deleted_case_is_in_the_recycle_bin_with_its_comments(org: Client) -> None:
    org.org.act("delete", case=CASE)
    assert case(org, "IsDeleted, MasterRecordId") == {"IsDeleted": True, "MasterRecordId": None}
    assert org.query("SELECT COUNT() FROM Case")["totalSize"] == 3
    assert org.query("SELECT COUNT() FROM CaseComment")["totalSize"] == 1


def test_a_merge_moves_the_child_records_to_the_master(tmp_path: Path) -> None:
    files = {**FILES, "EmailMessage": f"ParentId,Subject,Incoming\n{CASE},hello,true\n"}
    with EmbeddedOrg(data=write_folder(tmp_path, files), now=NOW) as made, Client(made) as client:
        loser, master = client.case(CASE), client.case("00001002")
        done = client.call("POST", "/__embedded__/act", json={"act": "merge", "case": loser, "into": "00001002"}).json()
        assert case(client, "IsDeleted, MasterRecordId") == {"IsDeleted": True, "MasterRecordId": master}
        for kind, count in (("CaseComment", 3), ("EmailMessage", 1)):
            assert client.query(f"SELECT COUNT() FROM {kind} WHERE ParentId = '{master}'")["totalSize"] == count
        assert client.query(f"SELECT COUNT() FROM RMA__c WHERE Case__c = '{master}'")["totalSize"] == 2
        assert client.query("SELECT COUNT() FROM CaseHistory", "/queryAll")["totalSize"] == 0
        (comment,) = client.query("SELECT CreatedDate, LastModifiedDate FROM CaseComment WHERE CommentBody = 'first'")[
            "records"
        ]
        assert comment["CreatedDate"] == comment["LastModifiedDate"]
        assert done["written"][-2]["fields"] == {"MasterRecordId": master}
        assert case(client, "LastModifiedBy.Name", "00001002")["LastModifiedBy"]["Name"] == "Agent"
        answer = client.call("PATCH", f"/sobjects/Case/{loser}", json={"Status": "Working"})
        assert answer.json()[0]["errorCode"] == "ENTITY_IS_DELETED"


def test_a_case_is_locked_and_unlocked(org: Client) -> None:
    path = f"/sobjects/Case/{org.case(CASE)}"
    org.org.act("lock", case=CASE)
    assert org.call("PATCH", path, json={"Status": "Working"}).json()[0]["errorCode"] == "ENTITY_IS_LOCKED"
    org.org.act("unlock", case=CASE)
    assert org.call("PATCH", path, json={"Status": "Working"}, headers=NO_RULES).status_code == 204


def test_rules_do_not_apply_to_other_people_but_bounces_do(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    rules = [
        {"kind": "assignment_rule", "to": "first_line"},
        {"kind": "trigger_error"},
        {"kind": "locked", "cases": [CASE]},
        {"kind": "owner_bounce", "from": "second_line", "to": "ann@example.org"},
    ]
    (folder / "automation.json").write_text(json.dumps(rules))
    with EmbeddedOrg(data=folder, now=NOW) as made, Client(made) as client:
        made.act("edit", case=CASE, fields={"OwnerId": "second_line"})
        assert case(client, "Owner.Name")["Owner"]["Name"] == "Ann Ash"


def test_records_other_than_cases_are_edited_by_id(org: Client) -> None:
    account = org.id("SELECT Id FROM Account WHERE Name = 'Acme'")
    org.org.act("edit", record=account, fields={"Type": "Partner"})
    assert org.query("SELECT COUNT() FROM Account WHERE Type = 'Partner'")["totalSize"] == 2


def test_people_add_tasks_mails_and_comments(org: Client) -> None:
    """The case is given by its number or its id, the person by Username or id."""
    ann = org.id("SELECT Id FROM User WHERE Username = 'ann@example.org'")
    added = [
        {"object": "Task", "fields": {"WhatId": CASE, "Subject": "Call", "OwnerId": "ann@example.org"}, "by": ann},
        {"object": "emailmessage", "fields": {"ParentId": org.case(CASE), "Incoming": False, "TextBody": "Hi"}},
        {"object": "CaseComment", "fields": {"ParentId": CASE, "CommentBody": "on it"}, "by": "ann@example.org"},
        {"object": "RMA__c", "fields": {"Name": "R-3", "Case__c": CASE}},
    ]
    done = [org.call("POST", "/__embedded__/act", json={"act": "create", **one}).json() for one in added]
    assert [one["written"][0]["object"] for one in done] == ["Task", "EmailMessage", "CaseComment", "RMA__c"]
    (task,) = org.query("SELECT Id, What.Name, Owner.Name, CreatedById FROM Task")["records"]
    assert (task["Id"], task["Owner"]["Name"], task["CreatedById"]) == (done[0]["id"], "Ann Ash", ann)
    (mail,) = org.query("SELECT Parent.CaseNumber, CreatedBy.Name FROM EmailMessage")["records"]
    assert (mail["Parent"]["CaseNumber"], mail["CreatedBy"]["Name"]) == (CASE, "Agent")
    assert org.query("SELECT COUNT() FROM CaseComment WHERE CreatedBy.Name = 'Ann Ash'")["totalSize"] == 1
    assert org.query(f"SELECT COUNT() FROM RMA__c WHERE Case__r.CaseNumber = '{CASE}'")["totalSize"] == 3


ANY_ACT: list[dict[str, Any]] = [
    {"act": "edit", "case": CASE, "fields": {"Status": "Working"}},
    {"act": "close", "case": CASE},
    {"act": "comment", "case": CASE, "text": "on it"},
    {"act": "create", "object": "Task", "fields": {"WhatId": CASE, "Subject": "Call"}},
    {"act": "merge", "case": "00001002", "into": CASE},
    {"act": "delete", "case": CASE},
    {"act": "lock", "case": CASE},
    {"act": "unlock", "case": CASE},
]


@pytest.mark.parametrize("wanted", ANY_ACT, ids=lambda wanted: str(wanted["act"]))
def test_an_act_has_the_time_that_it_is_given(org: Client, wanted: dict[str, Any]) -> None:
    done = org.call("POST", "/__embedded__/act", json={**wanted, "at": "2026-03-01T11:30:00+02:00"}).json()
    assert done["at"] == "2026-03-01T09:30:00.000Z"


def test_the_records_and_the_history_of_an_act_have_its_time(org: Client) -> None:
    at = "2026-03-01T09:30:00Z"
    org.org.act("close", case=CASE, at=at)
    org.org.act("create", object="Task", fields={"WhatId": CASE, "Subject": "Call"}, at=at)
    assert set(case(org, "ClosedDate, LastModifiedDate, SystemModstamp").values()) == {"2026-03-01T09:30:00.000+0000"}
    for query in ("SELECT CreatedDate FROM CaseHistory WHERE Field = 'Status'", "SELECT CreatedDate FROM Task"):
        assert [one["CreatedDate"] for one in org.query(query)["records"]] == ["2026-03-01T09:30:00.000+0000"]


def test_the_time_of_the_last_change_does_not_go_back(org: Client) -> None:
    org.org.act("edit", case=CASE, fields={"Priority": "Low"}, by="ann@example.org", at="2026-03-01T09:40:00Z")
    org.org.act("edit", case=CASE, fields={"Status": "Working"}, at="2026-03-01T09:30:00Z")
    found = case(org, "Status, LastModifiedDate, LastModifiedBy.Name")
    assert (found["Status"], found["LastModifiedDate"]) == ("Working", "2026-03-01T09:40:00.000+0000")
    assert found["LastModifiedBy"]["Name"] == "Ann Ash"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ([], "expected an object"),
        ({"act": "create", "object": "Task"}, "create: fields is missing; its keys are object, fields, by, at"),
        ({"act": "create", "object": "Taks", "fields": {}}, "'Taks' is not an object that can be created (did you"),
        ({"act": "create", "object": "CaseHistory", "fields": {}}, "is not an object that can be created"),
        ({"act": "create", "object": ["Task"], "fields": {}}, "is not an object that can be created"),
        ({"act": "create", "object": "Task", "fields": "Call"}, "create: fields must be an object"),
        ({"act": "create", "object": "Task", "fields": {"WatId": CASE}}, "No such column 'WatId'"),
        ({"act": "create", "object": "Task", "fields": {"WhatId": "99"}}, "99"),
        ({"act": "create", "object": "Task", "fields": {"CreatedDate": "2026-03-01T09:00:00Z"}}, "CreatedDate"),
        ({"act": "create", "object": "CaseComment", "fields": {"CommentBody": "x"}}, "Required fields are missing"),
        ({"act": "create", "object": "Task", "fields": {}, "by": "old@example.org"}, "is not an active user"),
        (
            {"act": "close", "case": CASE, "at": "2026-03-01T12:00:00Z"},
            "at: 2026-03-01T12:00:00Z is later than the org",
        ),
        ({"act": "close", "case": CASE, "at": "2026-03-01T09:00:00"}, "at: '2026-03-01T09:00:00' has no time zone"),
        ({"act": "close", "case": CASE, "at": "yesterday"}, "at: 'yesterday' is not an ISO 8601 datetime"),
        ({"act": "close", "case": CASE, "at": "2026-13-01T09:00:00Z"}, "at: "),
        ({"act": "close", "case": CASE, "at": 5}, "at: 5 is not a text"),
        ({"act": "close", "case": CASE, "at": None}, "at: None is not a text"),
        ({"act": "clos", "case": CASE}, "did you mean close?"),
        ({"act": "close", "cas": CASE}, "unknown key cas (did you mean case?); case is missing"),
        ({"act": "close", "case": "99"}, "case '99' does not exist"),
        ({"act": "edit", "case": CASE, "fields": {"Prioriti": "x"}}, "No such column 'Prioriti'"),
        ({"act": "edit", "fields": {}}, "either case or record"),
        ({"act": "edit", "case": CASE, "fields": []}, "fields must be an object"),
        ({"act": "merge", "case": CASE, "into": CASE}, "the same case"),
        ({"act": "comment", "case": CASE, "text": "x", "as": "robot"}, "as: 'robot' is unknown"),
        ({"act": "comment", "case": CASE, "text": "x", "by": "old@example.org"}, "is not an active user"),
        ({"act": "comment", "case": CASE, "text": 5}, "Cannot deserialize"),
    ],
)
def test_an_impossible_act_is_refused_and_changes_nothing(org: Client, wanted: Any, message: str) -> None:
    answer = org.call("POST", "/__embedded__/act", json=wanted)
    assert (answer.status_code, message in answer.json()["error"]) == (400, True)
    assert org.query("SELECT COUNT() FROM Case WHERE LastModifiedDate > 2026-03-01T09:59:00Z")["totalSize"] == 0


def test_an_act_on_a_deleted_case_is_refused(org: Client) -> None:
    org.org.act("delete", case=CASE)
    with pytest.raises(ValueError, match="or is deleted"):
        org.org.act("close", case=CASE)
