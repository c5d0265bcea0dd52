"""One run as a process of its own: ended at its deadline, and soon after the death of its worker.

`python -P -m sfdc_escalator.fleet.child PARENT SECONDS WORD...` becomes `sfdc-escalator WORD...`.
"""

import asyncio
import contextlib
import os
import runpy
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

PROGRAM = (sys.executable, "-P", "-m", "sfdc_escalator.fleet.child")
GRACE = 5.0
"""Seconds after its deadline in which a run whose worker died ends itself."""
SET_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


class Ended(NamedTuple):
    """The exit code, negative for a signal; what it printed; True where it was killed at its deadline."""

    code: int
    out: bytes
    overdue: bool


class Child:
    """A run that was started. `stop` lets it end what it has begun."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, words: Sequence[str], environ: Mapping[str, str], folder: Path, deadline: float) -> "Child":
        """Raises OSError. To be called in the main thread: the system watches the thread that starts a process."""
        command = [*PROGRAM, str(os.getpid()), str(deadline), *words]
        nothing, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, stdin=nothing, stdout=pipe, env=dict(environ), cwd=folder, start_new_session=True
        )
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    async def ended(self, deadline: float) -> Ended:
        """Waits for the end, and kills the run with all that it has started at its deadline (seconds from now)."""
        reading = asyncio.create_task(self._process.communicate())
        done, _ = await asyncio.wait({reading}, timeout=deadline)
        if not done:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        out, _ = await reading
        code = self._process.returncode
        return Ended(code if code is not None else -signal.SIGKILL, out or b"", not done)


def die_with(parent: int, deadline: float) -> None:
    """Lets this process stop when its worker dies, and end soon after its deadline whatever happens."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(SET_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # the worker died meanwhile
        os.kill(os.getpid(), signal.SIGTERM)
    timer = threading.Timer(deadline + GRACE, os.kill, (os.getpid(), signal.SIGKILL))
    timer.daemon = True
    timer.start()


def main() -> None:
    parent, deadline, *words = sys.argv[1:]
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # as the program does, until it can report a signal
    die_with(int(parent), float(deadline))
    sys.argv[:] = ["sfdc-escalator", *words]
    runpy.run_module("sfdc_escalator", run_name="__main__", alter_sys=False)


if __name__ == "__main__":
    main()
