"""The judge: finds what went wrong, from the org's records and log and from the reports of the runs.

It has its own simple version of the policy: an open case whose subject starts with "urgent", else one that is two
days old, gets one internal note with its key on the last line, goes to the queue of the leads, becomes Escalated, and,
when urgent, at least High. Acts of agents allow these differences and no others:

- a case without an act of an agent (comments do not count) is exactly as the policy says;
- a case that was closed, deleted, merged or edited to be calm may have been escalated before, or not;
- a field that an agent edited, and the status of a case that was closed, may have the agent's value;
- a case that was opened again may be escalated once more, and so may an old one that became urgent;
- a case that is still locked at the end need not be escalated, but then a run reports it as rejected;
- a note also counts for the case into which its case was merged, which is not escalated again by the same route.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.chaos.org_reader import MOVES, Note, OrgReader, keyed, moment, notes_in, run_of
from tests.chaos.runner import Ended
from tests.chaos.scenario import AgentAct

RANKS = ("Low", "Medium", "High", "Critical")
STATES = ("planned", "applied", "already", "held", "withheld", "rejected", "deferred", "unknown")
Case = dict[str, Any]


def expected_route(case: Case, now: datetime) -> str | None:
    """The route by which a case in this state should be escalated."""
    if case["IsClosed"] or case["IsDeleted"]:
        return None
    if (case["Subject"] or "").lower().startswith("urgent"):
        return "urgent"
    return "old" if moment(case["CreatedDate"]) <= now - timedelta(days=2) else None


@dataclass(slots=True)
class Judge:
    """The judge; `before` are the cases at the start, `leads` the id of the queue, `final` is the clean last run."""

    reader: OrgReader
    before: dict[str, Case]
    leads: str
    acts: Sequence[AgentAct]
    runs: Sequence[Ended]
    final: Ended

    def violations(self) -> list[str]:
        log, after = self.reader.log(), self.reader.cases()
        notes = notes_in(log)
        now = moment((self.final.report or {}).get("now", "2026-03-02T15:00:00Z"))
        return [
            *self.doubled(notes),
            *self.written(log, notes),
            *(violation for run in self.runs for violation in self.reports(run, notes)),
            *self.final_run(after, now),
            *(each for case_id, case in after.items() for each in self.case(case_id, case, notes, after, now)),
        ]

    # -- writes -------------------------------------------------------------------------------------------------

    def doubled(self, notes: Sequence[Note]) -> Iterator[str]:
        for key, times in Counter(note.key for note in notes).items():
            if times > 1:
                yield f"DOUBLED: the key {key} was written {times} times: {[n for n in notes if n.key == key]}"
        for facts, times in Counter(note.facts for note in notes).items():
            if times > 1:
                yield f"DOUBLED: {times} notes for {facts}"
        for case_id, times in Counter(note.case_id for note in notes).items():
            if times > self.max_notes(case_id):
                mine = [note for note in notes if note.case_id == case_id]
                yield f"DOUBLED: {times} notes on {case_id}, at most {self.max_notes(case_id)}: {mine}"
        for loser, master, request in self.merges():
            moved = {note.route for note in notes if note.case_id == loser and note.request <= request}
            for note in notes:
                if note.case_id == master and note.request > request and note.route in moved:
                    yield f"DOUBLED: {master} was escalated again by {note.route}, after {loser} was merged into it"

    def max_notes(self, case_id: str) -> int:
        opened = sum(act.act == "edit" and "Status" in act.fields for act in self.acts_on(case_id))
        was_old = moment(self.before[case_id]["CreatedDate"]) < moment("2026-03-01T00:00:00Z")
        urgent = any(str(act.fields.get("Subject", "")).startswith("urgent") for act in self.acts_on(case_id))
        closed = any(act.act == "close" for act in self.acts_on(case_id))
        return 1 + (opened if closed else 0) + (was_old and urgent)

    def written(self, log: Sequence[dict[str, Any]], notes: Sequence[Note]) -> Iterator[str]:
        """Violations in the log: writes other than notes and the moves after them, or any write of a dry run."""
        dry_runs = {run.command.run for run in self.runs if "--dry-run" in run.command.arguments}
        for entry in log:
            noted: set[str] = set()
            for row in entry["written"]:
                if run_of(entry) in dry_runs:
                    yield f"WROTE IN A DRY RUN: run {run_of(entry)}: {row}"
                if (row["object"], row["op"]) == ("CaseComment", "insert"):
                    noted.add(row["fields"]["ParentId"])
                    if not keyed(row["fields"]["CommentBody"]) or row["fields"].get("IsPublished") is not False:
                        yield f"UNEXPECTED NOTE: {row}"
                elif (row["object"], row["op"]) == ("Case", "update") and set(row["fields"]) <= MOVES:
                    if row["id"] not in noted:
                        yield f"MOVED WITHOUT A NOTE: run {run_of(entry)}, request {entry['n']}: {row}"
                elif (row["object"], row["op"]) != ("Escalation_Key__c", "insert"):
                    yield f"UNEXPECTED WRITE: run {run_of(entry)}: {row}"
        kept = {line[1] for row in self.reader.records("SELECT CommentBody FROM CaseComment")
                if (line := keyed(row["CommentBody"] or ""))}  # fmt: skip
        if kept != {note.key for note in notes}:
            yield f"LOG AND RECORDS DIFFER: {kept ^ {note.key for note in notes}}"

    # -- reports ------------------------------------------------------------------------------------------------

    def reports(self, run: Ended, notes: Sequence[Note]) -> Iterator[str]:
        name, report = run.command.run, run.report
        if run.code is None or run.command.arguments[0] != "run":
            return
        wrote = {note.key for note in notes if note.run == name}
        if run.code not in (0, 2, 3, 4, 5) or "Traceback" in run.stderr:
            yield f"UNEXPECTED ERROR: run {name}: exit {run.code} {report or ''} {run.stderr}"
        if report is None:
            yield f"NO REPORT: run {name}: exit {run.code}"
        elif "error" in report:
            if run.code == 0:
                yield f"SILENT FAILURE: run {name} failed with exit 0: {report}"
        elif "busy" in report:
            if wrote or any(report[state] for state in STATES):
                yield f"MISCOUNTED: run {name} was busy, and still did something"
        else:
            yield from self.counts(run, report, wrote)

    def counts(self, run: Ended, report: dict[str, Any], wrote: set[str]) -> Iterator[str]:
        name, entries = run.command.run, report["escalations"]
        counts = Counter(entry["state"] for entry in entries)
        if report["matched"] != len(entries) or any(report[state] != counts[state] for state in STATES):
            yield f"MISCOUNTED: run {name}: {report['matched']} matched, {dict(counts)}"
        applied, unknown = ({e["key"] for e in entries if e["state"] == state} for state in ("applied", "unknown"))
        if applied - wrote:
            yield f"NOT WRITTEN: run {name} reports as applied what is not in the org: {applied - wrote}"
        if wrote - applied - unknown:
            yield f"NOT REPORTED: run {name} wrote {wrote - applied - unknown} and did not report it"
        if run.code == 0 and (counts["unknown"] or counts["rejected"] or counts["held"]):
            yield f"SILENT FAILURE: run {name} ended with 0: {dict(counts)}"

    def final_run(self, after: dict[str, Case], now: datetime) -> Iterator[str]:
        """Violations of the clean last run: it leaves nothing open and matches the expected cases."""
        report = self.final.report or {}
        locked = {case_id for case_id in after if self.is_locked(case_id)}
        left = [one for one in report.get("escalations", ()) if one["state"] not in ("applied", "already")]
        if [one for one in left if one["case_id"] not in locked or one["state"] != "rejected"]:
            yield f"NOT SETTLED: {[(one['case_id'], one['state'], one['reason']) for one in left]}"
        if self.final.code != (3 if left else 0):
            error = report.get("error", "")
            yield f"NOT CLEAN: the last run ended with {self.final.code}: {error} {self.final.stderr}"
        matched = sorted(one["case_id"] for one in report.get("escalations", ()))
        expected = sorted(case_id for case_id, case in after.items() if expected_route(case, now))
        if matched != expected:
            yield f"MISCOUNTED: the last run matched {matched}, expected {expected}"

    # -- cases --------------------------------------------------------------------------------------------------

    def case(
        self, case_id: str, case: Case, notes: Sequence[Note], after: dict[str, Case], now: datetime
    ) -> Iterator[str]:
        mine = [note for note in notes if note.case_id == case_id]
        acts = [act for act in self.acts_on(case_id) if act.act not in ("comment", "lock", "unlock")]
        if not mine:
            inherited = [note for note in notes if case_id in masters(note.case_id, after)]
            if expected_route(case, now) and not inherited and not self.is_locked(case_id):
                yield f"LOST: {case_id} {case['Subject']!r} was never escalated"
            if not acts:
                yield from differences(case_id, case, self.before[case_id], {})
            return
        before = self.before[case_id]
        subjects = {**before, "IsDeleted": False}, *({**before, **act.fields} for act in acts if act.fields)
        routes = {expected_route({**one, "IsClosed": False}, now) for one in subjects}
        if before["IsClosed"] and not any("Status" in act.fields for act in acts):
            routes = set()
        if unexpected := {note.route for note in mine} - routes:
            yield f"WRONG ROUTE: {case_id} {case['Subject']!r} was escalated by {unexpected}"
        touched = {name for act in acts for name in act.fields}
        touched |= {"Status"} if any(act.act in ("close", "merge", "delete") for act in acts) else set()
        yield from differences(
            case_id, case, before, dict.fromkeys(touched) | self.expected_values(before, mine, touched)
        )

    def expected_values(self, before: Case, mine: Sequence[Note], touched: set[str]) -> dict[str, str | None]:
        priority = before["Priority"]
        if any(note.route == "urgent" for note in mine) and RANKS.index(priority) < RANKS.index("High"):
            priority = "High"
        values = {"OwnerId": self.leads, "Status": "Escalated", "Priority": priority}
        return {name: value for name, value in values.items() if name not in touched}

    def acts_on(self, case_id: str) -> list[AgentAct]:
        return [act for act in self.acts if case_id in (act.case_id, act.into)]

    def is_locked(self, case_id: str) -> bool:
        locks = [act.act for act in self.acts_on(case_id) if act.act in ("lock", "unlock")]
        return bool(locks) and locks[-1] == "lock"

    def merges(self) -> list[tuple[str, str, int]]:
        return [(act.case_id, act.into, act.request) for act in self.acts if act.act == "merge"]


def masters(case_id: str, after: dict[str, Case]) -> list[str]:
    found = []
    while case_id := after[case_id]["MasterRecordId"] or "":
        found.append(case_id)
    return found


def differences(case_id: str, case: Case, before: Case, expected: dict[str, str | None]) -> Iterator[str]:
    """The fields with unexpected values; None allows any value, other fields must be as before."""
    for name in MOVES:
        value = expected.get(name, before[name])
        if value is not None and case[name] != value:
            yield f"MISPLACED: {case_id} {case['Subject']!r}: {name} is {case[name]!r}, expected {value!r}"


def grouped(violations: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for each in violations:
        found[each.partition(":")[0]].append(each)
    return dict(found)
