"""Files that people and systems leave beside `orgs.yaml` and the policies, whatever command meets them."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from sfdc_escalator.errors import Invalid
from sfdc_escalator.files.orgs.orgs import org_entry
from tests.backtest.test_backtest_command import EVENTS, MAPPING
from tests.stories.world import World

ENTRY = "acme: {flow: cli, alias: dev}\n"
TEXT = """policy: p
routes: [{name: a, reason: b, when: [{age: CreatedDate, at_least: 2h}], escalate: {status: Escalated}}]
"""


@pytest.mark.parametrize("name", ["orgs.yml", "ORGS.YAML", "Orgs.yaml", "orgs.YML"])
@pytest.mark.parametrize("kind", ["file", "folder", "link to nothing"])
@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("org", ["acme", "env", "other"])
def test_a_name_that_looks_like_the_file_of_orgs_is_refused_by_name(
    name: str, kind: str, there: bool, org: str, tmp_path: Path
) -> None:
    """It may hold an `expect` that protects against the wrong org."""
    path, other = tmp_path / "orgs.yaml", tmp_path / name
    if there:
        path.write_text(ENTRY)
    if kind == "file":
        other.write_text("env: {expect: {sandbox: true}}\n")
    elif kind == "folder":
        other.mkdir()
    else:
        other.symlink_to("gone")
    with pytest.raises(Invalid) as refusal:
        org_entry(org, path)
    assert refusal.value.exit_code == 2
    assert str(refusal.value.problems[0]).startswith(f"{other}: this file would not be read")


@pytest.mark.parametrize(
    "name",
    [".orgs.yaml.swp", ".#orgs.yaml", "._orgs.yml", "orgs.yaml~", "orgs.yaml.bak", "orgs.example.yaml", "my.yml"],
)
def test_what_editors_and_systems_leave_is_no_file_of_orgs(name: str, tmp_path: Path) -> None:
    (tmp_path / "orgs.yaml").write_text(ENTRY)
    (tmp_path / name).write_text("no entry")
    assert org_entry("acme", tmp_path / "orgs.yaml")[0].name == "acme"
    assert org_entry("sf:dev", tmp_path / "orgs.yaml")[0].name == "sf:dev"


@pytest.mark.parametrize(("name", "target"), [("orgs.yml", "orgs.yaml"), ("orgs.yaml", "orgs.yml")])
def test_two_names_of_one_file_are_one_file_of_orgs(name: str, target: str, tmp_path: Path) -> None:
    (tmp_path / target).write_text(ENTRY)
    (tmp_path / name).symlink_to(target)
    assert org_entry("acme", tmp_path / "orgs.yaml")[0].name == "acme"


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def long_loop(path: Path) -> None:
    path.symlink_to("between")
    path.with_name("between").symlink_to(path.name)


def through_a_file(path: Path) -> None:
    path.with_name("plain").write_text("")
    path.symlink_to("plain/policy.yaml")


def of_bytes(path: Path) -> None:
    path.write_bytes(b"\0\5\x16\7")


UNREADABLE: Mapping[str, Callable[[Path], None]] = {
    "a loop": loop,
    "a loop of two": long_loop,
    "through a file": through_a_file,
    "too long a name": lambda path: path.symlink_to("x" * 300),
    "a link to nothing": lambda path: path.symlink_to("gone"),
    "a folder": Path.mkdir,
    "a link to a folder": lambda path: path.symlink_to("."),
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "bytes": of_bytes,
}
LISTING = {"validate": ["validate"], "run": ["run", "--dry-run"], "explain": ["explain", "1"]}
REPLAY = [
    *["backtest", "--events", "events.csv", "--mapping", "mapping.yaml", "--every", "1h"],
    *["--from", "2026-03-01T00:00:00Z", "--to", "2026-03-02T00:00:00Z", "--policy"],
]
COMMANDS = {**LISTING, "backtest": [*REPLAY, "config/policies/team.yaml"]}
"""`backtest` takes one policy by its name, the others those of the folder."""


@pytest.fixture
def policies(world: World) -> Path:
    """The policy folder of a person with one good policy and a history file."""
    (world.folder / "events.csv").write_text(EVENTS)
    (world.folder / "mapping.yaml").write_text(MAPPING)
    folder = world.folder / "config" / "policies"
    folder.mkdir(parents=True)
    (folder / "good.yaml").write_text(TEXT)
    world.go_home()
    return folder


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_policy_that_cannot_be_read_is_named_by_every_command(
    world: World, policies: Path, kind: str, command: str
) -> None:
    world.org(Case=[{"CaseNumber": "1", "Priority": "High"}])
    path = policies / "team.yaml"
    UNREADABLE[kind](path)
    answer = world.type(*COMMANDS[command])
    if path.is_symlink():
        path.unlink()
    assert answer.code == 2, answer
    assert "config/policies/team.yaml" in answer.out + answer.err
    assert "defect" not in answer.err
    assert "mean config/policies/team.yaml" not in answer.out + answer.err


@pytest.mark.parametrize("command", LISTING)
@pytest.mark.parametrize("kind", ["a folder", "a file"])
def test_a_misnamed_policy_is_named_by_every_command(world: World, policies: Path, kind: str, command: str) -> None:
    world.org(Case=[{"CaseNumber": "1", "Priority": "High"}])
    (policies / "x.yml").mkdir() if kind == "a folder" else (policies / "x.yml").write_text(TEXT)
    answer = world.type(*LISTING[command])
    assert answer.code == 2
    assert "config/policies/x.yml: this file would not be read" in answer.out + answer.err


@pytest.mark.parametrize("name", ["draft.yml", ".draft.yaml", "DRAFT.YAML", "draft"])
def test_a_policy_that_is_named_is_taken_whatever_its_name(world: World, policies: Path, name: str) -> None:
    world.org(Case=[{"CaseNumber": "1", "Priority": "High"}])
    (policies / name).write_text(TEXT)
    for words in (["validate"], ["explain", "1", "--policy"], REPLAY):
        answer = world.type(*words, f"config/policies/{name}")
        assert answer.code == 0, answer


@pytest.mark.parametrize("kind", UNREADABLE)
@pytest.mark.parametrize("name", ["config/orgs.yaml", ".env"])
def test_an_unreadable_file_of_settings_is_named(world: World, policies: Path, kind: str, name: str) -> None:
    path = world.folder / name
    UNREADABLE[kind](path)
    if kind == "bytes":
        path.chmod(0o600)
    answer = world.type("run", "--dry-run", "--org", "acme")
    if path.is_symlink():
        path.unlink()
    assert answer.code == 2
    assert name in answer.err
    assert "defect" not in answer.err
