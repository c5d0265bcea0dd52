"""The cases that no route matches, counted by reason as they are read. A reason names a condition of a policy, and no
value of a case, so that a million cases have a few reasons."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sfdc_escalator.escalation.decisions.decide import LEFT_OUT
from sfdc_escalator.escalation.decisions.match import NoMatch
from sfdc_escalator.escalation.decisions.policy_in_org import NONE, PolicyInOrg
from sfdc_escalator.escalation.explaining.against_route import (
    UNPOLLED,
    AgainstRoute,
    Groups,
    escalated_by,
    most_common,
)
from sfdc_escalator.escalation.world.needs import Need

MOST_REASONS = 20
OTHERS = "other reasons"


@dataclass(frozen=True, slots=True)
class RouteReason:
    """The first reason against a route of `count` cases, with the first case numbers. Of one case it says the value."""

    route: str
    text: str
    count: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """`count` cases, and the reasons with the number of cases of each, the most common first: one for each case and
    policy, by the route that misses the fewest conditions, the first of them. Of `cases` no policy has a route that
    matches. `by_route` are the reasons against each route."""

    count: int = 0
    reasons: tuple[tuple[str, int], ...] = ()
    cases: int = 0
    by_route: tuple[RouteReason, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"count": self.count, "reasons": [{"reason": text, "count": count} for text, count in self.reasons]}


class Known(NamedTuple):
    """A policy as it was when its routes were last counted."""

    in_org: PolicyInOrg
    routes: Sequence[AgainstRoute]


class Tally:
    """Counts cases one after the other, and keeps none of them."""

    def __init__(self) -> None:
        self._main = Counter[str]()
        self._groups: dict[tuple[str, str], Groups] = {}
        self._known: dict[tuple[str, frozenset[Need]], Known] = {}
        self._cases = 0

    def add(self, policies: Mapping[str, PolicyInOrg], found: Sequence[NoMatch], unread: frozenset[Need] = NONE) -> int:
        """Counts a case, by each policy of which no route matches it; `unread` is what was not read of it. Returns the
        number of conditions that the nearest route misses."""
        self._cases += len(found) == len(policies)
        return min(self._count(policies[one.policy], one, unread) for one in found)

    def result(self) -> LeftAlone:
        """At most 20 reasons; the less common ones count together."""
        found = sorted(self._main.items(), key=lambda one: (-one[1], one[0]))
        if len(found) > MOST_REASONS:
            others = sum(count for _, count in found[MOST_REASONS - 1 :])
            found = [*found[: MOST_REASONS - 1], (OTHERS, others)]
        by_route = (
            RouteReason(route, one.text if one.count == 1 else one.brief, one.count, tuple(one.numbers))
            for (_, route), groups in self._groups.items()
            for one in most_common(groups.values())
        )
        return LeftAlone(self._main.total(), tuple(found), self._cases, tuple(by_route))

    def _count(self, in_org: PolicyInOrg, one: NoMatch, unread: frozenset[Need]) -> int:
        policy, routes = in_org.policy.name, self._routes(in_org, unread)
        if one.left_out:
            text = LEFT_OUT.format(one.left_out)
            next(route for route in routes if route.name == one.left_out).add(text, one.case)
            self._main[f"{policy}: {text}"] += 1
            return UNPOLLED
        nearest, fewest, briefs = "", UNPOLLED, list[str]()
        for route in routes:
            lack = route.count(one.case, fewest)
            if not briefs or lack.conditions < fewest:
                nearest, fewest = f"{policy}/{route.name}: {lack.group.brief}", lack.conditions
            briefs.append(lack.group.brief)
        if len(briefs) > 1 and briefs.count(briefs[0]) == len(briefs):
            nearest = f"{policy}: {briefs[0]}"
        self._main[escalated(in_org, one) or nearest] += 1
        return fewest

    def _routes(self, in_org: PolicyInOrg, unread: frozenset[Need]) -> Sequence[AgainstRoute]:
        name = in_org.policy.name
        known = self._known.get((name, unread))
        if known is None or known.in_org is not in_org:
            routes = [
                AgainstRoute(in_org, route, unread, self._groups.setdefault((name, route.name), {}))
                for route in in_org.policy.routes
            ]
            known = self._known[name, unread] = Known(in_org, routes)
        return known.routes


def escalated(in_org: PolicyInOrg, one: NoMatch) -> str | None:
    """The open escalation of the case, if it has one."""
    if one.case.id not in in_org.history.by_case:
        return None
    for escalation in in_org.escalations(one.case):
        if escalation.is_open:
            return f"{in_org.policy.name}/{escalation.route}: {escalated_by(in_org, one.case, escalation.route)}"
    return None
