"""Starts commands in processes, waits for them, lets them go on, and reports how they ended."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.forked_process import Command

ROOT = Path(__file__).resolve().parents[2]
MEMORY = "/dev/shm"
KEPT = ("PATH", "HOME", "USER", "LANG", "TMPDIR")
"""The environment of the commands. It is small, because each call of the org looks through it for a proxy."""

PATIENCE = 60.0
"""Real seconds after which a command that does not end is a failure."""


@dataclass(slots=True)
class Ended:
    """A finished command; `code` is None when it was killed. `seen` counts the places that it reached."""

    command: Command
    code: int | None
    seen: dict[tuple[str, str], int]

    @property
    def report(self) -> dict[str, Any] | None:
        """The JSON object that it printed, None for other output."""
        try:
            found = json.loads(Path(self.command.out).read_text())
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    @property
    def stderr(self) -> str:
        return Path(self.command.err).read_text()[-4000:]


@dataclass(slots=True)
class RunningCommand:
    """A command in its process."""

    command: Command
    line: socket.socket
    pid: int = 0
    waits: bool = False
    _rest: bytes = b""
    _ended: Ended | None = field(default=None)

    def wait(self) -> Ended | str:
        """Waits until it ends, or waits for the test: `meet` or `stop`."""
        while self._ended is None:
            line = self._read()
            if line is None:
                return self._end(None, {})
            if line.startswith("{"):
                ending = json.loads(line)
                return self._end(ending["code"], {(site, when): times for site, when, times in ending["seen"]})
            if line == "stop":
                self._until("T")
            self.waits = True
            return line
        return self._ended

    def go_on(self, seconds: float = 0.0) -> None:
        """Lets it go on after `seconds` of its time. If it has ended, the next `wait` returns that."""
        self.waits = False
        with contextlib.suppress(ProcessLookupError, BrokenPipeError, ConnectionResetError):
            os.kill(self.pid, signal.SIGCONT)
            self.line.sendall(f"{seconds}\n".encode())

    def finish(self) -> Ended:
        """Lets it go on until it ends."""
        while True:
            if self.waits:
                self.go_on()
            if isinstance(line := self.wait(), Ended):
                return line

    def kill(self) -> None:
        if self._ended is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._end(None, {})

    def _read(self) -> str | None:
        while b"\n" not in self._rest:
            try:
                more = self.line.recv(65_536)
            except ConnectionResetError:
                more = b""
            except TimeoutError:
                self.kill()
                raise AssertionError(f"{self.command.run} did not end: {self.command.arguments}") from None
            if not more:
                return None
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def _end(self, code: int | None, seen: dict[tuple[str, str], int]) -> Ended:
        self._until("")
        self.line.close()
        self._ended = Ended(self.command, code, seen)
        return self._ended

    def _until(self, wanted: str) -> None:
        """Waits until the process is in that state; an empty state means that it is gone."""
        limit = time.monotonic() + PATIENCE
        while state(self.pid) not in (wanted, "") and time.monotonic() < limit:
            time.sleep(0.0005)


def state(pid: int) -> str:
    try:
        found = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
    return "" if found in "ZX" else found


class Runner:
    """A prepared process from which commands are forked. `start` may be called while others run."""

    def __init__(self) -> None:
        # In memory if possible: the data must survive a killed process, not a power cut.
        self.folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
        self._path = str(self.folder / "door")
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.forked_process", self._path], cwd=ROOT, env=environment
        )
        limit = time.monotonic() + PATIENCE
        while not os.path.exists(self._path):
            assert self._server.poll() is None, "the process of the commands did not start"
            assert time.monotonic() < limit
            time.sleep(0.01)

    def start(self, command: Command) -> RunningCommand:
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(PATIENCE)
        line.connect(self._path)
        line.sendall(
            json.dumps({**asdict(command), "points": [asdict(one) for one in command.points]}).encode() + b"\n"
        )
        running = RunningCommand(command, line)
        running.pid = int(running._read() or 0)
        return running

    def close(self) -> None:
        self._server.kill()
        self._server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def open_runner() -> Iterator[Runner]:
    made = Runner()
    try:
        yield made
    finally:
        made.close()
