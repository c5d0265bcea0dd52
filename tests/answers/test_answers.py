"""A wrong value at every place of every answer of an org: a seeded sample; `scripts/mutate-answers` tries them all."""

import random

import pytest

from tests.answers.scenes import SCENES, Stage, failure
from tests.answers.tampering import VALUES, places
from tests.sampling import WHOLE
from tests.stories.world import World

SEED = 20260302
LONG = ("a probe", "a settling run")  # each try is several runs
TRIES = 1  # for each place; every value is tried at some places


@pytest.mark.parametrize("name", SCENES)
def test_whatever_an_org_answers_is_its_answer_and_not_a_defect(world: World, name: str) -> None:
    known = Stage(world, "a rehearsal").tried()[1].answers if name != "a rehearsal" else []
    stage = Stage(world, name)
    answer, record = stage.tried()
    assert answer.code == 0, answer
    chance = random.Random(f"{SEED} {name}")
    found = places(record.answers, known) or chance.sample(places(record.answers), 20)
    if not WHOLE:
        found = chance.sample(found, min(len(found), 4 if name in LONG else 15))
    tried = [(place, value) for place in found for value in chance.sample(list(VALUES), TRIES)]
    assert [fault for place, value in tried if (fault := failure(stage, place, value))] == []
