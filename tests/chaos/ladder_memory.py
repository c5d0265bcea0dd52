"""What each ledger can know, replayed from the diary: rungs that runs saw, holds, starts and rungs without a note.

A run that was killed may have stored something or not. What may be so and what must be so stand apart.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.chaos.ladder_policy import BASE, minutes, routes_of
from tests.chaos.org_reader import Note, moment
from tests.chaos.scenario import Event

RungName = tuple[str, str]
"""A route, and the first name of a rung."""


@dataclass(slots=True)
class Seen:
    """The time at which a run first saw a rung: not before `earliest`, and by `latest` for sure, None if not sure."""

    earliest: datetime
    latest: datetime | None


@dataclass(slots=True)
class OwnHold:
    """A hold that is there for sure from `begin` to `end`, unless it is not `sure`; it may last up to `latest`."""

    case_id: str
    route: str
    begin: datetime
    end: datetime
    latest: datetime
    sure: bool = True

    def covers(self, case_id: str, route: str) -> bool:
        return self.case_id == case_id and self.route in ("", route)


@dataclass(slots=True)
class Waited:
    """A case with the status of `hold_while`: each run from `begin` to `end` saw it so. `lasts` until one does not."""

    case_id: str
    begin: datetime
    end: datetime
    lasts: bool = True


@dataclass(slots=True)
class Memory:
    """What one ledger can know. `silent` are the keys of rungs without a note that a run reported as applied."""

    seen: dict[RungName, Seen] = field(default_factory=dict)
    holds: list[OwnHold] = field(default_factory=list)
    waited: list[Waited] = field(default_factory=list)
    starts: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Replay:
    """`memories` as they are at the end; `at_begin` and `policies` by the name of a run, as it began. `waits` says
    whether a case had the status of `hold_while` between two requests."""

    notes: Sequence[Note]
    case_ids: Mapping[str, str]
    waits: Callable[[str, int, int], bool]
    memories: dict[int, Memory] = field(default_factory=dict)
    at_begin: dict[str, Memory] = field(default_factory=dict)
    began: dict[str, Event] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)
    twice_silent: list[str] = field(default_factory=list)
    policy: str = BASE
    _copies: dict[str, Memory] = field(default_factory=dict)

    def play(self, diary: Sequence[Event]) -> "Replay":
        for event in diary:
            memory = self.memories.setdefault(event.ledger, Memory())
            if event.kind == "edited":
                self.policy = event.name
            elif event.kind == "copied":
                self._copies[event.name] = deepcopy(memory)
            elif event.kind == "lost":
                self.memories[event.ledger] = Memory()
            elif event.kind == "restored":
                self.memories[event.ledger] = deepcopy(self._copies[event.name])
            elif event.kind == "begin":
                self.begin(event, memory)
            else:
                self.end(event, memory)
        return self

    def begin(self, event: Event, memory: Memory) -> None:
        self.at_begin[event.name] = deepcopy(memory)
        self.began[event.name], self.policies[event.name] = event, self.policy
        assert event.command is not None
        words = event.command.arguments
        if words[0] == "run" and "--dry-run" not in words:  # from now on it may store what it sees
            for name in self.rungs_here():
                memory.seen.setdefault(name, Seen(event.at, None))

    def end(self, event: Event, memory: Memory) -> None:
        assert event.command is not None
        words = event.command.arguments
        if words[0] == "run" and "--dry-run" not in words:
            self.run(event, memory)
        elif words[0] == "hold":
            self.hold(event, memory, words)
        elif words[0] == "release":
            self.release(event, memory, words)

    # -- holds --------------------------------------------------------------------------------------------------

    def hold(self, event: Event, memory: Memory, words: Sequence[str]) -> None:
        assert event.ended is not None
        code, began = event.ended.code, self.began[event.name].at
        if code == 2:  # refused
            return
        case_id, length = self.case_ids[words[1]], timedelta(minutes=minutes(words[words.index("--until") + 1]))
        route = words[words.index("--route") + 1] if "--route" in words else ""
        for one in memory.holds:
            if (one.case_id, one.route) == (case_id, route):
                one.end = min(one.end, began)
                one.latest = min(one.latest, event.at) if code == 0 else one.latest
        memory.holds.append(OwnHold(case_id, route, event.at, began + length, event.at + length, code == 0))

    def release(self, event: Event, memory: Memory, words: Sequence[str]) -> None:
        assert event.ended is not None
        for one in memory.holds:
            if event.ended.code != 2 and one.case_id == self.case_ids[words[1]]:
                one.end = min(one.end, self.began[event.name].at)
                one.latest = min(one.latest, event.at) if event.ended.code == 0 else one.latest

    # -- runs ---------------------------------------------------------------------------------------------------

    def run(self, event: Event, memory: Memory) -> None:
        assert event.ended is not None
        began, report = self.began[event.name], event.ended.report
        wrote = {note.key for note in self.notes if note.run == event.name}
        memory.starts |= {note.key for note in self.notes if note.run == event.name and note.rung == "start"}
        done = report is not None and "error" not in report and "busy" not in report
        self.rungs(memory, began.at, moment(report["now"]) if report and done else None)
        if report is None or not done:
            return
        for entry in report["escalations"]:
            key = entry["key"]
            if entry["rung"] == "start" and entry["state"] in ("applied", "already"):
                memory.starts.add(key)
            elif entry["state"] == "applied" and key not in wrote:
                if key in self.at_begin[event.name].silent and key in memory.silent:
                    self.twice_silent.append(f"{entry['rung']}/{entry['turn']} on {entry['case_id']}, run {event.name}")
                memory.silent.add(key)
        self.waiting(event, memory, moment(report["now"]))

    def rungs(self, memory: Memory, began: datetime, now: datetime | None) -> None:
        """`now` is that of a run which has surely stored what it saw."""
        here = self.rungs_here()
        for name in here:
            seen = memory.seen.setdefault(name, Seen(began, None))
            seen.earliest = min(seen.earliest, began)  # perhaps the run that began first, and ended last
            seen.latest = seen.latest or now
        for name in memory.seen.keys() - here:
            if now is None:
                memory.seen[name].latest = None  # perhaps it is known as gone
            else:
                del memory.seen[name]

    def rungs_here(self) -> set[RungName]:
        return {(name, rung) for name, route in routes_of(self.policy).items() for rung in route.rungs}

    def waiting(self, event: Event, memory: Memory, now: datetime) -> None:
        """`hold_while` begins and ends with the run that sees it, where the ledger knows an escalation."""
        began = self.began[event.name]
        for case_id in {
            note.case_id for note in self.notes if note.key in memory.starts and note.request <= began.request
        }:
            last = next((one for one in memory.waited if one.case_id == case_id and one.lasts), None)
            waits = self.waits(case_id, began.request, event.request)
            if waits and last:
                last.end = max(last.end, now)
            elif waits:
                memory.waited.append(Waited(case_id, now, now))
            elif last:
                last.lasts = False


def held_for(memory: Memory, case_id: str, route: str, since: datetime, until: datetime) -> timedelta:
    """The time between these two that a case was held for sure."""
    spans = sorted(
        (max(begin, since), min(end, until)) for begin, end in surely_held(memory, case_id, route) if begin < end
    )
    total, last = timedelta(0), since
    for begin, end in spans:
        total += max(end - max(begin, last), timedelta(0))
        last = max(last, end)
    return total


def surely_held(memory: Memory, case_id: str, route: str) -> Iterator[tuple[datetime, datetime]]:
    yield from ((one.begin, one.end) for one in memory.holds if one.sure and one.covers(case_id, route))
    yield from ((one.begin, one.end) for one in memory.waited if one.case_id == case_id)


def hold_at(memory: Memory, case_id: str, route: str, begin: datetime, end: datetime) -> Any:
    """The hold of a person that lasts for sure from `begin` to `end`."""
    holds = (one for one in memory.holds if one.sure and one.covers(case_id, route))
    return next((one for one in holds if one.begin <= begin and max(begin, end) < one.end), None)
