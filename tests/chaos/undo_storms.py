"""A storm of undos by its seed: runs and what befalls them, and people who take back what runs wrote."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from tests.chaos.ledgers import Ledger
from tests.chaos.points import Point
from tests.chaos.runner import Ended, Runner, RunningCommand
from tests.chaos.scenario import POLICY, Scenario
from tests.chaos.storms import RandomEvents, cases, open_storm
from tests.chaos.undo_judge import UndoJudge
from tests.chaos.verdict import LOCKED, SETTLE_AFTER, Opening, Verdict, broken_chains, clean_run

WITH_LADDER = POLICY.replace(
    "escalate: {note: {help_needed: Call back.}, queue: leads, priority: High}",
    "escalate: {note: {help_needed: Call back.}, queue: leads, priority: High}\n"
    "    ladder:\n"
    "      - {name: raise, after: 30m, escalate: {priority: Critical}, until: closed}\n"
    "      - {name: bell, after: 1h, notify: [leads], until: closed}\n"
    "      - {name: still, after: 2h, escalate: {note: {help_needed: Still.}}, until: closed}",
)


def undo_storm(runner: Runner, seed: int, server: Ledger | None = None) -> Verdict:
    """Plays the undo storm of a seed."""
    rng = Random(f"undo {seed}")
    shape = rng.choice(("one", "one", "two", "server"))
    shared = server if shape == "server" else None
    rows = cases(rng, most=9)
    with open_storm(runner, rng, rows, ledgers=1 + (shape == "two"), shared=shared, policy=WITH_LADDER) as scenario:
        opening = Opening.of(scenario)
        events = UndoEvents(rng, scenario, opening.cases)
        scenario.run(ledger=events.any_ledger())
        for _ in range(rng.randint(4, 7)):
            events.time()
            events.next()
        return conclude_undo(f"undo seed {seed}", scenario, opening, events)


class UndoEvents(RandomEvents):
    """The random events of an undo storm. `tried` are the undos that people typed: a name, and the ledger."""

    def __init__(self, rng: Random, scenario: Scenario, cases: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__(rng, scenario, cases)
        self.tried: dict[tuple[str, int], None] = {}

    def events(self) -> list[tuple[Callable[[], object], int]]:
        return [
            (self.plain_undo, 5),
            (self.disturbed_undo, 4),
            (self.stopped_undo, 2),
            (self.undo_beside_runs, 3),
            (self.plain_run, 4),
            (self.disturbed_run, 2),
            (self.agents, 2),
            (self.lost_or_restored_ledger, 1),
        ]

    def names(self, ledger: int) -> list[str]:
        """The runs that wrote with this ledger, and the keys that they wrote."""
        where, found = self.scenario.ledgers[ledger].where, []
        for ended in self.scenario.ended:
            report = ended.report or {}
            applied = [one["key"] for one in report.get("escalations", ()) if one["state"] == "applied"]
            if ended.command.arguments[-1] == where and ended.command.arguments[0] == "run" and applied:
                found += [str(report["run"]), *applied]
        return found

    def start_undo(self, *points: Point) -> RunningCommand | None:
        ledger = self.any_ledger()
        names = self.names(ledger)
        if not names:
            return None
        name = self.rng.choice(names)
        if self.rng.random() < 0.1:
            self.scenario.end(self.typed(name, ledger, yes=False))
        self.tried[name, ledger] = None
        self.scenario.tally["undos"] += 1
        return self.typed(name, ledger, *points)

    def typed(self, name: str, ledger: int, *points: Point, yes: bool = True) -> RunningCommand:
        words = ("undo", name, "--why", "a wrong rule", "--json", *(["--yes"] if yes else []))
        return self.scenario.start(*words, points=points, ledger=ledger, host=self.any_host(), busy=1.0)

    def plain_undo(self) -> None:
        if running := self.start_undo(*self.some_strikes()):
            self.end(running)

    def disturbed_undo(self) -> None:
        """An undo during which people edit its cases, and others type or run."""
        running = self.start_undo(self.place("meet"), *self.some_strikes())
        while running and isinstance(running.wait(), str):
            self.agents()
            if self.rng.random() < 0.4:
                self.rng.choice((self.plain_undo, self.rival))()
            running.go_on()
        if running:
            self.end(running)

    def stopped_undo(self) -> None:
        """An undo that is stopped, perhaps for longer than its lease."""
        running = self.start_undo(self.place("stop"))
        while running and isinstance(running.wait(), str):
            pause = self.rng.choice((60.0, 180.0, 1200.0))
            self.scenario.pass_time(pause)
            self.agents()
            self.scenario.faults()
            self.rng.choice((self.plain_undo, self.rival))()
            running.go_on(pause)
        if running:
            self.end(running)

    def undo_beside_runs(self) -> None:
        """Undos and runs at the same time."""
        started = [self.start(*self.some_strikes()), self.start_undo(*self.some_strikes()), self.start_undo()]
        for running in started:
            if running:
                self.scenario.end(running)


def conclude_undo(name: str, scenario: Scenario, opening: Opening, events: UndoEvents) -> Verdict:
    """Ends all disturbances, types each undo once more, makes a clean run, and judges."""
    for running in list(scenario.live):
        scenario.end(running)
    scenario.faults()
    scenario.pass_time(LOCKED if any(act.act == "lock" for act in scenario.acts) else SETTLE_AFTER)
    scenario.tell("-- the last undos")
    again: list[tuple[str, Ended]] = []
    for word, ledger in events.tried:
        if scenario.ledgers[ledger].exists():
            again.append((word, scenario.end(events.typed(word, ledger))))
            scenario.pass_time(60.0)
    scenario.tell("-- the clean run")
    final = clean_run(scenario, events.any_ledger())
    judge = UndoJudge(
        opening.reader, opening.cases, opening.leads, scenario.acts, scenario.ended, final, again, scenario.diary
    )
    violations = [*scenario.violations, *judge.violations(), *broken_chains(scenario)]
    scenario.tally.update(judge.tally)
    scenario.tally["violations"] += len(violations)
    scenario.tally["kills"] += sum(ended.code is None for ended in scenario.ended)
    return Verdict(name, violations, scenario.story, scenario.tally, kind="undo")
