"""Demands that one value can or cannot meet together: on a field, a clock, the owner, a count.

Each kind of condition answers for its own demands. An answer of impossible is always right.
"""

from collections.abc import Sequence

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.leaf import Demand


def possible(demands: Sequence[Demand]) -> bool:
    """False where it is certain that no value meets all of them; they are on one subject."""
    if any(alike(one.leaf, other.leaf) for one in demands if one.holds for other in demands if not other.holds):
        return False
    return demands[0].leaf.possible(demands)


def alike(one: Condition, other: Condition) -> bool:
    """True where they are the same question. In Python true and 1 are equal; here they are not."""
    return one == other and repr(one) == repr(other)
