"""The judge of storms with ladders: the notes in the org's log, and the rows of the ledger that ran to the end.

No rung twice, none before its time, none lost: in the ledger of the last runs each turn of each rung of an open
escalation was climbed or skipped, unless somebody acted, or the rung came later than the escalation and stands aside.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sfdc_escalator.escalation.world.history import Escalation, EscalationState, History
from tests.chaos.judge import Judge
from tests.chaos.ladder_policy import DELAYS, FORMER, TURNS, UNTIL_ACKNOWLEDGED
from tests.chaos.org_reader import Note, moment, notes_in
from tests.chaos.runner import Ended

SETTLED = (EscalationState.APPLIED, EscalationState.SKIPPED)


@dataclass(slots=True)
class LadderJudge(Judge):
    """`history` is that of the ledger of the last runs; `rungs` are the rungs of the policy at the end, by route."""

    history: History
    rungs: dict[str, frozenset[str]]

    def violations(self) -> list[str]:
        log, after = self.reader.log(), self.reader.cases()
        notes, at = notes_in(log), {entry["n"]: moment(entry["at"]) for entry in log}
        return [
            *self.twice(notes),
            *self.early(notes, at),
            *self.written(log, notes),
            *(violation for run in self.runs for violation in self.reports(run, notes)),
            *self.last_run(),
            *(violation for one in self.history.starts() for violation in self.lost(one, after)),
        ]

    def twice(self, notes: Sequence[Note]) -> Iterator[str]:
        for key, times in Counter(note.key for note in notes).items():
            if times > 1:
                yield f"DOUBLED: the key {key} was written {times} times: {[n for n in notes if n.key == key]}"
        facts = Counter(
            (note.case_id, note.route, FORMER.get(note.rung, note.rung), note.episode, note.turn) for note in notes
        )
        for fact, times in facts.items():
            if times > 1:
                yield f"DOUBLED: {times} notes for {fact}"

    def early(self, notes: Sequence[Note], at: dict[int, Any]) -> Iterator[str]:
        starts = {(note.case_id, note.route, note.episode): at[note.request] for note in notes if note.rung == "start"}
        for note in notes:
            name, start = FORMER.get(note.rung, note.rung), starts.get((note.case_id, note.route, note.episode))
            if name != "start" and start:
                delay = timedelta(minutes=DELAYS[name] + 60 * (note.turn - 1), seconds=-90)
                if at[note.request] < start + delay:
                    yield f"TOO EARLY: {note}, {at[note.request] - start} after its start"

    def counts(self, run: Ended, report: dict[str, Any], wrote: set[str]) -> Iterator[str]:
        """Rungs that write nothing are applied without a note."""
        silent = {one["key"] for one in report["escalations"] if one["rung"] != "start"}
        for violation in Judge.counts(self, run, report, wrote | silent):
            if not violation.startswith("NOT REPORTED"):
                yield violation
        known = {one["key"] for one in report["escalations"] if one["state"] in ("applied", "unknown")}
        if wrote - known:
            yield f"NOT REPORTED: run {run.command.run} wrote {wrote - known} and did not report it"

    def last_run(self) -> Iterator[str]:
        report = self.final.report or {}
        left = [one for one in report.get("escalations", ()) if one["state"] not in ("applied", "already")]
        locked = {one["case_id"] for one in left if self.is_locked(one["case_id"]) and one["state"] == "rejected"}
        if [one for one in left if one["case_id"] not in locked]:
            yield f"NOT SETTLED: {[(one['case_id'], one['rung'], one['state'], one['reason']) for one in left]}"
        if self.final.code != (3 if left else 0):
            yield f"NOT CLEAN: the last run ended with {self.final.code}: {report.get('error', '')} {self.final.stderr}"

    def lost(self, start: Escalation, after: dict[str, Any]) -> Iterator[str]:
        """The turns of an open escalation that neither happened nor need to."""
        if start.state is not EscalationState.APPLIED or after[start.case_id]["IsClosed"]:
            return
        standing = self.history.standings.get(start.key)
        if standing is None:
            yield f"WITHOUT A STANDING: {start.key} on {start.case_id}"
            return
        at, now = standing[0].at, moment((self.final.report or {}).get("now", "2026-03-02T15:00:00Z"))
        if at and at > now:
            return  # it began late, and goes on
        aside = {FORMER.get(one, one) for one in standing[0].aside}
        is_acknowledged = bool(start.ladder and start.ladder.acknowledged)
        turns = self.history.rungs_of(start, {start.route})
        done = {(FORMER.get(one.rung, one.rung), one.turn): one.state for one in turns}
        for rung in self.rungs.get(start.route, frozenset()) - aside:
            if is_acknowledged and rung in UNTIL_ACKNOWLEDGED:
                continue
            for turn in range(1, TURNS.get(rung, 1) + 1):
                state = done.get((rung, turn))
                if state not in SETTLED and not (state is EscalationState.REJECTED and self.is_locked(start.case_id)):
                    yield f"LOST: {rung}/{turn} of {start.key} on {start.case_id} is {state}: {standing[0]}"
