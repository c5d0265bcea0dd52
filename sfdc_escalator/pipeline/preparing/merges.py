"""Open escalations that came together on one case by a merge: of two of one route only one goes on."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.keys import Identity

NEVER = datetime.max.replace(tzinfo=UTC)


def doubles(history: History, policies: Iterable[Policy], organization_id: str) -> Iterator[Escalation]:
    """The open escalations, of routes with a ladder or a due time, that end because another one of the same route and
    case goes on: the one with the older start; of two that started in the same second the one that is the case's own.
    Each keeps the rungs that it climbed itself."""
    routes = {
        (policy.name, name): route.name
        for policy in policies
        for route in policy.routes
        if route.ladder or route.due
        for name in route.names
    }
    alike: dict[tuple[str, str, str], list[Escalation]] = {}
    for one in history.starts():
        route = routes.get((one.policy, one.route))
        if route and one.state is EscalationState.APPLIED:
            alike.setdefault((one.policy, route, one.case_id), []).append(one)
    for found in alike.values():
        if len(found) == 1 or all(is_own(one, organization_id) for one in found):
            continue  # alone, or one after the other on this very case
        first = min(found, key=lambda one: (started(one), not is_own(one, organization_id), one.key))
        yield from (replace(one, state=EscalationState.SUPERSEDED) for one in found if one is not first)


def started(one: Escalation) -> datetime:
    known = (one.ladder.started if one.ladder else None) or one.tried_at
    return known.replace(microsecond=0) if known else NEVER


def is_own(one: Escalation, organization_id: str) -> bool:
    """True where the key was made for this very case, and not for one that was merged into it."""
    identity = Identity(organization_id, one.policy, one.route, one.case_id, episode=one.episode)
    return identity.key == one.key
