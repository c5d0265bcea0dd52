"""What happened in a storm of ladders: the org's log, what people did, and what each ledger could know."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from tests.chaos.judge import Case, Judge, masters
from tests.chaos.ladder_memory import Memory, Replay
from tests.chaos.ladder_policy import WAITING, OwnRoute, OwnRung, first_name, routes_of
from tests.chaos.org_reader import Note, moment, notes_in
from tests.chaos.scenario import AgentAct, Event

MARGIN = timedelta(seconds=2)
"""The org's clock runs on while a command is at work."""


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
class LadderFacts(Judge):
    """`ledger` is the number of the ledger of the last runs, `rows` are its turns of rungs. `diary` tells what
    happened, `after` are the cases in the end."""

    diary: Sequence[Event]
    ledger: int
    rows: Sequence[Row]
    after: dict[str, Case] = field(default_factory=dict)
    tally: Counter[str] = field(default_factory=Counter)

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

    def comments(self, case_id: str, after: int, before: int) -> list[AgentAct]:
        return [one for one in self.acts_on(case_id) if one.act == "comment" and after < one.request <= before]

    def route(self, note: Note) -> OwnRoute:
        return routes_of(self.replay.policies[note.run])[note.route]

    def due_by(self, start: Note) -> datetime:
        """The due time of an escalation: not later than this."""
        return self.at[start.request] + timedelta(minutes=self.route(start).due + 1)

    def may_be_held(self, case_id: str, route: str) -> bool:
        """True where a case is perhaps held in the end."""
        holds = (one for one in self.memory.holds if one.covers(case_id, route))
        return self.after[case_id]["Status"] == WAITING or any(self.now - MARGIN <= one.latest for one in holds)
