"""Real rules of companies and learners: each policy decides as its rule does, and is valid.

The files are not part of the project; without them these tests are skipped.
"""

import random
from datetime import timedelta
from pathlib import Path

import pytest

from sfdc_escalator.wiring.validation import check
from tests.native.decisions import drawn, pairs_of, shown, values_in
from tests.sampling import WHOLE

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "native-rules"
CASES = 60 if WHOLE else 25
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the public rules are not on this machine")
RULES = sorted(path for path in FOLDER.rglob("Case.*Rules*") if "autoResponse" not in path.name)


def test_each_policy_decides_as_its_rule_does(tmp_path: Path) -> None:
    found, pairs = pairs_of(RULES, tmp_path / "out")
    chance, wrong, acted = random.Random(7), [], 0
    for pair in pairs:
        values = values_in(pair.entries)
        for _ in range(CASES):
            facts = drawn(pair.entries, values, chance)
            age = timedelta(minutes=chance.choice([0, 29, 30, 120, 200, 400, 900, 2000, 50000]))
            expected, decided = pair.expected(facts, age), pair.decided(facts, age)
            acted += expected is not None
            if expected != decided:
                wrong.append(f"{expected} became {decided} after {age}: {shown(pair, facts)}")
    assert wrong == []
    assert acted > CASES
    assert found.totals["mapped"] > 9 * (found.totals["warned"])


def test_every_policy_is_valid_and_a_second_import_changes_nothing(tmp_path: Path) -> None:
    found, _ = pairs_of(RULES, tmp_path / "out")
    paths = sorted((tmp_path / "out").rglob("*.yaml"))
    assert [str(one) for one in check(paths).problems if one.severity == "error"] == []
    before = {path: path.read_bytes() for path in paths}
    again, _ = pairs_of(RULES, tmp_path / "out")
    assert {path: path.read_bytes() for path in paths} == before
    assert set(again.states.values()) == {"unchanged"}
    assert len(paths) == len(found.states)
