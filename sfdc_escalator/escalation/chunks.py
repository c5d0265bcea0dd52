"""Which cases are written together, and which chunks must not be written at the same time.

Saving a case locks its account and its parent case, so cases that share one go into one chunk, or into chunks that
follow each other. No account is no account.
"""

from collections.abc import Iterable, Sequence

from sfdc_escalator.escalation.decide import Decision
from sfdc_escalator.escalation.guards import CHUNK

Batch = tuple[Decision, ...]


def lanes(decisions: Sequence[Decision], most: int = CHUNK) -> list[list[Batch]]:
    """Lists of batches: those of one list follow each other, the lists may run side by side. Plan order is kept."""
    result: list[list[Batch]] = []
    for together in (False, True):
        chosen = [decision for decision in decisions if decision.policy.together is together]
        result += pack(families(chosen), most)
    return result


def families(decisions: Iterable[Decision]) -> list[list[Decision]]:
    """The decisions grouped by what they lock, in plan order."""
    family_of: dict[str, list[Decision]] = {}
    found: list[list[Decision]] = []
    for decision in decisions:
        case = decision.case
        locks = [lock for lock in (case.account_id, case.parent_id, case.id) if lock]
        kin = list({id(family_of[lock]): family_of[lock] for lock in locks if lock in family_of}.values())
        family = kin[0] if kin else []
        if not kin:
            found.append(family)
        for other in kin[1:]:
            family += other
            found = [one for one in found if one is not other]
            family_of |= {lock: family for lock, owner in family_of.items() if owner is other}
        family.append(decision)
        family_of |= dict.fromkeys(locks, family)
    return found


def pack(groups: Sequence[Sequence[Decision]], most: int) -> list[list[Batch]]:
    """First fit: a group goes into the first open batch that holds it; a group over one batch makes its own lane."""
    open_batches: list[list[Decision]] = []
    long_lanes: list[list[Batch]] = []
    for group in groups:
        *full, rest = [group[start : start + most] for start in range(0, len(group), most)]
        if full:
            long_lanes.append([tuple(part) for part in (*full, rest)])
            continue
        batch = next((batch for batch in open_batches if len(batch) + len(rest) <= most), None)
        if batch is None:
            open_batches.append(batch := [])
        batch.extend(rest)
    return [*long_lanes, *([tuple(batch)] for batch in open_batches)]
