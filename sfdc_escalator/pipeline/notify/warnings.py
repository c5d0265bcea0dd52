"""Warnings (rule N4): cases that a route will match soon, all else equal."""

from collections.abc import Iterator
from dataclasses import replace

from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.escalation.policy.telling import Warn
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.pipeline.preparing.prepare import Prepared


def coming(prepared: Prepared) -> Iterator[tuple[PolicyInOrg, Route, Case]]:
    """The cases that a route with `warn` does not match yet and will match then. Not those with an open escalation, or
    with one of the route that is undone, and none of a route whose backlog is not decided."""
    matched = {(match.policy.name, match.case.id) for match in prepared.plan.matches}
    for in_org in prepared.policies_in_org:
        for route, _ in in_org.judged:
            if route.warn and (in_org.policy.name, route.name) in prepared.history.live:
                for case in prepared.cases:
                    known = (in_org.policy.name, case.id) in matched
                    if not known and will_match(in_org, route, case, route.warn):
                        yield in_org, route, case


def will_match(in_org: PolicyInOrg, route: Route, case: Case, warn: Warn) -> bool:
    if in_org.is_outside(case) or any(blocks(in_org, one, route, case) for one in in_org.escalations(case)):
        return False
    now = in_org.circumstances_of(route, case)
    condition = in_org.policy.condition(route)
    return condition.holds(case, replace(now, now=now.now + warn.before)) and not condition.holds(case, now)


def blocks(in_org: PolicyInOrg, one: Escalation, route: Route, case: Case) -> bool:
    """True for an open escalation, and for one of this route that is undone and whose episode goes on."""
    is_undone = one.state is EscalationState.UNDONE and one.route in route.names
    return one.is_open or (is_undone and not in_org.over(one, route, case))
