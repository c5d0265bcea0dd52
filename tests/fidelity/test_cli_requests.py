"""Recorded requests of Salesforce's own CLI, sent again, and the parts of the answers that it reads."""

import gzip
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.embedded_org.rest.oauth import BEARER, PATH, ConnectedApp
from tests.stories.world import NOW

RECORDED = json.loads(Path(__file__).with_name("cli_requests.json").read_text("utf-8"))
COMMANDS: dict[str, list[list[Any]]] = RECORDED["commands"]


@dataclass
class Cli:
    """A client that sends the requests of the CLI; `ids` replace those in the recorded paths."""

    org: EmbeddedOrg
    ids: dict[str, str]

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        link = HTTPConnection(self.org.instance_url.removeprefix("http://"), timeout=30)
        headers = {name: value.replace("{token}", self.org.access_token) for name, value in RECORDED["headers"].items()}
        link.request(method, self.placed(path), None if body is None else json.dumps(body), headers)
        answer = link.getresponse()
        content = answer.read()
        link.close()
        if answer.headers["Content-Encoding"] == "gzip":
            content = gzip.decompress(content)
        return answer.status, json.loads(content) if content else None

    def placed(self, path: str) -> str:
        for name, value in self.ids.items():
            path = path.replace("{" + name + "}", value)
        return path

    def answers(self, command: str) -> list[Any]:
        """The answers to the requests of a command, each with the recorded status."""
        asked = [self.ask(method, path, *body) for method, path, _, *body in COMMANDS[command]]
        assert [status for status, _ in asked] == [status for _, _, status, *_ in COMMANDS[command]]
        return [body for _, body in asked]


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    folder: Path = tmp_path_factory.mktemp("data")
    files = {
        "Case": "CaseNumber,Subject,AccountId,Reassignments__c:number\n"
        "00000001,Hello,Acme,\n00000002,to be deleted,,\n",
        "Account": "Name\nAcme\n",
        "CaseComment": "ParentId,CommentBody\n00000001,Hi\n",
    }
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    with EmbeddedOrg(data=folder, now=NOW) as org:
        made = Cli(org, {"organization": org.organization_id[:15]})
        soql = "/services/data/v67.0/query?q=SELECT+Id+FROM+"
        made.ids["user"] = made.ask("GET", f"{soql}User")[1]["records"][0]["Id"]
        cases = made.ask("GET", f"{soql}Case+ORDER+BY+CaseNumber")[1]["records"]
        made.ids["case"], made.ids["other"] = (each["Id"] for each in cases)
        yield made


@pytest.mark.parametrize("command", COMMANDS)
def test_each_request_of_a_command_is_answered_as_recorded(cli: Cli, command: str) -> None:
    assert len(cli.answers(command)) == len(COMMANDS[command])


def test_a_login_finds_its_user_and_org(cli: Cli) -> None:
    who, user, _, versions, found, _ = cli.answers("org login access-token")
    (organization,) = found["records"]
    assert (who["preferred_username"], who["user_id"]) == ("integration@embedded.example", cli.ids["user"])
    assert who["organization_id"] == cli.org.organization_id
    assert user["Username"] == who["preferred_username"]
    assert versions[-1].keys() == {"label", "url", "version"}
    assert versions[-1]["version"] == "67.0"
    assert (organization["IsSandbox"], organization["TrialExpirationDate"]) == (True, None)


def test_a_jwt_login_with_its_end_in_milliseconds_is_accepted() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with EmbeddedOrg(now=NOW, app=ConnectedApp("key", None, public)) as org:
        claims = {"iss": "key", "sub": "integration@embedded.example", "aud": org.instance_url}
        found = []
        for end in (int(time.time() * 1000) + 300, int(time.time()) + 3_600):  # the second is not a number
            assertion = jwt.encode({**claims, "exp": end}, key, algorithm="RS256")
            form = {"grant_type": BEARER, "assertion": assertion}
            found.append(requests.post(f"{org.instance_url}{PATH}", data=form, timeout=30).status_code)
    assert found == [200, 400]


def test_the_token_and_address_are_checked_by_listing_resources(cli: Cli) -> None:
    (resources,) = cli.answers("org display")
    assert resources["query"] == "/services/data/v67.0/query"


def test_a_query_is_answered_with_its_columns(cli: Cli) -> None:
    rows, columns, _, groups, count, no_columns, refused = cli.answers("data query")
    assert rows["totalSize"] == len(rows["records"])
    metadata = columns["columnMetadata"]
    assert {each["columnName"]: [below["columnName"] for below in each["joinColumns"]] for each in metadata} == {
        "Id": [], "CaseNumber": [], "Account": ["Name"], "Owner": ["Name"], "CaseComments": ["CommentBody"],
    }  # fmt: skip
    assert [each["aggregate"] for each in groups["columnMetadata"]] == [False, True]
    assert (count["records"], no_columns["columnMetadata"]) == ([], [])
    assert refused == [{"message": "unexpected token: SELEKT", "errorCode": "MALFORMED_QUERY"}]


def test_an_object_is_described(cli: Cli) -> None:
    (described,) = cli.answers("sobject describe")
    assert described["label"] == "Case"
    (listed,) = cli.answers("sobject list")
    assert [each["custom"] for each in listed["sobjects"] if each["name"] == "Case"] == [False]


def test_the_limits_are_listed(cli: Cli) -> None:
    (limits,) = cli.answers("org list limits")
    assert all(set(each) >= {"Max", "Remaining"} for each in limits.values())


def test_records_are_upserted_by_their_key(cli: Cli) -> None:
    records = [{"attributes": {"type": "Contact"}, "LastName": name, "Email": f"{name}@example.com"} for name in "ab"]
    path = "/services/data/v67.0/composite/sobjects/Contact/Email"
    first = cli.ask("PATCH", path, {"allOrNone": True, "records": records})[1]
    again = cli.ask("PATCH", path, {"allOrNone": True, "records": [*records[1:], records[0]]})[1]
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
    cli: Cli, path: str, record: dict[str, str], status: int, code: str
) -> None:
    body = {"allOrNone": False, "records": [{"attributes": {"type": "Contact"}, **record}]}
    found, answer = cli.ask("PATCH", f"/services/data/v67.0/composite/sobjects/{path}", body)
    assert found == status
    assert code in json.dumps(answer)
