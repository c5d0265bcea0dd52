"""Under every disturbance nothing is doubled, lost, or moved without its note, and one clean run settles all.

Here each kind of disturbance comes once, where a run writes, and a few storms; `scripts/chaos` has every place of each,
and storms without end.
"""

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from sfdc_escalator.embedded_org.http.faults import KINDS
from tests.chaos.grids import ACTS, MEETINGS, PRELUDES, Series, fault_series
from tests.chaos.points import DISK, SITES
from tests.chaos.verdict import Verdict
from tests.chaos.workers import Task, carried_out

CALL = 5
"""The call that writes the first chunk."""

COMMIT = 5
"""A commit beside a write."""

SEEDS = (1, 3, 6)
LADDER_SEEDS = (0, 2)


def kills() -> list[Task]:
    return [Task(series=Series("kill", site, when), k=CALL if site == "http" else COMMIT) for site, when in SITES]


def other_strikes() -> list[Task]:
    on_disk = [Task(series=Series(act, "commit", "before", lasting=True), k=COMMIT) for act in DISK]
    return on_disk + [Task(series=Series(act, "http", "after"), k=CALL) for act in ACTS if act not in ("kill", *DISK)]


def meetings() -> list[Task]:
    """What others do just before a run writes."""
    return [Task(series=Series(kind, "http", "before"), k=CALL) for kind in MEETINGS]


def recoveries() -> list[Task]:
    """A run is killed while it settles what an earlier one has left."""
    return [Task(series=Series("kill", "commit", "after", prelude=prelude), k=3) for prelude in PRELUDES]


SERIES = [*(Task(series=one, k=CALL) for one in fault_series()), *kills(), *other_strikes(), *meetings(), *recoveries()]
STORMS = [Task(seed) for seed in SEEDS]
OF_LADDERS = [Task(seed, ladder=True) for seed in LADDER_SEEDS]


@pytest.fixture(scope="module")
def verdicts() -> Iterator[dict[str, Verdict]]:
    """All stories of this module, by name, played in one process. Coverage is off: a killed process reports none."""
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith("COVERAGE")]:
            patched.delenv(name)
        yield {one.name: one for one in carried_out([*SERIES, *STORMS, *OF_LADDERS], 1)}


def name_of(task: Task) -> str:
    return f"{task} {task.k}" if task.series else str(task)


@pytest.mark.parametrize("task", SERIES, ids=name_of)
def test_the_next_run_settles_every_disturbance_of_a_write(task: Task, verdicts: dict[str, Verdict]) -> None:
    found = verdicts[name_of(task)]
    assert found.reached
    assert not found.violations, str(found)


@pytest.mark.parametrize("task", [*STORMS, *OF_LADDERS], ids=name_of)
def test_storms_leave_nothing_doubled_or_lost(task: Task, verdicts: dict[str, Verdict]) -> None:
    """L1, L5, L7, L8, L10, L16, L19, L20, L21"""
    found = verdicts[name_of(task)]
    assert not found.violations, str(found)


def test_every_kind_of_misfortune_is_among_them(verdicts: dict[str, Verdict]) -> None:
    tally = Counter[str]()
    for one in verdicts.values():
        tally.update(one.tally)
    runs = ["kills", "stops", "rivals", "rebuilds", "crowds", "cases recovered"]
    # Not "rungs held back", which depends on the place of a kill: test_ladder_judge has a story of its own for it.
    ladders = ["rungs applied", "rungs skipped", "holds made", "holds released", "ledger lost", "notices arrived"]
    words = [*(f"fault {kind}" for kind in KINDS), *(f"strike {act}" for act in ("full", "readonly", "stop", "term"))]
    assert [word for word in (*words, *runs, *ladders) if not tally[word]] == []
