"""The program as a process of its own that starts in no time: forked from one that has imported everything.

`program()` is an executable file that stands for `sfdc-escalator` wherever a test starts it: with its own arguments,
environment, folder and standard streams, open or closed. A signal that it gets goes to the program, and its exit code
is that of the program. What depends on the start of the interpreter itself (the locale, a module that is imported late,
the list of processes) is tested with the real program.
"""

import atexit
import shlex
import shutil
import subprocess
import sys
import tempfile
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
