"""What Salesforce's own CLI asks for, asked as it asks: `data query`, `sobject describe`, `org list limits`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.stories.world import NOW

AGENT = {"User-Agent": "sfdx toolbelt:", "Accept-Encoding": "gzip", "content-type": "application/json"}


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedOrg]:
    folder: Path = tmp_path_factory.mktemp("data")
    (folder / "Case.csv").write_text("CaseNumber,Subject\n00000001,Hello\n", encoding="utf-8")
    with EmbeddedOrg(data=folder, now=NOW) as made:
        yield made


def asked(org: EmbeddedOrg, path: str, method: str = "GET", **more: Any) -> requests.Response:
    headers = {**AGENT, "Authorization": f"Bearer {org.access_token}"}
    return requests.request(method, org.instance_url + path, headers=headers, timeout=30, **more)


def test_the_newest_version_is_found_first(org: EmbeddedOrg) -> None:
    found = asked(org, "/services/data").json()
    assert (found[-1]["version"], set(found[-1])) == ("67.0", {"label", "url", "version"})


def test_who_a_token_stands_for_is_told(org: EmbeddedOrg) -> None:
    found = asked(org, "/services/oauth2/userinfo").json()
    assert found["preferred_username"] == "integration@embedded.example"
    assert found["organization_id"] == org.organization_id


def test_a_query_with_its_columns_is_answered(org: EmbeddedOrg) -> None:
    soql = "SELECT CaseNumber, Owner.Name FROM Case"
    plain = asked(org, "/services/data/v67.0/query", params={"q": soql}).json()
    columns = asked(org, "/services/data/v67.0/query", params={"q": soql, "columns": "true"}).json()
    assert plain["totalSize"] == 1
    assert [one["columnName"] for one in columns["columnMetadata"]] == ["CaseNumber", "Owner"]


def test_an_object_is_described(org: EmbeddedOrg) -> None:
    assert asked(org, "/services/data/v67.0/sobjects/Case/describe").json()["label"] == "Case"


def test_the_limits_are_listed(org: EmbeddedOrg) -> None:
    limits = asked(org, "/services/data/v67.0/limits").json()
    assert all(set(one) >= {"Max", "Remaining"} for one in limits.values())


def test_records_are_upserted_by_their_key(org: EmbeddedOrg) -> None:
    records = [{"attributes": {"type": "Contact"}, "LastName": name, "Email": f"{name}@example.com"} for name in "ab"]
    path = "/services/data/v67.0/composite/sobjects/Contact/Email"
    first = asked(org, path, "PATCH", json={"allOrNone": True, "records": records}).json()
    again = asked(org, path, "PATCH", json={"allOrNone": True, "records": [*records[1:], records[0]]}).json()
    assert [one["created"] for one in first] == [True, True]
    assert [one["created"] for one in again] == [False, False]
    assert [one["id"] for one in again] == [one["id"] for one in first][::-1]


@pytest.mark.parametrize(
    ("path", "record", "status", "code"),
    [
        ("Contact/Phone", {"LastName": "x", "Phone": "1"}, 404, "NOT_FOUND"),
        ("Nothing__c/Id", {"Name": "x"}, 404, "NOT_FOUND"),
        ("Contact/Id", {"LastName": "x", "Id": "nonsense"}, 200, "MALFORMED_ID"),
        ("Contact/Email", {"LastName": "x"}, 200, "MISSING_ARGUMENT"),
    ],
)
def test_an_upsert_without_a_good_key_is_refused(
    org: EmbeddedOrg, path: str, record: dict[str, str], status: int, code: str
) -> None:
    body = {"allOrNone": False, "records": [{"attributes": {"type": "Contact"}, **record}]}
    answer = asked(org, f"/services/data/v67.0/composite/sobjects/{path}", "PATCH", json=body)
    assert answer.status_code == status
    assert code in answer.text
