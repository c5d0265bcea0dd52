"""Answers have the keys and types of recorded ones, and third-party clients work unmodified."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

from tests.embedded_org.client import BASE, Client, sub

SAMPLES = Path(__file__).parents[3] / "shared" / "golden"
needs_samples = pytest.mark.skipif(not SAMPLES.exists(), reason="the recorded answers are not here")


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text("utf-8"))


def shape(value: Any) -> Any:
    """The keys and types; for a list the shape of its first element."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


@needs_samples
@pytest.mark.parametrize("name", ["Case", "Account", "Contact", "Opportunity"])
def test_describe_has_the_keys_of_a_recorded_one(reading: Client, name: str) -> None:
    recorded, ours = sample(f"describe/{name}.describe.json"), reading.call("GET", f"/sobjects/{name}/describe").json()
    assert set(recorded) <= set(ours)
    assert set(recorded["fields"][0]) == set(ours["fields"][0])
    assert all(set(each) == set(recorded["childRelationships"][0]) for each in ours["childRelationships"])
    by_name = {each["name"]: each for each in ours["fields"]}
    compared = ("type", "createable", "updateable", "filterable", "sortable", "groupable", "nillable", "referenceTo",
            "relationshipName", "soapType", "label", "defaultedOnCreate")  # fmt: skip
    for each in recorded["fields"]:
        if each["name"] in by_name:
            assert {key: by_name[each["name"]][key] for key in compared} == {key: each[key] for key in compared}, each[
                "name"
            ]
    assert name != "Case" or {each["name"] for each in recorded["fields"]} <= set(by_name)


@needs_samples
def test_the_list_of_objects_has_the_keys_of_a_recorded_one(reading: Client) -> None:
    recorded, ours = sample("describe/global_describe.json"), reading.call("GET", "/sobjects").json()
    assert set(recorded["sobjects"][0]) == set(ours["sobjects"][0])
    assert (ours["encoding"], ours["maxBatchSize"]) == ("UTF-8", 200)


@needs_samples
@pytest.mark.parametrize(
    ("name", "method", "path", "body"),
    [
        ("recorded_fx/create-invalid-field.json", "POST", "/sobjects/Account", {"FavoritePet__c": "Dog"}),
        ("recorded_fx/create-unknown-object.json", "POST", "/sobjects/PlayingCard__c", {"Name": "Ace"}),
        ("recorded_fx/query-malformed-soql.json", "GET", "/query?q=SELEKT%20Name%20FROM%20Account", None),
        (
            "recorded_fx/query-unknown-column.json",
            "GET",
            "/query?q=SELECT%20Bacon__c%20FROM%20Account%20LIMIT%202",
            None,
        ),
        ("recorded_fx/create-invalid-api-version.json", "POST", "/services/data/viAmABadVersion/sobjects/Account", {}),
    ],
)
def test_an_error_is_worded_as_recorded(reading: Client, name: str, method: str, path: str, body: Any) -> None:
    recorded = sample(name)["response"]
    answer = reading.call(method, path, json=body)
    assert (answer.status_code, answer.json()) == (recorded["status"], recorded["body"])


@needs_samples
def test_a_composite_of_queries_answers_as_recorded(reading: Client) -> None:
    recorded = sample("recorded_cci/composite_count_and_invalid_type.json")["response"]["body"]["compositeResponse"]
    ours = reading.composite(
        sub("GET", "/query/?q=select count() from Account", "refAccount"),
        sub("GET", "/query/?q=select count() from XYZZY", "refXYZZY"),
    )
    assert ours[1] == recorded[1]
    assert shape(ours[0]) == shape(recorded[0])


@needs_samples
def test_a_halted_composite_answers_as_recorded(reading: Client) -> None:
    for together, name in ((True, "composite_all_error"), (False, "composite_partial_halted")):
        recorded = sample(f"fixtures_revoman/{name}.json")["response"]["body"]["compositeResponse"]
        first, second, third = (each["referenceId"] for each in recorded)
        ours = reading.composite(
            sub("GET", "/query?q=SELECT Id FROM Case WHERE Subject = 'none'", first),
            sub("POST", "/sobjects/Contact", second, {"LastName": "x", "AccountId": f"@{{{first}.records[0].Id}}"}),
            sub("POST", "/sobjects/Contact", third, {"LastName": "x", "ReportsToId": f"@{{{second}.id}}"}),
            allOrNone=together, collateSubrequests=False,
        )  # fmt: skip
        assert [
            sorted(each["body"][0].items()) if isinstance(each["body"], list) else each["body"] for each in ours
        ] == [sorted(each["body"][0].items()) if isinstance(each["body"], list) else each["body"] for each in recorded]
        assert [each["httpStatusCode"] for each in ours] == [each["httpStatusCode"] for each in recorded]


@needs_samples
def test_a_describe_that_is_still_known_answers_304_inside_a_composite(reading: Client) -> None:
    recorded = sample("recorded_cci/composite_if_modified_since.json")["response"]["body"]["compositeResponse"][0]
    known = {"If-Modified-Since": "Sun, 01 Mar 2026 10:00:01 GMT"}
    (ours,) = reading.composite(sub("GET", "/sobjects", "d", httpHeaders=known))
    assert shape(ours) == shape(recorded)
    assert ours["httpStatusCode"] == 304


@needs_samples
def test_the_identity_has_the_keys_of_a_recorded_one(reading: Client) -> None:
    url = reading.call("GET", BASE).json()["identity"].removeprefix(reading.org.instance_url)
    recorded = set(sample("fixtures_swiftly/identity.json")["response"]["body"])
    optional = {each for each in recorded if each.startswith(("addr_", "mobile_", "is_lightning"))} | {"status"}
    assert recorded - optional <= set(reading.call("GET", url).json())


@needs_samples
def test_columns_are_described_as_recorded(reading: Client) -> None:
    recorded = sample("fixtures_plugin_data/query_columns_true.json")["response"]["body"]
    for name, soql in (
        ("subquery", "SELECT Name, (SELECT LastName FROM Contacts) FROM Account"),
        ("queryWithJoin", "SELECT Name, Owner.Name FROM QuickText"),
    ):
        ours = reading.call("GET", "/query", params={"q": soql, "columns": "true"}).json()["columnMetadata"]
        wanted = recorded[name]["columnMetadata"]
        assert [(each["columnName"], each["aggregate"], each["foreignKeyName"]) for each in ours] == [
            (each["columnName"], each["aggregate"], each["foreignKeyName"]) for each in wanted
        ]
        assert [set(each) for each in ours] == [set(each) for each in wanted]
        assert [each["columnName"] for each in ours[1]["joinColumns"]] == [
            each["columnName"] for each in wanted[1]["joinColumns"]
        ]
    whole = reading.call("GET", "/query", params={"q": "SELECT COUNT() FROM Case", "columns": "true"}).json()
    assert (whole["totalSize"], whole["columnMetadata"]) == (4, [])
    (count,) = reading.call(
        "GET", "/query", params={"q": "SELECT COUNT(Id) FROM Case GROUP BY Status", "columns": "true"}
    ).json()["columnMetadata"]
    assert (count["columnName"], count["displayName"], count["aggregate"]) == ("expr0", "count(Id)", True)


class PlainHttp(requests.Session):
    """simple-salesforce writes https into every address; the org speaks plain http on loopback."""

    def request(self, method: str | bytes, url: str | bytes, *given: Any, **more: Any) -> requests.Response:
        return super().request(method, str(url).replace("https://", "http://", 1), *given, **more)


def test_simple_salesforce_works_unmodified(org: Client) -> None:
    with PlainHttp() as session:
        session.trust_env = False
        sf: Any = Salesforce(
            instance=org.org.instance_url.removeprefix("http://"), session_id=org.org.access_token, version="67.0",
            session=session,
        )  # fmt: skip
        assert sf.query_all("SELECT Id FROM Case")["totalSize"] == 4
        made = sf.Case.create({"Subject": "from outside"})
        sf.Case.update(made["id"], {"Priority": "High"})
        assert sf.Case.get(made["id"])["Priority"] == "High"
        assert sf.Case.describe()["name"] == "Case"
        assert sf.describe()["sobjects"]
        assert sf.limits()["DailyApiRequests"]["Max"] == 15_000
        soql = quote("SELECT Id FROM Case WHERE Subject = 'from outside'")
        answer = sf.restful(
            "composite", method="POST",
            json={
                "compositeRequest": [
                    sub("GET", f"/query?q={soql}", "q"),
                    sub("DELETE", "/sobjects/Case/@{q.records[0].Id}", "d"),
                ]
            },
        )  # fmt: skip
        assert [each["httpStatusCode"] for each in answer["compositeResponse"]] == [200, 204]
        with pytest.raises(SalesforceMalformedRequest, match="No such column"):
            sf.query("SELECT Nonsense FROM Case")
