"""Surroundings are handed in: nothing of the process itself reaches a command."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sfdc_escalator.cli.commands.by_hand import person
from sfdc_escalator.errors import Invalid
from sfdc_escalator.wiring import ledgers
from sfdc_escalator.wiring.orgs import entry_of
from sfdc_escalator.wiring.policies import policy_paths
from sfdc_escalator.wiring.secrets import Secrets
from sfdc_escalator.wiring.surroundings import Surroundings
from tests.stories.world import World, no_wait

POLICY = "policy: p\nroutes: [{name: r, reason: R., when: [{field: Priority, is: High}], escalate: {status: B}}]\n"
CASES = [{"CaseNumber": str(number), "Priority": "High"} for number in range(1, 5)]
TOKEN = "a.token.for.these.tests.only"


@pytest.fixture
def here(tmp_path: Path) -> Surroundings:
    (tmp_path / "config" / "policies").mkdir(parents=True)
    return Surroundings({"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"], "NAME": TOKEN}, tmp_path, no_wait)


def orgs(here: Surroundings, login: str, more: str = "") -> None:
    here.orgs_file.write_text(f"acme: {{instance_url: https://acme.my.salesforce.com, {login}{more}}}\n")


def token(here: Surroundings, reference: str) -> str:
    orgs(here, f"access_token: '{reference}'")
    return entry_of(here, "acme")[0].login(here.environ, here.folder).values["access_token"]


def test_a_secret_is_read_from_the_folder_the_home_and_the_environment_that_were_handed_in(here: Surroundings) -> None:
    (here.folder / "home").mkdir()
    for path in (here.folder / "one.key", here.folder / "home" / "two.key"):
        path.write_text(f"{TOKEN}.{path.stem}")
        path.chmod(0o600)
    assert token(here, "env:NAME") == TOKEN
    assert token(here, "file:one.key") == f"{TOKEN}.one"
    assert token(here, "file:~/two.key") == f"{TOKEN}.two"
    assert token(here, "cmd:printenv NAME") == TOKEN
    assert token(here, "cmd:cat one.key") == f"{TOKEN}.one"


def test_a_variable_of_the_process_is_not_one_of_the_surroundings(
    here: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_PROCESS", TOKEN)
    for reference in ("env:OF_THE_PROCESS", "cmd:printenv OF_THE_PROCESS"):
        with pytest.raises(Invalid):
            token(here, reference)


@pytest.mark.parametrize(
    ("named", "place"),
    [
        ("mine.db", "mine.db"),
        ("sqlite:///mine.db", "mine.db"),
        ("~/mine.db", "home/mine.db"),
        (None, "state/of.db"),
    ],
)
def test_a_ledger_is_found_from_the_folder_that_was_handed_in(
    here: Surroundings, named: str | None, place: str
) -> None:
    orgs(here, "access_token: env:NAME", ", ledger: state/of.db")
    assert ledgers.place(here, named, "acme") == str(here.folder / place)


def test_the_policies_are_those_of_the_config_folder(here: Surroundings) -> None:
    with pytest.raises(Invalid, match=r"there is no policy.*config/policies"):
        policy_paths(here, ())
    path = here.policy_folder / "p.yaml"
    path.write_text(POLICY)
    assert policy_paths(here, ()) == [path]
    with pytest.raises(Invalid, match="there is no policy"):
        policy_paths(replace(here, config=Path("elsewhere")), ())


def test_an_option_takes_its_variable_from_the_surroundings_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also flags, and options that can be repeated."""
    world.org(Case=CASES)
    one, two = world.policy(POLICY), world.policy(POLICY.replace("policy: p", "policy: q"), "two.yaml")
    world.environ["SFDC_ESCALATOR_POLICY"] = os.pathsep.join([one.name, two.name])
    world.environ |= {"SFDC_ESCALATOR_DRY_RUN": "1", "SFDC_ESCALATOR_JSON": "1", "SFDC_ESCALATOR_LIMIT": "3"}
    monkeypatch.setenv("SFDC_ESCALATOR_LIMIT", "none")
    monkeypatch.setenv("SFDC_ESCALATOR_CASE", "1")
    reported = world.type("run", "--backlog", "escalate").json
    assert (reported["dry_run"], reported["planned"], [one["policy"] for one in reported["policies"]]) == (
        True,
        3,
        ["p", "q"],
    )


def test_a_variable_that_is_not_handed_in_asks_for_no_json(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFDC_ESCALATOR_JSON", "1")
    answer = world.type("run", "--org", "nowhere")
    assert (answer.code, answer.out) == (2, "")
    assert "there is no policy" in answer.err


def test_the_token_of_the_environment_is_a_secret_from_the_beginning(here: Surroundings) -> None:
    made = replace(here, environ={"SFDC_ACCESS_TOKEN": f" {TOKEN}\n"})
    assert made.secrets.redact(f"it is {TOKEN}") == "it is [hidden]"
    assert TOKEN not in repr(made) + repr(here)


def test_no_form_of_a_secret_stands_in_a_redacted_text() -> None:
    secrets = Secrets()
    secrets.add(['long "and" odd', "long", "", "x" * 7])
    text = '"long \\"and\\" odd" long%20%22and%22%20odd long+%22and%22+odd xxxxxxx postgresql://ann:word@db/x'
    assert secrets.redact(text) == '"[hidden]" [hidden] [hidden] xxxxxxx postgresql://ann:[hidden]@db/x'


def test_the_program_itself_hands_in_its_own_process(world: World) -> None:
    """A process of its own, with relative paths and variables as a person has them."""
    world.org(Case=CASES)
    world.policy(POLICY)
    environ = {**world.environ, "SFDC_ESCALATOR_POLICY": "policy.yaml", "SFDC_ESCALATOR_JSON": "1"}
    words = [sys.executable, "-m", "sfdc_escalator", "run", "--dry-run", "--ledger", "mine.db"]
    done = world.spawn(*words, env=environ, cwd=world.folder)
    assert (done.code, done.json["matched"], done.json["ledger"]) == (4, 4, str(world.folder / "mine.db"))


def test_the_person_who_settles_an_outcome_is_that_of_the_surroundings() -> None:
    assert person({"LOGNAME": "ann", "USER": "root"}) == "ann"
    assert person({"USER": "bob"}) == "bob"
    assert person({}) != ""
