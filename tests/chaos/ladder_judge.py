"""The judge of storms with ladders: the notes in the org's log, what people did, and what each ledger could know.

It has its own reading of the policies (`ladder_policy`), its own clock and its own memory (`ladder_memory`). No rung
twice, none before its time, none on a held, closed or acknowledged case, none that came into the policy later, two
never in one run, none lost: in the end each turn of each rung of an open escalation was climbed, or was skipped for a
reason that the judge finds too. Of a ledger it reads the states of turns, because only the ledger knows of a rung that
writes nothing, and of one that is skipped.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.chaos.judge import RANKS, Judge, expected_route, masters
from tests.chaos.ladder_climbs import ClimbJudge
from tests.chaos.ladder_facts import MARGIN
from tests.chaos.ladder_policy import OwnRoute, OwnRung, first_name, routes_of
from tests.chaos.org_reader import Note, moment
from tests.chaos.runner import Ended

Turn = tuple[str, int]
"""The first name of a rung, and a turn of it."""


class LadderJudge(ClimbJudge):
    """The whole judge. Its `tally` counts the turns that had to come."""

    def violations(self) -> list[str]:
        self.after = self.reader.cases()
        runs = [run for run in self.runs if run.command.arguments[0] == "run"]
        return [
            *self.twice(),
            *(violation for note in self.notes for violation in self.climbed(note)),
            *(violation for run in runs for violation in self.silent(run)),
            *self.written(self.log, self.notes),
            *(violation for run in self.runs for violation in self.reports(run, self.notes)),
            *self.last_run(),
            *self.never_escalated(),
            *(violation for start in self.starts for violation in self.lost(start)),
            *(violation for case_id in self.after for violation in self.misplaced(case_id)),
        ]

    # -- reports ------------------------------------------------------------------------------------------------

    def counts(self, run: Ended, report: dict[str, Any], wrote: set[str]) -> Iterator[str]:
        """Rungs that write nothing are applied without a note; a hold of people is no failure."""
        silent = {one["key"] for one in report["escalations"] if one["rung"] != "start"}
        incomplete = any(one["state"] == "held" and one["held_by"] == "note" for one in report["escalations"])
        for violation in Judge.counts(self, run, report, wrote | silent):
            is_hold = violation.startswith("SILENT FAILURE") and not (
                report["unknown"] or report["rejected"] or incomplete
            )
            if not violation.startswith("NOT REPORTED") and not is_hold:
                yield violation
        known = {one["key"] for one in report["escalations"] if one["state"] in ("applied", "unknown")}
        if wrote - known:
            yield f"NOT REPORTED: run {run.command.run} wrote {wrote - known} and did not report it"

    def last_run(self) -> Iterator[str]:
        report = self.final.report or {}
        left = [
            one
            for one in report.get("escalations", ())
            if one["state"] not in ("applied", "already") and not self.rightly_held(one)
        ]
        locked = {one["case_id"] for one in left if self.is_locked(one["case_id"]) and one["state"] == "rejected"}
        if [one for one in left if one["case_id"] not in locked]:
            yield f"NOT SETTLED: {[(one['case_id'], one['rung'], one['state'], one['reason']) for one in left]}"
        if self.final.code != (3 if left else 0):
            yield f"NOT CLEAN: the last run ended with {self.final.code}: {report.get('error', '')} {self.final.stderr}"

    def rightly_held(self, entry: Mapping[str, Any]) -> bool:
        return entry["state"] == "held" and self.may_be_held(entry["case_id"], entry["route"])

    # -- what is missing ----------------------------------------------------------------------------------------

    def never_escalated(self) -> Iterator[str]:
        now = moment((self.final.report or {}).get("now", "2026-03-02T15:00:00Z"))
        for case_id, case in self.after.items():
            route = expected_route(case, now)
            if not route or self.is_locked(case_id) or self.may_be_held(case_id, route):
                continue
            if not [one for one in self.notes if case_id in (one.case_id, *masters(one.case_id, self.after))]:
                yield f"LOST: {case_id} {case['Subject']!r} was never escalated"

    def lost(self, start: Note) -> Iterator[str]:
        """The turns of an open escalation that neither happened nor need to."""
        route = routes_of(self.replay.policy).get(start.route)
        if not route or not self.goes_on(start):
            return
        done = {
            (first_name(one.rung), one.turn)
            for one in self.notes
            if (one.case_id, one.route, one.episode) == (start.case_id, start.route, start.episode)
        }
        states = {
            (first_name(one.rung), one.turn): one.state
            for one in self.rows
            if (one.case_id, one.route, one.episode) == (start.case_id, start.route, start.episode)
        }
        for name, rung in route.rungs.items():
            for turn in range(1, rung.turns + 1):
                if not self.takes_part(start, name, rung):
                    continue
                self.tally["turns that had to come"] += 1
                if not self.accounted(start, route, (name, turn), done, states):
                    yield f"LOST: {name}/{turn} of {start} is {states.get((name, turn))}: {sorted(done)}"

    def goes_on(self, start: Note) -> bool:
        """True for an escalation that the last ledger surely knows as open, on its own case, to its end."""
        case_id, case = start.case_id, self.after[start.case_id]
        if case["IsClosed"] or case["IsDeleted"] or start.key not in self.memory.starts:
            return False
        ended = self.acted(case_id, "close", "delete", "merge", after=start.request, before=1 << 60)
        newer = start.route == "old" and any(
            one.rung == "start" and one.route == "urgent" and one.case_id == case_id for one in self.notes
        )
        merged = any(case_id in (loser, master) for loser, master, _ in self.merges())
        return not (ended or newer or merged or self.is_locked(case_id) or self.may_be_held(case_id, start.route))

    def takes_part(self, start: Note, name: str, rung: OwnRung) -> bool:
        """True where the rung was surely there when the escalation started, and nobody can have acted."""
        seen, since = self.memory.seen.get((start.route, name)), self.at[start.request]
        if seen is None or seen.latest is None or since.replace(microsecond=0) < seen.latest:
            return False
        return not (rung.until_acknowledged and self.comments(start.case_id, start.request, 1 << 60))

    def accounted(self, start: Note, route: OwnRoute, turn: Turn, done: set[Turn], states: Mapping[Turn, str]) -> bool:
        """True for a turn that was climbed, or skipped for a reason."""
        name, number = turn
        rung = route.rungs[name]
        if turn in done or (not rung.noted and states.get(turn) == "applied"):
            return not (rung.raises and self.is_lower(start.case_id, rung.raises))
        if states.get(turn) != "skipped":
            return False
        climbed = {one for one in done if one[0] == name} | {one for one in states if states[one] == "applied"}
        if any(one == name and later > number for one, later in climbed):
            return True  # of turns missed, the latest is carried out
        if rung.before_due:
            return not self.could_climb(start, rung)
        every = (routes_of(policy).get(start.route) for policy in {*self.replay.policies.values()})
        written = [one.rungs for one in every if one]  # a rung above may be removed since
        above = {one for rungs in written for one in rungs if rungs[one].minutes > rung.minutes}
        return route.highest_only and bool(above & {one for one, _ in done | climbed})

    def could_climb(self, start: Note, rung: OwnRung) -> bool:
        """True where a run had the time and no other step for a rung that must come before the due time."""
        begin = self.due_by(start) + timedelta(minutes=rung.minutes)
        end = self.began(start).at + timedelta(minutes=self.route(start).due) - MARGIN
        return any(self.was_idle(run, start, begin, end) for run in self.runs)

    def was_idle(self, run: Ended, start: Note, begin: datetime, end: datetime) -> bool:
        """True for a complete run between these times that carried out no rung of this escalation."""
        words, began = run.command.arguments, self.replay.began[run.command.run]
        if run.code != 0 or words[0] != "run" or {"--limit", "--dry-run"} & set(words) or began.ledger != self.ledger:
            return False
        report, known = run.report or {}, self.replay.at_begin[run.command.run].starts
        if "escalations" not in report or "busy" in report or start.key not in known:
            return False
        rungs = [one for one in report["escalations"] if one["rung"] != "start"]
        busy = any(one["case_id"] == start.case_id for one in rungs)
        return not busy and began.at > begin and moment(report["now"]) < end

    # -- cases --------------------------------------------------------------------------------------------------

    def is_lower(self, case_id: str, priority: str) -> bool:
        """True where the priority is lower though nobody set it."""
        edited = any("Priority" in act.fields for act in self.acts_on(case_id))
        return not edited and RANKS.index(self.after[case_id]["Priority"]) < RANKS.index(priority)

    def misplaced(self, case_id: str) -> Iterator[str]:
        """The fields of a case that are not as its notes say, where nobody else set them."""
        acts, case, before = self.acts_on(case_id), self.after[case_id], self.before[case_id]
        if any(act.act in ("merge", "delete", "close") for act in acts):
            return
        mine = [note for note in self.notes if note.case_id == case_id]
        expected = {"OwnerId": before["OwnerId"], "Status": before["Status"], "Priority": before["Priority"]}
        if mine:
            expected |= {"OwnerId": self.leads, "Status": "Escalated"}
        raised = [rung.raises for note in mine if note.rung != "start" and (rung := self.rung(note)).raises]
        expected["Priority"] = max(expected["Priority"], *raised, key=RANKS.index) if raised else expected["Priority"]
        for name, value in expected.items():
            if not any(name in act.fields for act in acts) and case[name] != value:
                yield f"MISPLACED: {case_id} {case['Subject']!r}: {name} is {case[name]!r}, expected {value!r}"
