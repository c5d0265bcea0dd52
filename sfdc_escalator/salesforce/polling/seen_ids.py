"""The ids of the cases that came, in a few bytes each: no case is judged twice."""

from bisect import bisect_left
from collections.abc import Sequence

from sfdc_escalator.escalation.world.case import Case

BYTES = 15
"""The id without its checksum."""


class SeenIds:
    """Ids that come in ascending order are appended to a block, 15 bytes each. One that comes out of order stands
    alone: an org answers `ORDER BY Id`, so there are few."""

    def __init__(self) -> None:
        self.blocks = [bytearray()]
        self._others: set[str] = set()
        self._last = ""

    def new_query(self) -> None:
        """Ids start from the lowest again."""
        if self.blocks[-1]:
            self.blocks.append(bytearray())
        self._last = ""

    def fresh(self, cases: Sequence[Case]) -> tuple[Case, ...]:
        """Those that did not come before; now they have."""
        return tuple(case for case in cases if self._is_new(case.id[:BYTES]))

    def _is_new(self, short: str) -> bool:
        ascends = short > self._last
        if (not ascends or len(self.blocks) > 1) and self._has_come(short):
            return False
        if ascends:
            self.blocks[-1] += short.encode()
            self._last = short
        else:
            self._others.add(short)
        return True

    def _has_come(self, short: str) -> bool:
        return short in self._others or any(is_in(block, short.encode()) for block in self.blocks)


def is_in(block: bytearray, wanted: bytes) -> bool:
    """True where the sorted block has the id."""
    count = len(block) // BYTES
    place = bisect_left(range(count), wanted, key=lambda number: bytes(block[number * BYTES : (number + 1) * BYTES]))
    return place < count and block[place * BYTES : (place + 1) * BYTES] == wanted
