"""SIGTERM and the deadline: no new chunk is begun, what is under way is awaited and settled."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sfdc_escalator.pipeline.stop import Stop


@contextmanager
def stop_on_signals(deadline: float | None, *more: signal.Signals) -> Iterator[Stop]:
    """A Stop that SIGTERM, SIGHUP and the deadline (in seconds) pull; a second SIGTERM does no more than the first.

    Of `more` signals the first pulls it, and the second does what it did before.
    """
    stop = Stop()
    main = threading.current_thread() is threading.main_thread()
    kept = {}
    if main:
        for number in (signal.SIGTERM, signal.SIGHUP):
            kept[number] = signal.signal(number, lambda number, _: stop.pull(signal.Signals(number).name))
        for number in more:
            kept[number] = once(number, stop)
    timer = threading.Timer(deadline, stop.pull, ["the deadline has passed"]) if deadline else None
    if timer:
        timer.daemon = True
        timer.start()
    try:
        yield stop
    finally:
        if timer:
            timer.cancel()
        for number, handler in kept.items():
            signal.signal(number, handler)


def once(number: signal.Signals, stop: Stop) -> Any:
    """Pulls the stop at the first signal of this kind; gives back what was there before it."""

    def first(_number: int, _frame: object) -> None:
        stop.pull(number.name)
        signal.signal(number, before)

    before = signal.signal(number, first)
    return before
