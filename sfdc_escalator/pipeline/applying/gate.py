"""The number of chunks under way: several side by side, until the org shows that it is too much."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

SLOW_CALL = 20.0
"""Seconds. Salesforce bounds the calls of 20 s and more that run at the same time (REST limits): then one by one."""


class Gate:
    """Lets chunks through side by side, until a call was slow or one too many: from then on one at a time."""

    def __init__(self) -> None:
        self.one_by_one = threading.RLock()
        self.slow = False

    @contextmanager
    def passage(self) -> Iterator[None]:
        if self.slow:
            with self.one_by_one:
                yield
            return
        start = time.monotonic()
        yield
        self.slow = self.slow or time.monotonic() - start >= SLOW_CALL

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Lets this chunk through when no other one is sent again; the chunks after it go one at a time."""
        self.slow = True
        with self.one_by_one:
            yield
