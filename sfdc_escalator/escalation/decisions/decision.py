"""What is to be done with a case that matches: which route, in which state, with which steps."""

from dataclasses import dataclass, replace
from enum import StrEnum

from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.steps import Kind, Step
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.history import Escalation
from sfdc_escalator.escalation.world.keys import Identity

RouteName = tuple[str, str]
"""(policy, route)"""


class State(StrEnum):
    """What becomes of a match; every match ends as exactly one of these."""

    PLANNED = "planned"
    APPLIED = "applied"
    ALREADY = "already"
    HELD = "held"
    WITHHELD = "withheld"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy says of a case that matches. `takes_over` are the open escalations that it supersedes.

    `deferrals` counts how often in a row the org deferred it, this run included.
    """

    policy: Policy
    route: Route
    case: Case
    identity: Identity
    state: State
    reason: str
    findings: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    escalation: Escalation | None = None
    takes_over: tuple[Escalation, ...] = ()
    adopt: bool = False
    deferrals: int = 0

    @property
    def key(self) -> str:
        """The key of the escalation that the decision is about: an earlier one where that ended the matter."""
        return (
            self.escalation.key
            if self.escalation and self.state in (State.ALREADY, State.UNKNOWN)
            else self.identity.key
        )

    def ended(self, state: State, reason: str) -> "Decision":
        """The same match, come to another end: what was planned was not done."""
        return replace(self, state=state, reason=reason, steps=tuple(step.undone() for step in self.steps))


def note_of(decision: Decision) -> str:
    """The note's text; empty where none was written."""
    return next((step.after or "" for step in decision.steps if step.kind is Kind.NOTE), "")


def name_of(decision: Decision) -> RouteName:
    return decision.policy.name, decision.route.name
