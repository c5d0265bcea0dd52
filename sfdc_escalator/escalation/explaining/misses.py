"""The conditions that are missing for a match: the fewest that must change, and when time alone changes them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.condition import Condition, Finding
from sfdc_escalator.escalation.conditions.findings import by_tables, reasons
from sfdc_escalator.escalation.conditions.leaf import Leaf, Miss
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not, judge
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import Need

SECOND = timedelta(seconds=1)
MOST_CROSSINGS = 100
FOREVER = timedelta(days=36525)


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


def distance(found: Sequence[Miss]) -> tuple[int, timedelta, float]:
    """A sort key: fewest misses, then least missing time, then the smallest missing share of a number."""
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
    every = near(policies_in_org, cases, unread, route)
    found = sorted(every, key=lambda one: (*distance(one[1]), one[0].case.number))
    once = {one.case.id: one for one, _ in reversed(found)}
    return tuple(one for one, _ in found if once[one.case.id] is one)[:count]


def near(
    policies_in_org: Sequence[PolicyInOrg],
    cases: Sequence[Case],
    unread: Mapping[str, frozenset[Need]],
    only: str | None,
) -> Iterator[tuple[NearMiss, list[Miss]]]:
    for in_org in policies_in_org:
        polled = (one for one in in_org.policy.routes if one.name not in in_org.unpolled and only in (None, one.name))
        for route in polled:
            for case in cases:
                finding = judge(in_org.policy.condition(route), case, in_org.circumstances_of(route, case))
                if missing := misses(known(finding, unread.get(case.id, frozenset()))):
                    texts = tuple(miss.text for miss in missing)
                    yield NearMiss(in_org.policy.name, route.name, case, texts), missing


def known(finding: Finding, unread: frozenset[Need]) -> Finding:
    """The finding, where every condition that was not read counts as met, because it may hold."""
    if finding.parts:
        parts = tuple(known(part, unread) for part in finding.parts)
        every = any if isinstance(finding.condition, AnyOf) else all
        holds = finding.holds if isinstance(finding.condition, Not) else every(part.holds for part in parts)
        return finding._replace(parts=parts, holds=holds)
    return finding if unread.isdisjoint(finding.condition.needs) else finding._replace(holds=True)
