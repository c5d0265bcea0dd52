"""The requirements of a route: queues, business hours, values, fields, related records, tracked fields."""

from collections.abc import Iterator

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.tree import leaves, paths_of
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS, FieldStep
from sfdc_escalator.escalation.world.needs import FieldChanges, Records


def queues_of(condition: Condition, route: Route) -> list[str]:
    """The queues that the route moves cases to or asks about."""
    teams = route.escalate.teams if route.escalate else ()
    owners = (name for leaf in leaves(condition) for name in leaf.queues_named)
    return list(dict.fromkeys([*(team.queue for team in teams), *owners]))


def business_hours(condition: Condition) -> Iterator[str]:
    """The names of the org's business hours that the condition counts by."""
    for leaf in leaves(condition):
        yield from leaf.business_hours


def values_of(route: Route) -> Iterator[tuple[FieldStep, str]]:
    """The texts that the route may write, such as a status, each with its step."""
    for step in FIELD_STEPS:
        if route.escalate and not step.names_team:
            yield from ((step, value) for value in dict.fromkeys(route.escalate.values(step.key)))


def fields_of(policy: Policy, route: Route) -> frozenset[str]:
    """The case fields that a route reads, in its criteria, its tables and its note; and to find related records."""
    needs = policy.needs([route])
    contact = any(isinstance(one, Records) and one.through == "Contact" for one in needs)
    return paths_of(needs) | (frozenset({"ContactId"}) if contact else frozenset())


def records_of(policy: Policy, route: Route) -> list[Records]:
    """The related records that a route reads."""
    return sorted((one for one in policy.needs([route]) if isinstance(one, Records)), key=repr)


def tracked_by(policy: Policy, route: Route) -> list[str]:
    """The fields whose changes a route reads."""
    return sorted({one.path for one in policy.needs([route]) if isinstance(one, FieldChanges)})
