"""The sample that the demo tells its story with: its policy is valid, and its cases are judged as intended."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.warm import program

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sfdc_escalator" / "sample"
POLICY = SAMPLE / "policies" / "member-support.yaml"
NOW = "2026-03-02T15:00:00Z"

EXPECTED = {
    "health-safety-legal": {"00001003", "00001014", "00001027", "00001038"},
    "supervisor-request": {"00001005", "00001011", "00001019", "00001030", "00001042"},
    "repeated-rma": {"00001008", "00001022", "00001035"},
    "billing-flagged": {"00001016", "00001044"},
    "waiting-too-long": {"00001001", "00001010", "00001025", "00001047"},
}
Run = dict[str, Any]


def command(*arguments: str) -> list[str]:
    return [str(program()), *arguments]


@pytest.fixture(scope="module")
def login() -> Iterator[dict[str, str]]:
    """The sample org, served at the demo's instant; gives the environment that leads to it."""
    serve = command("org", "serve", "--data", str(SAMPLE / "org"), "--now", NOW)
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, "the org did not start"
            ready = json.loads(line)
            yield {"SFDC_INSTANCE_URL": ready["instance_url"], "SFDC_ACCESS_TOKEN": ready["access_token"]}
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def plan(login: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """What a dry run over the sample org says."""
    home = tmp_path_factory.mktemp("home")
    options = ("--policy", str(POLICY), "--ledger", str(home / "ledger.db"), "--dry-run", "--json", "--now", NOW)
    run = command("run", "--org", "env", "--backlog", "escalate", *options)
    own = os.environ | login
    done = subprocess.run(run, env=own, cwd=home, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    said: Run = json.loads(done.stdout)
    return said


def step(plan: Run, number: str, kind: str) -> dict[str, Any]:
    [steps] = [each["steps"] for each in plan["escalations"] if each["case_number"] == number]
    [found] = [each for each in steps if each["step"] == kind]
    return dict(found)


def test_the_policy_is_valid_without_a_warning() -> None:
    done = subprocess.run(
        command("validate", str(POLICY), "--format", "json"), capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, json.loads(done.stdout)) == (0, {"ok": True, "problems": []})


def test_each_route_takes_the_cases_it_is_meant_for(plan: Run) -> None:
    found: dict[str, set[str]] = {}
    for each in plan["escalations"]:
        found.setdefault(each["route"], set()).add(each["case_number"])
    assert found == EXPECTED


def test_the_near_misses_are_left_alone(plan: Run) -> None:
    """A thank-you for a manager, calories, a Fire tablet, a legal notice, a member's own turn, closed cases."""
    near = {"00001006", "00001007", "00001012", "00001015", "00001024", "00001033", "00001049", "00001050"}
    assert near & {each["case_number"] for each in plan["escalations"]} == set()


def test_the_plan_stays_within_the_guards(plan: Run) -> None:
    assert {each["state"] for each in plan["escalations"]} == {"planned"}
    assert (plan["withheld"], plan["held"], plan["exit"]) == (0, 0, 0)


def test_a_case_is_not_taken_out_of_a_supervisors_hands(plan: Run) -> None:
    assert step(plan, "00001042", "queue")["state"] == "already_so"
    assert step(plan, "00001005", "queue")["state"] == "planned"


def test_a_higher_priority_is_kept(plan: Run) -> None:
    kept = step(plan, "00001022", "priority")
    assert (kept["state"], kept["before"]) == ("already_so", "Critical Escalation")
    assert step(plan, "00001008", "priority")["after"] == "High"


def test_the_note_says_what_is_known_and_what_is_not(plan: Run) -> None:
    note = step(plan, "00001035", "note")["after"]
    assert "deck measured, 2 mm out of true" in note
    assert "None recorded: ask before offering more." in note
    assert "(555) 010-" in note
    assert "Refund of the assembly fee, accepted." in step(plan, "00001022", "note")["after"]


def test_each_team_is_notified_of_its_cases_by_the_log(plan: Run) -> None:
    found = {(each["route"], each["recipient"], each["channel"], each["urgent"]) for each in plan["notices_planned"]}
    assert found == {
        ("health-safety-legal", "safety", "desk", True),
        ("supervisor-request", "supervisors", "desk", False),
        ("repeated-rma", "logistics", "desk", False),
        ("billing-flagged", "billing", "desk", False),
        ("waiting-too-long", "supervisors", "desk", False),
    }
    assert len(plan["notices_planned"]) == 18


def test_the_example_configuration_is_the_sample_itself() -> None:
    assert (ROOT / "config/policies/member-support.yaml").resolve() == POLICY
    assert (ROOT / "config/notes/hand-off.md.j2").resolve() == SAMPLE / "notes" / "hand-off.md.j2"
