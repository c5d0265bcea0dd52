"""Real processes and real signals: a run that is stopped, one that is killed, and two at once."""

import json
import signal
import subprocess
import sys
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.stories.moments import SigtermWitness, held_answers, wait_for
from tests.stories.test_faults import notes
from tests.stories.test_main_job import POLICY, QUEUES, case
from tests.stories.world import World, advance

CASES = 900


@pytest.fixture
def support(world: World) -> World:
    world.policy(POLICY.replace("max_cases: 10", "max_cases: 1000"))
    return world


def large_org(world: World) -> EmbeddedOrg:
    """An org that needs more chunks than are sent at the same time."""
    return world.org(Case=[case(number) for number in range(1, CASES + 1)], Group=QUEUES)


def process(world: World, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sfdc_escalator", "run", "--json", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=world.environ)


def ended(running: subprocess.Popen[str]) -> tuple[int, dict[str, Any]]:
    out, err = running.communicate(timeout=60)
    assert "Traceback" not in err
    return running.returncode, json.loads(out) if out else {}


def is_write(request: dict[str, Any]) -> bool:
    return bool(request["path"].endswith("/composite") and request["body"]["allOrNone"])


def wait_for_a_write(org: EmbeddedOrg) -> None:
    wait_for(lambda: any(is_write(request) for request in org.requests()))


def test_sigterm_lets_sent_chunks_finish_and_leaves_the_rest_to_the_next_run(support: World) -> None:
    org, witness = large_org(support), SigtermWitness(support.folder)
    support.environ |= witness.environ
    with held_answers(org, is_write) as opened:
        running = process(support, "--backlog", "escalate")
        wait_for_a_write(org)
        running.send_signal(signal.SIGTERM)
        wait_for(witness.handled)
        opened.set()
        code, report = ended(running)
    assert (code, report["stopped"], report["unknown"]) == (3, "SIGTERM", 0)
    assert report["applied"] == notes(org) > 0
    assert report["deferred"] == CASES - report["applied"] > 0
    advance(org, "1m")
    later = support.run("--backlog", "escalate")
    assert (later.code, later.json["applied"], notes(org)) == (0, report["deferred"], CASES)


def test_a_killed_run_loses_nothing_and_doubles_nothing(support: World) -> None:
    org = large_org(support)
    with held_answers(org, is_write):
        running = process(support, "--backlog", "escalate")
        wait_for_a_write(org)
        running.kill()
        running.communicate(timeout=60)
    advance(org, "1m")
    first = support.run("--backlog", "escalate")
    assert (first.code, first.json["rejected"], first.json["deferred"]) == (0 if not first.json["unknown"] else 3, 0, 0)
    advance(org, "16m")
    second = support.run()
    assert (second.code, second.json["unknown"], notes(org)) == (0, 0, CASES)
    assert support.type("audit", "verify").code == 0


def test_a_second_runner_leaves_quietly_while_the_first_is_at_work(support: World) -> None:
    org = large_org(support)
    with held_answers(org, is_write) as opened:
        first = process(support, "--backlog", "escalate")
        wait_for_a_write(org)
        code, report = ended(process(support, "--backlog", "escalate"))
        assert (code, report["busy"]["pid"], report["applied"]) == (0, first.pid, 0)
        assert report["dry_run"] is False
        opened.set()
        code, report = ended(first)
    assert (code, report["applied"], notes(org)) == (0, CASES, CASES)
