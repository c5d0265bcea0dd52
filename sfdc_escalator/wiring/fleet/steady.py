"""The value of files, once they stay the same: files that are being copied do not count."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sfdc_escalator.errors import Invalid

Value = TypeVar("Value")
PAUSE = 1.0
"""Seconds between two looks."""
FIRST_LOOKS = 10
"""Looks at files that change all the time, before that is an error."""


@dataclass
class Steady(Generic[Value]):
    """The value of files that were the same at two looks. `read` reads them; `holds` says that they are still as they
    were then."""

    read: Callable[[], Value]
    holds: Callable[[Value], bool]
    wait: Callable[[float], None]
    found: Value | None = None
    _next: Value | None = None

    def look(self) -> Value:
        """The value now; that of before while the files change. Raises Invalid; `found` then has that of before."""
        if self.found is None:
            self.found = self._first()
        elif self._next is not None and self.holds(self._next):
            self.found, self._next = self._next, None
        elif not self.holds(self.found):
            self._next = self.read()
        return self.found

    def _first(self) -> Value:
        for _ in range(FIRST_LOOKS):
            value = self.read()
            self.wait(PAUSE)
            if self.holds(value):
                return value
        raise Invalid("the files of the fleet are being changed; try again")
