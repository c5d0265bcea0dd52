"""Moments of a process that a test waits for, in place of a guess about how long something takes."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.embedded_org.rest.request import Request

_WITNESS = """
import pathlib, signal
set_handler = signal.signal

def set_with_a_witness(number, handler):
    def handle(*given):
        handler(*given)
        pathlib.Path({mark!r}).touch()

    return set_handler(number, handle if number == signal.SIGTERM and callable(handler) else handler)

signal.signal = set_with_a_witness
"""


def wait_for(condition: Callable[[], bool]) -> None:
    """Polls the condition for at most two minutes."""
    pause = threading.Event()
    for _ in range(12_000):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it never happened")


@contextmanager
def held_answers(org: EmbeddedOrg, matching: Callable[[dict[str, Any]], bool]) -> Iterator[threading.Event]:
    """Holds the answers to matching requests, as they are in the log, until the event is set."""
    exchange, opened = org._exchange, threading.Event()
    with pytest.MonkeyPatch.context() as patch:
        answer = exchange.answer

        def answer_later(request: Request, *given: Any) -> Any:
            found = answer(request, *given)
            if matching({"path": request.target, "body": request.json_for_log()}):
                opened.wait(120)
            return found

        patch.setattr(exchange, "answer", answer_later)
        try:
            yield opened
        finally:
            opened.set()


def signal_to_this_thread(number: signal.Signals) -> None:
    """Sends a signal to the main thread, which calls this; its handler has run when this returns.

    After `signal.raise_signal` the handler may run later, when other threads of the process are busy.
    """
    signal.pthread_kill(threading.get_ident(), number)


class SigtermWitness:
    """Tells when a Python process has run its handler of SIGTERM."""

    def __init__(self, folder: Path) -> None:
        self._mark = folder / "sigterm-was-handled"
        home = folder / "witness"
        home.mkdir()
        (home / "sitecustomize.py").write_text(_WITNESS.format(mark=str(self._mark)))
        self.environ = {"PYTHONPATH": str(home)}

    def handled(self) -> bool:
        return self._mark.exists()
