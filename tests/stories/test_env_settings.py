"""`.env` beside `config/`: what a command takes from it, what wins over it, and what is never shown."""

import sys
from pathlib import Path

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.stories.watched import CASE, POLICY
from tests.stories.world import World

SECRET = "x7-Hush/9 of 2026"


@pytest.fixture
def org(world: World) -> EmbeddedOrg:
    """An org that the environment does not know, with a policy in the policy folder."""
    found = world.org(Case=[CASE])
    for name in ("SFDC_INSTANCE_URL", "SFDC_ACCESS_TOKEN"):
        del world.environ[name]
    (world.folder / "config" / "policies").mkdir(parents=True)
    (world.folder / "config" / "policies" / "p.yaml").write_text(POLICY)
    return found


def settings(world: World, org: EmbeddedOrg, *lines: str) -> None:
    path = world.folder / ".env"
    login = f"SFDC_INSTANCE_URL={org.instance_url}", f"SFDC_ACCESS_TOKEN={org.access_token}"
    path.write_text("\n".join([*login, *lines]))
    path.chmod(0o600)


def test_a_command_by_hand_logs_in_with_the_env_file(world: World, org: EmbeddedOrg) -> None:
    settings(world, org, "SFDC_ESCALATOR_BACKLOG=escalate")
    answer = world.run()
    assert (answer.code, answer.json["applied"]) == (0, 1)
    for words in (["status"], ["explain", "1"], ["validate", "--org", "env"], ["audit", "list"]):
        assert world.type(*words).code == 0


def test_a_variable_wins_over_the_env_file_and_an_option_over_both(world: World, org: EmbeddedOrg) -> None:
    settings(world, org, "SFDC_ESCALATOR_ORG=of-the-file", "SFDC_ESCALATOR_BACKLOG=escalate")
    assert "unknown org of-the-file" in world.run().json["error"]["message"]
    world.environ["SFDC_ESCALATOR_ORG"] = "of-the-environment"
    assert "unknown org of-the-environment" in world.run().json["error"]["message"]
    assert world.run("--org", "env").json["applied"] == 1
    world.environ["SFDC_ACCESS_TOKEN"] = "00D000000000001!stale.token"
    assert world.run("--org", "env").code == 5


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("SFDC_ESCALATOR_JSON=1", ["run", "--org", "nowhere"]),
        ("SFDC_ESCALATOR_JSON=yes", ["status", "--org", "nowhere"]),
        ("SFDC_ESCALATOR_JSON=true", ["run", "--no-such-option"]),
        ("SFDC_ESCALATOR_FORMAT=json", ["validate", "--org", "nowhere"]),
    ],
)
def test_an_error_is_json_where_the_env_file_asks_for_it(
    world: World, org: EmbeddedOrg, line: str, words: list[str]
) -> None:
    settings(world, org, line)
    answer = world.type(*words)
    assert (answer.code, answer.json["error"]["code"], answer.err) == (2, "invalid", "")


@pytest.mark.parametrize("words", [["run", "--help"], ["status", "-h"], ["audit", "list", "--help"], ["--help"]])
def test_help_works_beside_an_invalid_env_file(world: World, org: EmbeddedOrg, words: list[str]) -> None:
    settings(world, org, "hush hush")
    assert world.type("run").code == 2
    answer = world.type(*words)
    assert (answer.code, answer.out.startswith("Usage: ")) == (0, True)


@pytest.mark.parametrize("words", [["init", "new", "--procedure", "onboarding"], ["demo"]])
def test_what_works_on_no_org_of_the_user_needs_no_env_file(world: World, org: EmbeddedOrg, words: list[str]) -> None:
    settings(world, org, "hush hush")
    assert world.type(*words).code == 0


@pytest.mark.parametrize("name", ["PGPASSWORD", "DB_PASSWD", "APP_SECRET", "VAULT_TOKEN"])
@pytest.mark.parametrize("place", ["the file", "the environment"])
def test_a_value_whose_name_says_secret_is_never_shown(world: World, org: EmbeddedOrg, name: str, place: str) -> None:
    world.secrets.add(SECRET)
    if place == "the file":
        settings(world, org, f"{name}='{SECRET}'")
    else:
        world.environ[name] = SECRET
    for words in (["--org", SECRET], ["--org", "env", "--case", SECRET], [f"--{SECRET}"]):
        for form in ([], ["--json"]):
            answer = world.type("run", *words, *form)
            assert answer.code == 2
            assert SECRET not in answer.out + answer.err


def test_a_locale_without_the_letters_of_a_value_changes_nothing(world: World, org: EmbeddedOrg) -> None:
    settings(world, org, "TEAM=Zürich", "SFDC_ESCALATOR_LEDGER=state.db", "SFDC_ESCALATOR_BACKLOG=adopt")
    environ = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    program = Path(sys.executable).with_name("sfdc-escalator")
    answer = world.spawn(program, "run", "--json", env=environ, cwd=world.folder)
    assert answer.code == 0, answer
