"""Whatever a path leads to, a command neither waits on it nor writes over it: a clear message, and the work goes on."""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.backtest.test_backtest_command import EVENTS, MAPPING
from tests.backtest.test_backtest_command import POLICY as AGED
from tests.stories.watched import CASE, POLICY, cron, env_file
from tests.stories.world import Answer, World, writes


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    """A link to a device, so that a mistake does not hit a device of the machine."""
    path.symlink_to("/dev/zero")


def full(path: Path) -> None:
    path.symlink_to("/dev/full")


def dangling(path: Path) -> None:
    path.symlink_to(path.with_name("nothing there"))


def link(path: Path) -> None:
    path.with_name("of somebody else").write_text("precious\n")
    path.symlink_to(path.with_name("of somebody else"))


def in_a_circle(path: Path) -> None:
    path.symlink_to(path)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        here = os.open(path.parent, os.O_RDONLY)
        try:
            one.bind(f"/proc/self/fd/{here}/{path.name}")  # the name of a socket is short
        finally:
            os.close(here)


def folder(path: Path) -> None:
    path.mkdir()


KINDS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a pipe": (pipe, "it is a pipe, not a file"),
    "a device": (device, "it is a link, not a file"),
    "a full device": (full, "it is a link, not a file"),
    "a dangling link": (dangling, "it is a link, not a file"),
    "a link to a file": (link, "it is a link, not a file"),
    "a link to itself": (in_a_circle, "it is a link, not a file"),
    "a socket": (unix_socket, "it is a socket, not a file"),
    "a folder": (folder, "it is a folder, not a file"),
}


def snapshot(path: Path) -> tuple[int, str, str]:
    """What the path is, where it leads, and what is there."""
    status = path.lstat()
    leads = os.readlink(path) if path.is_symlink() else ""
    other = path.with_name("of somebody else")
    return stat.S_IFMT(status.st_mode), leads, other.read_text() if other.exists() else ""


@pytest.mark.parametrize("kind", KINDS)
def test_metrics_are_one_warning_where_their_path_leads_to(world: World, heard: list[str], kind: str) -> None:
    make, reason = KINDS[kind]
    path = world.folder / "m.prom"
    make(path)
    before = snapshot(path)
    answer = world.run("--backlog", "escalate", "--metrics", str(path))
    assert (answer.code, answer.json["applied"], heard) == (0, 1, ["/ping/start", "/ping"])
    warned = [line for line in answer.err.splitlines() if "metrics.not_written" in line]
    assert len(warned) == 1
    assert reason in warned[0]
    assert snapshot(path) == before
    assert [one["object"] for one in writes(world.orgs[0])] == ["CaseComment", "Case"]


@pytest.fixture
def replay(world: World) -> Callable[..., Answer]:
    """`backtest` with these words in place of its own."""
    for name, text in (("policy.yaml", AGED), ("mapping.yaml", MAPPING), ("events.csv", EVENTS)):
        (world.folder / name).write_text(text, encoding="utf-8")

    def type_it(**options: Path) -> Answer:
        files = {
            name: world.folder / f"{name}.{'csv' if name == 'events' else 'yaml'}"
            for name in ("policy", "mapping", "events")
        }
        words = [word for name, path in {**files, **options}.items() for word in (f"--{name}", str(path))]
        times = ["--from", "2026-03-01T00:00:00Z", "--to", "2026-03-02T00:00:00Z", "--every", "1h"]
        return world.type("backtest", *words, *times)

    return type_it


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_is_refused_where_its_path_leads_to(world: World, replay: Callable[..., Answer], kind: str) -> None:
    make, reason = KINDS[kind]
    path = world.folder / "out.csv"
    make(path)
    before = snapshot(path)
    answer = replay(out=path)
    assert answer.code == 2
    assert answer.err in (
        f"{path} cannot be written: {reason}\n",
        f"Usage: sfdc-escalator backtest [OPTIONS]\nInvalid value for '--out': File '{path}' is a directory.\n",
    )
    assert snapshot(path) == before


def test_a_file_that_is_replaced_keeps_its_mode(world: World, replay: Callable[..., Answer]) -> None:
    path = world.folder / "out.csv"
    path.write_text("old")
    path.chmod(0o600)
    assert replay(out=path).code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "A1" in path.read_text()


def test_a_read_only_file_is_not_replaced(world: World, replay: Callable[..., Answer]) -> None:
    path = world.folder / "out.csv"
    path.write_text("old")
    real = os.access  # the tests may run as root, who may write everything
    world.monkeypatch.setattr(os, "access", lambda one, mode: (one, mode) != (path, os.W_OK) and real(one, mode))
    answer = replay(out=path)
    assert (answer.code, answer.err) == (2, f"{path} cannot be written: it is read-only\n")
    assert path.read_text() == "old"


def test_a_long_name_is_no_obstacle(world: World, replay: Callable[..., Answer]) -> None:
    path = world.folder / ("n" * 250 + ".csv")
    assert replay(out=path).code == 0
    assert path.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_of_the_ledger_takes_no_other_place(world: World, heard: list[str], kind: str) -> None:
    world.run("--backlog", "escalate")
    path = world.folder / "copy.db"
    KINDS[kind][0](path)
    before = snapshot(path)
    answer = world.type("ledger", "backup", str(path))
    assert answer.code == 2
    assert f"{path} exists already and is left as it is; name a new file" in answer.err or kind == "a folder"
    assert snapshot(path) == before


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_files_leave_what_is_there(world: World, kind: str) -> None:
    path = world.folder / "home" / ".env.example"
    path.parent.mkdir()
    KINDS[kind][0](path)
    before = snapshot(path)
    answer = world.type("init", str(world.folder / "home"), "--procedure", "member-support")
    assert answer.code == (0 if kind == "a link to a file" else 2)
    assert path.name in answer.out + answer.err
    assert snapshot(path) == before


# -- reading -----------------------------------------------------------------------------------------------------------

UNREADABLE = {kind: KINDS[kind] for kind in KINDS if kind != "a link to a file"}


@pytest.mark.parametrize("kind", UNREADABLE)
@pytest.mark.parametrize("what", ["policy", "policy of a run", "template", "orgs.yaml", "secret", "history", "mapping"])
def test_a_file_that_is_read_may_lead_anywhere(
    world: World, replay: Callable[..., Answer], what: str, kind: str
) -> None:
    path = world.folder / "config" / "orgs.yaml" if what == "orgs.yaml" else world.folder / "odd"
    path.parent.mkdir(exist_ok=True)
    UNREADABLE[kind][0](path)
    if what in ("history", "mapping"):
        answer = replay(**{"events" if what == "history" else what: path})
    elif what == "policy":
        answer = world.type("validate", str(path))
    elif what == "policy of a run":
        answer = world.type("run", "--policy", str(path))
    elif what == "template":
        world.policy(POLICY.replace("policy: support", "policy: support\ndefaults: {note: {template: odd}}"))
        answer = world.type("validate")
    else:
        world.policy(POLICY)
        if what == "secret":
            (world.folder / "config").mkdir()
            login = "flow: token, instance_url: 'https://acme.example', access_token: 'file:odd'"
            (world.folder / "config" / "orgs.yaml").write_text(f"acme: {{{login}}}\n")
        answer = world.type("run", "--org", "acme")
    assert answer.code == 2
    assert path.name in answer.out + answer.err
    assert "Traceback" not in answer.out + answer.err
    assert "defect" not in answer.out + answer.err


@pytest.mark.parametrize("kind", ["a pipe", "a device", "a socket", "a folder"])
@pytest.mark.parametrize("option", ["--db", "--faults", "--log", "Case.csv", "automation.json"])
def test_a_file_of_the_embedded_org_may_lead_anywhere(world: World, option: str, kind: str) -> None:
    data = world.data(Case=[CASE])
    path = data / option if "." in option else world.folder / "odd"
    path.unlink(missing_ok=True)
    KINDS[kind][0](path)
    words = ["--data", str(data)] if "." in option else [option, str(path)]
    answer = world.type("org", "serve", *words)
    assert answer.code == 2
    assert str(path) in answer.err
    assert "Traceback" not in answer.err


def test_a_log_on_a_pipe_is_refused_before_a_run_of_cron(world: World, heard: list[str]) -> None:
    env_file(world, world.orgs[0])
    os.mkfifo(world.folder / "run.log")
    answer = cron(world, "--log", "run.log")
    assert (answer.code, writes(world.orgs[0])) == (2, [])
    assert answer.err == "cron-run: run.log is a pipe, on which a run would wait for a reader: name a file\n"


@pytest.mark.parametrize("kind", ["a socket", "a folder"])
def test_a_log_that_is_no_file_is_refused_before_a_run_of_cron(world: World, heard: list[str], kind: str) -> None:
    env_file(world, world.orgs[0])
    KINDS[kind][0](world.folder / "run.log")
    answer = cron(world, "--log", "run.log")
    assert (answer.code, answer.err) == (2, "cron-run: run.log cannot be written\n")
    assert writes(world.orgs[0]) == []
