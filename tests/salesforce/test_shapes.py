"""Answers of another shape: the value is named, and the error is the org's, never a defect."""

import json
from typing import Any

import pytest
import responses

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.pipeline.ports.writing import Unknown
from sfdc_escalator.salesforce.line.failures import errors_in
from sfdc_escalator.salesforce.line.shapes import ODD, Odd, parsed, taken_apart
from sfdc_escalator.salesforce.login.login import login
from sfdc_escalator.salesforce.schema.describe import parse_children, parse_fields
from sfdc_escalator.salesforce.schema.values import TYPES, given, needed, plain, text
from sfdc_escalator.salesforce.writing.answer import read_answer
from sfdc_escalator.salesforce.writing.write import Part
from tests.builders import numbered

CASE = numbered("500", 1)
WRONG: list[tuple[str, Any]] = [
    ("boolean", 1), ("boolean", "true"), ("double", True), ("double", "5"), ("double", 10**400),
    ("currency", float("inf")), ("int", float("nan")), ("date", "2026-13-01"), ("date", 20260301),
    ("date", "0001-01-01"),
    ("datetime", "2026-03-01"), ("datetime", "2026-03-01T10:00:00"), ("datetime", "9999-12-31T23:59:59.000+0000"),
    ("datetime", []), ("picklist", ["High"]), ("picklist", 5), ("string", {}), ("multipicklist", None.__class__),
    ("reference", "500000000000001XXX"), ("reference", "500"), ("id", 5), ("email", True), ("anyType", {}),
    ("address", [1]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), WRONG)
def test_a_value_that_is_not_of_its_fields_type_is_another_shape(kind: str, value: Any) -> None:
    with pytest.raises(Odd):
        TYPES.get(kind, plain)(value)


@pytest.mark.parametrize(
    "content",
    [b'{"a": NaN}', b'{"a": -Infinity}', b'{"a": 1, "a": 2}', b"[" * 50_000, b"1" * 5000, b"", b"<html>", b'"\xff'],
)
def test_what_is_not_plain_json_is_refused(content: bytes) -> None:
    with pytest.raises(ODD):
        parsed(content)


def test_half_a_character_becomes_a_mark_and_a_whole_one_stays() -> None:
    assert parsed(r'["cut \ud83d", "\ude00", "\ud83d\ude00", "\\ud83d", "\uD83Dx"]') == [
        "cut \ufffd", "\ufffd", "\U0001f600", "\\ud83d", "\ufffdx",
    ]  # fmt: skip


@pytest.mark.parametrize("error", [KeyError("a"), TypeError(), AttributeError(), RecursionError(), OverflowError()])
def test_whatever_fails_while_an_answer_is_taken_apart_is_the_orgs(error: Exception) -> None:
    with pytest.raises(OrgUnavailable, match="does not answer like a Salesforce org"), taken_apart():
        raise error


def test_the_message_names_the_field_and_what_was_found() -> None:
    expected = pytest.raises(OrgUnavailable, match=r"a record with .* \(Status: a list in place of a text\)")
    with expected, taken_apart("a record"):
        given({"Status": ["New"]}, "Status", text)
    with pytest.raises(Odd, match="CaseNumber is empty or missing"):
        needed({}, "CaseNumber", text)


FIELD = {"name": "A", "type": "string", "filterable": True, "nillable": True, "updateable": True}


@pytest.mark.parametrize(
    "wrong",
    [{"name": 5}, {"name": None}, {"type": []}, {"filterable": "true"}, {"referenceTo": "User"}, {"referenceTo": [5]},
     {"picklistValues": ["High"]}, {"picklistValues": [{"value": 5}]}, {"picklistValues": {}},
     {"relationshipName": []}],
)  # fmt: skip
def test_a_describe_of_another_shape_is_refused(wrong: dict[str, Any]) -> None:
    assert parse_fields({"fields": [FIELD]})
    with pytest.raises(OrgUnavailable, match="a describe with an unexpected shape"):
        parse_fields({"fields": [FIELD | wrong]})


@pytest.mark.parametrize("body", [[], None, "x", {"fields": {}}, {"fields": [None]}, {}])
def test_a_describe_without_a_list_of_fields_is_refused(body: Any) -> None:
    with pytest.raises(OrgUnavailable):
        parse_fields(body)


def test_child_relationships_of_another_shape_are_refused() -> None:
    for wrong in ([5], {"a": 1}, [{"relationshipName": "Cases"}], [{"relationshipName": "Cases", "childSObject": []}]):
        with pytest.raises(OrgUnavailable):
            parse_children({"childRelationships": wrong})


ROW = {"success": False, "errors": [{"statusCode": "X", "message": "no"}]}


@pytest.mark.parametrize(
    "part",
    [{"httpStatusCode": 10**400}, {"httpStatusCode": -1}, {"httpStatusCode": True}, {"body": [ROW | {"errors": 5}]},
     {"body": [ROW | {"errors": ["x"]}]}, {"body": [ROW | {"errors": {"a": 1}}]}, {"referenceId": []}],
)  # fmt: skip
def test_an_odd_answer_to_a_write_is_unknown_and_never_sent_again(part: dict[str, Any]) -> None:
    sub = {"referenceId": "note", "httpStatusCode": 200, "body": [{"id": CASE, "success": True, "errors": []}]}
    answer = read_answer(200, json.dumps({"compositeResponse": [sub | part]}), [Part("note", (CASE,))], "")
    assert isinstance(answer, Unknown)


@pytest.mark.parametrize("answer", ["[" * 50_000, '{"a": NaN}', '{"compositeResponse": [], "compositeResponse": []}'])
def test_an_answer_to_a_write_that_cannot_be_parsed_is_unknown(answer: str) -> None:
    assert isinstance(read_answer(200, answer, [Part("note", (CASE,))], ""), Unknown)


def test_a_code_of_an_error_is_one_short_line() -> None:
    [(code, _)] = errors_in([{"errorCode": "A\n\rB " + "x" * 500, "message": "no"}])
    assert code.startswith("A B xxx")
    assert len(code) == 200


@pytest.mark.parametrize(
    "address", ["https://[", "https://acme:99999", "https://acme:x", "garbage", "https://", "ftp://a"]
)
def test_a_login_that_names_no_address_is_not_the_users_fault(address: str) -> None:
    url = "https://acme.my.salesforce.com/services/oauth2/token"
    values = {"client_id": "k", "client_secret": "a.long.secret", "token_url": url}
    with responses.RequestsMock() as mock:
        mock.add("POST", url, json={"access_token": "00D!fresh", "instance_url": address})
        with pytest.raises(OrgUnavailable, match="is not a login of Salesforce") as caught:
            login("client_credentials", values, {})()
    assert caught.value.exit_code == 5


def test_the_error_of_a_login_is_one_short_line() -> None:
    url = "https://acme.my.salesforce.com/services/oauth2/token"
    values = {"client_id": "k", "client_secret": "a.long.secret", "token_url": url}
    with responses.RequestsMock() as mock:
        mock.add("POST", url, json={"error": "odd\n" + "y" * 5000, "error_description": "z" * 5000}, status=400)
        with pytest.raises(OrgUnavailable) as caught:
            login("client_credentials", values, {})()
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 800
