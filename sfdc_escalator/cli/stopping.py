"""Signals that end a command: SIGTERM, SIGHUP and SIGINT (Ctrl-C), from its first moment to its last.

While nothing is under way a signal ends the command at once. While a run escalates, no new chunk begins, and the calls
under way are awaited and settled. When the work is done, only its report is left, and a signal changes nothing.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sfdc_escalator.errors import Interrupted

if TYPE_CHECKING:
    from sfdc_escalator.pipeline.stop import Stop

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
SOON = 0.01
"""Seconds."""
Act = Callable[[str], object]


@contextmanager
def on_signals(act: Act) -> Iterator[None]:
    """Calls `act` with the name of each signal that comes meanwhile."""
    kept = handled(act)
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def handled(act: Act) -> dict[signal.Signals, Any]:
    """Sets the handlers; returns the former ones. A thread beside the main one may not set any.

    An ignored SIGHUP or SIGINT stays ignored: the starter, such as `nohup`, said so.
    """
    if threading.current_thread() is not threading.main_thread():
        return {}
    ignored = {number for number in SIGNALS if signal.getsignal(number) is signal.SIG_IGN} - {signal.SIGTERM}
    kept = {}
    for number in SIGNALS:
        if number not in ignored:
            kept[number] = signal.signal(number, lambda number, _: act(signal.Signals(number).name))
    return kept


def interrupt(name: str) -> None:
    """Ends the command."""
    raise Interrupted(name)


def hear_swallowed_signals() -> None:
    """Lets a signal come again that ended nothing: in a finalizer, or in the callback of a weak reference as the import
    of a module has them, Python swallows the exception that should end the command."""
    before = sys.unraisablehook

    def hook(lost: Any) -> None:
        if not isinstance(lost.exc_value, Interrupted):
            before(lost)
            return
        again = threading.Timer(SOON, os.kill, (os.getpid(), signal.Signals[str(lost.exc_value)]))
        again.daemon = True
        again.start()

    sys.unraisablehook = hook


def no_effect(_name: str) -> None:
    """The work is done, and its report is on its way."""


@contextmanager
def stop_on_signals(deadline: float | None) -> Iterator["Stop"]:
    """A Stop that signals and the deadline (in seconds) pull. A second SIGINT ends the command, because a person waits;
    a second signal of another kind has no further effect."""
    from sfdc_escalator.pipeline.stop import stop_after

    with stop_after(deadline) as stop:

        def pull(name: str) -> None:
            if name == stop.reason == "SIGINT":
                interrupt(name)
            stop.call_off(name)

        with on_signals(pull):
            yield stop


@contextmanager
def stop_of_the_work(deadline: float | None) -> Iterator["Stop"]:
    """The same for the work of a command; after it, until the end of the command, signals have no effect."""
    early: list[str] = []
    handled(early.append)
    with stop_on_signals(deadline) as stop:
        for name in early:
            stop.call_off(name)
        yield stop


def take_signals() -> None:
    """Signals are taken from now on; those that came while the program was being loaded come now."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
