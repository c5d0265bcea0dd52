"""Single records and collections: what may be written, its effects, and the message of each error."""

from __future__ import annotations

from typing import Any

import pytest

from tests.embedded_org.client import BASE, Client, rows


def refusal(client: Client, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = client.call(method, path, json=body)
    (error,) = answer.json()
    return answer.status_code, error


def test_a_record_is_created_read_updated_and_deleted(org: Client) -> None:
    made = org.call("POST", "/sobjects/Case/", json={"Subject": "Broken", "Priority": "High"})
    assert (made.status_code, made.json()["success"], made.json()["errors"]) == (201, True, [])
    case = made.json()["id"]
    assert made.headers["Location"] == f"{BASE}/sobjects/Case/{case}"
    read = org.call("GET", f"/sobjects/Case/{case[:15]}").json()
    assert (read["CaseNumber"], read["Status"], read["IsClosed"]) == ("00001005", "New", False)
    assert read["CreatedDate"].startswith("2026-03-01T10:00:")
    changed = org.call("PATCH", f"/sobjects/Case/{case}", json={"Status": "Closed"})
    assert (changed.status_code, changed.content) == (204, b"")
    part = org.call("GET", f"/sobjects/Case/{case}", params={"fields": "IsClosed,ClosedDate,Owner.Name"}).json()
    assert (part["IsClosed"], part["Owner"]["Name"]) == (True, "Integration User")
    assert org.call("DELETE", f"/sobjects/Case/{case}").status_code == 204
    gone = org.call("GET", f"/sobjects/Case/{case}")
    assert (gone.status_code, gone.json()[0]["errorCode"]) == (404, "ENTITY_IS_DELETED")
    assert org.query(f"SELECT COUNT() FROM Case WHERE Id = '{case}'")["totalSize"] == 0
    (kept,) = org.query(f"SELECT IsDeleted FROM Case WHERE Id = '{case}'", "/queryAll")["records"]
    assert kept["IsDeleted"] is True


@pytest.mark.parametrize(
    ("kind", "body", "code", "message", "fields"),
    [
        ("Case", {"Colour": "x"}, "INVALID_FIELD", "No such column 'Colour' on sobject of type Case", None),
        ("Case", {"CaseNumber": "1"}, "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update", ["CaseNumber"]),
        ("Case", {"IsClosed": True}, "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update", ["IsClosed"]),
        ("Case", {"Subject": "x" * 256}, "STRING_TOO_LONG", "Subject: data value too large", ["Subject"]),
        ("Case", {"Description": "x" * 32001}, "STRING_TOO_LONG", "max length=32000", ["Description"]),
        ("Case", {"AccountId": "nothing"}, "MALFORMED_ID", "Account ID: id value of incorrect type", ["AccountId"]),
        ("Case", {"AccountId": "003000000000001AAA"}, "MALFORMED_ID", "Account ID: id value", ["AccountId"]),
        ("Case", {"AccountId": "001000000000001AAA"}, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", []),
        ("Case", {"OwnerId": None}, "INVALID_CROSS_REFERENCE_KEY", "owner cannot be blank", ["OwnerId"]),
        ("Case", {"Subject": 5}, "JSON_PARSER_ERROR", "Cannot deserialize instance of string", None),
        ("Case", {"Vip__c": "true"}, "JSON_PARSER_ERROR", "Cannot deserialize instance of boolean", None),
        ("Case", {"Reassignments__c": "three"}, "JSON_PARSER_ERROR", "Cannot deserialize instance of double", None),
        ("Case", {"Id": "500000000000001AAA"}, "INVALID_FIELD", "The Id field should not be specified", ["Id"]),
        ("CaseComment", {"CommentBody": "x"}, "REQUIRED_FIELD_MISSING", "missing: [ParentId]", ["ParentId"]),
        ("Contact", {"FirstName": "x"}, "REQUIRED_FIELD_MISSING", "missing: [LastName]", ["LastName"]),
        ("CaseStatus", {"ApiName": "x"}, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "cannot be inserted", []),
    ],
)  # fmt: skip
def test_a_write_that_breaks_a_rule_is_refused(
    reading: Client, kind: str, body: dict[str, Any], code: str, message: str, fields: list[str] | None
) -> None:
    status, error = refusal(reading, "POST", f"/sobjects/{kind}", body)
    assert (status, error["errorCode"], error.get("fields")) == (400, code, fields)
    assert message in error["message"]


def test_a_comment_is_limited_in_bytes_not_characters(org: Client) -> None:
    case = org.case("00001001")
    for body, fits in (("é" * 2000, True), ("é" * 2000 + "x", False), ("x\n" * 1334, False), ("x\n" * 1333, True)):
        answer = org.call("POST", "/sobjects/CaseComment", json={"ParentId": case, "CommentBody": body})
        assert (answer.status_code == 201) is fits, body[:5]


def test_owners_must_be_active_users_or_queues_for_cases(org: Client) -> None:
    case = f"/sobjects/Case/{org.case('00001001')}"
    inactive = org.id("SELECT Id FROM User WHERE IsActive = FALSE")
    staff = org.id("SELECT Id FROM Group WHERE DeveloperName = 'staff'")
    assert refusal(org, "PATCH", case, {"OwnerId": inactive})[1]["errorCode"] == "INACTIVE_OWNER_OR_USER"
    refused = refusal(org, "PATCH", case, {"OwnerId": staff})[1]
    assert (refused["errorCode"], refused["message"]) == (
        "INVALID_OPERATION",
        "Queue not associated with this SObject type",
    )
    assert org.call("PATCH", case, json={"OwnerId": org.queue("second_line")}).status_code == 204


def test_changes_set_time_stamps_and_history(org: Client) -> None:
    """History has two rows for the owner (name and id), one for status and priority, none for unchanged fields."""
    case, queue = org.case("00001001"), org.queue("second_line")
    old = org.queue("first_line")
    org.call("PATCH", f"/sobjects/Case/{case}", json={"OwnerId": queue, "Status": "Escalated", "Priority": "High"})
    found = org.query(
        f"SELECT Field, OldValue, NewValue, DataType FROM CaseHistory WHERE CaseId = '{case}' ORDER BY Id"
    )
    assert [(each["Field"], each["OldValue"], each["NewValue"]) for each in found["records"]] == [
        ("Owner", "First line", "Second line"),
        ("Owner", old, queue),
        ("Status", "New", "Escalated"),
    ]
    me = org.call("GET", "/services/oauth2/userinfo").json()["user_id"]
    (case_now,) = org.query(f"SELECT LastModifiedDate, LastModifiedById, SystemModstamp FROM Case WHERE Id = '{case}'")[
        "records"
    ]
    assert case_now["LastModifiedDate"] == case_now["SystemModstamp"] > "2026-03-01T10"
    assert case_now["LastModifiedById"] == me


def test_a_comment_does_not_touch_its_case(org: Client) -> None:
    case = org.case("00001001")
    org.call("POST", "/sobjects/CaseComment", json={"ParentId": case, "CommentBody": "x"})
    (found,) = org.query(f"SELECT LastModifiedDate FROM Case WHERE Id = '{case}'")["records"]
    assert found["LastModifiedDate"] == "2026-02-20T08:00:00.000+0000"


def test_a_comment_keeps_its_text(org: Client) -> None:
    comment = org.id("SELECT Id FROM CaseComment WHERE CommentBody = 'first'")
    error = refusal(org, "PATCH", f"/sobjects/CaseComment/{comment}", {"CommentBody": "x"})[1]
    assert error["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert org.call("PATCH", f"/sobjects/CaseComment/{comment}", json={"IsPublished": False}).status_code == 204


def test_a_deleted_record_without_recycle_bin_is_gone(org: Client) -> None:
    (error,) = org.query("SELECT IsDeleted FROM Group")
    assert error["errorCode"] == "INVALID_FIELD"
    assert "IsDeleted" not in {each["name"] for each in org.call("GET", "/sobjects/User/describe").json()["fields"]}
    org.call("DELETE", f"/sobjects/Group/{org.queue('second_line')}")
    org.call("DELETE", f"/sobjects/Case/{org.case('00001003')}")
    left = [org.query(f"SELECT COUNT() FROM {each}", "/queryAll")["totalSize"] for each in ("Group", "Case")]
    assert left == [2, 4]


def test_the_comments_field_of_a_case_makes_an_internal_comment(org: Client) -> None:
    case = org.case("00001003")
    org.call("PATCH", f"/sobjects/Case/{case}", json={"Comments": "inside"})
    assert org.org.requests()[-1]["written"][1]["fields"]["IsPublished"] is False  # as JSON says it
    (found,) = org.query(f"SELECT CommentBody, IsPublished FROM CaseComment WHERE ParentId = '{case}'")["records"]
    assert (found["CommentBody"], found["IsPublished"]) == ("inside", False)


@pytest.mark.parametrize(
    ("path", "status", "code", "message"),
    [
        ("/sobjects/Foo", 404, "NOT_FOUND", "The requested resource does not exist"),
        (
            "/sobjects/Case/23foo",
            404,
            "NOT_FOUND",
            "Provided external ID field does not exist or is not accessible: 23foo",
        ),
        ("/sobjects/Case/500000000000001AAB", 400, "MALFORMED_ID", "id value of incorrect type: 500000000000001AAB"),
        ("/sobjects/Case/500000000000001AAA", 404, "NOT_FOUND", "The requested resource does not exist"),
        ("/nothing", 404, "NOT_FOUND", "The requested resource does not exist"),
        ("/sobjects//Case", 404, "NOT_FOUND", "The requested resource does not exist"),
    ],
)
def test_an_unknown_address_is_an_error(reading: Client, path: str, status: int, code: str, message: str) -> None:
    answer = reading.call("GET", path)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)
    assert message in answer.json()[0]["message"]


def test_a_record_is_read_if_modified_since(org: Client) -> None:
    path = f"/sobjects/Case/{org.case('00001001')}"
    known = {"If-Modified-Since": "Fri, 20 Feb 2026 08:00:00 GMT"}
    assert org.call("GET", path, headers=known).status_code == 304
    assert org.call("GET", path, headers={"If-Modified-Since": "Fri, 20 Feb 2026 07:00:00 GMT"}).status_code == 200
    assert org.call("GET", path, headers={"If-Modified-Since": "yesterday"}).status_code == 400
    stale = org.call(
        "PATCH", path, json={"Subject": "x"}, headers={"If-Unmodified-Since": "Fri, 20 Feb 2026 07:00:00 GMT"}
    )
    assert stale.status_code == 412


def test_a_collection_saves_in_order_and_reports_each_row_at_its_place(org: Client) -> None:
    first, second = org.case("00001001"), org.case("00001002")
    answer = org.call(
        "PATCH", "/composite/sobjects",
        json=rows("Case", {"id": first, "Status": "Escalated"}, {"id": second, "Nonsense": 1}, {"Status": "x"}),
    )  # fmt: skip
    saved, refused, missing = answer.json()
    assert answer.status_code == 200
    assert saved == {"id": first, "success": True, "errors": []}
    assert (refused["success"], refused["errors"][0]["statusCode"]) == (False, "INVALID_FIELD")
    assert missing["errors"] == [
        {"statusCode": "MISSING_ARGUMENT", "message": "Id not specified in an update call", "fields": []}
    ]


def test_a_collection_with_all_or_none_saves_everything_or_nothing(org: Client) -> None:
    first = org.case("00001001")
    answer = org.call(
        "PATCH", "/composite/sobjects",
        json=rows("Case", {"id": first, "Status": "Escalated"}, {"id": "500000000000001AAA"}, all_or_none=True),
    ).json()  # fmt: skip
    assert [each["errors"][0]["statusCode"] for each in answer] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "INVALID_CROSS_REFERENCE_KEY",
    ]
    assert org.query(f"SELECT Status FROM Case WHERE Id = '{first}'")["records"][0]["Status"] == "New"


@pytest.mark.parametrize(
    ("records", "code", "message"),
    [
        ([], "REQUIRED_FIELD_MISSING", "At least 1 record is required"),
        ([{"attributes": {"type": "Account"}, "Name": "x"}] * 201, "EXCEEDED_ID_LIMIT", "more than 200 records"),
        ([{"Name": "x"}], "INVALID_TYPE", "attributes"),
        ([{"attributes": {"type": "Foo"}}], "INVALID_TYPE", "'Foo' is not supported"),
        ([{"attributes": {"type": name}} for name in ["Account", "Contact"] * 6], "LIMIT_EXCEEDED", "10 chunks"),
    ],
)
def test_a_malformed_collection_is_refused_as_a_whole(
    reading: Client, records: list[dict[str, Any]], code: str, message: str
) -> None:
    status, error = refusal(reading, "POST", "/composite/sobjects", {"records": records})
    assert (status, error["errorCode"]) == (400, code)
    assert message in error["message"]


def test_the_same_record_twice_fails_the_collection(org: Client) -> None:
    first = org.case("00001001")
    twice = rows("Case", {"id": first, "Status": "a"}, {"id": first[:15], "Status": "b"})
    status, error = refusal(org, "PATCH", "/composite/sobjects", twice)
    assert (status, "duplicate id" in error["message"]) == (400, True)


def test_collections_read_and_delete_by_id(org: Client) -> None:
    found = org.ids("SELECT Id FROM CaseComment ORDER BY CommentBody")
    read = org.call(
        "GET", f"/composite/sobjects/CaseComment?ids={found[0]},00a000000000001AAA&fields=CommentBody"
    ).json()
    assert (read[0]["CommentBody"], read[1]) == ("first", None)
    gone = org.call("DELETE", f"/composite/sobjects?ids={found[0]},001000000000001&allOrNone=false").json()
    assert [each["success"] for each in gone] == [True, False]
    assert org.query("SELECT COUNT() FROM CaseComment")["totalSize"] == 2


def test_deleting_a_case_deletes_its_comments(org: Client) -> None:
    org.call("DELETE", f"/sobjects/Case/{org.case('00001001')}")
    assert org.query("SELECT COUNT() FROM CaseComment")["totalSize"] == 1
    assert org.query("SELECT COUNT() FROM CaseComment", "/queryAll")["totalSize"] == 3


def test_the_case_fields_with_a_history_can_be_queried(org: Client) -> None:
    found = org.query(
        "SELECT QualifiedApiName FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = 'Case' "
        "AND IsFieldHistoryTracked = true ORDER BY QualifiedApiName"
    )
    names = [one["QualifiedApiName"] for one in found["records"]]
    assert names == ["OwnerId", "Priority", "Reason", "Status", "Type"]
