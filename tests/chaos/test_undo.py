"""An undo that is killed at any of its calls and commits is finished by the same command; storms beside runs."""

import os
from collections.abc import Iterator

import pytest

from tests.chaos.points import SITES, Point
from tests.chaos.runner import Ended, Runner, open_runner
from tests.chaos.scenario import Scenario, case, open_scenario
from tests.chaos.undo_judge import UndoJudge
from tests.chaos.undo_storms import WITH_LADDER, undo_storm
from tests.chaos.verdict import Opening, broken_chains

HTTP, COMMITS = (5, 7, 8), (3, 4, 5)
"""Calls and commits of an undo of one case, around its write."""
POINTS = [Point(site, when, k, "kill") for site, when in SITES for k in (HTTP if site == "http" else COMMITS)]
SEEDS = (2,)


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """Coverage is off: a killed process reports none."""
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith("COVERAGE")]:
            patched.delenv(name)
        with open_runner() as made:
            yield made


def undo(scenario: Scenario, key: str, *points: Point) -> Ended:
    words = ("undo", key, "--why", "a wrong rule", "--json", "--yes")
    return scenario.end(scenario.start(*words, points=points))


def test_an_undo_that_is_killed_anywhere_is_finished_by_the_same_command(runner: Runner) -> None:
    rows = [case(number, "urgent") for number in range(1, len(POINTS) + 1)]
    with open_scenario(runner, rows, chunk=200, policy=WITH_LADDER) as scenario:
        opening = Opening.of(scenario)
        keys = [one["key"] for one in (scenario.run().report or {})["escalations"]]
        scenario.pass_time(60)
        killed = [undo(scenario, key, point) for key, point in zip(keys, POINTS, strict=True)]
        assert sum(one.code is None for one in killed) >= len(POINTS) - 4
        scenario.pass_time(16 * 60)
        again = [(key, undo(scenario, key)) for key in keys]
        final = scenario.run()
        acts, ended = scenario.acts, scenario.ended
        judge = UndoJudge(opening.reader, opening.cases, opening.leads, acts, ended, final, again, scenario.diary)
        assert judge.violations() == []
        assert broken_chains(scenario) == []
        assert judge.tally["starts undone"] == len(POINTS)
        after = opening.reader.cases()
        moved = {case_id for case_id, one in opening.cases.items() for name in one if after[case_id][name] != one[name]}
        assert moved == set()


@pytest.mark.parametrize("seed", SEEDS)
def test_storms_of_undos_overwrite_nothing_and_leave_nothing_half_done(runner: Runner, seed: int) -> None:
    found = undo_storm(runner, seed)
    assert not found.violations, str(found)
