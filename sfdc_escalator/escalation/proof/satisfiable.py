"""Whether there is a value that meets several demands on one thing at once: a field, a clock, the owner, a count.

Each kind of condition knows that of its own demands. What is called impossible is impossible.
"""

from collections.abc import Sequence

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.leaf import Demand


def possible(demands: Sequence[Demand]) -> bool:
    """False where surely no value meets all of them; they are on one subject."""
    if any(alike(one.leaf, other.leaf) for one in demands if one.holds for other in demands if not other.holds):
        return False
    return demands[0].leaf.possible(demands)


def alike(one: Condition, other: Condition) -> bool:
    """Whether they ask the same; true and 1 are equal to Python, and not the same."""
    return one == other and repr(one) == repr(other)
