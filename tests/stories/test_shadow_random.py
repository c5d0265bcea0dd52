"""Rules that nobody wrote, played by the org and imported: nothing differs, whatever people do meanwhile."""

import random
from datetime import timedelta

import pytest

from tests.native.metadata import action, clocked, item, rule, write
from tests.sampling import WHOLE
from tests.stories.test_shadow import USERS, edit, kinds, shadow, start
from tests.stories.world import NOW, Row, World, advance

FIELDS = {"Priority": ["Low", "Medium", "High"], "Type": ["Question", "Problem", ""], "Reason": ["A", "B", ""]}
CASES = 40


def case(number: int, chance: random.Random) -> Row:
    created = NOW - timedelta(minutes=chance.randrange(1, 3 * 1440))
    owner, values = chance.choice(["Intake", "Leads"]), {name: chance.choice(some) for name, some in FIELDS.items()}
    at = f"{created:%Y-%m-%dT%H:%M:%SZ}"
    return {"CaseNumber": f"{number:08}", "CreatedDate": at, "OwnerId": owner, "Status": "New", **values}


@pytest.mark.parametrize("seed", range(30 if WHOLE else 2))
def test_the_policy_of_a_rule_does_what_the_rule_does(world: World, seed: int) -> None:
    chance = random.Random(seed)
    entries, native = [], list[object]([{"kind": "tracked", "fields": ["IsEscalated"]}])
    for _ in range(chance.randint(2, 6)):
        asked = {name: chance.choice(FIELDS[name][:2]) for name in chance.sample(sorted(FIELDS), chance.randint(0, 2))}
        minutes, to = chance.choice([0, 5, 30, 60, 200, 1440]), chance.choice(["Leads", "Night"])
        items = [item(f"Case.{name}", "equals", value) for name, value in asked.items()]
        entries.append(clocked(action(minutes, to), items=items))
        when = [{"field": name, "is": value} for name, value in asked.items()]
        native.append({"kind": "escalation_rule", "minutes": minutes, "to": to, "when": when})
    write(world.folder / "src", "escalationRules", rule("escalationRules", *entries, name="Desk"))
    assert world.type("import", "src", "--out", "out").code == 0
    policy = (world.folder / "out" / "escalation-desk.yaml").read_text()
    org = start(world, native, *(case(number, chance) for number in range(1, CASES)), policy=policy)
    advance(org, "1m")
    for number in range(1, CASES):
        done = chance.choice([{}, {"Status": "Closed"}, {"OwnerId": USERS[1]["Username"]}, {"Priority": "Low"}])
        if done:
            edit(org, number, "15:00", **done)
    advance(org, "3h")
    found = shadow(world)
    different = [one for one in kinds(found) if one[3] not in ("user_edit", "order")]
    assert different == []
    assert found["counts"]["equal"] > 5
