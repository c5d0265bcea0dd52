"""Routes that the server cannot filter for: they make a poll dear."""

from collections.abc import Iterator, Sequence

from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.readiness.gap import Gap, GapKind
from sfdc_escalator.escalation.world.keys import RouteName
from sfdc_escalator.escalation.world.org import Describe
from sfdc_escalator.salesforce.schema.describe import standard_describe
from sfdc_escalator.salesforce.soql.narrowing import route_is_apart, route_is_scan


def poll_cost_gaps(policies: Sequence[Policy]) -> Iterator[Gap]:
    """The routes that cost more in every org; not those whose `scan: true` says that it is known."""
    for policy in policies:
        for route in policy.routes:
            if not route.scan and (kind := cost_of(policy, route)):
                values = {"route": route.name}
                yield Gap(kind, values=values, severity="warning", routes=(route.name,), file=policy.file)


def cost_of(policy: Policy, route: Route) -> GapKind | None:
    if route_is_scan(policy, route, standard_describe()):
        return GapKind.READS_ALL
    return GapKind.READS_APART if route_is_apart(policy, route, standard_describe()) else None


def scans_here(policies: Sequence[Policy], describe: Describe) -> frozenset[RouteName]:
    """The routes that this org cannot filter for, though a new one can: what is a scan everywhere is known offline."""
    return frozenset(
        (policy.name, route.name)
        for policy in policies
        for route in policy.routes
        if route_is_scan(policy, route, describe) and not route_is_scan(policy, route, standard_describe())
    )
