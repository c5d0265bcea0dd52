"""Episodes: a route escalates a case once per episode. A new one may begin only when the last one is over.

An episode is over when the case was closed, or when it ended (the route fitted no more, for reasons other than our own
values) and the route's `rearm` time has passed since, or, with `rearm: new_record`, when a record was made after the
escalation that the route counts. Without `rearm` an open case is never escalated again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sfdc_escalator.escalation.policy.policy import NEW_RECORD, Route
from sfdc_escalator.escalation.world.history import Memory, Past


def is_over(past: Past, route: Route, pasts: Sequence[Past], now: datetime, newest: datetime | None = None) -> bool:
    """Whether the past's episode no longer stands in the way; `pasts` are all of the case in this policy, `newest` is
    when the newest record was made that the route counts."""
    if past.state is Memory.CLOSED:
        return True
    if past.state is Memory.SUPERSEDED:
        return any(other.state is Memory.CLOSED for other in pasts) and not any(other.is_open for other in pasts)
    if past.state not in (Memory.APPLIED, Memory.ADOPTED):
        return False
    if route.rearm == NEW_RECORD:
        return past.tried_at is not None and newest is not None and newest > past.tried_at
    return past.ended_at is not None and isinstance(route.rearm, timedelta) and now >= past.ended_at + route.rearm


def episode(route: Route, pasts: Sequence[Past], now: datetime, newest: datetime | None = None) -> int:
    """The number of the episode that the case is in now, or that would begin."""
    same = [past for past in pasts if past.route in route.names]
    over = [past.episode for past in same if is_over(past, route, pasts, now, newest)]
    current = [past.episode for past in same if not is_over(past, route, pasts, now, newest)]
    return max(current, default=1 + max(over, default=0))
