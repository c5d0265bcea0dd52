"""The recipes for CI, run unchanged, have the documented results."""

import json
import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
import yaml

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.backtest.test_backtest_command import EVENTS, MAPPING
from tests.stories.world import World, writes
from tests.warm import program

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
    """A repository whose main branch holds the policy."""
    home = world.folder / "home"
    (home / "config" / "policies").mkdir(parents=True)
    (home / "config/policies/support.yaml").write_text(POLICY)
    (home / "events.csv").write_text(EVENTS)
    (home / "mapping.yaml").write_text(MAPPING)
    git(home, "init", "-q", "-b", "main")
    commit(home)
    return home


def git(home: Path, *words: str) -> None:
    identity = ["-c", "user.name=Nora Lind", "-c", "user.email=nora@example.com"]
    subprocess.run(["git", *identity, *words], cwd=home, check=True, timeout=60)


def commit(home: Path) -> None:
    git(home, "add", "-A")
    git(home, "commit", "-q", "-m", "next")


@pytest.fixture
def org(world: World) -> EmbeddedOrg:
    case = {"CaseNumber": "1", "CreatedDate": "2026-03-01T00:00:00Z"}
    return world.org(Case=[case], Group=[{"Type": "Queue", "DeveloperName": "Leads", "Name": "Leads"}])


def login(org: EmbeddedOrg) -> dict[str, str]:
    return {"ORG": "env", "SFDC_INSTANCE_URL": org.instance_url, "SFDC_ACCESS_TOKEN": org.access_token}


def checked(home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "SFDC_ESCALATOR": str(program()), **variables}
    return subprocess.run(
        [str(CI / "check-policies")], cwd=home, env=environ, capture_output=True, text=True, timeout=120, check=False
    )


def test_offline_an_invalid_policy_is_annotated_and_fails(home: Path) -> None:
    path = home / "config/policies/support.yaml"
    path.write_text(POLICY.replace("at_least", "at_lest"))
    found = checked(home, FORMAT="github")
    assert found.returncode == 2
    assert found.stdout.startswith("::error file=config/policies/support.yaml,line=5,col=")
    assert Xml.parse(home / "ci-out/validate.xml").getroot().get("failures") == "1"


def test_offline_a_valid_policy_passes(home: Path) -> None:
    found = checked(home)
    assert (found.returncode, found.stdout) == (0, "ok (config/policies/support.yaml)\n")


@pytest.mark.parametrize("name", ["second.yml", "Third.YAML"])
def test_a_policy_that_no_run_would_read_fails(home: Path, name: str) -> None:
    (home / "config/policies" / name).write_text(POLICY)
    found = checked(home, SFDC_ESCALATOR_POLICY="config/policies/support.yaml", FORMAT="github")
    assert found.returncode == 2
    assert f"config/policies/{name}: this file would not be read" in found.stderr
    assert f"::error file=config/policies/{name}" in found.stdout
    assert "this file would not be read" in (home / "ci-out/validate.xml").read_text()


def test_what_an_editor_leaves_beside_the_policies_does_not_fail(home: Path) -> None:
    (home / "config/policies/.#support.yaml").symlink_to("nora@laptop.1234")
    assert checked(home).stdout == "ok (config/policies/support.yaml)\n"


def test_a_folder_without_a_policy_fails(home: Path) -> None:
    (home / "config/policies/support.yaml").unlink()
    found = checked(home)
    assert found.returncode == 2
    assert "there is no policy" in found.stderr


def test_a_sandbox_is_asked_and_its_plan_kept_with_nothing_written(home: Path, org: EmbeddedOrg) -> None:
    found = checked(home, **login(org))
    assert found.returncode == 0, found.stderr
    assert Xml.parse(home / "ci-out/validate.xml").getroot().get("failures") == "0"
    plan = json.loads((home / "ci-out/plan.json").read_text())
    assert (plan["dry_run"], plan["matched"], plan["exit"]) == (True, 1, 4)
    assert "late" in (home / "ci-out/plan.txt").read_text()
    assert writes(org) == []


def test_an_org_that_refuses_the_login_fails_with_its_code(home: Path, org: EmbeddedOrg) -> None:
    assert checked(home, **{**login(org), "SFDC_ACCESS_TOKEN": "00D000000000001!stale.token"}).returncode == 5


def test_faults_found_in_a_sandbox_fail_and_are_in_the_log_too(home: Path, org: EmbeddedOrg) -> None:
    path = home / "config/policies/support.yaml"
    path.write_text(POLICY.replace("queue: Leads", "queue: Leeds"))
    found = checked(home, **login(org), PROBE="1")
    actual = found.stdout
    assert found.returncode == 2
    assert "did you mean Leads?" in (home / "ci-out/validate.xml").read_text()
    assert "error: config/policies/support.yaml:3:24: this org has no queue 'Leeds' for cases" in actual
    assert "did you mean Leads?" in actual


def test_no_result_and_no_output_holds_the_token(home: Path, org: EmbeddedOrg) -> None:
    for variables in ({"PROBE": "1"}, {"SFDC_INSTANCE_URL": "http://127.0.0.1:9"}):
        found = checked(home, **{**login(org), **variables})
        results = "".join(path.read_text() for path in (home / "ci-out").iterdir())
        assert org.access_token not in found.stdout + found.stderr + results
    assert found.returncode == 5


NOTED = POLICY.replace("policy: support", "policy: noted\ndefaults: {note: {template: hand-off.j2}}")
TALK = POLICY.replace("age: CreatedDate, at_least: 2h", "text: [comments], mentions: [help]").replace("support", "talk")


@pytest.fixture
def branch(home: Path) -> Path:
    """A branch with two policies changed (one with its template renamed), one that no history can answer, one new, one
    removed, one corrected; and main, which changed meanwhile."""
    policies = home / "config/policies"
    for name, text in (
        ("noted", NOTED),
        ("talk", TALK),
        ("gone", POLICY.replace("support", "gone")),
        ("bad", "policy:"),
    ):
        (policies / f"{name}.yaml").write_text(text)
    (policies / "hand-off.j2").write_text("{{ route.reason }}")
    commit(home)
    git(home, "checkout", "-q", "-b", "change")
    (policies / "support.yaml").write_text(POLICY.replace("2h", "0m"))
    (policies / "noted.yaml").write_text(NOTED.replace("2h", "0m").replace("hand-off.j2", "note.j2"))
    (policies / "hand-off.j2").rename(policies / "note.j2")
    (policies / "talk.yaml").write_text(TALK.replace("help", "manager"))
    (policies / "gone.yaml").unlink()
    (policies / "bad.yaml").write_text(POLICY.replace("support", "bad"))
    (policies / "new.yaml").write_text(POLICY.replace("support", "new"))
    commit(home)
    git(home, "checkout", "-q", "main")
    (policies / "support.yaml").write_text(POLICY.replace("2h", "9h"))
    commit(home)
    git(home, "checkout", "-q", "change")
    return home


def test_each_policy_of_a_branch_is_compared_with_the_one_it_was_made_from(branch: Path) -> None:
    found = checked(branch, BASE="main", **HISTORY)
    actual = (branch / "ci-out/difference.md").read_text().split("### ")[1:]
    assert found.returncode == 0, found.stderr
    assert [one.splitlines()[0].removeprefix("config/policies/") for one in actual] == [
        "bad.yaml", "new.yaml", "noted.yaml, against main", "support.yaml, against main", "talk.yaml, against main",
        "gone.yaml",
    ]  # fmt: skip
    assert "That of main is not valid" in actual[0]
    assert "A new policy." in actual[1]
    assert "1 only here, 1 earlier" in actual[2]
    assert "1 only here, 1 earlier" in actual[3]
    assert "cannot answer its `text` condition" in actual[4]
    assert "The policy is gone." in actual[5]
    assert {path.name for path in (branch / "ci-out").glob("*.csv")} == {
        "difference-noted.csv",
        "difference-support.csv",
    }
    assert subprocess.check_output(["git", "status", "--short"], cwd=branch, text=True, timeout=60) == "?? ci-out/\n"


def test_a_clone_without_the_base_is_refused(branch: Path) -> None:
    shallow = branch.parent / "shallow"
    git(branch.parent, "clone", "-q", "--depth", "1", "--branch", "change", branch.as_uri(), str(shallow))
    found = checked(shallow, BASE="origin/main", **HISTORY)
    assert (found.returncode, found.stdout) == (2, "")
    assert "BASE=origin/main is not in this clone: fetch it first" in found.stderr


@pytest.mark.parametrize("name", ["BASE", "MAPPING", "FROM", "TO"])
def test_a_setting_that_is_missing_is_named(home: Path, name: str) -> None:
    found = checked(home, **{"BASE": "main", **HISTORY, name: ""})
    assert (found.returncode, found.stderr) == (2, f"check-policies: EVENTS is set, but {name} is not\n")


def test_a_history_that_cannot_be_read_fails(home: Path) -> None:
    (home / "config/policies/support.yaml").write_text(POLICY.replace("2h", "0m"))
    (home / "events.csv").write_text("nothing\n")
    found = checked(home, BASE="main", **HISTORY)
    assert found.returncode == 2
    assert "events.csv" in found.stderr
    assert "events.csv" in (home / "ci-out/difference.md").read_text()


def test_the_recipe_works_where_config_is_not_at_the_top_of_the_repository(home: Path) -> None:
    top = home / "ops"
    top.mkdir()
    for name in ("config", "events.csv", "mapping.yaml"):
        (home / name).rename(top / name)
    commit(home)
    (top / "config/policies/support.yaml").write_text(POLICY.replace("2h", "0m"))
    assert checked(top, BASE="main", **HISTORY).returncode == 0
    assert "1 only here, 1 earlier" in (top / "ci-out/difference.md").read_text()


def test_the_first_files_of_init_pass_as_they_are(home: Path) -> None:
    made = home.parent / "made"
    words = [str(program()), "init", str(made), "--procedure", "member-support"]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    found = checked(made)
    assert (found.returncode, found.stdout.splitlines()) == (0, ["ok (config/policies/member-support.yaml)"])


def test_the_workflow_runs_the_recipe_and_nothing_else() -> None:
    workflow = yaml.load((CI / "github-actions.yml").read_text(), yaml.BaseLoader)
    steps = workflow["jobs"]["check"]["steps"]
    runs = [step["run"] for step in steps if "run" in step]
    check = steps[3]
    assert "bash ci/check-policies" in check["run"]
    script = (CI / "check-policies").read_text()
    given = {*check["env"], "ORG", "EVENTS", "MAPPING", "FROM", "TO", "EVERY"}
    assert all(name in script for name in given - {"SFDC_PRIVATE_KEY"})
    assert [step for step in steps if "secrets." in str(step)] == [check]
    for text in runs:
        assert subprocess.run(["bash", "-n"], input=text, text=True, check=False, timeout=60).returncode == 0
