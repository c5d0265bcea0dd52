"""Errors collected from real orgs, caused here: status, code, message and keys are the same."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.embedded_org.rest.oauth import ConnectedApp
from tests.embedded_org.client import NOW, Client, rows, sub, write_folder

GOLDEN = Path(__file__).parents[3] / "shared" / "golden" / "errors_by_code.json"
pytestmark = pytest.mark.skipif(not GOLDEN.is_file(), reason="the collected errors are not here")
ERRORS: list[dict[str, Any]] = json.loads(GOLDEN.read_text("utf-8"))["errors"] if GOLDEN.is_file() else []
LOGINS: list[dict[str, Any]] = json.loads(GOLDEN.read_text("utf-8"))["oauth"] if GOLDEN.is_file() else []
NOWHERE = "500000000000000AAA"
RULE = "<text of the validation rule>"
HALTED = "SELECT Id FROM Case WHERE Subject = 'none'"
FILES = {
    "Case": "CaseNumber,Subject\n00000001,Hello\n00000002,World\n",
    "Account": "Name\n" + "".join(f"Account {number}\n" for number in range(2_001)),
    "Contact": "LastName\nLee\n",
    "User": "Username,IsActive\nold@example.org,false\n",
    "Movie__c": "Id,TotoId__c:text,Key__c:external_id\na00B000000FSjVUIA1,a,K\n",
}
FAULTS = [
    {"kind": "limit", "match": {"path": "limited"}, "times": 0},
    {"kind": "lock", "match": {"path": "Lock"}, "times": 0},
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = write_folder(tmp_path_factory.mktemp("data"), FILES)
    when = {"field": "Priority", "is": "High"}
    (folder / "automation.json").write_text(json.dumps([{"kind": "validation_rule", "when": when, "message": RULE}]))
    (folder / "faults.json").write_text(json.dumps(FAULTS))
    with EmbeddedOrg(data=folder, now=NOW, faults=folder / "faults.json") as org, Client(org) as made:
        yield made


def soql(text: str) -> Callable[[Client], Any]:
    return lambda client: client.call("GET", "/query", params={"q": text})


def sent(method: str, path: str, body: Any = None, **more: Any) -> Callable[[Client], Any]:
    return lambda client: client.call(method, path, json=body, **more)


def on_case(fields: Mapping[str, Any]) -> Callable[[Client], Any]:
    return lambda client: client.call("PATCH", f"/sobjects/Case/{client.case('00000001')}", json=fields)


def gone(client: Client) -> Any:
    path = f"/sobjects/Contact/{client.call('POST', '/sobjects/Contact', json={'LastName': 'x'}).json()['id']}"
    client.call("DELETE", path)
    return client.call("DELETE", path)


def owned_by_someone_inactive(client: Client) -> Any:
    return on_case({"OwnerId": client.id("SELECT Id FROM User WHERE Username = 'old@example.org'")})(client)


def halted(together: bool, place: int) -> Callable[[Client], Any]:
    """The error of one subrequest in a composite whose second one needs a missing row."""

    def call(client: Client) -> Any:
        reference = "billingScheduleForOrderId"
        return client.composite(
            sub("GET", f"/query?q={HALTED}", reference),
            sub("GET", f"/sobjects/Case/@{{{reference}.records[0].Id}}", "billingMilestonePlan"),
            sub("GET", "/sobjects/Case/@{billingMilestonePlan.Id}", "billingMilestonePlanItems"),
            allOrNone=together, collateSubrequests=False,
        )[place]["body"]  # fmt: skip

    return call


def many_operations(client: Client) -> Any:
    parts = [sub("GET", "/sobjects/Case/describe", f"r{place}") for place in range(26)]
    answer = client.call("POST", "/composite", json={"compositeRequest": parts}).json()
    (part,) = answer["compositeResponse"]
    assert part["httpStatusCode"] == 400  # the status of the whole answer was not collected
    return answer


def rolled_back(client: Client) -> Any:
    body = rows("Contact", {"FirstName": "x"}, {"LastName": "y"}, all_or_none=True)
    return client.call("POST", "/composite/sobjects", json=body)


# By the error's code and a part of its message: the request that causes it.
PROVOKED: dict[tuple[str, str], Callable[[Client], Any]] = {
    ("INVALID_SESSION_ID", ""): sent("GET", "/limits", headers={"Authorization": "Bearer wrong"}),
    ("NOT_FOUND", "The requested"): sent("POST", "/sobjects/PlayingCard__c", {"Name": "Ace"}),
    ("NOT_FOUND", "23foo"): sent("GET", "/sobjects/Account/23foo"),
    ("INVALID_FIELD", "FavoritePet__c"): sent("POST", "/sobjects/Account", {"FavoritePet__c": "Dog"}),
    ("INVALID_FIELD", "Bacon__c"): soql("SELECT Bacon__c FROM Account LIMIT 2"),
    ("INVALID_FIELD", "dateTime"): soql(
        "SELECT\n    Id\nFROM\n    Account\nWHERE\n    Name != 'x'\n    AND\n    CreatedDate >= '2017-01-01'"
    ),
    ("INVALID_FIELD", "duplicate"): soql("SELECT Id, FIELDS(ALL) FROM Account LIMIT 1"),
    ("INVALID_TYPE", "XYZZY"): soql("select count() from XYZZY"),
    ("INVALID_TYPE", "Accout"): soql("SELECT Id,Name,BillingCity,IsDeleted FROM Accout"),
    ("MALFORMED_QUERY", "SELEKT"): soql("SELEKT Name FROM Account"),
    ("MALFORMED_QUERY", "Facility"): soql("SELECT ,    FROM hed__Facility__c"),
    ("MALFORMED_QUERY", "can not be grouped"): soql("SELECT COUNT(Id) FROM Account GROUP BY LastModifiedDate"),
    ("MALFORMED_QUERY", "Field must be"): soql("SELECT LastModifiedDate, COUNT(Id) FROM Account"),
    ("MALFORMED_QUERY", "Grouped field"): soql("SELECT COUNT(Id)\nFROM Account\nGROUP BY Id"),
    ("MALFORMED_QUERY", "FIELDS"): soql("SELECT FIELDS(CUSTOM) FROM Account LIMIT 1"),
    ("MALFORMED_QUERY", "longer than"): lambda client: client.composite(
        sub("GET", f"/query?q=SELECT Id FROM Case WHERE Subject = '{'x' * 100_000}'", "q")
    )[0]["body"],
    ("INVALID_QUERY_FILTER_OPERATOR", ""): soql("SELECT Id FROM Account WHERE Id = 'xyz'"),
    ("NUMBER_OUTSIDE_VALID_RANGE", ""): soql("SELECT Id FROM Account OFFSET 2001"),
    ("EXCEEDED_ID_LIMIT", "200 records"): sent(
        "POST", "/composite/sobjects", rows("Contact", *[{"LastName": "x"}] * 201)
    ),
    ("EXCEEDED_ID_LIMIT", "Aggregate"): soql("SELECT Name FROM Account GROUP BY Name"),
    ("INVALID_QUERY_LOCATOR", ""): sent("GET", "/query/01gNOTHING-2000"),
    ("REQUEST_LIMIT_EXCEEDED", "TotalRequests"): sent("GET", "/limits?limited"),
    ("REQUIRED_FIELD_MISSING", "Required fields"): sent("POST", "/sobjects/Contact", {"FirstName": "x"}),
    ("REQUIRED_FIELD_MISSING", "At least"): sent("POST", "/composite/sobjects", rows("Contact")),
    ("INVALID_FIELD_FOR_INSERT_UPDATE", ""): on_case({"MasterRecordId": NOWHERE}),
    ("MALFORMED_ID", "Record ID"): sent("PATCH", "/sobjects/Movie__c/a00B000000FSjVUIB1", {"TotoId__c": "b"}),
    ("MALFORMED_ID", "Related To"): sent("POST", "/sobjects/Task", {"WhatId": "006B000002nBrQ"}),
    ("MALFORMED_ID", "malformed id"): sent("GET", "/composite/sobjects/Account?ids=001RM000003oLrB000&fields=Id"),
    ("ENTITY_IS_DELETED", ""): gone,
    ("JSON_PARSER_ERROR", ""): on_case({"SlaStartDate": "2024-07-30 20:54:16 UTC"}),
    ("STRING_TOO_LONG", ""): sent("PATCH", "/sobjects/Movie__c/a00B000000FSjVUIA1", {"TotoId__c": "x" * 256}),
    ("FIELD_CUSTOM_VALIDATION_EXCEPTION", ""): on_case({"Priority": "High"}),
    ("UNABLE_TO_LOCK_ROW", ""): sent("POST", "/sobjects/Contact?Lock", {"LastName": "x"}),
    ("INVALID_CROSS_REFERENCE_KEY", ""): on_case({"ParentId": NOWHERE}),
    ("INACTIVE_OWNER_OR_USER", ""): owned_by_someone_inactive,
    ("DUPLICATE_VALUE", ""): sent("POST", "/sobjects/Movie__c", {"Key__c": "K"}),
    ("PROCESSING_HALTED", "rolled back"): halted(True, 0),
    ("PROCESSING_HALTED", "Invalid reference"): halted(False, 1),
    ("PROCESSING_HALTED", "Execution halted"): halted(False, 2),
    ("LIMIT_EXCEEDED", ""): many_operations,
    ("ALL_OR_NONE_OPERATION_ROLLED_BACK", ""): rolled_back,
    ("MISSING_ARGUMENT", ""): sent("PATCH", "/composite/sobjects", rows("Contact", {"LastName": "x"})),
    ("(414)", ""): soql("x" * 17_000),
}
CANNOT_BE = {
    ("INVALID_FIELD", "Foreign key"): "a record inside a record is not read",
    ("QUERY_TIMEOUT", ""): "no query takes minutes",
    ("REQUEST_LIMIT_EXCEEDED", "Concurrent"): "calls that run for long are not counted",
    ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ""): "no picklist is restricted, as in an org nobody changed",
    ("(500)", ""): "an empty answer is a broken one",
}
# Parts that only name the place, the record or the field of the recorded org.
LOCAL = re.compile(
    r"\[line:1, column:\d+\]|\b[0-9a-zA-Z]{18}\b|\bx{200,}|AzertyAzerty|\(max length=\d+\)|apiName \w+|"
    r"Website__c|LastName|\w+(?= duplicates)"
)
WORDED_OTHERWISE = {("MALFORMED_QUERY", "Facility"), ("MALFORMED_QUERY", "can not be grouped")}  # other queries


def known(error: Mapping[str, Any]) -> tuple[str, str]:
    """The row of the table for a collected error."""
    fitting = [
        key for key in (*PROVOKED, *CANNOT_BE) if key[0] == error["errorCode"] and key[1] in json.dumps(error["body"])
    ]
    assert len(fitting) == 1, (error, fitting)
    return fitting[0]


def general(body: Any) -> Any:
    """An answer without the parts that depend on the org."""
    if isinstance(body, list):
        return [general(each) for each in body]
    if isinstance(body, dict):
        return {name: general(value) for name, value in body.items()}
    return LOCAL.sub("…", body) if isinstance(body, str) else body


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{error['errorCode']}-{str(error['when'])[:40]}")
def test_an_error_is_answered_as_it_was_collected(client: Client, error: dict[str, Any]) -> None:
    key = known(error)
    if key in CANNOT_BE:
        return
    answer = PROVOKED[key](client)
    body = answer
    if isinstance(answer, requests.Response):
        assert answer.status_code == error["status"]
        body = answer.json() if "json" in answer.headers["Content-Type"] else answer.text
    if error["body"] is None or key in WORDED_OTHERWISE:
        assert body[0]["errorCode"] == error["errorCode"]
    else:
        assert general(body) == general(error["body"])


def test_the_errors_that_cannot_be_caused_here_are_few_and_listed() -> None:
    assert len(CANNOT_BE) <= 5
    assert {known(each) for each in ERRORS} == {*PROVOKED, *CANNOT_BE}


BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
REFUSED: dict[str, Mapping[str, str]] = {
    "password grant": {"grant_type": "password", "username": "a", "password": "b"},
    "unknown consumer": {"grant_type": "client_credentials", "client_id": "other", "client_secret": "secret"},
    "bad signature": {"grant_type": BEARER, "assertion": "a.b.c"},
    "unknown grant_type": {"grant_type": "nonsense"},
    "refresh_token grant": {"grant_type": "refresh_token", "client_id": "key", "refresh_token": "gone"},
}


@pytest.mark.parametrize("login", LOGINS, ids=lambda login: str(login["when"]))
def test_a_refused_login_is_answered_as_it_was_collected(login: dict[str, Any]) -> None:
    asked = next((form for part, form in REFUSED.items() if part in login["when"]), None)
    if asked is None:
        assert re.search("login/test|pre-authorised|deactivated", login["when"])  # the org here has one user and domain
        return
    with EmbeddedOrg(now=NOW, app=ConnectedApp("key", "secret", None, "fresh")) as org:
        answer = requests.post(f"{org.instance_url}/services/oauth2/token", data=asked, timeout=30)
    assert (answer.status_code, answer.json()) == (login["status"], login["body"])
