"""The judge of storms with ladders: the notes in the org's log, what people did, and what each ledger could know.

It has its own reading of the policies (`ladder_policy`), its own clock and its own memory (`ladder_memory`). No rung
twice, none before its time, none on a held, closed or acknowledged case, none that came into the policy later, two
never in one run, none lost: in the end each turn of each rung of an open escalation was climbed, or was skipped for a
reason that the judge finds too. Of a ledger it reads the states of turns, because only the ledger knows of a rung that
writes nothing, and of one that is skipped.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from tests.chaos.judge import RANKS, Case, Judge, expected_route, masters
from tests.chaos.ladder_memory import Memory, Replay, held_for, hold_at
from tests.chaos.ladder_policy import WAITING, OwnRoute, OwnRung, first_name, routes_of
from tests.chaos.org_reader import Note, moment, notes_in
from tests.chaos.runner import Ended
from tests.chaos.scenario import AgentAct, Event

MARGIN = timedelta(seconds=2)
"""The org's clock runs on while a command is at work."""

Turn = tuple[str, int]
"""The first name of a rung, and a turn of it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A turn of a rung as a ledger has it."""

    case_id: str
    route: str
    rung: str
    episode: int
    turn: int
    state: str


@dataclass
class LadderJudge(Judge):
    """`ledger` is the number of the ledger of the last runs, `rows` are its turns of rungs. `diary` tells what
    happened, `kept` are the cases that are still held in the end."""

    diary: Sequence[Event]
    ledger: int
    rows: Sequence[Row]
    after: dict[str, Case] = field(default_factory=dict)

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

    # -- what happened ------------------------------------------------------------------------------------------

    @cached_property
    def log(self) -> list[dict[str, Any]]:
        return self.reader.log()

    @cached_property
    def notes(self) -> list[Note]:
        return notes_in(self.log)

    @cached_property
    def at(self) -> dict[int, datetime]:
        return {entry["n"]: moment(entry["at"]) for entry in self.log}

    @cached_property
    def replay(self) -> Replay:
        numbers = {case["CaseNumber"]: case_id for case_id, case in self.before.items()}
        return Replay(self.notes, numbers, self.waits).play(self.diary)

    @property
    def memory(self) -> Memory:
        return self.replay.memories[self.ledger]

    @property
    def now(self) -> datetime:
        return self.diary[-1].at

    @cached_property
    def starts(self) -> list[Note]:
        """The newest start of each case and route."""
        found = {(note.case_id, note.route): note for note in self.notes if note.rung == "start"}
        return list(found.values())

    @cached_property
    def turned_down(self) -> set[str]:
        """The keys of what the org rejected in some run: each is tried again."""
        entries = (one for run in self.runs for one in (run.report or {}).get("escalations", ()))
        return {one["key"] for one in entries if one["state"] == "rejected"}

    @cached_property
    def _statuses(self) -> dict[str, list[tuple[int, str]]]:
        """The values of Status by case, each with the number of requests before it."""
        found: dict[str, list[tuple[int, str]]] = {
            case_id: [(0, case["Status"])] for case_id, case in self.before.items()
        }
        for entry in self.log:
            for row in entry["written"]:
                if row["object"] == "Case" and "Status" in row["fields"]:
                    found[row["id"]].append((entry["n"], row["fields"]["Status"]))
        for act in self.acts:
            if "Status" in act.fields or act.act == "close":
                found[act.case_id].append((act.request, act.fields.get("Status", "Closed")))
        return {case_id: sorted(values, key=lambda one: one[0]) for case_id, values in found.items()}

    def waits(self, case_id: str, first: int, last: int) -> bool:
        """True where the case had the status of `hold_while` from before the request after `first` up to `last`."""
        known = self._statuses[case_id]
        before = [status for request, status in known if request <= first]
        return before[-1] == WAITING and all(status == WAITING for request, status in known if first < request <= last)

    def start_of(self, note: Note) -> Note | None:
        """The start of a rung, on its own case or on one that was merged into it."""
        cases = [note.case_id, *(one for one in self.before if note.case_id in masters(one, self.after))]
        found = [
            one
            for one in self.notes
            if one.rung == "start" and one.case_id in cases and (one.route, one.episode) == (note.route, note.episode)
        ]
        return found[0] if len(found) == 1 else None

    def began(self, note: Note) -> Event:
        return self.replay.began[note.run]

    def rung(self, note: Note) -> OwnRung:
        """The rung as the policy of its run has it."""
        return routes_of(self.replay.policies[note.run])[note.route].rungs[first_name(note.rung)]

    def acted(self, case_id: str, *acts: str, after: int, before: int) -> bool:
        return any(act.act in acts and after < act.request <= before for act in self.acts_on(case_id))

    # -- climbs -------------------------------------------------------------------------------------------------

    def twice(self) -> Iterator[str]:
        for key, times in Counter(note.key for note in self.notes).items():
            if times > 1:
                yield f"DOUBLED: the key {key} was written {times} times: {[n for n in self.notes if n.key == key]}"
        facts = Counter((one.case_id, one.route, first_name(one.rung), one.episode, one.turn) for one in self.notes)
        for fact, times in facts.items():
            if times > 1:
                yield f"DOUBLED: {times} notes for {fact}"
        for (case_id, route), times in Counter((o.case_id, o.route) for o in self.notes if o.rung == "start").items():
            closed = any(act.act == "close" for act in self.acts_on(case_id))
            opened = sum("Status" in act.fields for act in self.acts_on(case_id)) if closed else 0
            if times > 1 + opened:
                yield f"DOUBLED: {case_id} was escalated {times} times by {route}, opened again {opened} times"
        for (run, case_id), times in Counter((note.run, note.case_id) for note in self.notes).items():
            if times > 1:
                yield f"TWO IN ONE RUN: run {run} wrote {times} notes on {case_id}"
        yield from (f"DOUBLED: {one} was climbed before" for one in self.replay.twice_silent)
        yield from self.twice_after_a_merge()

    def twice_after_a_merge(self) -> Iterator[str]:
        """The rungs that a merged case had, and that its escalation climbed again on the master."""
        for loser, master, request in self.merges():
            there = {one.route for one in self.notes if one.case_id == master and one.request <= request}
            had = {
                (one.route, first_name(one.rung), one.turn)
                for one in self.notes
                if one.case_id == loser and one.request <= request and one.route not in there
            }
            for one in self.notes:
                turn = (one.route, first_name(one.rung), one.turn)
                if one.case_id == master and one.request > request and turn in had:
                    if one.rung == "start" and self.acted(master, "close", after=request, before=one.request):
                        continue
                    if one.episode == 1:
                        yield f"DOUBLED: {one} came again after {loser} was merged into {master}"

    def climbed(self, note: Note) -> Iterator[str]:
        """What forbids this note, which a run wrote."""
        began, memory = self.began(note), self.replay.at_begin[note.run]
        if hold_at(memory, note.case_id, note.route, began.at, self.at[note.request]):
            yield f"CLIMBED WHILE HELD: {note} was held by a person"
        if self.waits(note.case_id, began.request, note.request - 1):
            yield f"CLIMBED WHILE HELD: {note} was held by its status"
        ends = [act for act in self.acts if act.case_id == note.case_id and act.request <= began.request]
        states = [act for act in ends if act.act == "close" or "Status" in act.fields]
        if states and states[-1].act == "close" and not self.acted_by_us(note, states[-1]):
            yield f"CLIMBED AFTER ITS END: {note} is on a closed case"
        if note.rung != "start":
            yield from self.rung_climbed(note, memory)

    def acted_by_us(self, note: Note, close: AgentAct) -> bool:
        """True where a write of ours that came late opened the case again."""
        return any(close.request < request < note.request for request, _ in self._statuses[note.case_id])

    def rung_climbed(self, note: Note, memory: Memory) -> Iterator[str]:
        start, rung, at = self.start_of(note), self.rung(note), self.at[note.request]
        if start is None:
            return
        since, began = self.at[start.request].replace(microsecond=0), self.began(note)
        base = self.began(start).at + timedelta(minutes=self.route(note).due) if rung.of_due else since
        earliest = base + timedelta(minutes=rung.minutes + rung.every * (note.turn - 1)) - MARGIN
        if not rung.of_due and note.case_id == start.case_id:
            earliest += held_for(memory, note.case_id, note.route, since, at)
        if at < earliest:
            yield f"TOO EARLY: {note} at {at:%H:%M:%S}, not before {earliest:%d %H:%M:%S}, started {since:%d %H:%M:%S}"
        if rung.before_due and began.at > self.due_by(start) and note.key not in self.turned_down:
            yield f"TOO LATE: {note} came after the due time"
        seen = memory.seen.get((note.route, first_name(note.rung)))
        if since + MARGIN < (seen.earliest if seen else began.at) and self.began(start).ledger == began.ledger:
            yield f"CLIMBED BESIDE: {note} was not in the policy when its escalation started"
        acts = self.comments(note.case_id, start.request, began.request) if note.case_id == start.case_id else []
        if rung.until_acknowledged and any(act.at > since + MARGIN for act in acts):
            yield f"CLIMBED AFTER SOMEBODY ACTED: {note}"
        if note.route == "old" and note.case_id == start.case_id and self.taken_over(note, start, memory):
            yield f"CLIMBED AFTER ITS END: {note}, the route above had taken the case over"

    def taken_over(self, note: Note, start: Note, memory: Memory) -> bool:
        return any(
            one.rung == "start" and one.route == "urgent" and one.key in memory.starts
            for one in self.notes
            if one.case_id == note.case_id and start.request < one.request <= self.began(note).request
        )

    def comments(self, case_id: str, after: int, before: int) -> list[AgentAct]:
        return [one for one in self.acts_on(case_id) if one.act == "comment" and after < one.request <= before]

    def route(self, note: Note) -> OwnRoute:
        return routes_of(self.replay.policies[note.run])[note.route]

    def due_by(self, start: Note) -> datetime:
        """The due time of an escalation: not later than this."""
        return self.at[start.request] + timedelta(minutes=self.route(start).due + 1)

    def silent(self, run: Ended) -> Iterator[str]:
        """What forbids the rungs without a note that a run reports as applied."""
        report, name = run.report or {}, run.command.run
        wrote = {note.key for note in self.notes if note.run == name}
        began, memory = self.replay.began[name].at, self.replay.at_begin[name]
        for one in report.get("escalations", ()):
            is_silent = one["state"] == "applied" and one["rung"] != "start" and one["key"] not in wrote
            if is_silent and hold_at(memory, one["case_id"], one["route"], began, moment(report["now"])):
                yield f"CLIMBED WHILE HELD: {one['rung']}/{one['turn']} on {one['case_id']}, run {name}"

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

    def may_be_held(self, case_id: str, route: str) -> bool:
        holds = (one for one in self.memory.holds if one.covers(case_id, route))
        return self.after[case_id]["Status"] == WAITING or any(self.now - MARGIN <= one.latest for one in holds)

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
                if self.takes_part(start, name, rung) and not self.accounted(start, route, (name, turn), done, states):
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
        above = {one for one in route.rungs if route.rungs[one].minutes > rung.minutes}
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
