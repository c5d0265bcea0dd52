"""Searches a text for a regular expression, in bounded time: some patterns take exponential time on some texts.

The search is one call into C, and only a signal ends it. So an interval timer of the process stands for the clock: it
counts the processor time of this process alone, and a busy machine does not end a search early.
"""

import re
import signal
import threading
from functools import lru_cache

LIMIT = 1.0
"""Seconds of processor time for one search."""
LEAST = 0.02
"""Each search that takes too long halves the limit of its pattern, down to this, so that hundreds of such texts cannot
add up. An ordinary search takes a thousandth of it."""
KEPT = 1000


class TooSlow(Exception):
    """The search has reached its limit."""


class Pattern:
    """A regular expression of Python's `re`, in any case, and the texts for which it took too long."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._compiled = re.compile(text, re.IGNORECASE)
        self._limit = LIMIT
        self._slow: dict[str, None] = {}

    def found_in(self, text: str) -> bool | None:
        """True where the text contains a match; None where that takes too long to find out."""
        if text in self._slow:
            return None
        try:
            return timer.bounded(self._compiled, text, self._limit)
        except TooSlow:
            self._limit = max(self._limit / 2, LEAST)
            if len(self._slow) < KEPT:
                self._slow[text] = None
            return None


class Timer:
    """The timer of the process. Its handler stays: a signal that comes late finds nothing to end."""

    def __init__(self) -> None:
        self._searching = False

    def bounded(self, pattern: re.Pattern[str], text: str, limit: float) -> bool:
        """True where the text contains a match. Raises TooSlow after `limit` seconds of processor time.

        Only the main thread receives signals; in another thread the search has no limit.
        """
        if threading.current_thread() is not threading.main_thread():
            return bool(pattern.search(text))
        if signal.getsignal(signal.SIGVTALRM) != self._ring:
            signal.signal(signal.SIGVTALRM, self._ring)
        try:
            self._searching = True
            signal.setitimer(signal.ITIMER_VIRTUAL, limit)
            return bool(pattern.search(text))
        finally:
            self._searching = False
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def _ring(self, *_: object) -> None:
        if self._searching:
            raise TooSlow


timer = Timer()


@lru_cache(maxsize=512)
def pattern(text: str) -> Pattern:
    return Pattern(text)
