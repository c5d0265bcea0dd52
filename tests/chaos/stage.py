"""Runs on demand: starts subjects, waits for them, lets them go on, and tells how they ended."""

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

from tests.chaos.subject import Order

ROOT = Path(__file__).resolve().parents[2]
MEMORY = "/dev/shm"
PATIENCE = 60.0
"""Real seconds after which a subject that does not end is a defect of its own."""


@dataclass(slots=True)
class Ended:
    """How a run ended; `code` is None when it was killed. `seen` counts the places that it came by."""

    order: Order
    code: int | None
    seen: dict[tuple[str, str], int]

    @property
    def report(self) -> dict[str, Any] | None:
        """What it printed, when that is one JSON object."""
        try:
            found = json.loads(Path(self.order.out).read_text())
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    @property
    def words(self) -> str:
        return Path(self.order.err).read_text()[-4000:]


@dataclass(slots=True)
class Subject:
    """A run under way."""

    order: Order
    line: socket.socket
    pid: int = 0
    waits: bool = False
    _rest: bytes = b""
    _ended: Ended | None = field(default=None)

    def wait(self) -> Ended | str:
        """Until it ends, or waits for us: `meet` or `stop`."""
        while self._ended is None:
            said = self._read()
            if said is None:
                return self._end(None, {})
            if said.startswith("{"):
                told = json.loads(said)
                return self._end(told["code"], {(site, when): times for site, when, times in told["seen"]})
            if said == "stop":
                self._until("T")
            self.waits = True
            return said
        return self._ended

    def go_on(self, seconds: float = 0.0) -> None:
        """After `seconds` of its time; a run that ended meanwhile is found out by the next `wait`."""
        self.waits = False
        with contextlib.suppress(ProcessLookupError, BrokenPipeError, ConnectionResetError):
            os.kill(self.pid, signal.SIGCONT)
            self.line.sendall(f"{seconds}\n".encode())

    def finish(self) -> Ended:
        """To the end, whatever it waits for."""
        while True:
            if self.waits:
                self.go_on()
            if isinstance(said := self.wait(), Ended):
                return said

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
                raise AssertionError(f"{self.order.run} did not end: {self.order.words}") from None
            if not more:
                return None
            self._rest += more
        said, _, self._rest = self._rest.partition(b"\n")
        return said.decode()

    def _end(self, code: int | None, seen: dict[tuple[str, str], int]) -> Ended:
        self._until("")
        self.line.close()
        self._ended = Ended(self.order, code, seen)
        return self._ended

    def _until(self, wanted: str) -> None:
        """Until the process is in that state; empty means gone."""
        limit = time.monotonic() + PATIENCE
        while state(self.pid) not in (wanted, "") and time.monotonic() < limit:
            time.sleep(0.0005)


def state(pid: int) -> str:
    try:
        found = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
    return "" if found in "ZX" else found


class Stage:
    """A warm process that subjects are forked from. `start` may be called while others run."""

    def __init__(self) -> None:
        # In memory where there is such a disk: a killed process needs no disk that survives a power cut.
        self.folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
        self._path = str(self.folder / "door")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("SFDC_", "COVERAGE"))}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.subject", self._path], cwd=ROOT, env=environment
        )
        limit = time.monotonic() + PATIENCE
        while not os.path.exists(self._path):
            assert self._server.poll() is None, "the subjects' process did not start"
            assert time.monotonic() < limit
            time.sleep(0.01)

    def start(self, order: Order) -> Subject:
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(PATIENCE)
        line.connect(self._path)
        line.sendall(json.dumps({**asdict(order), "points": [asdict(one) for one in order.points]}).encode() + b"\n")
        subject = Subject(order, line)
        subject.pid = int(subject._read() or 0)
        return subject

    def close(self) -> None:
        self._server.kill()
        self._server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    made = Stage()
    try:
        yield made
    finally:
        made.close()
