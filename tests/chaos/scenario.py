"""The scenario: one org, one policy, one or two ledgers, and time that passes."""

import contextlib
import csv
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.embedded_org.http.faults import FaultOnDemand, Faults
from tests.chaos.forked_process import Command
from tests.chaos.ledgers import Ledger, SqliteFile
from tests.chaos.points import Point
from tests.chaos.runner import Ended, Runner, RunningCommand

NOW = datetime.fromisoformat("2026-03-02T15:00:00+00:00")
YOUNG, OLD = "2026-03-02T14:00:00Z", "2026-02-20T09:00:00Z"
POLICY = """
policy: support
priorities: [Low, Medium, High, Critical]
teams: {leads: {queue: Leads}}
defaults: {status: Escalated}
routes:
  - name: own-doing
    reason: Only our own steps make a case look like this, so this route never escalates one.
    when: [{owner: in_queue, in: [leads]}, {field: Status, is: Escalated}, {field: Priority, is: High}]
    escalate: {note: {help_needed: Nothing.}, queue: leads, priority: Critical}
  - name: urgent
    reason: It is urgent.
    when: [{field: Subject, starts_with: urgent}]
    escalate: {note: {help_needed: Call back.}, queue: leads, priority: High}
  - name: old
    reason: It is old.
    when: [{age: CreatedDate, at_least: 2d}]
    escalate: {note: {help_needed: Have a look.}, queue: leads}
guards: {max_cases: 1000, max_share_of_open: 100%}
"""
GROUPS = [
    {"Type": "Queue", "DeveloperName": "Intake", "Name": "Intake"},
    {"Type": "Queue", "DeveloperName": "Leads", "Name": "Team leads"},
]
OUTCOMES = ("applied", "already", "deferred", "rejected", "unknown", "recovered", "gone")
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
"""Ten of these match: three chunks of four."""

MANY = [case(number, "urgent" if number % 3 else "old") for number in range(1, 451)]
"""Three chunks of maximal size."""


@dataclass(frozen=True, slots=True)
class AgentAct:
    """An act of an agent, after `request` requests in the org's log."""

    act: str
    case_id: str
    request: int
    into: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    at: datetime = NOW


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the diary: a command that begins or ends, an edited policy, or a ledger that is copied, lost or
    restored; at the org's time `at`, after `request` requests. `name` is the command's, the copy's, or the policy."""

    kind: str
    at: datetime
    request: int
    ledger: int = 0
    name: str = ""
    command: Command | None = None
    ended: Ended | None = None


@dataclass
class Scenario:
    """A scenario; `chunk` is the maximum of cases in one write. `ended` has every finished run, named by its number;
    `violations` are those found at once. `diary` tells what happened, in order.
    """

    runner: Runner
    folder: Path
    org: EmbeddedOrg
    chunk: int = 4
    defect: str = ""
    ledgers: list[Ledger] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    acts: list[AgentAct] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)
    live: list[RunningCommand] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    diary: list[Event] = field(default_factory=list)
    _runs: int = 0
    _faults: list[FaultOnDemand] = field(default_factory=list)

    def start(
        self,
        *words: str,
        points: Sequence[Point] = (),
        ledger: int = 0,
        host: str = "",
        busy: float = 3.0,
    ) -> RunningCommand:
        """Starts `sfdc-escalator` with these arguments and one of the ledgers."""
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
            words = (*words, "--ledger", self.ledgers[ledger].where)
        command = Command(
            name,
            list(words),
            environment,
            str(self.folder),
            out,
            err,
            list(points),
            self.chunk,
            busy,
            host,
            self.defect,
        )
        self.tally["runs"] += words[0] == "run"
        self.happened("begin", ledger, name, command=command)
        running = self.runner.start(command)
        self.live.append(running)
        return running

    def end(self, running: RunningCommand) -> Ended:
        """Waits for the end of a run and records it."""
        found = running.finish()
        if running in self.live:
            self.live.remove(running)
            self.ended.append(found)
            self.happened("end", self.place_of(found.command), found.command.run, command=found.command, ended=found)
            struck = ", ".join(map(str, found.command.points)) or "-"
            for word in OUTCOMES:
                self.tally[f"cases {word}"] += (found.report or {}).get(word, 0)
            self.tell(
                f"run {found.command.run} [{' '.join(found.command.arguments[:-2])}] ({struck}): {summary(found)}"
            )
        return found

    def run(self, *words: str, **more: Any) -> Ended:
        return self.end(self.start("run", "--json", "--backlog", "escalate", *words, **more))

    def happened(self, kind: str, ledger: int = 0, name: str = "", **more: Any) -> None:
        """Writes a line of the diary."""
        self.diary.append(Event(kind, self.now(), len(self.org._log._lines), ledger, name, **more))

    def place_of(self, command: Command) -> int:
        """The number of the ledger of a command."""
        return next((place for place, one in enumerate(self.ledgers) if one.where == command.arguments[-1]), 0)

    def tell(self, what: str) -> None:
        self.story.append(f"{self.now():%H:%M:%S} {what}")

    # -- disturbances of the org --------------------------------------------------------------------------------

    def faults(self, *faults: FaultOnDemand) -> None:
        """Sets the faults of the org, in place of earlier ones."""
        self.count_faults()
        self._faults = list(faults)
        self.org._server.faults = Faults(self._faults)

    def count_faults(self) -> int:
        """Records the faults that happened, and returns their number."""
        done = sum(fault.applied for fault in self._faults)
        for fault in self._faults:
            self.tally[f"fault {fault.kind}"] += fault.applied
            if fault.applied:
                self.tell(f"  the org committed {fault.kind} at call {fault.nth} (x{fault.applied})")
        self._faults = []
        return done

    def now(self) -> datetime:
        return self.org._clock.now()

    def pass_time(self, seconds: float) -> None:
        """Moves the org's clock and ages the leases."""
        self.org._exchange.move_clock(lambda: self.org._clock.advance(timedelta(seconds=seconds)))
        for ledger in self.ledgers:
            ledger.age(seconds)
        self.tell(f"{seconds / 60:g} minutes passed")

    def act(self, act: str, case: str, into: str = "", **fields: Any) -> bool:
        """Performs an act of an agent on a case (by id). False if it is not possible."""
        details: dict[str, Any] = {"case": case}
        if act == "merge":
            details["into"] = into
        elif act == "edit":
            details["fields"] = fields
        elif act == "comment":
            details["text"] = fields.get("text", "I am on it.")
        try:
            with self.org._exchange._lock:  # no request is carried out in between
                self.org.act(act, **details)
                self.acts.append(AgentAct(act, case, len(self.org._log._lines), into, fields, self.now()))
        except ValueError as error:
            self.tell(f"  {act} {case}: not done, {error}")
            return False
        self.tally[f"agents {act}"] += 1
        self.tell(f"  an agent: {act} {case} {into}{fields or ''}")
        return True


def summary(ended: Ended) -> str:
    if ended.code is None:
        return "killed"
    report = ended.report or {}
    counts = " ".join(f"{word}={report[word]}" for word in ("matched", *OUTCOMES, "api_calls") if report.get(word))
    error = report.get("error", {}).get("message", "")
    busy = "busy" if "busy" in report else ""
    return f"exit {ended.code} {counts} {busy}{error}".rstrip()


@contextlib.contextmanager
def open_scenario(
    runner: Runner,
    cases: Sequence[Row],
    *,
    chunk: int = 4,
    proved: bool = False,
    automation: Sequence[Mapping[str, Any]] = (),
    ledgers: int = 1,
    shared: Ledger | None = None,
    policy: str = POLICY,
) -> Iterator[Scenario]:
    """A new org with these cases in a temporary folder; with a ledger file for each host, or one shared ledger."""
    folder = Path(tempfile.mkdtemp(dir=runner.folder))
    data = folder / "org"
    data.mkdir()
    (folder / "policy.yaml").write_text(policy)
    accounts = [{"Name": name} for name in sorted({row["AccountId"] for row in cases} - {""})]
    for name, rows in (("Case", cases), ("Group", GROUPS), ("Account", accounts)):
        if rows:
            write_csv(data / f"{name}.csv", rows)
    if proved:
        (data / "Escalation_Key__c.csv").write_text("Key__c:external_id\n")
    if automation:
        (data / "automation.json").write_text(json.dumps(automation))
    with EmbeddedOrg(data=data, now=NOW) as org:
        files: list[Ledger] = [SqliteFile(folder / f"ledger-{number}.db") for number in range(ledgers)]
        made = Scenario(runner, folder, org, chunk, ledgers=[shared] if shared else files)
        try:
            yield made
        finally:
            for running in made.live:
                running.kill()
            if shared:
                shared.forget()
    shutil.rmtree(folder)


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
