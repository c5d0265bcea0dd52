"""Orders grouped into chunks: cases that are written together, and chunks that must follow each other.

Saving a case locks its account and its parent case, so cases that share one go into one chunk, or into chunks that
follow each other. Cases without an account share none.
"""

from collections.abc import Sequence

from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.planning.guards import CHUNK

Batch = tuple[Order, ...]


def lanes(orders: Sequence[Order], most: int = CHUNK) -> list[list[Batch]]:
    """Lists of batches: those of one list follow each other, the lists may run side by side. Plan order is kept."""
    lone: list[list[Batch]] = []
    open_batches: dict[bool, list[list[Order]]] = {False: [], True: []}
    for family in families(orders):
        batches = cut(family, most)
        if len(batches) > 1:
            lone.append(batches)
        else:
            first_fit(open_batches[family[0].together], family, most)
    return [*lone, *([tuple(batch)] for some in open_batches.values() for batch in some)]


def families(orders: Sequence[Order]) -> list[list[Order]]:
    """The orders grouped by the records that they lock; groups and members in plan order."""
    leader: dict[str, str] = {}

    def head(lock: str) -> str:
        while leader.setdefault(lock, lock) != lock:
            lock = leader[lock]
        return lock

    for order in orders:
        for lock in order.locks:
            leader[head(order.case_id)] = head(lock)
    found: dict[str, list[Order]] = {}
    for order in orders:
        found.setdefault(head(order.case_id), []).append(order)
    return list(found.values())


def cut(family: Sequence[Order], most: int) -> list[Batch]:
    """The family in batches that are saved in one way, each within the limit."""
    return [
        tuple(some[start : start + most])
        for together in (False, True)
        if (some := [order for order in family if order.together is together])
        for start in range(0, len(some), most)
    ]


def first_fit(batches: list[list[Order]], family: Sequence[Order], most: int) -> None:
    """Adds the family to the first batch that has room for all of it, or to a new one."""
    batch = next((batch for batch in batches if len(batch) + len(family) <= most), None)
    if batch is None:
        batches.append(batch := [])
    batch.extend(family)
