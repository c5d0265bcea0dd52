"""Which cases are written together, and which chunks must not be written at the same time.

Saving a case locks its account and its parent case, so cases that share one go into one chunk, or into chunks that
follow each other. No account is no account.
"""

from collections.abc import Sequence

from sfdc_escalator.escalation.decisions.decision import Decision
from sfdc_escalator.escalation.planning.guards import CHUNK

Batch = tuple[Decision, ...]


def lanes(decisions: Sequence[Decision], most: int = CHUNK) -> list[list[Batch]]:
    """Lists of batches: those of one list follow each other, the lists may run side by side. Plan order is kept."""
    lone: list[list[Batch]] = []
    open_batches: dict[bool, list[list[Decision]]] = {False: [], True: []}
    for family in families(decisions):
        batches = cut(family, most)
        if len(batches) > 1:
            lone.append(batches)
        else:
            first_fit(open_batches[family[0].policy.together], family, most)
    return [*lone, *([tuple(batch)] for some in open_batches.values() for batch in some)]


def families(decisions: Sequence[Decision]) -> list[list[Decision]]:
    """The decisions grouped by what they lock; groups and members in plan order."""
    leader: dict[str, str] = {}

    def head(lock: str) -> str:
        while leader.setdefault(lock, lock) != lock:
            lock = leader[lock]
        return lock

    for decision in decisions:
        for lock in locks(decision):
            leader[head(decision.case.id)] = head(lock)
    found: dict[str, list[Decision]] = {}
    for decision in decisions:
        found.setdefault(head(decision.case.id), []).append(decision)
    return list(found.values())


def locks(decision: Decision) -> list[str]:
    case = decision.case
    return [lock for lock in (case.account_id, case.parent_id) if lock]


def cut(family: Sequence[Decision], most: int) -> list[Batch]:
    """A family in batches of one way of saving, none over the limit."""
    return [
        tuple(some[start : start + most])
        for together in (False, True)
        if (some := [decision for decision in family if decision.policy.together is together])
        for start in range(0, len(some), most)
    ]


def first_fit(batches: list[list[Decision]], family: Sequence[Decision], most: int) -> None:
    """Into the first batch that holds the whole family, or into a new one."""
    batch = next((batch for batch in batches if len(batch) + len(family) <= most), None)
    if batch is None:
        batches.append(batch := [])
    batch.extend(family)
