"""The web service that gets the notices of a storm, which fails now and then, and the judge of what it got.

A notice arrives once. It arrives again only where nobody could know that it had arrived, and then says that it may be
a repeat. None is lost, and none speaks of a step that was not carried out.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from random import Random
from typing import Any

from tests.channels.service import Answer, Call, Service
from tests.chaos.ladder_facts import MARGIN, LadderFacts
from tests.chaos.ladder_policy import first_name, routes_of
from tests.chaos.org_reader import Note
from tests.chaos.runner import Ended
from tests.chaos.scenario import Scenario

NOTICES = "SELECT id, state, kind, key, case_id, route, rung, turn, reason FROM notices"
FAILS_FOR = timedelta(hours=12)
"""A notice that fails for a day is given up (N11); in a storm none does."""

REFUSES, LOSES = 0.2, 0.1
"""How often the service does not take a message, and how often its answer is lost."""
REFUSED = (Answer(503), Answer(429, headers={"Retry-After": "90"}), Answer(401))


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that the service took, with the ids of its notices, and the name of the run that sent it."""

    at: datetime
    run: str
    ids: tuple[str, ...]
    about: tuple[tuple[str, str], ...]
    is_repeat: bool
    answered: bool


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice as a ledger has it."""

    id: str
    state: str
    kind: str
    key: str
    case_id: str
    route: str
    rung: str
    turn: int
    reason: str

    def __str__(self) -> str:
        return f"{self.kind} {self.key} {self.rung}/{self.turn} ({self.state}, {self.reason})"


@dataclass
class Post:
    """The service. Until `down_until` it takes nothing; once it is `calm` it takes everything."""

    scenario: Scenario
    rng: Random
    down_until: datetime | None = None
    calm: bool = False
    arrivals: list[Arrival] = field(default_factory=list)
    _failed: dict[str, datetime] = field(default_factory=dict)

    def take(self, call: Call) -> Answer:
        body, now = call.json, self.scenario.now()
        each = body.get("of") or [body]
        ids = tuple(one["id"] for one in each)
        chance = 1.0 if self.calm else self.rng.random()
        down = self.down_until is not None and now < self.down_until
        fails = not self.calm and (down or chance < REFUSES + LOSES) and self.may_fail(ids, now)
        if fails and (down or chance < REFUSES):
            self.scenario.tally["notices refused"] += len(ids)
            return Answer(503) if down else self.rng.choice(REFUSED)
        answered = not fails
        about = tuple((one["kind"], one["key"] or "") for one in each)
        run = call.headers.get("x-chaos-run", "")
        self.arrivals.append(Arrival(now, run, ids, about, body["repeat"], answered))
        self.scenario.tally["notices unanswered"] += not answered
        return Answer() if answered else Answer(ends="lost")

    def may_fail(self, ids: Iterable[str], now: datetime) -> bool:
        return all(now - self._failed.setdefault(key, now) < FAILS_FOR for key in ids)


@contextmanager
def open_post(scenario: Scenario, seed: str) -> Iterator[Post]:
    """The service of a scenario, whose address its runs find."""
    post = Post(scenario, Random(seed))
    with Service() as service:
        service.script = post.take
        (scenario.folder / "config").mkdir()
        address = {"env": {"channels": {"desk": {"url": service.url}}}}
        (scenario.folder / "config" / "orgs.yaml").write_text(json.dumps(address))
        yield post


@dataclass
class NoticeJudge:
    """`facts` are those of the whole storm, `rows` the notices of the ledger of the last runs."""

    facts: LadderFacts
    arrivals: list[Arrival]
    rows: list[NoticeRow]

    def violations(self) -> Iterator[str]:
        for key, some in self.by_id.items():
            yield from self.repeats(key, some)
        for row in self.rows:
            yield from self.of_row(row)
        yield from self.of_nothing()
        for note in self.facts.notes:
            yield from self.notified(note)
        yield from self.silent_rungs()

    @cached_property
    def by_id(self) -> dict[str, list[Arrival]]:
        found = defaultdict(list)
        for arrival in self.arrivals:
            for key in arrival.ids:
                found[key].append(arrival)
        return dict(found)

    @cached_property
    def runs(self) -> dict[str, Ended]:
        return {one.command.run: one for one in self.facts.runs}

    def repeats(self, key: str, some: list[Arrival]) -> Iterator[str]:
        for first, again in pairwise(some):
            if self.went_back(first.at, again.at) or self.ledger_of(first) != self.ledger_of(again):
                continue
            if first.answered and not (self.is_disturbed(first) or self.is_disturbed(again)):
                yield f"NOTICE TWICE: {key} {first.about} by the runs {first.run} and {again.run}"
            elif not again.is_repeat and not self.is_disturbed(again):
                yield f"REPEAT THAT DOES NOT SAY SO: {key} {first.about} by the runs {first.run} and {again.run}"

    def is_disturbed(self, arrival: Arrival) -> bool:
        """True for a run that could not store what it sent: it was killed or stopped, or its disk was full."""
        run = self.runs.get(arrival.run)
        return run is None or run.code is None or bool(run.command.points)

    def ledger_of(self, arrival: Arrival) -> str:
        """Two ledgers may both have the note as one of their own runs; neither knows what the other one sent."""
        run = self.runs.get(arrival.run)
        words = run.command.arguments if run else []
        return words[words.index("--ledger") + 1] if "--ledger" in words else ""

    def went_back(self, since: datetime, until: datetime) -> bool:
        """True where a ledger was lost or restored in between."""
        return any(one.kind in ("lost", "restored") and since <= one.at <= until for one in self.facts.diary)

    def of_row(self, row: NoticeRow) -> Iterator[str]:
        arrivals = self.by_id.get(row.id, [])
        if row.state == "sent" and not arrivals:
            yield f"NOTICE LOST: {row}"
        unsure = any(not one.answered or self.is_disturbed(one) for one in arrivals)
        if row.state == "undelivered" and not unsure:  # after two lost answers it is not sent again, and it has arrived
            yield f"GIVEN UP: {row}"
        surely = arrivals and all(one.answered and not self.is_disturbed(one) for one in arrivals)
        if row.state == "dropped" and surely and not self.went_back_ever:
            yield f"DROPPED AFTER IT ARRIVED: {row}"
        if row.state in ("waiting", "sending"):
            yield f"LEFT BEHIND: {row}"

    @cached_property
    def went_back_ever(self) -> bool:
        """True where the ledger of the last runs was lost or restored."""
        return any(one.kind in ("lost", "restored") and one.ledger == self.facts.ledger for one in self.facts.diary)

    def of_nothing(self) -> Iterator[str]:
        """Messages about a start, or a rung with a note, that was not in the org by then."""
        written: dict[str, datetime] = {}
        for note in self.facts.notes:
            written.setdefault(note.key, self.facts.at[note.request])
        silent = {entry["key"] for run in self.facts.runs for entry in silent_entries(run, written)}
        silent |= {row.key for row in self.rows if self.is_silent(row.route, row.rung)}
        for arrival in self.arrivals:
            for kind, key in arrival.about:
                about_a_note = kind in ("start", "rung") and key not in silent and not self.may_be_silent(kind)
                if about_a_note and not (key in written and written[key] <= arrival.at + MARGIN):
                    yield f"NOTICE OF NOTHING: {kind} {key} by the run {arrival.run}"

    def may_be_silent(self, kind: str) -> bool:
        """True where a lost ledger may have had a rung without a note: only it knew of that."""
        return kind == "rung" and any(one.kind in ("lost", "restored") for one in self.facts.diary)

    def is_silent(self, route: str, rung: str) -> bool:
        found = routes_of(self.facts.replay.policy).get(route)
        own = found.rungs.get(first_name(rung)) if found else None
        return own is not None and not own.noted

    def notified(self, note: Note) -> Iterator[str]:
        """The notice of a step which the ledger of the last runs has carried out itself."""
        began = self.facts.replay.began.get(note.run)
        if began is None or began.ledger != self.facts.ledger or self.went_back_ever:
            return
        if note.rung != "start" and not self.facts.rung(note).notifies:
            return
        if note.key not in {row.key for row in self.rows if row.kind in ("start", "rung")}:
            yield f"NOBODY NOTIFIED: {note}"

    def silent_rungs(self) -> Iterator[str]:
        """The notices of rungs that only notify."""
        if self.went_back_ever or self.facts.merges():
            return
        queued = {(one.case_id, one.route, first_name(one.rung), one.turn) for one in self.rows}
        for row in self.facts.rows:
            turn = (row.case_id, row.route, first_name(row.rung), row.turn)
            if row.state == "applied" and self.is_only_notice(row.route, row.rung) and turn not in queued:
                yield f"NOBODY NOTIFIED: {row}"

    def is_only_notice(self, route: str, rung: str) -> bool:
        own = routes_of(self.facts.replay.policy)[route].rungs.get(first_name(rung))
        return own is not None and own.notifies and not own.noted

    def counts(self) -> Counter[str]:
        found = Counter(f"notices {row.state}" for row in self.rows)
        found["notices arrived"] = sum(len(one.ids) for one in self.arrivals)
        found["notices repeated"] = sum(len(some) - 1 for some in self.by_id.values())
        return found


def silent_entries(run: Ended, written: Container[str]) -> Iterator[dict[str, Any]]:
    """The rungs that a run reports as carried out without a note."""
    for one in (run.report or {}).get("escalations", ()):
        if one["rung"] != "start" and one["state"] == "applied" and one["key"] not in written:
            yield one
