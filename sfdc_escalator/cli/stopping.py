"""SIGTERM, SIGHUP and the deadline: no new chunk begins; the calls under way are awaited and settled."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sfdc_escalator.pipeline.stop import Stop, stop_after


@contextmanager
def stop_on_signals(deadline: float | None, *more: signal.Signals) -> Iterator[Stop]:
    """A Stop that SIGTERM, SIGHUP and the deadline (in seconds) pull; a second SIGTERM has no further effect.

    The first of `more` signals pulls it too; the second one does what it did before. Outside the main thread only the
    deadline counts.
    """
    with stop_after(deadline) as stop:
        kept = handlers(stop, more) if threading.current_thread() is threading.main_thread() else {}
        try:
            yield stop
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)


def handlers(stop: Stop, more: tuple[signal.Signals, ...]) -> dict[signal.Signals, Any]:
    """Sets the handlers; returns the former ones."""
    kept: dict[signal.Signals, Any] = {}
    for number in (signal.SIGTERM, signal.SIGHUP):
        kept[number] = signal.signal(number, lambda number, _: stop.pull(signal.Signals(number).name))
    for number in more:
        kept[number] = once(number, stop)
    return kept


def once(number: signal.Signals, stop: Stop) -> Any:
    """Pulls the stop at the first signal of this kind; returns the former handler."""

    def first(_number: int, _frame: object) -> None:
        stop.pull(number.name)
        signal.signal(number, before)

    before = signal.signal(number, first)
    return before
