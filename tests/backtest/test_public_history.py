"""The meaning of conditions on real history: the backtest gives the known answers, case by case and hour by hour."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.sampling import WHOLE
from tests.stories.world import World

HERE = Path(__file__).parent / "policies"
DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the public history files are not here")
UCI = ("uci498_incidents_public.csv.gz", "uci.mapping.yaml", "2016-02-29T00:00:00Z", "2017-02-19T00:00:00Z")
BOSTON = ("boston311_2015_public.csv.gz", "boston.mapping.yaml", "2015-01-01T05:00:00Z", "2016-01-13T03:00:00Z")
ANSWERS = [
    ("Q01_hiprio_age4h", "high-priority-4h", UCI, "first"),
    ("Q03_inactive48h", "inactive-48h", UCI, "first"),
    ("Q05_reassigned3", "reassigned-3", UCI, "first"),
    ("Q08_ladder_highest_only", "tiers", UCI, "first"),
    ("Q10_awaiting_user72h", "awaiting-user-72h", UCI, "first"),
    ("Q12_business16h", "business-16h", UCI, "first"),
    ("Q15_inactive48h_all_episodes", "inactive-48h", UCI, "all"),
    ("B01_overdue", "overdue", BOSTON, "first"),
    ("B06_business40h", "business-40h", BOSTON, "first"),
]
ASKED = ANSWERS if WHOLE else [ANSWERS[place] for place in (3, 5, 7)]
"""Of each kind of condition one by default."""


def replayed(
    world: World, tmp_path: Path, policy: str, source: tuple[str, str, str, str], episodes: str
) -> list[dict[str, str]]:
    events, mapping, start, end = source
    out = tmp_path / "matches.csv"
    arguments = ["--policy", HERE / f"{policy}.yaml", "--events", DATA / events, "--mapping", HERE / mapping]
    arguments += ["--from", start, "--to", end, "--every", "1h", "--episodes", episodes, "--out", out, "--json"]
    ran = world.type("backtest", *map(str, arguments))
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["matches"] > 0
    return list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))


@pytest.mark.parametrize(
    ("answer", "policy", "source", "episodes"),
    ASKED,
    ids=[one[0] for one in ASKED],
)
def test_the_backtest_gives_exactly_the_known_answer(
    world: World, tmp_path: Path, answer: str, policy: str, source: tuple[str, str, str, str], episodes: str
) -> None:
    found = replayed(world, tmp_path, policy, source, episodes)
    expected = list(csv.reader(io.StringIO((DATA / "answers" / f"{answer}.csv").read_text(encoding="utf-8"))))[1:]
    if episodes == "all":
        assert {(one["case_number"], int(one["episode"]), one["match_utc"]) for one in found} == {
            (number, int(episode), at) for number, episode, at in expected
        }
    elif policy == "tiers":
        assert {(one["case_number"], one["route"], one["match_utc"]) for one in found} == {
            (number, f"tier{tier}", at) for number, *times in expected for tier, at in enumerate(times, 1) if at
        }
    else:
        assert {(one["case_number"], one["match_utc"]) for one in found} == {(number, at) for number, at in expected}
    assert found == sorted(found, key=lambda one: (one["case_number"], one["route"], int(one["episode"])))
