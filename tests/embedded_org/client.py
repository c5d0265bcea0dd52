"""A small HTTP client of an embedded org, and data folders for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from sfdc_escalator.embedded_org import EmbeddedOrg

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
BASE = "/services/data/v67.0"
NO_RULES = {"Sforce-Auto-Assign": "FALSE"}

FILES = {
    "Case": (
        "CaseNumber,Subject,Status,Priority,OwnerId,AccountId,ContactId,CreatedDate,LastModifiedDate,Reassignments__c:number,"
        "Vip__c:checkbox,Tags__c:multipicklist,Description\n"
        "00001001,Cannot log in,New,High,first_line,Acme,,2026-02-01T08:00:00Z,2026-02-20T08:00:00Z,3,true,red;blue,"
        "a text\n"
        "00001002,Refund 100%_now,Working,Medium,ann@example.org,Acme,Kim Lee,2026-02-10T08:00:00Z,,0,false,red,\n"
        "00001003,It's ÉTÉ,New,Low,second_line,,,2026-02-27T08:00:00+02:00,,,,,\n"
        "00001004,,Closed,,first_line,Umbrella,,2026-01-01T00:00:00Z,2026-01-05T00:00:00Z,7,true,green,\n"
    ),
    "Group": "Name,DeveloperName,Type\n"
    "First line,first_line,Queue\nSecond line,second_line,Queue\nAll staff,staff,Regular\n",
    "User": "Username,FirstName,LastName,IsActive\nann@example.org,Ann,Ash,true\nold@example.org,Otto,Old,false\n",
    "Account": "Name,Type\nAcme,Customer\nUmbrella,Partner\n",
    "Contact": "FirstName,LastName,Email,AccountId\nKim,Lee,kim@example.org,Acme\n",
    "CaseComment": "ParentId,CommentBody,IsPublished\n"
    "00001001,first,true\n00001001,second,false\n00001002,third,false\n",
    "RMA__c": "Name,Case__c:reference(Case),Opened__c:datetime\nR-1,00001001,2026-02-02T00:00:00Z\nR-2,00001001,\n",
}


def write_folder(folder: Path, files: Mapping[str, str] = FILES) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return folder


class Client:
    """A client of one org with its token."""

    def __init__(self, org: EmbeddedOrg) -> None:
        self.org, self.session = org, requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {org.access_token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.close()

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        url = path if path.startswith(("/services", "/_", "/id")) else BASE + path
        return self.session.request(method, self.org.instance_url + url, **more)

    def query(self, soql: str, path: str = "/query", **more: Any) -> Any:
        return self.call("GET", path, params={"q": soql}, **more).json()

    def ids(self, soql: str) -> list[str]:
        return [each["Id"] for each in self.query(soql)["records"]]

    def id(self, soql: str) -> str:
        (found,) = self.ids(soql)
        return found

    def case(self, number: str) -> str:
        return self.id(f"SELECT Id FROM Case WHERE CaseNumber = '{number}'")

    def queue(self, name: str) -> str:
        return self.id(f"SELECT Id FROM Group WHERE DeveloperName = '{name}'")

    def composite(self, *subrequests: dict[str, Any], **more: Any) -> Any:
        answer = self.call("POST", "/composite", json={"compositeRequest": list(subrequests), **more})
        return answer.json()["compositeResponse"]


def sub(method: str, path: str, reference: str, body: Any = None, **more: Any) -> dict[str, Any]:
    """One subrequest; `path` is the part after the version."""
    made = {"method": method, "url": BASE + path, "referenceId": reference, **more}
    return made if body is None else {**made, "body": body}


def rows(kind: str, *records: dict[str, Any], all_or_none: bool = False) -> dict[str, Any]:
    """The body of a collection request."""
    return {"allOrNone": all_or_none, "records": [{"attributes": {"type": kind}, **each} for each in records]}
