"""The distance of a case from a match, without words: it is found for every case and route, and few are explained."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.answering.answers import NONE, Answer, answer_of, conjuncts, plain_of
from sfdc_escalator.escalation.conditions.answering.sieve import Sieve, is_sieved
from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not, could_hold
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import Need

FOREVER = timedelta(days=36525)
Distance = tuple[int, timedelta, float]
"""Fewest missing conditions, then least missing time, then the smallest missing share of a number."""
NOW = timedelta()
MATCHES: Distance = (0, NOW, 0.0)
MISSING: Distance = (1, FOREVER, 1.0)
FARTHEST: Distance = (10**9, FOREVER, 0.0)


class Asked(NamedTuple):
    """The conditions that must all hold, with their answers: those that a sieve looks at, and the others. `may_hold`
    says that some of the needs of a condition were not read."""

    sieved: tuple[Condition, ...]
    others: tuple[tuple[Answer, bool, Condition], ...]

    def missing(self, case: Case, circumstances: Circumstances, most: int, sieved: int = 0) -> list[Condition] | None:
        """The conditions that do not hold; None where they are more than `most`. `sieved` of the sieved are known."""
        found, others = list[Condition](), most - sieved
        for answer, may_hold, condition in self.others:
            if not (one := answer(case, circumstances)) and (one is False or not may_hold):
                found.append(condition)
                if len(found) > others:
                    return None
        found.extend(one for one in self.sieved if not one.holds(case, circumstances))
        return found if len(found) <= most else None


class Nearness:
    """The routes of a policy, for cases that were read without some needs."""

    def __init__(self, in_org: PolicyInOrg, unread: frozenset[Need] = NONE, only: str | None = None) -> None:
        self._in_org, self._unread = in_org, unread
        judged = [route for route, _ in in_org.judged if only in (None, route.name)]
        self._gates = asked_of(in_org.policy.gates, unread)
        inside = [in_org.policy.inside(route) for route in judged]
        self._sieve = Sieve(inside, unread)
        self._routes = [
            (route, asked_of(conjuncts(condition), unread)) for route, condition in zip(judged, inside, strict=True)
        ]

    def distances(
        self, case: Case, at_most: Distance = FARTHEST, *, matching: bool = False
    ) -> Iterator[tuple[Distance, Route]]:
        """Routes that the case does not match, each as near as `at_most` and as those before it; with `matching` also
        those that it matches."""
        outside = self._gates.missing(case, self._in_org.circumstances, at_most[0])
        if outside is None:
            return
        new, here = case.id not in self._in_org.history.by_case, self._in_org.circumstances
        for place, sieved in self._sieve.nearly(case, at_most[0] - len(outside)):
            route, asked = self._routes[place]
            if not new:
                here = self._in_org.circumstances_of(route, case)
            inside = asked.missing(case, here, at_most[0] - len(outside), sieved)
            if inside is None or not (matching or inside or outside):
                continue
            missing = [*outside, *inside]
            found = total([distance_of(one, case, here, self._unread) for one in missing])
            if found <= at_most:
                at_most = found
                yield found, route


def asked_of(conditions: Iterable[Condition], unread: frozenset[Need]) -> Asked:
    sieved, others = list[Condition](), list[tuple[Answer, bool, Condition]]()
    for one in sorted(conditions, key=is_slow):
        if is_sieved(one, unread):
            sieved.append(one)
        else:
            others.append((answer_of(one, unread), not unread.isdisjoint(one.needs), one))
    return Asked(tuple(sieved), tuple(others))


def is_slow(condition: Condition) -> bool:
    return plain_of(condition) is None


def distance_of(condition: Condition, case: Case, circumstances: Circumstances, unread: frozenset[Need]) -> Distance:
    """The distance at which the condition would hold; none where it holds, or may hold because it was not read."""
    if isinstance(condition, All):
        return total([distance_of(part, case, circumstances, unread) for part in condition.parts])
    if isinstance(condition, AnyOf):
        return min((distance_of(part, case, circumstances, unread) for part in condition.parts), default=MISSING)
    if isinstance(condition, Not):
        return MATCHES if could_hold(condition, case, circumstances, unread) else MISSING
    if condition.holds(case, circumstances) or not unread.isdisjoint(condition.needs):
        return MATCHES
    assert isinstance(condition, Leaf)
    short, share = condition.lack(case, circumstances)
    return 1, FOREVER if short is None else short, share


def total(given: Sequence[Distance]) -> Distance:
    """The distance of all together."""
    if len(given) == 1:
        return given[0]
    return sum(one[0] for one in given), max((one[1] for one in given), default=NOW), sum(one[2] for one in given)
