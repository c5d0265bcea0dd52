"""Episodes: a route escalates a case once per episode. A new one may begin only when the last one is over.

An episode is over when the case was closed, or when it ended (the route no longer matched, and not because of our own
values) and the route's `rearm` time has passed since, or, with `rearm: new_record`, when a record was made after the
escalation that the route counts. Without `rearm` an open case is never escalated again, also not after an undo.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sfdc_escalator.escalation.policy.policy import NEW_RECORD, Route
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState


def is_over(
    escalation: Escalation,
    route: Route,
    escalations: Sequence[Escalation],
    now: datetime,
    newest: datetime | None = None,
) -> bool:
    """True where the escalation's episode is over. `escalations` are all of the case in this
    policy; `newest` is the time of the newest record that the route counts."""
    if escalation.state is EscalationState.CLOSED:
        return True
    if escalation.state in (EscalationState.SUPERSEDED, EscalationState.UNDONE) and any(
        other.route in (escalation.route, *route.names) and other.episode > escalation.episode for other in escalations
    ):
        return True  # a later episode of the same route took it over
    if escalation.state is EscalationState.UNDONE and escalation.message:
        return True
    if escalation.state is EscalationState.SUPERSEDED:
        closed = any(other.state is EscalationState.CLOSED for other in escalations)
        return (closed and not any(other.is_open for other in escalations)) or is_rearmed(escalation, route, now)
    if escalation.state not in (EscalationState.APPLIED, EscalationState.ADOPTED, EscalationState.UNDONE):
        return False
    if route.rearm == NEW_RECORD:
        return escalation.tried_at is not None and newest is not None and newest > escalation.tried_at
    return is_rearmed(escalation, route, now)


def is_rearmed(escalation: Escalation, route: Route, now: datetime) -> bool:
    """True once the `rearm` time has passed since the escalation ended, whatever took it over afterwards."""
    rearm = route.rearm if isinstance(route.rearm, timedelta) else None
    return escalation.ended_at is not None and rearm is not None and now >= escalation.ended_at + rearm


def episode(route: Route, escalations: Sequence[Escalation], now: datetime, newest: datetime | None = None) -> int:
    """The number of the episode that the case is in now, or that would begin."""
    same = [escalation for escalation in escalations if escalation.route in route.names]
    over = [escalation.episode for escalation in same if is_over(escalation, route, escalations, now, newest)]
    current = [escalation.episode for escalation in same if not is_over(escalation, route, escalations, now, newest)]
    return max(current, default=1 + max(over, default=0))
