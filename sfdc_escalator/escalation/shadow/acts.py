"""The acts that are compared: what a policy would have done to a case, and what a rule of the org did to it."""

from datetime import datetime
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.comparison import fold

OWNER, PRIORITY, ESCALATED = "OwnerId", "Priority", "IsEscalated"
COMPARED = (OWNER, PRIORITY, ESCALATED)
"""The fields that rules of the org set. IsEscalated stands for an act that leaves no other trace: it notifies."""


class Effect(NamedTuple):
    """A value that a field of a case takes; of OwnerId an id, of IsEscalated `true`."""

    case_id: str
    field: str
    value: str

    @property
    def key(self) -> tuple[str, str, str]:
        """Effects with the same key are the same."""
        return self.case_id, self.field, self.value if self.field == OWNER else fold(self.value)


class OurAct(NamedTuple):
    """The first poll at which the policy would have done it. `rung` is `start` for the route itself.

    `is_faint`: the case has the value already, so a rule of the org leaves a trace only where it escalates.
    """

    effect: Effect
    at: datetime
    policy: str
    route: str
    rung: str
    turn: int
    is_faint: bool = False


class TheirAct(NamedTuple):
    """`by` is the id of the user whom the history names."""

    effect: Effect
    at: datetime
    by: str
    at_creation: bool = False
