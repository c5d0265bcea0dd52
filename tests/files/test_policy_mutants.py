"""Valid policies with random edits. Many more: `scripts/mutants`."""

from pathlib import Path

import pytest

from tests.files.policy_mutants import BOUND, PLAIN, court, mutant, originals
from tests.sampling import WHOLE

SEEDS, PARTS = 200 if WHOLE else 64, 8


@pytest.mark.parametrize("part", range(PARTS))
def test_an_edited_policy_gives_messages_with_their_places_or_runs(part: int, tmp_path: Path) -> None:
    sources = originals()
    with court(tmp_path) as judge:
        for seed in range(part, SEEDS, PARTS):
            judge.judge(f"seed {seed}", mutant(seed, sources))
    assert judge.faults == []
    assert judge.most_calls[0] < BOUND


def test_the_policies_are_valid_before_they_are_edited(tmp_path: Path) -> None:
    with court(tmp_path) as judge:
        judge.judge("plain", PLAIN.encode())
    assert (judge.faults, judge.codes["validate 0"], judge.codes["run 0"]) == ([], 2, 1)


def test_a_mutant_is_repeatable() -> None:
    assert [mutant(seed, originals()) for seed in range(50)] == [mutant(seed, originals()) for seed in range(50)]
