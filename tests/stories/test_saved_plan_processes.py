"""Two applies at once, and one that is killed: every order is carried out once."""

import json
import subprocess
import sys
from typing import Any

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.stories.moments import held_answers, wait_for
from tests.stories.saved_plans import POLICY, apply, begin, case, file_of, save
from tests.stories.test_faults import notes
from tests.stories.world import World, advance, writes

CASES = 205


def large(world: World) -> EmbeddedOrg:
    """An org with a plan of two chunks."""
    begin(world, *(case(number) for number in range(1, CASES + 1)), policy=POLICY.replace("10,", "1000,"))
    assert len(save(world)["orders"]) == CASES
    advance(world.orgs[0], "1m")
    return world.orgs[0]


def process(world: World) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "sfdc_escalator", "apply", str(file_of(world)), "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=world.environ)


def is_write(request: dict[str, Any]) -> bool:
    return bool(request["path"].endswith("/composite") and request["body"]["allOrNone"])


def wait_for_a_write(org: EmbeddedOrg) -> None:
    wait_for(lambda: any(is_write(request) for request in org.requests()))


def test_two_at_once_apply_once_and_a_killed_apply_is_finished_by_the_same_command(world: World) -> None:
    org = large(world)
    with held_answers(org, is_write):
        first = process(world)
        wait_for_a_write(org)
        second = apply(world)
        assert (second.code, second.json["busy"]["pid"], second.json["applied"]) == (0, first.pid, 0)
        first.kill()
        first.communicate(timeout=60)
    advance(org, "1m")
    early = apply(world)
    assert (early.code, early.json["refused"]) == (3 if early.json["unknown"] else 0, [])
    advance(org, "16m")
    last = apply(world)
    assert (last.code, last.json["unknown"], notes(org)) == (0, 0, CASES)
    assert last.json["applied"] + last.json["already"] == CASES
    plan = json.loads(file_of(world).read_text())
    written = [one["fields"]["CommentBody"] for one in writes(org) if one["object"] == "CaseComment"]
    assert sorted(written) == sorted(one["note"] for one in plan["orders"])
    assert world.type("audit", "verify").code == 0
