"""The program as a process of its own that starts in no time: forked from one that has imported everything, and has
carried out a few commands.

`program()` is an executable file that stands for `sfdc-escalator` wherever a test starts it: with its own arguments,
environment, folder and standard streams, open or closed. A signal that it gets goes to the program, and its exit code
is that of the program. A test that starts the program itself needs no file: it has `Forked`. What depends on the start
of the interpreter itself (the locale, a module that is imported late, the list of processes) is tested with the real
program.
"""

import atexit
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CLIENT = Path(__file__).with_name("client.py")


@cache
def checkout() -> Path:
    """A folder like a checkout that is set up: `scripts/cron-run`, and the program where that script finds it."""
    folder = Path(tempfile.mkdtemp(prefix="sfdc-warm-"))
    home = folder / ".venv" / "bin"
    home.mkdir(parents=True)
    serve = [sys.executable, "-m", "tests.warm.server", str(home / "door")]
    server = subprocess.Popen(serve, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin is not None
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"

    def close() -> None:
        server.communicate()  # the end of its input ends it
        shutil.rmtree(folder)

    atexit.register(close)
    (folder / "scripts").mkdir()
    shutil.copy2(ROOT / "scripts" / "cron-run", folder / "scripts")
    client = home / "sfdc-escalator"
    # A line of `#!` allows no space in the interpreter's path.
    words = shlex.join([sys.executable, "-IS", str(shutil.copy2(CLIENT, home))])
    client.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
    client.chmod(0o755)
    return folder


def program() -> Path:
    """Stands for `.venv/bin/sfdc-escalator`."""
    return checkout() / ".venv" / "bin" / "sfdc-escalator"


def cron_run() -> Path:
    """A copy of `scripts/cron-run` that starts this program."""
    return checkout() / "scripts" / "cron-run"


class Forked:
    """A process of the program with `streams` as its stdin, stdout and stderr, as `subprocess.Popen` starts one."""

    def __init__(
        self,
        words: Sequence[str],
        streams: tuple[int, int, int],
        environ: Mapping[str, str],
        folder: Path,
        ignored: Sequence[int] = (),
    ) -> None:
        bare = {os.fsencode(name): os.fsencode(value) for name, value in environ.items()}
        given = (list(words), bare, os.fsencode(folder), [0, 1, 2], list(ignored))
        told = repr(given).encode("utf-8", "surrogateescape")
        self._line = socket.socket(socket.AF_UNIX)
        self._line.connect(str(program().with_name("door")))
        socket.send_fds(self._line, [len(told).to_bytes(8, "big")], streams)
        self._line.sendall(told)
        self._answers = self._line.makefile("rb")
        self.pid = int(self._answers.readline())

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Waits for the end. The exit code, negative for a signal that ended it."""
        with self._line, self._answers:
            return int(self._answers.readline() or -signal.SIGKILL)
