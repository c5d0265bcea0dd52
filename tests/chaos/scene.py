"""The scene: one org, one policy, one or two ledgers, and the hours that go by."""

import contextlib
import csv
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.embedded_org.faults import Fault, Faults
from tests.chaos.points import Point
from tests.chaos.stage import Ended, Stage, Subject
from tests.chaos.subject import Order

NOW = datetime.fromisoformat("2026-03-02T15:00:00+00:00")
YOUNG, OLD = "2026-03-02T14:00:00Z", "2026-02-20T09:00:00Z"
POLICY = """
policy: support
priorities: [Low, Medium, High, Critical]
teams: {leads: {queue: Leads}}
defaults: {status: Escalated}
routes:
  - name: urgent
    reason: It is urgent.
    when: [{field: Subject, starts_with: urgent}]
    escalate: {note: {help_needed: Call back.}, queue: leads, priority: High}
  - name: old
    reason: It is old.
    when: [{age: CreatedDate, at_least: 2d}]
    escalate: {note: {help_needed: Have a look.}, queue: leads}
guards: {most_cases: 1000, most_share_of_open: 100%}
"""
GROUPS = [
    {"Type": "Queue", "DeveloperName": "Intake", "Name": "Intake"},
    {"Type": "Queue", "DeveloperName": "Leads", "Name": "Team leads"},
]
Row = dict[str, str]


def case(number: int, kind: str, **more: str) -> Row:
    """A case of a kind: urgent, old or calm."""
    created = OLD if kind == "old" else YOUNG
    row = {
        "CaseNumber": f"{number:08}",
        "Subject": f"{'urgent' if kind == 'urgent' else 'hello'}: {number}",
        "Status": "New",
        "Priority": "Medium",
        "OwnerId": "Intake",
        "AccountId": "",
        "CreatedDate": created,
        "LastModifiedDate": created,
    }
    return {**row, **more}


THREE_CHUNKS = [
    *(case(number, "urgent") for number in range(1, 6)),
    *(case(number, "old") for number in range(6, 9)),
    case(9, "calm"),
    case(10, "urgent", Priority="Critical"),
    case(11, "urgent", OwnerId="Leads", Status="Escalated", AccountId="Acme"),
    case(12, "old", AccountId="Acme"),
    case(13, "urgent", Status="Closed", IsClosed="true"),
]
"""Ten of these match: with chunks of four that is three."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What an agent did."""

    act: str
    case_id: str
    into: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass
class Scene:
    """`chunk` is the most cases in one write. Every run ends up in `ended`, with its number as its name."""

    stage: Stage
    folder: Path
    org: EmbeddedOrg
    chunk: int = 4
    ledgers: list[Path] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)
    live: list[Subject] = field(default_factory=list)
    _runs: int = 0
    _faults: list[Fault] = field(default_factory=list)

    def start(
        self,
        *words: str,
        points: Sequence[Point] = (),
        ledger: int = 0,
        host: str = "",
        busy: float = 3.0,
    ) -> Subject:
        """Types `sfdc-escalator` and these words, with one of the ledgers."""
        self._runs += 1
        name = f"{self._runs:03}"
        environment = {
            "SFDC_INSTANCE_URL": self.org.instance_url,
            "SFDC_ACCESS_TOKEN": self.org.access_token,
            "SFDC_ESCALATOR_POLICY": str(self.folder / "policy.yaml"),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "TZ": "UTC",
        }
        out, err = (str(self.folder / f"{name}.{kind}") for kind in ("out", "err"))
        if words[0] != "validate":
            words = (*words, "--ledger", str(self.ledgers[ledger]))
        order = Order(
            name, list(words), environment, str(self.folder), out, err, list(points), self.chunk, busy, host
        )
        self.tally["runs"] += words[0] == "run"
        subject = self.stage.start(order)
        self.live.append(subject)
        return subject

    def end(self, subject: Subject) -> Ended:
        """Lets it come to its end, and notes it down."""
        found = subject.finish()
        if subject in self.live:
            self.live.remove(subject)
            self.ended.append(found)
            struck = ", ".join(map(str, found.order.points)) or "-"
            self.tell(f"run {found.order.run} [{' '.join(found.order.words[:-2])}] ({struck}): {told(found)}")
        return found

    def run(self, *words: str, **more: Any) -> Ended:
        return self.end(self.start("run", "--json", "--backlog", "escalate", *words, **more))

    def tell(self, what: str) -> None:
        self.story.append(f"{self.now():%H:%M:%S} {what}")

    # -- what befalls the org -----------------------------------------------------------------------------------

    def faults(self, *faults: Fault) -> None:
        """From now on the org commits these, and no others."""
        self.count_faults()
        self._faults = list(faults)
        self.org._server.faults = Faults(self._faults)

    def count_faults(self) -> int:
        """How many of them happened."""
        done = sum(fault.done for fault in self._faults)
        for fault in self._faults:
            self.tally[f"fault {fault.kind}"] += fault.done
            if fault.done:
                self.tell(f"  the org committed {fault.kind} at call {fault.nth} (x{fault.done})")
        self._faults = []
        return done

    def now(self) -> datetime:
        return self.org._clock.now()

    def pass_time(self, seconds: float) -> None:
        """It passes for the org, and for whoever holds a lease."""
        url = f"{self.org.instance_url}/__embedded__/clock"
        answer = requests.post(url, data=json.dumps({"advance": f"{seconds}s"}), timeout=30)
        assert answer.status_code == 200, answer.text
        for path in self.ledgers:
            with contextlib.suppress(sqlite3.Error):
                age_leases(path, seconds)

    def act(self, act: str, case: str, into: str = "", **fields: Any) -> bool:
        """An agent does something to a case (by id), if it can be done."""
        details: dict[str, Any] = {"case": case}
        if act == "merge":
            details["into"] = into
        elif act == "edit":
            details["fields"] = fields
        elif act == "comment":
            details["text"] = fields.get("text", "I am on it.")
        try:
            self.org.act(act, **details)
        except ValueError as error:
            self.tell(f"  {act} {case}: not done, {error}")
            return False
        self.deeds.append(Deed(act, case, into, fields))
        self.tally[f"agents {act}"] += 1
        self.tell(f"  an agent: {act} {case} {into}{fields or ''}")
        return True


def told(ended: Ended) -> str:
    if ended.code is None:
        return "killed"
    report = ended.report or {}
    words = ("matched", "applied", "already", "deferred", "rejected", "unknown", "recovered", "gone", "api_calls")
    counts = " ".join(f"{word}={report[word]}" for word in words if report.get(word))
    error = report.get("error", {}).get("message", "")
    busy = "busy" if "busy" in report else ""
    return f"exit {ended.code} {counts} {busy}{error}".rstrip()


def age_leases(path: Path, seconds: float) -> None:
    """Time passes for a ledger's leases: as the database's clock cannot be set, their times are set back."""
    if not path.exists():
        return
    with contextlib.closing(sqlite3.connect(path, timeout=0.2)) as connection:
        for organization, *times in connection.execute(
            "SELECT organization_id, started_at, heartbeat_at FROM leases"
        ).fetchall():
            earlier = [shifted(one, -seconds) for one in times]
            connection.execute(
                "UPDATE leases SET started_at = ?, heartbeat_at = ? WHERE organization_id = ?", (*earlier, organization)
            )
        connection.commit()


def shifted(text: str, seconds: float) -> str:
    """The same moment, so many seconds later, in the same spelling."""
    from datetime import timedelta

    moment = datetime.fromisoformat(text) + timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if text.endswith("Z") else moment.isoformat()


@contextlib.contextmanager
def scene(
    stage: Stage, cases: Sequence[Row], *, chunk: int = 4, ledgers: int = 1, proved: bool = False, policy: str = POLICY
) -> Iterator[Scene]:
    """A fresh org with these cases, in a folder that is removed in the end."""
    folder = stage.folder / f"scene-{len(list(stage.folder.iterdir()))}"
    data = folder / "org"
    data.mkdir(parents=True)
    (folder / "policy.yaml").write_text(policy)
    accounts = [{"Name": name} for name in sorted({row["AccountId"] for row in cases} - {""})]
    for name, rows in (("Case", cases), ("Group", GROUPS), ("Account", accounts)):
        if rows:
            write_csv(data / f"{name}.csv", rows)
    if proved:
        (data / "Escalation_Key__c.csv").write_text("Key__c:external_id\n")
    with EmbeddedOrg(data=data, now=NOW) as org:
        made = Scene(stage, folder, org, chunk, [folder / f"ledger-{number}.db" for number in range(ledgers)])
        try:
            yield made
        finally:
            for subject in made.live:
                subject.kill()
    shutil.rmtree(folder)


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def points_of(ended: Ended) -> list[dict[str, Any]]:
    return [asdict(point) for point in ended.order.points]
