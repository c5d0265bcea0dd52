"""A storm of ladders by its seed: what befalls other runs too, time that moves between them, and edited policies."""

import re
from collections.abc import Mapping
from random import Random
from typing import Any

from sfdc_escalator.ledger.store import open_history
from tests.chaos.ladder_judge import LadderJudge
from tests.chaos.ladder_policy import BASE, EDITS, FORMER
from tests.chaos.ledgers import Ledger
from tests.chaos.runner import Runner
from tests.chaos.scenario import Scenario, open_scenario
from tests.chaos.storms import LIMITS, MINUTE, RandomEvents, cases
from tests.chaos.verdict import LOCKED, SETTLE_AFTER, Opening, Verdict, broken_chains, clean_run

STEPS = (1, 10, 29, 31, 46, 61, 95, 130, 250)
LAST_RUNS = 12
"""Enough for the rungs that are left, one per run."""


def ladder_storm(runner: Runner, seed: int, server: Ledger | None = None) -> Verdict:
    """Plays the ladder storm of a seed."""
    rng = Random(f"ladder {seed}")
    shape = rng.choice(("one", "one", "two", "server"))
    shared = server if shape == "server" else None
    with open_scenario(
        runner,
        cases(rng),
        chunk=rng.choice((2, 3, 4)),
        proved=rng.random() < 0.25,
        ledgers=1 + (shape == "two"),
        automation=LIMITS if rng.random() < 0.2 else (),
        shared=shared,
        policy=BASE,
    ) as scenario:
        opening = Opening.of(scenario)
        events = LadderEvents(rng, scenario, opening.cases)
        for _ in range(rng.randint(5, 9)):
            events.next()
            events.edit_policy()
            events.time()
        return conclude_ladder(f"ladder seed {seed}", scenario, opening, ledger=events.any_ledger())


class LadderEvents(RandomEvents):
    """The random events of a ladder storm."""

    def __init__(self, rng: Random, scenario: Scenario, cases: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__(rng, scenario, cases)

    def time(self) -> None:
        self.scenario.pass_time(self.rng.choice(STEPS) * MINUTE)

    def edit_policy(self) -> None:
        if self.rng.random() < 0.15:
            name = self.rng.choice(list(EDITS))
            (self.scenario.folder / "policy.yaml").write_text(EDITS[name])
            self.scenario.tally[f"policy {name}"] += 1
            self.scenario.tell(f"the policy: {name}")


def conclude_ladder(name: str, scenario: Scenario, opening: Opening, *, ledger: int) -> Verdict:
    """Ends all disturbances, lets every ladder run out with one ledger, and judges."""
    for running in list(scenario.live):
        scenario.end(running)
    scenario.faults()
    locked = any(act.act == "lock" for act in scenario.acts)
    scenario.pass_time(LOCKED if locked else SETTLE_AFTER)
    scenario.tell("-- the last runs")
    final = clean_run(scenario, ledger)
    for _ in range(LAST_RUNS):
        scenario.pass_time(61 * MINUTE)
        final = scenario.run(ledger=ledger)
    history = open_history(scenario.ledgers[ledger].where).history(scenario.org.organization_id)
    rungs = rungs_of((scenario.folder / "policy.yaml").read_text())
    judge = LadderJudge(
        opening.reader, opening.cases, opening.leads, scenario.acts, scenario.ended, final, history, rungs
    )
    violations = [*scenario.violations, *judge.violations(), *broken_chains(scenario)]
    turns = [one for one in history.everything() if not one.is_start]
    scenario.tally.update(f"rungs {one.state.value}" for one in turns)
    scenario.tally["violations"] += len(violations)
    for ended in scenario.ended:
        scenario.tally["kills"] += ended.code is None
    return Verdict(name, violations, scenario.story, scenario.tally)


def rungs_of(policy: str) -> dict[str, frozenset[str]]:
    """The rungs of each route, by their first names."""
    parts = re.split(r"\n  - name: ", policy)[1:]
    return {
        part.partition("\n")[0]: frozenset(FORMER.get(one, one) for one in re.findall(r"- \{name: ([\w-]+)", part))
        for part in parts
    }
