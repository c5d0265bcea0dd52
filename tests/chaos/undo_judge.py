"""The judge of storms with undos, from the org's log, the acts of people and the reports alone.

No field of somebody else's is ever overwritten, and each that goes back gets a value from before our own writes; no
case is put back without its correcting note; none is put back twice; nothing climbs, and nothing begins again in the
same episode, after an undo; the same command finishes what was left; reports say what was written.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from tests.chaos.judge import Judge
from tests.chaos.org_reader import MOVES, Note, notes_in, run_of
from tests.chaos.runner import Ended
from tests.chaos.scenario import Event

ENDS = ("applied", "already", "closed", "gone")


class Written(NamedTuple):
    """A value that a field got: by the program, or by somebody else."""

    by_us: bool
    before: str | None
    after: str | None


@dataclass
class UndoJudge(Judge):
    """`again` are the last undos, by what was typed: the same command as before, with no disturbance."""

    again: Sequence[tuple[str, Ended]]
    diary: Sequence[Event]
    tally: Counter[str] = field(default_factory=Counter)

    def violations(self) -> list[str]:
        return [
            *self.doubled(self.notes),
            *self.written(self.log, self.notes),
            *(violation for run in self.runs for violation in self.reports(run, self.notes)),
            *self.undo_reports(),
            *self.fields(),
            *self.goes_on(),
            *self.finished(),
        ]

    @cached_property
    def log(self) -> list[dict[str, Any]]:
        return self.reader.log()

    @cached_property
    def notes(self) -> list[Note]:
        return notes_in(self.log)

    @cached_property
    def undos(self) -> list[Note]:
        return [note for note in self.notes if note.rung == "undo"]

    def max_notes(self, case_id: str) -> int:
        """Rungs and undos write notes of their own; keys and facts are counted."""
        return len(self.notes)

    def merges(self) -> list[tuple[str, str, int]]:
        return []

    def counts(self, run: Ended, report: dict[str, Any], wrote: set[str]) -> Iterator[str]:
        """A rung that only notifies is applied without a note."""
        silent = {one["key"] for one in report["escalations"] if one["rung"] != "start"}
        for violation in Judge.counts(self, run, report, wrote | silent):
            if not violation.startswith("NOT REPORTED"):
                yield violation
        known = {one["key"] for one in report["escalations"] if one["state"] in ("applied", "unknown")}
        if wrote - known:
            yield f"NOT REPORTED: run {run.command.run} wrote {wrote - known}"

    # -- fields -------------------------------------------------------------------------------------------------

    def fields(self) -> Iterator[str]:
        """Every value that a field ever got, in order; each that an undo writes follows from those before."""
        history: dict[tuple[str, str], list[Written]] = {}
        now = {(case_id, name): case[name] for case_id, case in self.before.items() for name in MOVES}
        acts = sorted(self.edits(), key=lambda one: one[0])
        for entry in self.log:
            while acts and acts[0][0] < entry["n"]:
                _, case_id, name, value = acts.pop(0)
                self.take(history, now, (case_id, name), value, by_us=False)
            undone = {note.case_id for note in self.undos if note.request == entry["n"]}
            for row in entry["written"]:
                if row["object"] != "Case" or row["op"] != "update":
                    continue
                for name, value in row["fields"].items():
                    place = row["id"], name
                    if row["id"] in undone:
                        yield from self.put_back(place, history.get(place, []), value, entry)
                    self.take(history, now, place, value, by_us=True)

    def put_back(
        self, place: tuple[str, str], known: Sequence[Written], value: str | None, entry: dict[str, Any]
    ) -> Iterator[str]:
        self.tally["fields put back"] += 1
        if not known or not known[-1].by_us:
            yield f"OVERWROTE: run {run_of(entry)} wrote {place} = {value!r} over somebody else's {known[-1:]}"
            return
        ours = []
        for one in reversed(known):
            if not one.by_us:
                break
            ours.append(one.before)
        if value not in ours:
            yield f"WRONG VALUE: run {run_of(entry)} put {value!r} back into {place}, expected one of {ours}"

    def take(
        self,
        history: dict[tuple[str, str], list[Written]],
        now: dict[tuple[str, str], Any],
        place: tuple[str, str],
        value: Any,
        *,
        by_us: bool,
    ) -> None:
        if now[place] != value:
            history.setdefault(place, []).append(Written(by_us, now[place], value))
            now[place] = value

    def edits(self) -> Iterator[tuple[int, str, str, str]]:
        """The values that people gave, each with the number of requests before it."""
        queues = {row["DeveloperName"]: row["Id"] for row in self.reader.records("SELECT Id, DeveloperName FROM Group")}
        for act in self.acts:
            if act.act == "close":
                yield act.request, act.case_id, "Status", "Closed"
            for name in MOVES & act.fields.keys():
                yield act.request, act.case_id, name, queues.get(act.fields[name], act.fields[name])

    # -- after an undo ------------------------------------------------------------------------------------------

    def goes_on(self) -> Iterator[str]:
        """What must not come after the undo of a whole escalation, and undos of what was never written."""
        for undo in self.undos:
            about = undo.case_id, undo.route
            same = [note for note in self.notes if (note.case_id, note.route) == about and note.rung != "undo"]
            starts = [note for note in same if note.rung == "start" and note.episode == undo.episode]
            if not [note for note in starts if note.request < undo.request]:
                yield f"UNDONE WITHOUT A START: {undo}"
            if undo.turn != 1:
                self.tally["rungs undone"] += 1
                continue
            self.tally["starts undone"] += 1
            for note in same:
                if self.is_of_a_merged_case(note):
                    continue
                if note.request > undo.request and note.episode <= undo.episode:
                    yield f"WENT ON: {note} after {undo}"
                elif note.request > undo.request and not self.was_closed(undo, note):
                    yield f"BEGAN AGAIN: {note} after {undo}, and the case was not closed in between"

    def is_of_a_merged_case(self, note: Note) -> bool:
        """True for what may be a rung of an escalation that a merge brought to the case: that one is not undone."""
        brought = (act for act in self.acts if act.act == "merge" and act.into == note.case_id)
        return note.rung != "start" and any(act.request < note.request for act in brought)

    def was_closed(self, undo: Note, note: Note) -> bool:
        """True where the case was closed before the new start; also before the undo, if no run saw that it was open."""
        return any(act.act in ("close", "merge") and act.request < note.request for act in self.acts_on(undo.case_id))

    # -- reports ------------------------------------------------------------------------------------------------

    def undo_reports(self) -> Iterator[str]:
        for run in self.runs:
            words, report = run.command.arguments, run.report
            if words[0] != "undo" or run.code is None:
                continue
            wrote = {note.key for note in self.notes if note.run == run.command.run}
            if "--yes" not in words and wrote:
                yield f"WROTE WITHOUT YES: run {run.command.run}: {wrote}"
            if run.code not in (0, 2, 3, 5) or "Traceback" in run.stderr or report is None:
                yield f"UNEXPECTED ERROR: undo {run.command.run}: exit {run.code} {report or ''} {run.stderr}"
            elif "escalations" in report:
                yield from self.undo_counts(run, report, wrote)

    def undo_counts(self, run: Ended, report: dict[str, Any], wrote: set[str]) -> Iterator[str]:
        by_state = {
            state: {one["key"] for one in report["escalations"] if one["state"] == state}
            for state in ("applied", "unknown", "rejected", "deferred")
        }
        if by_state["applied"] - wrote:
            yield f"NOT WRITTEN: undo {run.command.run} reports {by_state['applied'] - wrote}"
        if wrote - by_state["applied"] - by_state["unknown"]:
            yield f"NOT REPORTED: undo {run.command.run} wrote {wrote - by_state['applied']}"
        left = by_state["unknown"] | by_state["rejected"] | by_state["deferred"]
        if run.code == 0 and left:
            yield f"SILENT FAILURE: undo {run.command.run} ended with 0 and left {left}"
        self.tally["fields touched"] += report.get("touched", 0)

    def finished(self) -> Iterator[str]:
        """The same command, once all is quiet, finishes the undo; a ledger that was lost may not know it any more."""
        forgot = any(event.kind in ("lost", "restored") for event in self.diary)
        for name, run in self.again:
            report = run.report or {}
            left = [one for one in report.get("escalations", ()) if one["state"] not in ENDS]
            locked = [one for one in left if self.is_locked(one["case_id"]) and one["state"] == "rejected"]
            if run.code not in (0, 2 if forgot else 0) and (run.code != 3 or len(left) > len(locked) or not left):
                yield f"NOT FINISHED: undo {name}: exit {run.code} {report.get('error', '')} {left} {run.stderr}"
            written = {note.key for note in self.notes if note.run <= run.command.run}
            for one in report.get("escalations", ()):
                never_written = one["state"] == "already" and one["undoes"] not in written
                if one["state"] in ("applied", "already") and one["key"] not in written and not never_written:
                    yield f"UNDONE WITHOUT A NOTE: {one}"
        if (self.final.report or {}).get("unknown"):
            yield f"NOT SETTLED: {self.final.report}"
