"""What no run may write: a rung twice, too early, beside another one, or where a hold, an act or an end forbids it."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from tests.chaos.ladder_facts import MARGIN, LadderFacts
from tests.chaos.ladder_memory import Memory, held_for, hold_at
from tests.chaos.ladder_policy import first_name
from tests.chaos.org_reader import Note, moment
from tests.chaos.runner import Ended
from tests.chaos.scenario import AgentAct


class ClimbJudge(LadderFacts):
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

    def silent(self, run: Ended) -> Iterator[str]:
        """What forbids the rungs without a note that a run reports as applied."""
        report, name = run.report or {}, run.command.run
        wrote = {note.key for note in self.notes if note.run == name}
        began, memory = self.replay.began[name].at, self.replay.at_begin[name]
        for one in report.get("escalations", ()):
            is_silent = one["state"] == "applied" and one["rung"] != "start" and one["key"] not in wrote
            if is_silent and hold_at(memory, one["case_id"], one["route"], began, moment(report["now"])):
                yield f"CLIMBED WHILE HELD: {one['rung']}/{one['turn']} on {one['case_id']}, run {name}"
