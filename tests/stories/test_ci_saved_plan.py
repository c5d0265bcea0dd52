"""The CI recipe of a saved plan, run unchanged: plan on the pull request, apply after the merge, or a refusal."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.stories.saved_plans import ANN, POLICY, QUEUES, USERS, act, case, ident
from tests.stories.world import World, advance, select, writes
from tests.warm import program

CI = Path(__file__).parents[2] / "config" / "ci"


@pytest.fixture
def home(stopped: World) -> Path:
    home = stopped.folder / "home"
    (home / "config/policies").mkdir(parents=True)
    (home / "config/policies/support.yaml").write_text(POLICY)
    stopped.org(Case=[case(1), case(2)], Group=QUEUES, User=USERS)
    return home


def job(world: World, home: Path, name: str, **variables: str) -> subprocess.CompletedProcess[str]:
    org = world.orgs[0]
    login = {"ORG": "env", "SFDC_INSTANCE_URL": org.instance_url, "SFDC_ACCESS_TOKEN": org.access_token}
    ledger = {"SFDC_ESCALATOR_LEDGER": str(world.folder / "shared.db"), "XDG_STATE_HOME": str(world.folder / name)}
    environ = {**os.environ, "SFDC_ESCALATOR": str(program()), **login, **ledger, **variables}
    command = [str(CI / "saved-plan"), name]
    return subprocess.run(command, cwd=home, env=environ, capture_output=True, text=True, timeout=120, check=False)


def notes(org: EmbeddedOrg) -> list[str]:
    return sorted(one["CommentBody"] for one in select(org, "SELECT CommentBody FROM CaseComment"))


def test_the_approved_plan_is_applied_after_the_merge_and_only_once(stopped: World, home: Path) -> None:
    org = stopped.orgs[0]
    made = job(stopped, home, "plan", BACKLOG="escalate")
    assert made.returncode == 0, made.stderr
    assert "2 to escalate" in (home / "ci-out/plan.txt").read_text()
    assert "<html" in (home / "ci-out/plan.html").read_text()
    assert writes(org) == []
    advance(org, "1h")
    (home / "config/policies/support.yaml").write_text(POLICY.replace("Call back.", "Do something else."))
    merged = job(stopped, home, "apply")
    assert (merged.returncode, merged.stdout) == (0, "applied: 2, already: 0\n"), merged.stderr
    approved = json.loads((home / "ci-out/approved.json").read_text())
    assert notes(org) == sorted(one["note"] for one in approved["orders"])
    again = job(stopped, home, "apply")
    assert (again.returncode, again.stdout) == (0, "applied: 0, already: 2\n")


def test_a_plan_is_refused_when_the_org_moved_on_and_the_job_says_how(stopped: World, home: Path) -> None:
    assert job(stopped, home, "plan", BACKLOG="escalate").returncode == 0
    act(stopped, "edit", case=ident(1), fields={"OwnerId": ANN, "Subject": "calm"}, by=ANN)
    refused = job(stopped, home, "apply")
    assert refused.returncode == 4
    assert "owner was Intake, is" in refused.stderr
    assert "by Ann Agent" in refused.stderr
    assert "  - case 00000001" in (home / "ci-out/difference.txt").read_text()
    assert notes(stopped.orgs[0]) == []
    rest = job(stopped, home, "apply", PARTIAL="1")
    assert (rest.returncode, rest.stdout.splitlines()[0]) == (4, "applied: 1, already: 0")


def test_a_plan_that_withholds_a_part_is_saved_and_one_that_cannot_be_made_fails(stopped: World, home: Path) -> None:
    assert job(stopped, home, "plan").returncode == 0
    assert json.loads((home / "ci-out/approved.json").read_text())["withheld"][0]["count"] == 2
    assert job(stopped, home, "plan", SFDC_ACCESS_TOKEN="00D000000000001!stale.token").returncode == 5
    assert not (home / "ci-out/approved.json").exists()
    missing = job(stopped, home, "apply")
    assert (missing.returncode, "fetch the artifact" in missing.stderr) == (2, True)


def test_the_workflow_runs_the_recipe_and_shows_secrets_to_nothing_else() -> None:
    workflow = yaml.load((CI / "github-saved-plan.yml").read_text(), yaml.BaseLoader)
    for name, wanted in (("plan", "bash ci/saved-plan plan"), ("apply", "bash ci/saved-plan apply")):
        steps = workflow["jobs"][name]["steps"]
        secret = [step for step in steps if "secrets." in str(step)]
        assert [step["run"] for step in secret] == [wanted]
        script = (CI / "saved-plan").read_text()
        assert all(one in script for one in secret[0]["env"] if one not in ("SFDC_PRIVATE_KEY", "LEDGER_URL"))
        for text in (step["run"] for step in steps if "run" in step):
            assert subprocess.run(["bash", "-n"], input=text, text=True, check=False, timeout=60).returncode == 0
