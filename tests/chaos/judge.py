"""The judge: says what went wrong, from the org's own testimony and what the runs said of themselves.

Its statement of the policy is its own and simple: an open case whose subject starts with "urgent", else one that is two
days old, gets one internal note with its key on the last line, goes to the queue of the leads, becomes Escalated, and,
when urgent, at least High. What agents did excuses this much and no more:

- a case that nobody touched (comments do not count) has exactly what the policy says;
- a case that was closed, deleted, merged away or talked calm may have been escalated before, or not;
- a field that an agent edited, and the status of a case that was closed, may hold what the agent wrote;
- a case that was opened again may be escalated once more, one that was old and became urgent as well;
- a case that an approval still locks in the end need not be escalated, but then a run says that it was rejected;
- a note counts for the case that its case was merged into, and that one is not escalated anew for the same route.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.chaos.scene import Deed
from tests.chaos.stage import Ended
from tests.chaos.testimony import MOVES, Note, Witness, keyed, moment, notes_in, run_of

RANKS = ("Low", "Medium", "High", "Critical")
STATES = ("planned", "applied", "already", "held", "withheld", "rejected", "deferred", "unknown")
Case = dict[str, Any]


def wanted(case: Case, now: datetime) -> str | None:
    """The route that a case as it stands should go by."""
    if case["IsClosed"] or case["IsDeleted"]:
        return None
    if (case["Subject"] or "").lower().startswith("urgent"):
        return "urgent"
    return "old" if moment(case["CreatedDate"]) <= now - timedelta(days=2) else None


@dataclass(slots=True)
class Judge:
    """`before` are the cases at the start, `leads` the id of the queue, `final` the clean run that ends the story."""

    witness: Witness
    before: dict[str, Case]
    leads: str
    deeds: Sequence[Deed]
    runs: Sequence[Ended]
    final: Ended

    def violations(self) -> list[str]:
        log, after = self.witness.log(), self.witness.cases()
        notes = notes_in(log)
        now = moment((self.final.report or {}).get("now", "2026-03-02T15:00:00Z"))
        return [
            *self.doubled(notes),
            *self.written(log, notes),
            *(wrong for run in self.runs for wrong in self.account(run, log, notes)),
            *self.the_end(after, now),
            *(wrong for case_id, case in after.items() for wrong in self.case(case_id, case, notes, after, now)),
        ]

    # -- what was written ---------------------------------------------------------------------------------------

    def doubled(self, notes: Sequence[Note]) -> Iterator[str]:
        for key, times in Counter(note.key for note in notes).items():
            if times > 1:
                yield f"DOUBLED: the key {key} was written {times} times: {[n for n in notes if n.key == key]}"
        for facts, times in Counter(note.facts for note in notes).items():
            if times > 1:
                yield f"DOUBLED: {times} notes for {facts}"
        for case_id, times in Counter(note.case_id for note in notes).items():
            if times > self.most_notes(case_id):
                mine = [note for note in notes if note.case_id == case_id]
                yield f"DOUBLED: {times} notes on {case_id}, at most {self.most_notes(case_id)}: {mine}"
        for loser, master, request in self.merges():
            moved = {note.route for note in notes if note.case_id == loser and note.request <= request}
            for note in notes:
                if note.case_id == master and note.request > request and note.route in moved:
                    yield f"DOUBLED: {master} was escalated anew by {note.route}, after {loser} merged into it"

    def most_notes(self, case_id: str) -> int:
        opened = sum(deed.act == "edit" and "Status" in deed.fields for deed in self.done_to(case_id))
        was_old = moment(self.before[case_id]["CreatedDate"]) < moment("2026-03-01T00:00:00Z")
        urgent = any(str(deed.fields.get("Subject", "")).startswith("urgent") for deed in self.done_to(case_id))
        closed = any(deed.act == "close" for deed in self.done_to(case_id))
        return 1 + (opened if closed else 0) + (was_old and urgent)

    def written(self, log: Sequence[dict[str, Any]], notes: Sequence[Note]) -> Iterator[str]:
        """Nothing but notes and the moves after them; nothing at all by rehearsals."""
        rehearsals = {run.order.run for run in self.runs if "--dry-run" in run.order.words}
        for entry in log:
            noted: set[str] = set()
            for row in entry["written"]:
                if run_of(entry) in rehearsals:
                    yield f"WROTE IN A DRY RUN: run {run_of(entry)}: {row}"
                if (row["object"], row["op"]) == ("CaseComment", "insert"):
                    noted.add(row["fields"]["ParentId"])
                    if not keyed(row["fields"]["CommentBody"]) or row["fields"].get("IsPublished") is not False:
                        yield f"STRANGE NOTE: {row}"
                elif (row["object"], row["op"]) == ("Case", "update") and set(row["fields"]) <= MOVES:
                    if row["id"] not in noted:
                        yield f"MOVED WITHOUT A NOTE: run {run_of(entry)}, request {entry['n']}: {row}"
                elif (row["object"], row["op"]) != ("Escalation_Key__c", "insert"):
                    yield f"STRANGE WRITE: run {run_of(entry)}: {row}"
        kept = {line[1] for row in self.witness.records("SELECT CommentBody FROM CaseComment")
                if (line := keyed(row["CommentBody"] or ""))}  # fmt: skip
        if kept != {note.key for note in notes}:
            yield f"LOG AND RECORDS DIFFER: {kept ^ {note.key for note in notes}}"

    # -- what the runs said -------------------------------------------------------------------------------------

    def account(self, run: Ended, log: Sequence[dict[str, Any]], notes: Sequence[Note]) -> Iterator[str]:
        name, report = run.order.run, run.report
        if run.code is None or run.order.words[0] != "run":
            return
        wrote = {note.key for note in notes if note.run == name}
        if run.code not in (0, 2, 3, 4, 5) or "Traceback" in run.words:
            yield f"UNEXPECTED ERROR: run {name}: exit {run.code} {report or ''} {run.words}"
        if report is None:
            yield f"NO REPORT: run {name}: exit {run.code}"
        elif "error" in report:
            if run.code == 0:
                yield f"QUIET: run {name} failed with exit 0: {report}"
        elif "busy" in report:
            if wrote or any(report[state] for state in STATES):
                yield f"MISCOUNTED: run {name} was busy, and did something"
        else:
            yield from self.counts(run, report, wrote)

    def counts(self, run: Ended, report: dict[str, Any], wrote: set[str]) -> Iterator[str]:
        name, entries = run.order.run, report["escalations"]
        told = Counter(entry["state"] for entry in entries)
        if report["matched"] != len(entries) or any(report[state] != told[state] for state in STATES):
            yield f"MISCOUNTED: run {name}: {report['matched']} matched, {dict(told)}"
        applied, unknown = ({e["key"] for e in entries if e["state"] == state} for state in ("applied", "unknown"))
        if applied - wrote:
            yield f"NOT WRITTEN: run {name} says applied, the org does not know: {applied - wrote}"
        if wrote - applied - unknown:
            yield f"NOT TOLD: run {name} wrote {wrote - applied - unknown} and did not say so"
        if run.code == 0 and (told["unknown"] or told["rejected"] or told["held"]):
            yield f"QUIET: run {name} ended with 0: {dict(told)}"

    def the_end(self, after: dict[str, Case], now: datetime) -> Iterator[str]:
        """The clean run leaves nothing open, and counts as we do."""
        report = self.final.report or {}
        locked = {case_id for case_id in after if self.is_locked(case_id)}
        left = [one for one in report.get("escalations", ()) if one["state"] not in ("applied", "already")]
        if [one for one in left if one["case_id"] not in locked or one["state"] != "rejected"]:
            yield f"NOT SETTLED: {[(one['case_id'], one['state'], one['reason']) for one in left]}"
        if self.final.code != (3 if left else 0):
            error = report.get("error", "")
            yield f"NOT CLEAN: the last run ended with {self.final.code}: {error} {self.final.words}"
        told = sorted(one["case_id"] for one in report.get("escalations", ()))
        ours = sorted(case_id for case_id, case in after.items() if wanted(case, now))
        if told != ours:
            yield f"MISCOUNTED: the last run matched {told}, there are {ours}"

    # -- what became of a case ----------------------------------------------------------------------------------

    def case(
        self, case_id: str, case: Case, notes: Sequence[Note], after: dict[str, Case], now: datetime
    ) -> Iterator[str]:
        mine = [note for note in notes if note.case_id == case_id]
        deeds = [deed for deed in self.done_to(case_id) if deed.act not in ("comment", "lock", "unlock")]
        if not mine:
            inherited = [note for note in notes if case_id in masters(note.case_id, after)]
            if wanted(case, now) and not inherited and not self.is_locked(case_id):
                yield f"LOST: {case_id} {case['Subject']!r} was never escalated"
            if not deeds:
                yield from differences(case_id, case, self.before[case_id], {})
            return
        before = self.before[case_id]
        subjects = {**before, "IsDeleted": False}, *({**before, **deed.fields} for deed in deeds if deed.fields)
        routes = {wanted({**one, "IsClosed": False}, now) for one in subjects}
        if before["IsClosed"] and not any("Status" in deed.fields for deed in deeds):
            routes = set()
        if strange := {note.route for note in mine} - routes:
            yield f"WRONG ROUTE: {case_id} {case['Subject']!r} went by {strange}"
        touched = {name for deed in deeds for name in deed.fields}
        touched |= {"Status"} if any(deed.act in ("close", "merge", "delete") for deed in deeds) else set()
        yield from differences(case_id, case, before, dict.fromkeys(touched) | self.ours(before, mine, touched))

    def ours(self, before: Case, mine: Sequence[Note], touched: set[str]) -> dict[str, str | None]:
        priority = before["Priority"]
        if any(note.route == "urgent" for note in mine) and RANKS.index(priority) < RANKS.index("High"):
            priority = "High"
        values = {"OwnerId": self.leads, "Status": "Escalated", "Priority": priority}
        return {name: value for name, value in values.items() if name not in touched}

    def done_to(self, case_id: str) -> list[Deed]:
        return [deed for deed in self.deeds if case_id in (deed.case_id, deed.into)]

    def is_locked(self, case_id: str) -> bool:
        acts = [deed.act for deed in self.done_to(case_id) if deed.act in ("lock", "unlock")]
        return bool(acts) and acts[-1] == "lock"

    def merges(self) -> list[tuple[str, str, int]]:
        return [(deed.case_id, deed.into, deed.request) for deed in self.deeds if deed.act == "merge"]


def masters(case_id: str, after: dict[str, Case]) -> list[str]:
    found = []
    while case_id := after[case_id]["MasterRecordId"] or "":
        found.append(case_id)
    return found


def differences(case_id: str, case: Case, before: Case, expected: dict[str, str | None]) -> Iterator[str]:
    """Fields that are not as expected; None excuses any value, a field not named stands as before."""
    for name in MOVES:
        value = expected.get(name, before[name])
        if value is not None and case[name] != value:
            yield f"MISPLACED: {case_id} {case['Subject']!r}: {name} is {case[name]!r}, expected {value!r}"


def grouped(violations: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for each in violations:
        found[each.partition(":")[0]].append(each)
    return dict(found)
