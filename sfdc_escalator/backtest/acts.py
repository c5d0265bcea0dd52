"""The proof that somebody acted on an escalation of the past: the file shows it, or the caller says when."""

from collections.abc import Callable
from datetime import timedelta
from typing import Literal

from sfdc_escalator.errors import Invalid, Problem
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.tree import AnyOf
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.proof_needs import paths_of_history

Acts = timedelta | Literal["never"] | None
"""The time from the start to an act, where the file cannot show one; None where the caller did not say."""
Can = Callable[[Condition], bool]
"""True where the history can answer all of the condition."""


def answered(condition: Condition, can: Can) -> Condition | None:
    """The part of the proof that the history can answer: of alternatives those that it can, else all or nothing."""
    if isinstance(condition, AnyOf):
        parts = tuple(found for part in condition.parts if (found := answered(part, can)))
        return AnyOf(parts) if parts else None
    return condition if can(condition) else None


def acted_paths(policy: Policy, can: Can) -> frozenset[str]:
    """The fields whose changes prove an act."""
    proofs = (answered(route.ladder.acknowledged, can) for route in policy.routes if route.ladder)
    return frozenset[str]().union(*(paths_of_history(one) for one in proofs if one))


def waits_for_act(route: Route) -> str:
    """The first rung that an act ends; empty where there is none."""
    return next((rung.id for rung in route.ladder.rungs if rung.until == "acknowledged"), "")


def act_unknown(policy: Policy, route: Route) -> Invalid:
    """The error where the file cannot show an act, and nobody said when there is one."""
    message = (
        f"route {route.name}: its rung {waits_for_act(route)} is climbed until somebody acts, and a history file "
        "cannot answer the route's `acknowledged` condition; give --acknowledged"
    )
    expected = "--acknowledged never, or the time from the start to the act, such as --acknowledged 2h"
    return Invalid(f"the policy {policy.name} cannot be replayed", [Problem(message, policy.file, expected=expected)])
