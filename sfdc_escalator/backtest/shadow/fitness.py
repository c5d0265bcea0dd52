"""The parts of policies that can be compared in an org: routes that its past answers, fields with a history."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sfdc_escalator.backtest.shadow.would_do import can_answer, sets_fields
from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.conditions.tree import All, paths_of
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.steps import FIELD_OF, every
from sfdc_escalator.escalation.policy.team import Team
from sfdc_escalator.escalation.readiness.fitness import fitness
from sfdc_escalator.escalation.readiness.requirements import steps_of
from sfdc_escalator.escalation.shadow.acts import COMPARED, ESCALATED, OWNER, PRIORITY
from sfdc_escalator.escalation.world.keys import RouteName
from sfdc_escalator.escalation.world.org import Describe, OrgFacts, Target
from sfdc_escalator.pipeline.read_models.shadow import NotCompared

FRAGMENT = "the org answers its raw filter (`soql`) for the present only"
LOST = {
    OWNER: "the owners that these policies give to cases",
    PRIORITY: "the priorities that these policies set",
    ESCALATED: "routes that only notify people",
}
LeftOut = Mapping[str, Mapping[str, str]]
"""The reasons for which routes are left out, by policy and route."""


def left_out(policies: Sequence[Policy], facts: OrgFacts, broken: Mapping[RouteName, str]) -> LeftOut:
    return {policy.name: dict(reasons(policy, facts, broken)) for policy in policies}


def reasons(policy: Policy, facts: OrgFacts, broken: Mapping[RouteName, str]) -> Iterator[tuple[str, str]]:
    unfit = fitness(policy, facts).unfit
    for route in policy.routes:
        names = (route.name, *(f"{route.name}/{rung.id}" for rung in route.ladder.rungs))
        known = (broken.get((policy.name, route.name)), *(unfit.get(name) for name in names))
        answers = can_answer(All((policy.condition(route), *policy.hold_while)))
        if found := next(filter(None, (*known, "" if answers else FRAGMENT)), None):
            yield route.name, found


def possible(policies: Sequence[Policy], targets: Mapping[str, Target], left: LeftOut) -> frozenset[tuple[str, str]]:
    """The fields that the routes may set that are compared, each with its values: ids of owners, folded texts."""
    return frozenset(one for route in judged_routes(policies, left) for one in values_of(route, targets))


def judged_routes(policies: Sequence[Policy], left: LeftOut) -> list[Route]:
    return [route for policy in policies for route in policy.routes if route.name not in left[policy.name]]


def values_of(route: Route, targets: Mapping[str, Target]) -> Iterator[tuple[str, str]]:
    for steps in steps_of(route):
        for key, source in steps.steps.items():
            for value in every(source):
                if not isinstance(value, Team):
                    yield FIELD_OF[key], fold(str(value))
                elif target := targets.get(value.target):
                    yield FIELD_OF[key], target.id
    if route.opens and not sets_fields(route.escalate):
        yield ESCALATED, "true"


def not_compared(
    policies: Sequence[Policy], left: LeftOut, kept: frozenset[str], lost: Mapping[str, Sequence[str]]
) -> Iterator[NotCompared]:
    """Routes first, then fields with the cases that are lost; only what these policies would do."""
    for policy in policies:
        yield from (NotCompared(f"{policy.name}/{route}", reason) for route, reason in left[policy.name].items())
    judged = judged_routes(policies, left)
    for field in COMPARED:
        if field not in kept and any(sets(route, field) for route in judged):
            reason = f"Case keeps no history of it, so {LOST[field]} cannot be compared"
            yield NotCompared(field, reason, tuple(sorted(lost.get(field, ()))))


def sets(route: Route, field: str) -> bool:
    if field == ESCALATED:
        return route.opens and not sets_fields(route.escalate)
    return any(FIELD_OF[key] == field for steps in steps_of(route) for key in steps.steps)


def untold(
    policies: Iterable[Policy], routes: frozenset[str] | None, describe: Describe, with_history: set[str]
) -> list[str]:
    """The fields of the case without a history that these routes read (None: all of them), and that may change."""
    read = {
        path
        for policy in policies
        for route in policy.routes
        if routes is None or route.name in routes
        for path in paths_of(policy.condition(route).needs)
    }
    known = ((path, describe.field_at(path)) for path in read if "." not in path and path != ESCALATED)
    return sorted(path for path, info in known if info and info.updateable and path.lower() not in with_history)
