"""A signal at any moment of a command: exit code 3, one JSON object, and the same in heartbeat, metrics and ledger."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.sampling import some
from tests.stories.terminals import between
from tests.stories.watched import listener, orgs
from tests.stories.world import World, writes
from tests.warm import program

SIGNALS = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]
LOADED = ["click", "sfdc_escalator.cli.door", "sfdc_escalator.cli.streams", "sfdc_escalator.cli.commands.run"]
LIBRARIES = ["sfdc_escalator.wiring.errand", "yaml", "pydantic", "simple_salesforce", "requests", "sqlalchemy"]
RUN = ["run", "--json", "--backlog", "escalate", "--metrics", "m.prom"]

# When the program imports the module NAME, it gets the signal NUMBER: a moment that no clock decides.
AT_IMPORT = """
import os, sys
class Sends:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r} and self in sys.meta_path:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Sends())
"""


@dataclass
class Gate:
    """Holds the nth request of a kind until it is opened."""

    path: str
    nth: int = 1
    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)
    seen: int = 0

    def pass_by(self, path: str) -> None:
        if self.path in path:
            self.seen += 1
            if self.seen == self.nth:
                self.reached.set()
                assert self.opened.wait(60)


@contextmanager
def gated(world: World, gate: Gate) -> Iterator[None]:
    """The org answers through the gate."""
    with between(world.orgs[0].instance_url, {}, gate.pass_by) as address:
        world.environ["SFDC_INSTANCE_URL"] = address
        yield


def started(world: World, words: list[str], *, real: bool = True, **settings: Any) -> "subprocess.Popen[str]":
    """The program, or what stands for it, which starts in less time and passes signals on."""
    command = [*((sys.executable, "-m", "sfdc_escalator") if real else (program(),)), *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **settings}
    return subprocess.Popen(command, env=world.environ, cwd=world.folder, start_new_session=True, **pipes)


def ended(world: World, running: "subprocess.Popen[str]") -> dict[str, Any]:
    out, err = running.communicate(timeout=60)
    world.reported += [out or "", err or ""]
    assert "Traceback" not in out + err
    assert "defect" not in out + err
    return {"code": running.returncode, **json.loads(out)}


def metrics_code(world: World) -> str:
    lines = (world.folder / "m.prom").read_text().splitlines()
    return next(line for line in lines if line.startswith("sfdc_escalator_last_run_exit_code")).split()[-1]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_before_the_ledger_is_open_ends_the_run_everywhere_alike(
    world: World, heard: list[str], number: signal.Signals
) -> None:
    gate = Gate("/services/")
    with gated(world, gate):
        running = started(world, RUN, real=number is SIGNALS[0])
        assert gate.reached.wait(60)
        running.send_signal(number)
        report = ended(world, running)
        gate.opened.set()
    assert (report["code"], report["exit"]) == (3, 3)
    assert report["error"] == {"code": "stopped", "message": f"stopped by {number.name}", "problems": []}
    assert heard == ["/ping/start", "/ping/3"]
    assert metrics_code(world) == "3"
    assert not list(world.folder.rglob("*.db"))
    assert writes(world.orgs[0]) == []


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_during_the_poll_lets_the_run_end_in_order(
    world: World, heard: list[str], number: signal.Signals
) -> None:
    gate = Gate("/composite")
    with gated(world, gate):
        running = started(world, RUN)
        assert gate.reached.wait(60)
        running.send_signal(number)
        wait_until_taken(running, number)
        gate.opened.set()
        report = ended(world, running)
    assert (report["code"], report["exit"], report["stopped"], report["deferred"]) == (3, 3, number.name, 1)
    assert heard == ["/ping/start", "/ping/3"]
    assert metrics_code(world) == "3"
    assert world.type("status", "--json", "--expect-every", "100000h").json["last_run"]["exit"] == 3
    assert writes(world.orgs[0]) == []


def wait_until_taken(running: "subprocess.Popen[str]", number: signal.Signals) -> None:
    """The kernel has handed the signal over: it is pending no longer."""
    pause = threading.Event()
    for _ in range(6000):
        lines = Path(f"/proc/{running.pid}/status").read_text().splitlines()
        pending = [int(line.split()[1], 16) for line in lines if line.startswith(("SigPnd", "ShdPnd"))]
        if not any(mask >> (number - 1) & 1 for mask in pending):
            return
        pause.wait(0.01)
    raise AssertionError("the signal stays pending")


@pytest.mark.parametrize("number", some(SIGNALS, 2))
def test_a_signal_after_the_work_changes_nothing(world: World, heard: list[str], number: signal.Signals) -> None:
    """The ledger has the end of the run already, so the report and the heartbeat say the same."""
    gate = Gate("/ping", nth=2)
    with listener(gate.pass_by) as (url, heard):
        orgs(world, url)
        running = started(world, RUN)
        assert gate.reached.wait(60)
        running.send_signal(number)
        wait_until_taken(running, number)
        gate.opened.set()
        report = ended(world, running)
    assert (report["code"], report["exit"], report["applied"], report["stopped"]) == (0, 0, 1, None)
    assert heard == ["/ping/start", "/ping"]
    assert metrics_code(world) == "0"


@pytest.mark.parametrize(("module", "number"), some(product(LOADED, SIGNALS), 4))
def test_a_signal_while_the_program_is_loaded_is_one_json_object(
    world: World, heard: list[str], tmp_path: Path, module: str, number: signal.Signals
) -> None:
    (tmp_path / "early").mkdir()
    (tmp_path / "early" / "sitecustomize.py").write_text(AT_IMPORT.format(name=module, number=int(number)))
    world.environ["PYTHONPATH"] = str(tmp_path / "early")
    report = ended(world, started(world, RUN))
    assert (report["code"], report["error"]["code"]) == (3, "stopped")
    assert heard == []  # nothing began
    assert writes(world.orgs[0]) == []


@pytest.mark.parametrize("module", some(LIBRARIES, 3))
def test_a_signal_while_libraries_are_loaded_is_no_defect(
    world: World, heard: list[str], tmp_path: Path, module: str
) -> None:
    (tmp_path / "early").mkdir()
    (tmp_path / "early" / "sitecustomize.py").write_text(AT_IMPORT.format(name=module, number=int(signal.SIGTERM)))
    world.environ["PYTHONPATH"] = str(tmp_path / "early")
    report = ended(world, started(world, RUN))
    assert (report["code"], report["error"]["code"]) == (3, "stopped")
    assert heard in ([], ["/ping/start", "/ping/3"])
    assert writes(world.orgs[0]) == []


READING = {
    "explain": ["explain", "1"],
    "validate": ["validate", "--org", "env"],
    "run --dry-run": ["run", "--dry-run"],
    "ledger rebuild": ["ledger", "rebuild"],
}


ASKED = some(product(READING, SIGNALS), 5)


@pytest.mark.parametrize(("what", "number"), ASKED)
def test_a_signal_ends_a_command_that_only_asks_with_one_line(
    world: World, heard: list[str], what: str, number: signal.Signals
) -> None:
    gate = Gate("/services/")
    with gated(world, gate):
        running = started(world, READING[what], real=(what, number) == ASKED[0])
        assert gate.reached.wait(60)
        running.send_signal(number)
        out, err = running.communicate(timeout=60)
        gate.opened.set()
    assert (running.returncode, out, err) == (3, "", f"stopped by {number.name}\n")


def with_a_full_pipe(act: Callable[[int], "subprocess.Popen[str]"], number: signal.Signals) -> tuple[int, str]:
    """The exit code and stderr of a process that waits for a reader of its report when the signal comes."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with open(writing, "wb", buffering=0) as full:
        while full.write(b"x" * 65_536):  # until nothing more goes in
            pass
        os.set_blocking(writing, True)
        running = act(writing)
    wait_until_it_waits(running)
    running.send_signal(number)
    _, err = running.communicate(timeout=60)
    os.close(reading)
    return running.returncode, err


def wait_until_it_waits(running: "subprocess.Popen[str]") -> None:
    """The main thread of the process is in the write to its stdout."""
    pause = threading.Event()
    for _ in range(6000):
        call = Path(f"/proc/{running.pid}/syscall").read_text().split()
        if call[:2] == ["1", "0x1"]:
            return
        pause.wait(0.01)
    raise AssertionError("it never printed")


@pytest.mark.skipif(os.uname().machine != "x86_64" or not Path("/proc/self/syscall").exists(), reason="needs /proc")
@pytest.mark.parametrize("number", some(SIGNALS, 1))
def test_a_signal_ends_the_wait_for_a_reader_who_does_not_read(
    world: World, heard: list[str], number: signal.Signals
) -> None:
    """The work of the run is done: its exit code, its heartbeat and the ledger say so."""
    code, err = with_a_full_pipe(lambda pipe: started(world, RUN, stdout=pipe), number)
    assert code == 0
    assert f"the report was cut off by {number.name}; the work is done" in err
    assert (heard, metrics_code(world)) == (["/ping/start", "/ping"], "0")
    code, err = with_a_full_pipe(lambda pipe: started(world, ["audit", "list"], stdout=pipe), number)
    assert (code, err) == (3, f"the report was cut off by {number.name}\n")


def test_a_hangup_that_the_starter_ignores_stays_ignored(world: World, heard: list[str]) -> None:
    gate = Gate("/services/")
    with gated(world, gate):
        running = started(world, RUN, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        assert gate.reached.wait(60)
        running.send_signal(signal.SIGHUP)
        gate.opened.set()
        assert ended(world, running)["code"] == 0
