"""Under every disturbance nothing is doubled, lost, or moved without its note, and one clean run settles all."""

import os
from collections import Counter
from collections.abc import Sequence

import pytest

from tests.chaos.grids import fault_series, strike_series
from tests.chaos.verdict import Verdict
from tests.chaos.workers import Task, carried_out

SEEDS = 8
LADDER_SEEDS = 2
WORKERS = 2


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns coverage off: a killed process cannot report it, and measuring is slow."""
    for name in list(os.environ):
        if name.startswith("COVERAGE"):
            monkeypatch.delenv(name)


def tally_of(tasks: Sequence[Task]) -> Counter[str]:
    """The counts of all tasks; fails with the stories of those with violations."""
    tally: Counter[str] = Counter()
    failed: list[Verdict] = []
    for verdict in carried_out(tasks, WORKERS):
        tally.update(verdict.tally)
        tally["stories"] += 1
        failed += [verdict] if verdict.violations else []
    assert not failed, "\n\n".join(map(str, failed[:5]))
    return tally


def test_the_next_run_settles_every_fault_at_every_call() -> None:
    tally = tally_of([Task(series=series) for series in fault_series()])
    for kind in ("refuse", "lose", "cut", "500", "503", "lock", "limit", "session", "slow", "late", "html", "garbage"):
        assert tally[f"fault {kind}"] >= 8, kind  # identity, facts, poll, keys, three chunks, read back


def test_a_run_may_be_killed_at_every_call_and_every_commit() -> None:
    tally = tally_of([Task(series=series) for series in strike_series(["kill"])])
    assert tally["kills"] >= 2 * (8 + 14)


def test_storms_leave_nothing_doubled_or_lost() -> None:
    tally = tally_of([Task(seed) for seed in range(SEEDS)])
    assert tally["stories"] == SEEDS
    for word in ("kills", "stops", "rebuilds", "crowds", "cases applied", "cases recovered"):
        assert tally[word] > 0, word


def test_storms_of_ladders_leave_no_rung_doubled_or_lost() -> None:
    """L1, L5, L7, L10, L20, L21"""
    tally = tally_of([Task(seed, ladder=True) for seed in range(LADDER_SEEDS)])
    assert tally["stories"] == LADDER_SEEDS
    for word in ("kills", "rungs applied", "rungs skipped"):
        assert tally[word] > 0, word
