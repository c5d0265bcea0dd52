"""The program under test: each command in its own process, forked from one that has imported everything.

`python -m tests.chaos.forked_process SOCKET` serves. A client connects and sends one line of JSON (see `Command`). It
gets a line with the process number, a line for each time the command waits, and at the end one line of JSON. A
connection that ends without this last line means that the process was killed.
"""

import gc
import json
import os
import signal
import socket
import sys
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from tests.chaos import clocks, defects
from tests.chaos.points import Checkpoints, Point, watch
from tests.statements import share_statements
from tests.warm.rehearsal import rehearse
from tests.warm.server import warm_up


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its arguments, environment and folder, its points, and the name of its host.

    `chunk` is the maximum of cases in one write, `busy` the seconds to wait for a locked ledger; its output goes to
    `out` and `err`. `defect` names a deliberate defect."""

    run: str
    arguments: list[str]
    environment: dict[str, str]
    folder: str
    out: str
    err: str
    points: list[Point]
    chunk: int = 200
    busy: float = 3.0
    host: str = ""
    defect: str = ""


def serve(path: str) -> None:
    clocks.install()
    warm_up()
    share_statements()
    rehearse()
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended processes are collected at once
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(f"{path}.new")
        door.listen(16)
        os.rename(f"{path}.new", path)  # it appears when the server is ready
        parent = os.getppid()
        door.settimeout(5.0)
        while os.getppid() == parent:
            try:
                line, _ = door.accept()
            except TimeoutError:
                continue
            line.setblocking(True)
            if os.fork() == 0:
                door.close()
                run(line)
            line.close()


def run(line: socket.socket) -> None:
    """Runs one command, from its first line to its exit."""
    code = 70
    try:
        words, answers = line.makefile("w"), line.makefile("r")
        given = json.loads(answers.readline())
        command = Command(**{**given, "points": [Point(**one) for one in given["points"]]})
        words.write(f"{os.getpid()}\n")
        words.flush()
        checkpoints = Checkpoints(command.points, words, answers)
        settle_in(command, checkpoints)
        from sfdc_escalator.cli.door import run_command_line
        from sfdc_escalator.cli.process import surroundings_of_a_process

        code = run_command_line(command.arguments, surroundings_of_a_process(os.environ, Path(), no_wait))
        sys.stdout.flush()
        sys.stderr.flush()
        seen = [[*place, times] for place, times in checkpoints.seen.items()]
        words.write(json.dumps({"code": code, "seen": seen}) + "\n")
        words.flush()
    finally:
        sys.stderr.flush()
        os._exit(code)


def settle_in(command: Command, checkpoints: Checkpoints) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, path in ((1, command.out), (2, command.err)):
        os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC), number)
    os.chdir(command.folder)
    for name in [name for name in os.environ if name.startswith("SFDC_")]:
        del os.environ[name]
    os.environ.update(command.environment)
    adapt(command)
    watch(checkpoints, command.run)


def no_wait(_seconds: float) -> None:
    """Replaces the waits between attempts."""


def adapt(command: Command) -> None:
    """Sets small chunks, a short wait for the ledger, and the host's name; everything else is as for a user."""
    from sfdc_escalator.ledger import store
    from sfdc_escalator.ledger.writing import lease
    from sfdc_escalator.pipeline.applying import apply

    changes: list[tuple[Any, str, Any]] = [
        *defects.changes(command.defect),
        (apply, "CHUNK", command.chunk),
        (store, "Terms", partial(lease.Terms, busy=timedelta(seconds=command.busy))),
    ]
    if command.host:
        changes.append((socket, "gethostname", lambda: command.host))
    for place, name, value in changes:
        assert hasattr(place, name), f"{place.__name__} has no {name}"
        setattr(place, name, value)


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    serve(sys.argv[1])
