"""Routes that the server cannot filter for: they make a poll dear."""

from collections.abc import Iterator, Sequence

from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.readiness.gap import Gap, GapKind
from sfdc_escalator.escalation.readiness.requirements import fields_of
from sfdc_escalator.escalation.world.keys import RouteName
from sfdc_escalator.escalation.world.org import Describe
from sfdc_escalator.salesforce.schema.describe import standard_describe
from sfdc_escalator.salesforce.soql import splitting
from sfdc_escalator.salesforce.soql.narrowing import route_filter, route_is_apart, route_is_scan
from sfdc_escalator.salesforce.soql.soql import render


def poll_cost_gaps(policies: Sequence[Policy]) -> Iterator[Gap]:
    """The routes that cost more in every org; not those whose `scan: true` says that it is known."""
    paths = frozenset[str]().union(*(fields_of(policy, route) for policy in policies for route in policy.routes))
    for policy in policies:
        for route in policy.routes:
            if not route.scan and (cost := cost_of(policy, route, sorted(paths))):
                kind, about = cost
                values = {"route": route.name, **about}
                yield Gap(kind, values=values, severity="warning", routes=(route.name,), file=policy.file)


def cost_of(policy: Policy, route: Route, fields: list[str]) -> tuple[GapKind, dict[str, str]] | None:
    """The reason why the route costs more, and what its sentence says; `fields` are those that a poll reads."""
    if route_is_scan(policy, route, standard_describe()):
        return GapKind.READS_ALL, {}
    if left_out := splitting.for_queries(fields, route_filter(policy, route, standard_describe())).left_out:
        return GapKind.READS_MORE, {"condition": shortened(render(left_out[0]))}
    return (GapKind.READS_APART, {}) if route_is_apart(policy, route, standard_describe()) else None


def shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[:most]}..."


def scans_here(policies: Sequence[Policy], describe: Describe) -> frozenset[RouteName]:
    """The routes that this org cannot filter for, though a new one can: what is a scan everywhere is known offline."""
    return frozenset(
        (policy.name, route.name)
        for policy in policies
        for route in policy.routes
        if route_is_scan(policy, route, describe) and not route_is_scan(policy, route, standard_describe())
    )
