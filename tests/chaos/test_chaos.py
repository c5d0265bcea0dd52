"""Whatever happens: nothing is doubled, lost, or moved without its note, and one clean run settles all."""

import os
from collections import Counter
from collections.abc import Sequence

import pytest

from tests.chaos.grids import fault_series, strike_series
from tests.chaos.verdict import Verdict
from tests.chaos.workers import Task, carried_out

SEEDS = 50
WORKERS = 2


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is killed cannot tell what it covered; measuring would only slow it down."""
    for name in list(os.environ):
        if name.startswith("COVERAGE"):
            monkeypatch.delenv(name)


def told(tasks: Sequence[Task]) -> Counter[str]:
    """What happened in all; fails with the stories of what went wrong."""
    tally: Counter[str] = Counter()
    wrong: list[Verdict] = []
    for verdict in carried_out(tasks, WORKERS):
        tally.update(verdict.tally)
        tally["stories"] += 1
        wrong += [verdict] if verdict.violations else []
    assert not wrong, "\n\n".join(map(str, wrong[:5]))
    return tally


def test_every_fault_at_every_call_of_a_run_leaves_no_trace_after_the_next() -> None:
    tally = told([Task(series=series) for series in fault_series()])
    for kind in ("refuse", "lose", "cut", "500", "503", "lock", "limit", "session", "slow", "late", "html", "garbage"):
        assert tally[f"fault {kind}"] >= 8, kind  # who am I, survey, poll, keys, three chunks, read back


def test_a_run_may_be_killed_at_every_call_and_every_commit() -> None:
    tally = told([Task(series=series) for series in strike_series(["kill"])])
    assert tally["kills"] >= 2 * (8 + 14)


def test_storms_by_their_seeds() -> None:
    tally = told([Task(seed) for seed in range(SEEDS)])
    assert tally["stories"] == SEEDS
    for word in ("kills", "stops", "rebuilds", "crowds", "cases applied", "cases recovered"):
        assert tally[word] > 0, word
