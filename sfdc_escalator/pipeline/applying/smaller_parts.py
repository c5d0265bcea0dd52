"""The parts in which a rejected chunk is sent again, and the limit of tries."""

import math
from collections import Counter
from dataclasses import dataclass

from sfdc_escalator.escalation.planning.chunks import Batch
from sfdc_escalator.pipeline.ports.writing import RolledBack


@dataclass(slots=True)
class Tries:
    """The calls that a chunk may still cost: at most 2 x log2(chunk) + 10 beyond the first."""

    left: int
    locked: int = 0
    halved: bool = False
    crowded: int = 0
    moved: bool = False
    together: bool = False

    @classmethod
    def of(cls, batch: Batch) -> "Tries":
        return cls(11 + math.ceil(2 * math.log2(len(batch))))

    def take(self) -> bool:
        self.left -= 1
        return self.left >= 0


def without(batch: Batch, some: Batch) -> Batch:
    keys = {order.key for order in some}
    return tuple(order for order in batch if order.key not in keys)


def halves(batch: Batch) -> tuple[Batch, ...]:
    middle = len(batch) // 2
    return (batch[:middle], batch[middle:]) if middle else (batch,)


def is_widespread(batch: Batch, answer: RolledBack) -> bool:
    """True where more than ten rows, or a quarter of the chunk, have the same error: a fault of configuration."""
    most = max(Counter((row.code, row.message) for row in answer.rows.values()).values())
    return most > 10 or (most > 1 and most * 4 >= len(batch))
