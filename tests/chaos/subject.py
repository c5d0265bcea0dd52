"""The subject: the command line, each time in a process of its own, forked from a warm one that imported everything.

`python -m tests.chaos.subject SOCKET` serves. A client connects and sends one line of JSON (see `Order`); it gets a
line with the process number, a line for each time the subject waits, and at the end one line of JSON. A line that ends
without an end means that the process was killed.
"""

import gc
import json
import os
import pkgutil
import signal
import socket
import sys
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.chaos import clocks, sabotage
from tests.chaos.points import Places, Point, watch


@dataclass(frozen=True, slots=True)
class Order:
    """One command: its words, environment and folder, what is to happen to it, and the host it believes to be on.

    `chunk` is the most cases in one write, `busy` the seconds to wait for a locked ledger; what it prints goes to
    `out` and `err`. `sabotage` breaks a promise on purpose."""

    run: str
    words: list[str]
    environment: dict[str, str]
    folder: str
    out: str
    err: str
    points: list[Point]
    chunk: int = 200
    busy: float = 3.0
    host: str = ""
    sabotage: str = ""


def warm_up() -> None:
    """Imports all of the program, as no two runs import the same."""
    import sfdc_escalator

    for module in pkgutil.walk_packages(sfdc_escalator.__path__, "sfdc_escalator."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    gc.collect()
    gc.freeze()


def serve(path: str) -> None:
    clocks.install()
    warm_up()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are collected at once
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(f"{path}.new")
        door.listen(16)
        os.rename(f"{path}.new", path)  # it appears once it answers
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
    """The whole life of one subject."""
    code = 70
    try:
        words, answers = line.makefile("w"), line.makefile("r")
        told = json.loads(answers.readline())
        order = Order(**{**told, "points": [Point(**one) for one in told["points"]]})
        words.write(f"{os.getpid()}\n")
        words.flush()
        places = Places(order.points, words, answers)
        settle_in(order, places)
        from sfdc_escalator.cli.door import run_command_line
        from sfdc_escalator.cli.process import surroundings_of_a_process

        code = run_command_line(order.words, surroundings_of_a_process(os.environ, Path(), no_wait))
        sys.stdout.flush()
        sys.stderr.flush()
        seen = [[*place, times] for place, times in places.seen.items()]
        words.write(json.dumps({"code": code, "seen": seen}) + "\n")
        words.flush()
    finally:
        sys.stderr.flush()
        os._exit(code)


def settle_in(order: Order, places: Places) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, path in ((1, order.out), (2, order.err)):
        os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC), number)
    os.chdir(order.folder)
    for name in [name for name in os.environ if name.startswith("SFDC_")]:
        del os.environ[name]
    os.environ.update(order.environment)
    adapt(order)
    watch(places, order.run)


def no_wait(_seconds: float) -> None:
    """No subject waits between two tries."""


def adapt(order: Order) -> None:
    """Small chunks, a short wait for the ledger, and the host's name; everything else is as for a user."""
    from sfdc_escalator.ledger import store
    from sfdc_escalator.ledger.writing import lease
    from sfdc_escalator.pipeline import apply

    changes: list[tuple[Any, str, Any]] = [
        *sabotage.changes(order.sabotage),
        (apply, "CHUNK", order.chunk),
        (store, "Terms", partial(lease.Terms, busy=timedelta(seconds=order.busy))),
    ]
    if order.host:
        changes.append((socket, "gethostname", lambda: order.host))
    for place, name, value in changes:
        assert hasattr(place, name), f"{place.__name__} has no {name}"
        setattr(place, name, value)


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    serve(sys.argv[1])
