"""The conditions that are missing for a match: the fewest that must change, and when time alone changes them."""

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.condition import Condition, Finding
from sfdc_escalator.escalation.conditions.findings import by_tables, reasons
from sfdc_escalator.escalation.conditions.leaf import Leaf, Miss
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not, judge
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.explaining.nearness import FARTHEST, FOREVER, Distance, Nearness
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import Need

NONE = frozenset[Need]()
SECOND = timedelta(seconds=1)
MOST_CROSSINGS = 100


def misses(finding: Finding) -> list[Miss]:
    """The conditions that must change for the finding to hold: all that fail of a list, the nearest of alternatives."""
    if finding.holds:
        return []
    if isinstance(finding.condition, All):
        return [miss for part in finding.parts for miss in misses(part)]
    if isinstance(finding.condition, AnyOf):
        return min((misses(part) for part in finding.parts), key=distance, default=[Miss("nothing can match it")])
    if isinstance(finding.condition, Not):
        text = "; ".join(reasons(finding.parts[0])) or "a condition that always holds"
        return [Miss(f"must not hold: {text}")]
    assert isinstance(finding.condition, Leaf)
    missed = finding.condition.missed(finding)
    return [replace(missed, text=missed.text + by_tables(finding))]


def distance(found: Sequence[Miss]) -> Distance:
    """A sort key: the distance of what is missing."""
    time = max((miss.short if miss.short is not None else FOREVER for miss in found), default=timedelta())
    return len(found), time, sum(miss.share for miss in found)


def matches_at(condition: Condition, case: Case, circumstances: Circumstances) -> datetime | None:
    """The first instant from now on at which the condition holds, if nothing but time changes; None = never.

    After now, whole seconds: an org's time has no fractions.
    """
    now = circumstances.now
    for _ in range(MOST_CROSSINGS):
        then = at(circumstances, now)
        if condition.holds(case, then):
            return now
        if condition.holds(case, at(circumstances, now + SECOND)):
            return now + SECOND
        crossings = (whole_second(one) for one in condition.crossings(case, then))
        now = min((one for one in crossings if one > now), default=now)
        if now == then.now:
            return None
    return None


def whole_second(moment: datetime) -> datetime:
    """The time itself, or the next whole second after it."""
    return moment.replace(microsecond=0) + SECOND if moment.microsecond else moment


def at(circumstances: Circumstances, now: datetime) -> Circumstances:
    return Circumstances(
        now, circumstances.queues, circumstances.calendars, circumstances.escalated_at, circumstances.newer_messages
    )


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A case that a route nearly matches."""

    policy: str
    route: str
    case: Case
    missing: tuple[str, ...]


def nearest_misses(
    policies_in_org: Sequence[PolicyInOrg],
    cases: Sequence[Case],
    unread: Mapping[str, frozenset[Need]],
    route: str | None = None,
    count: int = 5,
) -> tuple[NearMiss, ...]:
    """The cases that come nearest to a match: fewest missing conditions, least missing time, then by number. With
    `route` only those of that route."""
    nearest = Nearest(policies_in_org, route, count)
    for case in cases:
        nearest.look(case, unread.get(case.id, NONE))
    return nearest.explained()


class Found(NamedTuple):
    """A case with the route that it comes nearest to."""

    distance: Distance
    case: Case
    in_org: PolicyInOrg
    route: Route
    unread: frozenset[Need]

    @property
    def rank(self) -> tuple[Distance, str]:
        return self.distance, self.case.number


class Nearest:
    """The cases nearest to a match among those that are looked at, `count` at most. Only these are explained."""

    def __init__(self, policies_in_org: Sequence[PolicyInOrg], route: str | None = None, count: int = 5) -> None:
        self._policies_in_org, self._route, self._count = policies_in_org, route, count
        self._found = list[Found]()
        self._nearness = dict[frozenset[Need], list[tuple[PolicyInOrg, Nearness]]]()

    def look(self, case: Case, unread: frozenset[Need] = NONE) -> None:
        """Looks at a case, once, which was read without these needs."""
        at_most = self._found[-1].distance if len(self._found) == self._count else FARTHEST
        best: Found | None = None
        for in_org, nearness in self._nearness_of(unread):
            for distance, route in nearness.distances(case, at_most):
                if best is None or distance < best.distance:
                    best, at_most = Found(distance, case, in_org, route, unread), distance
        if best:
            insort(self._found, best, key=attrgetter("rank"))
            del self._found[self._count :]

    def _nearness_of(self, unread: frozenset[Need]) -> Sequence[tuple[PolicyInOrg, Nearness]]:
        if unread not in self._nearness:
            self._nearness[unread] = [(one, Nearness(one, unread, self._route)) for one in self._policies_in_org]
        return self._nearness[unread]

    def explained(self) -> tuple[NearMiss, ...]:
        """The near misses of these cases, the nearest first."""
        return tuple(map(near_miss, self._found))


def near_miss(found: Found) -> NearMiss:
    policy, route, case = found.in_org.policy, found.route, found.case
    finding = judge(policy.condition(route), case, found.in_org.circumstances_of(route, case))
    texts = tuple(miss.text for miss in misses(known(finding, found.unread)))
    return NearMiss(policy.name, route.name, case, texts)


def known(finding: Finding, unread: frozenset[Need], want: bool = True) -> Finding:
    """The finding, where every condition that was not read counts as it is wanted, because it may be so."""
    if isinstance(finding.condition, Not):
        part = known(finding.parts[0], unread, not want)
        return finding._replace(parts=(part,), holds=not part.holds)
    if isinstance(finding.condition, (All, AnyOf)):
        parts = tuple(known(part, unread, want) for part in finding.parts)
        joined = all if isinstance(finding.condition, All) else any
        return finding._replace(parts=parts, holds=joined(part.holds for part in parts))
    return finding if unread.isdisjoint(finding.condition.needs) else finding._replace(holds=want)
