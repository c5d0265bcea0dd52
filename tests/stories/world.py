"""A world for stories: an embedded org over real HTTP, a policy file, and the command line as a user types it."""

import base64
import csv
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from sfdc_escalator.cli.door import run_command_line
from sfdc_escalator.cli.process import surroundings_of_a_process
from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.wiring.surroundings import Surroundings

Row = dict[str, str]
NOW = datetime.fromisoformat("2026-03-02T15:00:00+00:00")


@dataclass
class Answer:
    """The output and exit code of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.out)
        return loaded


# What a person wrote, secrets among it: .env, keys, commands that print a secret, an address that is one; and an org.
KEPT = re.compile(r"\.env|.*\.key|sf|token|orgs\.yaml|.*\.secret|org\.db.*")
PIECE = 16  # characters; of 23 in a row that leak, some piece is found


def pieces_of(secret: str) -> set[str]:
    """The texts that show a secret: pieces of it, and the whole in other encodings. Of a token the part after the org,
    of an address the part after the host."""
    if len(secret) < 8:
        return set()
    core = secret.partition("!")[2] or secret.partition("://")[2].partition("/")[2] or secret
    core = core if len(core) >= 8 else secret
    inside = {core[start : start + PIECE] for start in range(0, max(1, len(core) - PIECE + 1), 8)}
    guises = {quote(secret, safe=""), json.dumps(secret)[1:-1], base64.b64encode(secret.encode()).decode()}
    return {*inside, *guises, secret.encode().hex()}


def no_wait(_seconds: float) -> None:
    """No test waits between two tries."""


def write_tables(folder: Path, objects: Mapping[str, Sequence[Row]]) -> Path:
    """A data folder of an embedded org, a CSV file for each object."""
    folder.mkdir(exist_ok=True)
    for name, rows in objects.items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
    return folder


@dataclass
class World:
    """One org and the person at its command line, in `folder` with the variables of `environ`."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    orgs: list[EmbeddedOrg] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    reported: list[str] = field(default_factory=list)
    environ: dict[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    entered: list[Surroundings] = field(default_factory=list, repr=False)
    here: Path | None = None

    def data(self, **objects: Sequence[Row]) -> Path:
        """Writes a data folder: `Case=[{"CaseNumber": "1"}]`."""
        return write_tables(self.folder / "org", objects)

    def org(
        self, *, now: datetime = NOW, faults: Sequence[Any] = (), production: bool = False, **objects: Sequence[Row]
    ) -> EmbeddedOrg:
        """Starts an org with this data that commits these faults, and logs the person in."""
        file = self.folder / "faults.json"
        file.write_text(json.dumps(faults))
        org = EmbeddedOrg(data=self.data(**objects), now=now, faults=file if faults else None, production=production)
        self.orgs.append(org.__enter__())
        self.log_in(org)
        return org

    def org_of(self, kept: Path) -> EmbeddedOrg:
        """Starts an org on a copy of the database file that keeps it, and logs the person in."""
        org = EmbeddedOrg(db=Path(shutil.copy(kept, self.folder / "org.db")), now=NOW)
        self.orgs.append(org.__enter__())
        self.log_in(org)
        return org

    def log_in(self, org: EmbeddedOrg) -> None:
        """Puts the address of the org and its token into the environment."""
        self.environ |= {"SFDC_INSTANCE_URL": org.instance_url, "SFDC_ACCESS_TOKEN": org.access_token}

    def policy(self, text: str, name: str = "policy.yaml") -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        self.environ["SFDC_ESCALATOR_POLICY"] = str(path)
        return path

    def type(self, *words: str, surroundings: Surroundings | None = None) -> Answer:
        """Types `sfdc-escalator` and these words."""
        self.capsys.readouterr()
        code = run_command_line(words, surroundings or self.surroundings())
        actual = self.capsys.readouterr()
        self.reported += [actual.out, actual.err]
        return Answer(code, actual.out, actual.err)

    def go_home(self) -> None:
        """Makes the folder the working folder of this process, so that messages name files as a person does there."""
        self.monkeypatch.chdir(self.folder)
        self.here = Path()

    def surroundings(self) -> Surroundings:
        """The surroundings of a command that is typed now."""
        made = surroundings_of_a_process(self.environ, self.folder if self.here is None else self.here, no_wait)
        self.entered.append(made)
        return made

    @property
    def secrets_in_use(self) -> set[str]:
        """All secrets that the commands of this world have read."""
        return {secret for one in self.entered for secret in one.secrets.values}

    def spawn(self, *words: str | Path, **settings: Any) -> Answer:
        """A subprocess that is run to its end."""
        settings = {"env": self.environ, **settings}
        done = subprocess.run(
            [str(word) for word in words], capture_output=True, text=True, timeout=120, check=False, **settings
        )
        self.reported += [done.stdout, done.stderr]
        return Answer(done.returncode, done.stdout, done.stderr)

    def leaks(self) -> list[str]:
        """The places where a secret of this world, or a piece of it, can be read: outputs, warnings and logs, the orgs'
        logs of requests, and every file but those that hold secrets by their nature."""
        places = [("an output", text) for text in self.reported]
        places += [("the log of requests", json.dumps(org.requests(), ensure_ascii=False)) for org in self.orgs]
        files = [path for path in self.folder.rglob("*") if path.is_file() and not KEPT.fullmatch(path.name)]
        places += [(str(path), path.read_text(errors="replace")) for path in files]
        secrets = self.secrets | {org.access_token for org in self.orgs}
        pieces = {(secret[:4], piece) for secret in secrets for piece in pieces_of(secret)}
        return [f"{secret}... in {where}" for where, text in places for secret, piece in pieces if piece in text]

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
