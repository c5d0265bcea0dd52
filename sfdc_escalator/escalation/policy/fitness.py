"""The reasons why this org cannot carry out a route: a queue, hours or a picklist value is missing."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches

from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.tree import leaves
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS
from sfdc_escalator.escalation.world.org import OrgFacts


def unfit_routes(policy: Policy, org_facts: OrgFacts) -> dict[str, str]:
    """The reason why a route cannot be carried out in this org, by route name."""
    found = {route.name: next(lacks(policy.condition(route), route, org_facts), None) for route in policy.routes}
    return {name: reason for name, reason in found.items() if reason}


def lacks(condition: Condition, route: Route, org_facts: OrgFacts) -> Iterator[str]:
    for queue in queues_of(condition, route):
        if queue not in org_facts.queues:
            yield f"this org has no queue {queue!r} for cases{nearest(queue, org_facts.queues)}"
    for hours in business_hours(condition):
        if hours not in org_facts.calendars:
            yield f"this org has no active business hours {hours!r}"
    for path, value in values(route):
        if reason := unusable(path, value, org_facts, restricted=True):
            yield reason


def queues_of(condition: Condition, route: Route) -> list[str]:
    """The queues that the route moves cases to, or asks about."""
    teams = route.escalate.teams if route.escalate else ()
    owners = (name for leaf in leaves(condition) for name in leaf.queues_named)
    return list(dict.fromkeys([*(team.queue for team in teams), *owners]))


def values(route: Route) -> Iterator[tuple[str, str]]:
    """The values that the route may write as the policy says them, such as a status, each with its field."""
    for step in FIELD_STEPS:
        if route.escalate and not step.names_team:
            yield from ((step.field, value) for value in route.escalate.values(step.key))


def business_hours(condition: Condition) -> Iterator[str]:
    """The names of the org's business hours that the condition counts by."""
    for leaf in leaves(condition):
        yield from leaf.business_hours


def doubts(policy: Policy, org_facts: OrgFacts) -> Iterator[str]:
    """The values that the org takes although its picklist does not have them."""
    for route in policy.routes:
        for path, value in values(route):
            if reason := unusable(path, value, org_facts, restricted=False):
                yield f"route {route.name}: {reason}"


def unusable(path: str, value: str, org_facts: OrgFacts, *, restricted: bool) -> str | None:
    info = org_facts.describe.field_at(path)
    if not info or not info.values or info.restricted != restricted:
        return None
    if fold(value) in {fold(one) for one in info.values}:
        return None
    if fold(value) in {fold(one) for one in info.inactive}:
        return f"{path} {value!r} is inactive in this org's picklist"
    return f"{path} {value!r} is not a value of this org's picklist{nearest(value, info.values)}"


def nearest(name: str, names: Collection[str]) -> str:
    close = get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
