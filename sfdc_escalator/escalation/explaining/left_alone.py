"""The cases that no route matches, counted by reason. A reason names a condition of a policy, and no value of a case,
so that a thousand cases have a few reasons."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sfdc_escalator.escalation.conditions.condition import Finding
from sfdc_escalator.escalation.conditions.findings import deciding
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.tree import judge
from sfdc_escalator.escalation.decisions.decide import ALREADY_WORDS, LEFT_OUT, UNSETTLED, reason_against
from sfdc_escalator.escalation.decisions.match import NoMatch
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.explaining.misses import FOREVER, distance, misses
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.escalation.world.case import Case

MOST_REASONS = 20
OTHERS = "other reasons"
Distance = tuple[int, timedelta, float]
FARTHEST: Distance = (10**9, FOREVER, 0.0)


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """`count` cases, and the reasons with the number of cases of each, the most common first. Each case has one."""

    count: int
    reasons: tuple[tuple[str, int], ...]

    def as_json(self) -> dict[str, Any]:
        return {"count": self.count, "reasons": [{"reason": text, "count": count} for text, count in self.reasons]}


def left_alone(policies_in_org: Sequence[PolicyInOrg], cases: Sequence[NoMatch]) -> LeftAlone:
    """At most 20 reasons; the less common ones count together."""
    in_org = {one.policy.name: one for one in policies_in_org}
    counts = Counter(main_reason(in_org[one.policy], one) for one in cases)
    found = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    if len(found) > MOST_REASONS:
        others = sum(count for _, count in found[MOST_REASONS - 1 :])
        found = [*found[: MOST_REASONS - 1], (OTHERS, others)]
    return LeftAlone(len(cases), tuple(found))


def main_reason(in_org: PolicyInOrg, one: NoMatch) -> str:
    """An open escalation, else what the nearest route misses; without a route where all routes miss the same."""
    name = in_org.policy.name
    if one.left_out:
        return f"{name}: {LEFT_OUT.format(one.left_out)}"
    for escalation in in_org.escalations(one.case):
        if escalation.is_open:
            return f"{name}/{escalation.route}: {ALREADY_WORDS.get(escalation.state, UNSETTLED)}"
    found = [(*missing(in_org, route, one.case), route.name) for route in in_org.policy.routes]
    _, reason, route_name = min(found, key=lambda each: each[0])
    shared = len(found) > 1 and len({text for _, text, _ in found}) == 1
    return f"{name}: {reason}" if shared else f"{name}/{route_name}: {reason}"


def missing(in_org: PolicyInOrg, route: Route, case: Case) -> tuple[Distance, str]:
    """The distance of the route from a match, and the first condition that is missing."""
    if route.name in in_org.unpolled:
        return FARTHEST, in_org.unpolled[route.name]
    finding = judge(in_org.policy.condition(route), case, in_org.circumstances_of(route, case))
    if finding.holds:
        return distance(()), reason_against(in_org, route, case) or "it matches; another route comes first"
    return distance(misses(finding)), next(briefs(finding), "it does not match")


def briefs(finding: Finding) -> Iterator[str]:
    """The conditions because of which the finding does not hold, as the policy writes them."""
    for one in deciding(finding, holding=False):
        assert isinstance(one.condition, Leaf)
        yield f"{'must not hold' if one.holds else 'missing'}: {one.condition.brief}"
