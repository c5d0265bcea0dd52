"""Reads the records of an org, and its log of requests and their writes, without code of the product."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests

KEY_LINE = re.compile(r"(ESC(?:-[0-9A-Z]{4}){3}) (\S+?)/(\S+?)/(\S+?)/(\d+)/(\d+)")
CASE_FIELDS = "Id, CaseNumber, Subject, Status, Priority, OwnerId, IsClosed, IsDeleted, MasterRecordId, CreatedDate"
MOVES = frozenset({"OwnerId", "Status", "Priority"})


@dataclass(frozen=True, slots=True)
class OrgReader:
    """A reader of one org."""

    address: str
    token: str

    def records(self, soql: str) -> list[dict[str, Any]]:
        """The records of a query, including deleted ones."""
        page = self._get("/services/data/v67.0/queryAll", q=soql)
        found: list[dict[str, Any]] = page["records"]
        while not page["done"]:
            page = self._get(page["nextRecordsUrl"])
            found += page["records"]
        return found

    def cases(self) -> dict[str, dict[str, Any]]:
        return {row["Id"]: row for row in self.records(f"SELECT {CASE_FIELDS} FROM Case")}

    def log(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._get("/__embedded__/requests")
        return found

    def _get(self, path: str, **words: str) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.get(self.address + path, params=words, headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()


@dataclass(frozen=True, slots=True)
class Note:
    """A written note with a key: its run, its request in the log, and its case."""

    run: str
    request: int
    case_id: str
    key: str
    policy: str
    route: str
    rung: str
    episode: int
    turn: int

    @property
    def facts(self) -> tuple[str, str, str, str, int, int]:
        return self.case_id, self.policy, self.route, self.rung, self.episode, self.turn


def keyed(body: str) -> re.Match[str] | None:
    lines = body.rstrip().splitlines()
    return KEY_LINE.fullmatch(lines[-1].strip()) if lines else None


def run_of(entry: dict[str, Any]) -> str:
    """The run that sent a request; empty for other senders."""
    return next((str(value) for name, value in entry["headers"].items() if name.lower() == "x-chaos-run"), "")


def notes_in(log: list[dict[str, Any]]) -> list[Note]:
    """The written notes with a key, in the order of writing."""
    found = []
    for entry in log:
        for row in entry["written"]:
            line = (
                keyed(row["fields"]["CommentBody"])
                if row["object"] == "CaseComment" and row["op"] == "insert"
                else None
            )
            if line:
                key, policy, route, rung, episode, turn = line.groups()
                parent = row["fields"]["ParentId"]
                found.append(Note(run_of(entry), entry["n"], parent, key, policy, route, rung, int(episode), int(turn)))
    return found


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
