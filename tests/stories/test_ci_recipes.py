"""The recipes for CI do what they say, run as they stand."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
import yaml

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.backtest.test_backtest_command import EVENTS, MAPPING
from tests.stories.world import World, writes

CI = Path(__file__).parents[2] / "config" / "ci"
POLICY = """
policy: support
teams: {leads: {queue: Leads}}
routes:
  - {name: late, reason: Late., when: [{age: CreatedDate, at_least: 2h}], escalate: {queue: leads, status: Escalated}}
"""
HISTORY = {
    "EVENTS": "events.csv",
    "MAPPING": "mapping.yaml",
    "FROM": "2026-03-01T00:00:00Z",
    "TO": "2026-03-02T00:00:00Z",
}


@pytest.fixture
def home(world: World) -> Path:
    """A repository of somebody's own, whose main branch holds the policy."""
    home = world.folder / "home"
    (home / "config" / "policies").mkdir(parents=True)
    (home / "config/policies/support.yaml").write_text(POLICY)
    (home / "events.csv").write_text(EVENTS)
    (home / "mapping.yaml").write_text(MAPPING)
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        identity = ["-c", "user.name=Nora Lind", "-c", "user.email=nora@example.com"]
        subprocess.run(["git", *identity, *words], cwd=home, check=True, timeout=60)
    return home


@pytest.fixture
def org(world: World) -> EmbeddedOrg:
    case = {"CaseNumber": "1", "CreatedDate": "2026-03-01T00:00:00Z"}
    return world.org(Case=[case], Group=[{"Type": "Queue", "DeveloperName": "Leads", "Name": "Leads"}])


def checked(home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("sfdc-escalator")
    environ = {**os.environ, "SFDC_ESCALATOR": str(program), **variables}
    environ.pop("SFDC_ESCALATOR_POLICY", None)
    return subprocess.run(
        [str(CI / "check-policies")], cwd=home, env=environ, capture_output=True, text=True, timeout=120, check=False
    )


def test_offline_a_wrong_policy_is_annotated_and_fails(home: Path) -> None:
    path = home / "config/policies/support.yaml"
    path.write_text(POLICY.replace("at_least", "at_lest"))
    found = checked(home, FORMAT="github")
    assert found.returncode == 2
    assert found.stdout.startswith("::error file=config/policies/support.yaml,line=5,col=")
    assert Xml.parse(home / "ci-out/validate.xml").getroot().get("failures") == "1"


def test_offline_a_sound_policy_passes(home: Path) -> None:
    found = checked(home)
    assert (found.returncode, found.stdout) == (0, "ok (config/policies/support.yaml)\n")


def test_a_sandbox_is_asked_and_its_plan_kept_with_nothing_written(home: Path, org: EmbeddedOrg) -> None:
    found = checked(home, ORG="env")
    assert found.returncode == 0, found.stderr
    assert Xml.parse(home / "ci-out/validate.xml").getroot().get("failures") == "0"
    plan = json.loads((home / "ci-out/plan.json").read_text())
    assert (plan["dry_run"], plan["matched"], plan["exit"]) == (True, 1, 4)
    assert "late" in (home / "ci-out/plan.txt").read_text()
    assert writes(org) == []


def test_a_sandbox_without_the_queue_fails(home: Path, org: EmbeddedOrg) -> None:
    path = home / "config/policies/support.yaml"
    path.write_text(POLICY.replace("queue: Leads", "queue: Leeds"))
    assert checked(home, ORG="env", PROBE="1").returncode == 2
    assert "did you mean Leads?" in (home / "ci-out/validate.xml").read_text()


def test_an_org_that_does_not_let_us_in_fails_with_its_code(home: Path, org: EmbeddedOrg) -> None:
    assert checked(home, ORG="env", SFDC_ACCESS_TOKEN="00D000000000001!stale.token").returncode == 5


def test_the_difference_of_a_changed_policy_is_told_over_the_past(home: Path) -> None:
    path = home / "config/policies/support.yaml"
    path.write_text(POLICY.replace("2h", "0m"))
    (home / "config/policies/new.yaml").write_text(POLICY.replace("support", "new"))
    subprocess.run(["git", "add", "-A"], cwd=home, check=True, timeout=60)
    found = checked(home, BASE="main", **HISTORY)
    told = (home / "ci-out/difference.md").read_text()
    assert found.returncode == 0, found.stderr
    assert "### config/policies/support.yaml, against main" in told
    assert "1 only here, 1 earlier" in told
    assert "### config/policies/new.yaml\n\nA new policy." in told
    assert sorted(one.name for one in (home / "config/policies").iterdir()) == ["new.yaml", "support.yaml"]


def test_the_workflow_runs_the_recipe_and_nothing_else() -> None:
    workflow = yaml.load((CI / "github-actions.yml").read_text(), yaml.BaseLoader)
    steps = workflow["jobs"]["check"]["steps"]
    runs = [step["run"] for step in steps if "run" in step]
    assert "config/ci/check-policies" in runs[1]
    script = (CI / "check-policies").read_text()
    given = {*workflow["jobs"]["check"]["env"], "ORG", "EVENTS", "MAPPING", "FROM", "TO", "EVERY"}
    assert all(name in script for name in given - {"SFDC_PRIVATE_KEY"})
    for text in runs:
        assert subprocess.run(["bash", "-n"], input=text, text=True, check=False, timeout=60).returncode == 0
