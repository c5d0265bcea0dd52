"""Is there time after which a condition begins to hold, when nothing but time changes?"""

from sfdc_escalator.escalation.conditions.clocks.clock import LOWER, Clock
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.left import Left
from sfdc_escalator.escalation.conditions.kinds.milestone import Milestone
from sfdc_escalator.escalation.conditions.kinds.related import Related
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not


def begins(condition: Condition, want: bool = True) -> bool:
    """True where time alone may make it hold, or end it where `want` is false. False is always right."""
    match condition:
        case All() | AnyOf():
            return any(begins(part, want) for part in condition.parts)
        case Not():
            return begins(condition.part, not want)
        case Left():
            return (condition.operator in LOWER) is not want
        case Clock():
            return (condition.operator in LOWER) is want
        case Milestone():
            return want
        case Related():  # records grow old: they leave `within`, and enter or leave `where`
            return condition.within is not None or (condition.where is not None and has_clock(condition.where))
    return False


def has_clock(condition: Condition) -> bool:
    return begins(condition) or begins(condition, want=False)
