"""The bell and the feed: custom notifications, and posts on any record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.embedded_org.client import FILES, NOW, Client, write_folder

BELL = "/actions/standard/customNotificationAction"
TYPE = "SELECT Id, DeveloperName, MasterLabel, Desktop, Mobile FROM CustomNotificationType"


def notification(org: Client, **changed: Any) -> dict[str, Any]:
    """A valid input with these changes; None leaves the input out."""
    given = {
        "customNotifTypeId": org.id("SELECT Id FROM CustomNotificationType"),
        "recipientIds": [org.id("SELECT Id FROM User WHERE Username = 'ann@example.org'")],
        "title": "ESCALATION 00001001",
        "body": "The customer asks for a supervisor.",
        "targetId": org.case("00001001"),
        **changed,
    }
    return {name: value for name, value in given.items() if value is not None}


def sent(org: Client, *inputs: dict[str, Any]) -> tuple[int, Any]:
    answer = org.call("POST", BELL, json={"inputs": list(inputs)})
    return answer.status_code, answer.json()


def errors(org: Client, **changed: Any) -> tuple[int, list[tuple[str, str]]]:
    status, (result,) = sent(org, notification(org, **changed))
    assert (result["actionName"], result["isSuccess"], result["outputValues"]) == (BELL.split("/")[-1], False, None)
    return status, [(one["statusCode"], one["message"]) for one in result["errors"]]


@pytest.fixture
def without_permission(tmp_path: Path) -> Iterator[Client]:
    folder = write_folder(tmp_path / "data")
    (folder / "automation.json").write_text(json.dumps([{"kind": "no_notifications"}]))
    with EmbeddedOrg(data=folder, now=NOW) as made, Client(made) as client:
        yield client


def test_every_org_has_a_type_of_notifications(reading: Client) -> None:
    (found,) = reading.query(TYPE)["records"]
    assert (found["DeveloperName"], found["MasterLabel"]) == ("SFDC_Escalator", "Escalations")
    assert (found["Id"][:3], found["Desktop"], found["Mobile"]) == ("0ML", True, True)
    assert reading.query(TYPE + " WHERE DeveloperName = 'Other'")["records"] == []


def test_a_data_folder_may_name_the_types_of_its_org(tmp_path: Path) -> None:
    files = {**FILES, "CustomNotificationType": "DeveloperName,MasterLabel\nOther,Other\n"}
    with EmbeddedOrg(data=write_folder(tmp_path / "data", files), now=NOW) as made, Client(made) as client:
        assert [one["DeveloperName"] for one in client.query(TYPE)["records"]] == ["Other"]


def test_a_notification_is_answered_as_the_guide_shows_and_its_request_is_logged(org: Client) -> None:
    given = notification(org)
    assert sent(org, given) == (
        200,
        [
            {
                "actionName": "customNotificationAction",
                "errors": None,
                "isSuccess": True,
                "outputValues": {"SuccessMessage": "Your custom notification is processed successfully."},
            }
        ],
    )
    logged = org.org.requests()[-1]
    assert (logged["path"], logged["status"], logged["body"]) == (
        "/services/data/v67.0" + BELL,
        200,
        {"inputs": [given]},
    )
    assert logged["written"] == []


@pytest.mark.parametrize("group", ["first_line", "staff"])
def test_queues_and_groups_are_recipients(org: Client, group: str) -> None:
    assert sent(org, notification(org, recipientIds=[org.queue(group)]))[0] == 200


def test_an_inactive_user_gets_nothing_and_that_is_not_an_error(org: Client) -> None:
    inactive = org.id("SELECT Id FROM User WHERE IsActive = FALSE")
    assert sent(org, notification(org, recipientIds=[inactive]))[0] == 200


def test_a_page_may_stand_for_the_record(org: Client) -> None:
    page = json.dumps({"type": "standard__objectPage", "attributes": {"objectApiName": "Case", "actionName": "home"}})
    assert sent(org, notification(org, targetId=None, targetPageRef=page))[0] == 200


@pytest.mark.parametrize(
    ("changed", "code", "message"),
    [
        ({"customNotifTypeId": "0ML000000000001AAA"}, "INVALID_ARGUMENT_TYPE", "for: customNotifTypeId"),
        ({"customNotifTypeId": "SFDC_Escalator"}, "INVALID_ARGUMENT_TYPE", "for: customNotifTypeId"),
        ({"customNotifTypeId": None}, "INVALID_API_INPUT", "parameter: customNotifTypeId"),
        ({"recipientIds": ["005000000000001AAA"]}, "INVALID_ARGUMENT_TYPE", "for: recipientIds"),
        ({"recipientIds": ["500000000000001AAA"]}, "INVALID_ARGUMENT_TYPE", "for: recipientIds"),
        ({"recipientIds": ["ann@example.org"]}, "INVALID_ARGUMENT_TYPE", "for: recipientIds"),
        ({"recipientIds": "ann@example.org"}, "INVALID_ARGUMENT_TYPE", "for: recipientIds"),
        ({"recipientIds": []}, "INVALID_API_INPUT", "parameter: recipientIds"),
        ({"title": "x" * 251}, "STRING_TOO_LONG", "max length=250"),
        ({"title": 5}, "INVALID_ARGUMENT_TYPE", "for: title"),
        ({"body": "x" * 751}, "STRING_TOO_LONG", "max length=750"),
        ({"body": ""}, "INVALID_API_INPUT", "parameter: body"),
        ({"targetId": None}, "INVALID_API_INPUT", "targetId or targetPageRef"),
        ({"targetId": "00001001"}, "INVALID_ARGUMENT_TYPE", "for: targetId"),
        ({"urgent": True}, "INVALID_API_INPUT", "parameter: urgent"),
    ],
)
def test_a_wrong_input_is_an_error_of_its_notification(
    reading: Client, changed: dict[str, Any], code: str, message: str
) -> None:
    status, ((found, text),) = errors(reading, **changed)
    assert (status, found) == (400, code)
    assert message in text


def test_texts_of_the_most_characters_are_sent(org: Client) -> None:
    assert sent(org, notification(org, title="x" * 250, body="x" * 750))[0] == 200


def test_each_notification_of_a_call_has_its_own_answer(org: Client) -> None:
    status, results = sent(org, notification(org), notification(org, title=None))
    assert (status, [one["isSuccess"] for one in results]) == (400, [True, False])


def test_a_user_without_the_permission_is_refused(without_permission: Client) -> None:
    status, (error,) = sent(without_permission, notification(without_permission))
    assert (status, error["errorCode"]) == (403, "INSUFFICIENT_ACCESS")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/actions/standard/other", {"inputs": [{}]}, 404, "NOT_FOUND"),
        ("POST", "/actions/custom/flow/Mine", {"inputs": [{}]}, 404, "NOT_FOUND"),
        ("GET", BELL, None, 405, "METHOD_NOT_ALLOWED"),
        ("POST", BELL, {"inputs": []}, 400, "JSON_PARSER_ERROR"),
        ("POST", BELL, {"inputs": ["x"]}, 400, "JSON_PARSER_ERROR"),
        ("POST", BELL, {}, 400, "JSON_PARSER_ERROR"),
    ],
)
def test_another_call_is_refused(reading: Client, method: str, path: str, body: Any, status: int, code: str) -> None:
    answer = reading.call(method, path, json=body)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)


def test_actions_have_no_place_in_a_composite(reading: Client) -> None:
    part = {"method": "POST", "url": "/services/data/v67.0" + BELL, "referenceId": "a", "body": {"inputs": [{}]}}
    assert [one["httpStatusCode"] for one in reading.composite(part)] == [404]


def test_posts_are_stored_on_any_record(org: Client) -> None:
    parents = [
        org.case("00001001"),
        org.id("SELECT Id FROM Account WHERE Name = 'Acme'"),
        org.id("SELECT Id FROM User WHERE Username = 'ann@example.org'"),
        org.id("SELECT Id FROM RMA__c WHERE Name = 'R-1'"),
    ]
    for parent in parents:
        made = org.call("POST", "/sobjects/FeedItem", json={"ParentId": parent, "Body": "Look at this."})
        assert (made.status_code, made.json()["success"], made.json()["id"][:3]) == (201, True, "0D5")
    found = org.query("SELECT ParentId, Body, Type, Visibility FROM FeedItem")["records"]
    assert [one["ParentId"] for one in found] == parents
    assert {(one["Body"], one["Type"], one["Visibility"]) for one in found} == {
        ("Look at this.", "TextPost", "InternalUsers")
    }


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"Body": "x" * 10_001}, "STRING_TOO_LONG"),
        ({"ParentId": "500000000000001AAA"}, "INVALID_CROSS_REFERENCE_KEY"),
        ({"ParentId": None}, "REQUIRED_FIELD_MISSING"),
    ],
)
def test_a_wrong_post_is_refused(reading: Client, changed: dict[str, Any], code: str) -> None:
    body = {"ParentId": reading.case("00001001"), "Body": "x", **changed}
    answer = reading.call("POST", "/sobjects/FeedItem", json=body)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def test_a_custom_object_has_a_feed_after_a_restart_too(tmp_path: Path) -> None:
    with EmbeddedOrg(data=write_folder(tmp_path / "data"), db=tmp_path / "org.db", now=NOW):
        pass
    with EmbeddedOrg(db=tmp_path / "org.db") as again, Client(again) as client:
        parent = client.id("SELECT Id FROM RMA__c WHERE Name = 'R-1'")
        assert client.call("POST", "/sobjects/FeedItem", json={"ParentId": parent, "Body": "x"}).status_code == 201
