"""A world for stories: an embedded org over real HTTP, a policy file, and the command line as a user types it."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from sfdc_escalator.cli.door import run_command_line
from sfdc_escalator.embedded_org import EmbeddedOrg

Row = dict[str, str]
NOW = datetime.fromisoformat("2026-03-02T15:00:00+00:00")


@dataclass
class Answer:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.out)
        return loaded


@dataclass
class World:
    """One org and the person at its command line."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    orgs: list[EmbeddedOrg] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    told: list[str] = field(default_factory=list)

    def data(self, **objects: Sequence[Row]) -> Path:
        """Writes a data folder: `Case=[{"CaseNumber": "1"}]`."""
        folder = self.folder / "org"
        folder.mkdir(exist_ok=True)
        for name, rows in objects.items():
            columns = list(dict.fromkeys(column for row in rows for column in row))
            with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, columns, restval="")
                writer.writeheader()
                writer.writerows(rows)
        return folder

    def org(self, *, now: datetime = NOW, faults: Sequence[Any] = (), **objects: Sequence[Row]) -> EmbeddedOrg:
        """Starts an org with this data that commits these faults, and logs the person in."""
        file = self.folder / "faults.json"
        file.write_text(json.dumps(faults))
        org = EmbeddedOrg(data=self.data(**objects), now=now, faults=file if faults else None)
        self.orgs.append(org.__enter__())
        self.monkeypatch.setenv("SFDC_INSTANCE_URL", org.instance_url)
        self.monkeypatch.setenv("SFDC_ACCESS_TOKEN", org.access_token)
        return org

    def policy(self, text: str, name: str = "policy.yaml") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        self.monkeypatch.setenv("SFDC_ESCALATOR_POLICY", str(path))
        return path

    def type(self, *words: str) -> Answer:
        """Types `sfdc-escalator` and these words."""
        self.capsys.readouterr()
        code = run_command_line(words)
        told = self.capsys.readouterr()
        self.told += [told.out, told.err]
        return Answer(code, told.out, told.err)

    def leaks(self) -> list[str]:
        """Where a secret that this world used can be read: outputs, the org's log of requests, ledgers, logs."""
        secrets = {secret for secret in self.secrets | {org.access_token for org in self.orgs} if len(secret) > 7}
        places = [("an output", text) for text in self.told]
        places += [("the log of requests", json.dumps(org.requests(), ensure_ascii=False)) for org in self.orgs]
        files = [
            path
            for pattern in ("state/**/*", "**/*.db*", "**/*.log", "**/*.json")
            for path in self.folder.glob(pattern)
        ]
        places += [(str(path), path.read_text(errors="replace")) for path in files if path.is_file()]
        return [f"{secret[:4]}... in {where}" for where, text in places for secret in secrets if secret in text]

    def run(self, *words: str) -> Answer:
        return self.type("run", "--json", *words)


def writes(org: EmbeddedOrg) -> list[dict[str, Any]]:
    """Every record written through the API, in the order written."""
    return [one for request in org.requests() for one in request["written"]]


def ask(org: EmbeddedOrg, path: str, **parameters: str) -> dict[str, Any]:
    """A GET as any client would send it."""
    url = path if path.startswith("/") else f"/services/data/v{org.api_version}/{path}"
    headers = {"Authorization": f"Bearer {org.access_token}"}
    answer = requests.get(org.instance_url + url, params=parameters, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    loaded: dict[str, Any] = answer.json()
    return loaded


def select(org: EmbeddedOrg, soql: str) -> list[dict[str, Any]]:
    """All records of a query, without their attributes."""
    page = ask(org, "query", q=soql)
    records = page["records"]
    while not page["done"]:
        page = ask(org, page["nextRecordsUrl"])
        records += page["records"]
    return [{name: value for name, value in record.items() if name != "attributes"} for record in records]


def patch(org: EmbeddedOrg, case_id: str, **fields: str) -> None:
    answer = requests.patch(
        f"{org.instance_url}/services/data/v{org.api_version}/sobjects/Case/{case_id}",
        json=fields,
        headers={"Authorization": f"Bearer {org.access_token}", "Sforce-Auto-Assign": "FALSE"},
        timeout=30,
    )
    assert answer.status_code == 204, answer.text


def advance(org: EmbeddedOrg, by: str) -> None:
    answer = requests.post(f"{org.instance_url}/__embedded__/clock", data=json.dumps({"advance": by}), timeout=30)
    assert answer.status_code == 200, answer.text


def delete(org: EmbeddedOrg, kind: str, record_id: str) -> None:
    answer = requests.delete(
        f"{org.instance_url}/services/data/v{org.api_version}/sobjects/{kind}/{record_id}",
        headers={"Authorization": f"Bearer {org.access_token}"},
        timeout=30,
    )
    assert answer.status_code == 204, answer.text
