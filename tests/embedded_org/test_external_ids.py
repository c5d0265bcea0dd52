"""External ids: unique, case-sensitive, and keys of records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.embedded_org.client import BASE, FILES, NOW, Client, rows, sub, write_folder


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[Client]:
    files = {**FILES, "Note__c": "Key__c:external_id,Case__c:reference(Case),Text__c\nESC-1,00001001,kept\n"}
    with EmbeddedOrg(data=write_folder(tmp_path, files), now=NOW) as org, Client(org) as client:
        yield client


def keys(client: Client) -> list[str]:
    return [each["Key__c"] for each in client.query("SELECT Key__c FROM Note__c ORDER BY Key__c")["records"]]


def create(client: Client, key: str | None) -> Any:
    return client.call("POST", "/sobjects/Note__c", json={"Key__c": key})


def test_an_external_id_is_described_as_unique_and_case_sensitive(keyed: Client) -> None:
    fields = keyed.call("GET", "/sobjects/Note__c/describe").json()["fields"]
    (field,) = (each for each in fields if each["name"] == "Key__c")
    facts = ("type", "length", "unique", "externalId", "caseSensitive", "nillable")
    assert [field[each] for each in facts] == ["string", 255, True, True, True, True]
    assert not any(each["unique"] for each in fields if each["name"] != "Key__c")


def test_a_value_is_unique(keyed: Client) -> None:
    holder = keyed.id("SELECT Id FROM Note__c")
    answer = create(keyed, "ESC-1")
    message = f"duplicate value found: Key__c duplicates value on record with id: {holder}"
    assert answer.status_code == 400
    assert answer.json() == [{"message": message, "errorCode": "DUPLICATE_VALUE", "fields": []}]
    assert [create(keyed, key).status_code for key in ("esc-1", None, None)] == [201] * 3
    changed = keyed.call("PATCH", f"/sobjects/Note__c/{holder}", json={"Key__c": "ESC-1", "Text__c": "again"})
    assert changed.status_code == 204
    other = keyed.id("SELECT Id FROM Note__c WHERE Key__c = 'esc-1'")
    assert keyed.call("PATCH", f"/sobjects/Note__c/{other}", json={"Key__c": "ESC-1"}).status_code == 400


def test_values_are_compared_case_sensitively(keyed: Client) -> None:
    for condition, count in (("= 'ESC-1'", 1), ("= 'esc-1'", 0), ("IN ('esc-1', 'ESC-1')", 1), ("!= 'esc-1'", 1)):
        assert keyed.query(f"SELECT COUNT() FROM Note__c WHERE Key__c {condition}")["totalSize"] == count


def test_the_value_of_a_deleted_record_is_free(keyed: Client) -> None:
    keyed.call("DELETE", f"/sobjects/Note__c/{keyed.id('SELECT Id FROM Note__c')}")
    assert create(keyed, "ESC-1").status_code == 201


def test_a_duplicate_is_an_error_of_its_row(keyed: Client) -> None:
    answer = keyed.call("POST", "/composite/sobjects", json=rows("Note__c", *({"Key__c": k} for k in "ABA"))).json()
    assert [each["success"] for each in answer] == [True, True, False]
    assert answer[2]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
    assert keys(keyed) == ["A", "B", "ESC-1"]


def test_a_duplicate_undoes_the_whole_composite(keyed: Client) -> None:
    case = keyed.case("00001001")
    note = {"ParentId": case, "CommentBody": "never", "IsPublished": False}
    answer = keyed.composite(
        sub("POST", "/composite/sobjects", "notes", rows("CaseComment", note, all_or_none=True)),
        sub("POST", "/composite/sobjects", "keys", rows("Note__c", {"Key__c": "NEW"}, {"Key__c": "ESC-1"})),
        sub("PATCH", f"/sobjects/Case/{case}", "status", {"Status": "Escalated"}),
        allOrNone=True,
        collateSubrequests=False,
    )
    assert answer[1]["body"][1]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
    assert keys(keyed) == ["ESC-1"]
    assert keyed.query("SELECT COUNT() FROM CaseComment WHERE CommentBody = 'never'")["totalSize"] == 0
    assert keyed.org.requests()[-3]["written"] == []


def test_a_record_is_read_and_saved_by_its_key(keyed: Client) -> None:
    holder = keyed.id("SELECT Id FROM Note__c")
    assert keyed.call("GET", "/sobjects/Note__c/Key__c/ESC-1").json()["Id"] == holder
    assert keyed.call("GET", "/sobjects/Note__c/Key__c/none").status_code == 404
    updated = keyed.call("PATCH", "/sobjects/Note__c/Key__c/ESC-1", json={"Text__c": "new"})
    assert (updated.status_code, updated.json()["created"], updated.json()["id"]) == (200, False, holder)
    made = keyed.call("PATCH", "/sobjects/Note__c/Key__c/ESC-2", json={"Text__c": "new"})
    assert (made.status_code, made.json()["created"]) == (201, True)
    assert keys(keyed) == ["ESC-1", "ESC-2"]
    old = keyed.call("PATCH", "/services/data/v45.0/sobjects/Note__c/Key__c/ESC-1", json={"Text__c": "old"})
    assert old.status_code == 204


def test_a_record_is_read_and_saved_by_its_id_number_or_email(keyed: Client) -> None:
    case, contact = keyed.case("00001001"), keyed.id("SELECT Id FROM Contact")
    assert keyed.call("GET", "/sobjects/Case/CaseNumber/00001001").json()["Id"] == case
    assert keyed.call("PATCH", f"/sobjects/Case/Id/{case[:15]}", json={"Subject": "x"}).json()["created"] is False
    assert keyed.call("PATCH", "/sobjects/Contact/Email/KIM@example.org", json={"Phone": "1"}).json()["id"] == contact
    assert keyed.call("PATCH", "/sobjects/Case/Id/nonsense", json={}).json()[0]["errorCode"] == "MALFORMED_ID"
    assert keyed.call("PATCH", "/sobjects/Case/Id/500000000000000AAA", json={}).status_code == 404


def test_a_key_of_several_records_is_answered_with_their_addresses(keyed: Client) -> None:
    keyed.call("POST", "/sobjects/Contact", json={"LastName": "Li", "Email": "kim@example.org"})
    both = keyed.ids("SELECT Id FROM Contact ORDER BY Id")
    path = "/sobjects/Contact/Email/kim@example.org"
    for method in ("GET", "PATCH"):
        answer = keyed.call(method, path, json={"Phone": "1"})
        assert (answer.status_code, answer.json()) == (300, [f"{BASE}/sobjects/Contact/{each}" for each in both])
    together = keyed.composite(
        sub("PATCH", f"/sobjects/Case/{keyed.case('00001001')}", "first", {"Subject": "never"}),
        sub("PATCH", path, "second", {"Phone": "1"}), allOrNone=True, collateSubrequests=False,
    )  # fmt: skip
    assert [each["httpStatusCode"] for each in together] == [400, 300]
    assert keyed.query("SELECT COUNT() FROM Case WHERE Subject = 'never'")["totalSize"] == 0
    body = rows("Contact", {"LastName": "x", "Email": "kim@example.org"})
    (row,) = keyed.call("PATCH", "/composite/sobjects/Contact/Email", json=body).json()
    assert row["errors"][0]["statusCode"] == "DUPLICATE_EXTERNAL_ID"
    assert all(each in row["errors"][0]["message"] for each in both)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [("Note__c/Text__c/x", {}, 404), ("Note__c/Key__c/x", {"Key__c": "y"}, 400), ("Note__c/Key__c/x/y", {}, 404)],
)
def test_a_wrong_key_or_path_is_refused(keyed: Client, path: str, body: dict[str, Any], status: int) -> None:
    assert keyed.call("PATCH", f"/sobjects/{path}", json=body).status_code == status


def test_keys_stay_unique_across_a_restart(tmp_path: Path) -> None:
    folder, db = write_folder(tmp_path / "data", {**FILES, "Note__c": "Key__c:external_id\n"}), tmp_path / "org.db"
    with EmbeddedOrg(data=folder, db=db, now=NOW) as org, Client(org) as client:
        assert create(client, "ESC-1").status_code == 201
    with EmbeddedOrg(db=db) as org, Client(org) as client:
        assert create(client, "ESC-1").status_code == 400
