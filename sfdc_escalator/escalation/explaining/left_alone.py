"""The cases that no route matches, counted by reason. A reason names a condition of a policy, and no value of a case,
so that a thousand cases have a few reasons."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sfdc_escalator.escalation.conditions.answering.answers import conjuncts
from sfdc_escalator.escalation.conditions.condition import Finding
from sfdc_escalator.escalation.conditions.findings import deciding
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.tree import judge
from sfdc_escalator.escalation.decisions.decide import ALREADY_WORDS, LEFT_OUT, UNSETTLED, reason_against
from sfdc_escalator.escalation.decisions.match import NoMatch
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.explaining.nearness import FARTHEST, Nearness
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.escalation.world.case import Case

MOST_REASONS = 20
OTHERS = "other reasons"


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """`count` cases, and the reasons with the number of cases of each, the most common first. Each case has one."""

    count: int
    reasons: tuple[tuple[str, int], ...]

    def as_json(self) -> dict[str, Any]:
        return {"count": self.count, "reasons": [{"reason": text, "count": count} for text, count in self.reasons]}


def left_alone(policies_in_org: Sequence[PolicyInOrg], cases: Sequence[NoMatch]) -> LeftAlone:
    """At most 20 reasons; the less common ones count together."""
    in_org = {one.policy.name: (one, Nearness(one)) for one in policies_in_org}
    counts = Counter(main_reason(*in_org[one.policy], one) for one in cases)
    found = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    if len(found) > MOST_REASONS:
        others = sum(count for _, count in found[MOST_REASONS - 1 :])
        found = [*found[: MOST_REASONS - 1], (OTHERS, others)]
    return LeftAlone(len(cases), tuple(found))


def main_reason(in_org: PolicyInOrg, nearness: Nearness, one: NoMatch) -> str:
    """An open escalation, else what the nearest route misses; without a route where all routes miss the same."""
    name = in_org.policy.name
    if one.left_out:
        return f"{name}: {LEFT_OUT.format(one.left_out)}"
    for escalation in in_org.escalations(one.case):
        if escalation.is_open:
            return f"{name}/{escalation.route}: {ALREADY_WORDS.get(escalation.state, UNSETTLED)}"
    routes, none = in_org.policy.routes, (FARTHEST, in_org.policy.routes[0])
    _, nearest = min(nearness.distances(one.case, matching=True), key=itemgetter(0), default=none)
    reason = reason_of(in_org, nearest, one.case)
    shared = len(routes) > 1 and all(reason_of(in_org, route, one.case) == reason for route in routes)
    return f"{name}: {reason}" if shared else f"{name}/{nearest.name}: {reason}"


def reason_of(in_org: PolicyInOrg, route: Route, case: Case) -> str:
    """The first condition that is missing for the route."""
    if route.name in in_org.unpolled:
        return in_org.unpolled[route.name]
    here = in_org.circumstances_of(route, case)
    asked = conjuncts(in_org.policy.condition(route))
    if missing := next((one for one in asked if not one.holds(case, here)), None):
        return next(briefs(judge(missing, case, here)), "it does not match")
    return reason_against(in_org, route, case) or "it matches; another route comes first"


def briefs(finding: Finding) -> Iterator[str]:
    """The conditions because of which the finding does not hold, as the policy writes them."""
    for one in deciding(finding, holding=False):
        assert isinstance(one.condition, Leaf)
        yield f"{'must not hold' if one.holds else 'missing'}: {one.condition.brief}"
