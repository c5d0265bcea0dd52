"""Is this org ready for this policy? All gaps of policies in an org, and those that a run needs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from sfdc_escalator.errors import counted
from sfdc_escalator.escalation.policy.ladder import Rung
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.readiness import names
from sfdc_escalator.escalation.readiness.fields import unreadable, unseen_acts, untracked
from sfdc_escalator.escalation.readiness.gap import Gap, GapKind, once_each
from sfdc_escalator.escalation.readiness.inspection import KnownNames, OrgInspection
from sfdc_escalator.escalation.readiness.picklists import unknown_values, values_of_record_types
from sfdc_escalator.escalation.readiness.requirements import hours_asked, hours_of_rung, leaves_of, steps_of
from sfdc_escalator.escalation.readiness.rights import denied_rights, lost_rights, silent_channels
from sfdc_escalator.escalation.readiness.sentences import reason
from sfdc_escalator.escalation.world.needs import Answered
from sfdc_escalator.escalation.world.org import OrgFacts

NOT_ASKED = KnownNames()


def gaps(
    policies: Sequence[Policy],
    org_facts: OrgFacts,
    inspection: OrgInspection,
    bells: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Gap, ...]:
    """Everything that the policies require and the org does not have, does not allow or does not take. `bells` are the
    custom notification types of its channels, where its entry names them."""
    alone = policies[0].file if len(policies) == 1 else None  # one poll serves all of them
    of_the_poll = (replace(gap, file=alone) for gap in poll_gaps(inspection))
    of_the_routes = (
        placed
        for policy in policies
        for route in policy.routes
        for found in (
            missing(policy, route, org_facts, inspection.known_names),
            denied(policy, route, org_facts, inspection),
            silent_channels(policy, route, org_facts, inspection.telling, bells),
        )
        for placed in of_route(policy, route, found)
    )
    return once_each((*of_the_routes, *of_the_poll))


def missing_kinds(policies: Sequence[Policy], org_facts: OrgFacts) -> frozenset[GapKind]:
    """The kinds of gaps for which the org is asked for its names."""
    return frozenset(
        gap.kind for policy in policies for route in policy.routes for gap in missing(policy, route, org_facts)
    )


@dataclass(frozen=True, slots=True)
class Fitness:
    """The reasons for which this org cannot carry out a route, or a rung (`route/rung`), by name; and the values that a
    run writes although the org does not offer them."""

    unfit: Mapping[str, str]
    warnings: tuple[str, ...]


def fitness(policy: Policy, org_facts: OrgFacts) -> Fitness:
    """The gaps that a run has to know of."""
    found, warnings = dict[str, list[Gap]](), list[str]()
    for route in policy.routes:
        found[route.name] = list(carry_out(policy, route, org_facts))
        rungs = {f"{route.name}/{rung.id}": list(carry_out_rung(rung, org_facts)) for rung in route.ladder.rungs}
        found |= rungs
        every = once_each((*found[route.name], *(gap for gaps in rungs.values() for gap in gaps)))
        warnings += [f"route {route.name}: {reason(gap)}" for gap in every if not gap.blocks]
    first = {name: next((gap for gap in some if gap.blocks), None) for name, some in found.items()}
    return Fitness({name: reason(gap) for name, gap in first.items() if gap}, tuple(warnings))


def of_route(policy: Policy, route: Route, found: Iterable[Gap]) -> Iterator[Gap]:
    return (replace(gap, routes=(route.name,), file=policy.file) for gap in found)


def missing(policy: Policy, route: Route, org_facts: OrgFacts, known: KnownNames = NOT_ASKED) -> Iterator[Gap]:
    """The requirements of the route that the facts of the org do not meet."""
    yield from unreadable(policy, route, org_facts.describe)
    yield from carry_out(policy, route, org_facts, known)
    for rung in route.ladder.rungs:
        yield from carry_out_rung(rung, org_facts, known)
    for steps in steps_of(route):
        yield from names.missing_quick_texts(steps.note, org_facts, known)
        yield from names.unfilled_quick_texts(steps.note, org_facts)
    yield from names.missing_recipients(policy, route, org_facts, known)
    yield from untracked(policy, route, org_facts)
    yield from unseen_acts(policy, route, org_facts)


def carry_out(policy: Policy, route: Route, org_facts: OrgFacts, known: KnownNames = NOT_ASKED) -> Iterator[Gap]:
    """The missing names and values for judging the route and for its steps."""
    teams = route.escalate.teams if route.escalate else ()
    asked = leaves_of(policy, route)
    queues = (*(team.queue for team in teams if team.queue), *(queue for leaf in asked for queue in leaf.queues_named))
    yield from names.missing_queues(queues, org_facts, known)
    yield from names.missing_users(teams, org_facts)
    yield from names.missing_hours(hours_asked(asked, route), org_facts, known)
    yield from unknown_values(route.escalate, org_facts.describe)


def carry_out_rung(rung: Rung, org_facts: OrgFacts, known: KnownNames = NOT_ASKED) -> Iterator[Gap]:
    """The missing names and values for the time of the rung and for its steps."""
    teams = rung.escalate.teams if rung.escalate else ()
    yield from names.missing_queues((team.queue for team in teams if team.queue), org_facts, known)
    yield from names.missing_users(teams, org_facts)
    yield from names.missing_hours(hours_of_rung(rung), org_facts, known)
    yield from unknown_values(rung.escalate, org_facts.describe)


def denied(policy: Policy, route: Route, org_facts: OrgFacts, inspection: OrgInspection) -> Iterator[Gap]:
    """The requirements of the route that the inspection found not to be met."""
    for steps in steps_of(route):
        yield from denied_rights(steps, org_facts, inspection)
        yield from lost_rights(policy, steps, org_facts, inspection)
        yield from values_of_record_types(steps, inspection)
    this = policy.name, route.name
    if refusal := inspection.refused.get(this):
        raw = [one.fragment for one in policy.needs([route]) if isinstance(one, Answered)]
        subject = raw[0] if len(raw) == 1 else ""
        yield Gap(GapKind.ROUTE_REFUSED, subject, ("soql",), {"route": route.name, "reason": refusal})
    if this in inspection.scans and not route.scan:
        yield Gap(GapKind.READS_ALL_HERE, values={"route": route.name}, severity="warning")


def poll_gaps(inspection: OrgInspection) -> Iterator[Gap]:
    """The faults of the query of all routes."""
    if inspection.poll_refusal:
        yield Gap(GapKind.POLL_REFUSED, values={"reason": inspection.poll_refusal})
    for plan in inspection.plans:
        if plan and plan.cost > 1:
            values = {"operation": plan.operation, "cases": counted(plan.cases, "case"), "cost": f"{plan.cost:g}"}
            yield Gap(GapKind.POLL_SLOW, values=values, severity="warning")
