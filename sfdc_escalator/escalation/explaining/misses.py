"""The conditions that are missing for a match: the fewest that must change, and when time alone changes them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.facts import Field
from sfdc_escalator.escalation.conditions.findings import in_plain_words, reasons, time_in_words
from sfdc_escalator.escalation.conditions.related import Related
from sfdc_escalator.escalation.conditions.stopped_clock import Clock
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Condition, Finding, Not, judge
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import Need

SECOND = timedelta(seconds=1)
ALMOST_A_MINUTE = timedelta(seconds=59)
"""Time that has passed is rounded down, time that is missing is rounded up."""
MOST_CROSSINGS = 100
FOREVER = timedelta(days=36525)


@dataclass(frozen=True, slots=True)
class Miss:
    """One condition that stands in the way. `short` is the time that is missing, where time is what is missing;
    `share` how much of a number is missing, 1 where it is no number."""

    words: str
    short: timedelta | None = None
    share: float = field(default=1.0, compare=False)


def misses(finding: Finding) -> list[Miss]:
    """The conditions that must change for the finding to hold: of a list all that fail, of alternatives the nearest."""
    if finding.holds:
        return []
    if isinstance(finding.condition, All):
        return [miss for part in finding.parts for miss in misses(part)]
    if isinstance(finding.condition, AnyOf):
        return min((misses(part) for part in finding.parts), key=distance, default=[Miss("nothing can match it")])
    if isinstance(finding.condition, Not):
        return [Miss(f"must not be so: {'; '.join(reasons(finding.parts[0])) or 'what is always so'}")]
    return [miss_of(finding)]


def miss_of(finding: Finding) -> Miss:
    leaf, seen = finding.condition, finding.seen
    if isinstance(leaf, Clock) and isinstance(seen, timedelta) and isinstance(finding.limit, timedelta):
        return short_of(leaf, seen, finding)
    if isinstance(leaf, Related) and isinstance(seen, int) and leaf.operator in ("at_least", "more_than"):
        needed = leaf.count + (leaf.operator == "more_than")
        return Miss(f"needs {needed} or more {leaf.records.relation}, has {seen}", share=share_of(seen, needed))
    return Miss(in_plain_words(finding), share=share_of(seen, leaf.operand) if isinstance(leaf, Field) else 1.0)


def share_of(seen: object, wanted: object) -> float:
    """The share of a wanted number that is missing, at most 1."""
    if not isinstance(seen, (int, float)) or not isinstance(wanted, (int, float)):
        return 1.0
    return min(1.0, abs(wanted - seen) / (abs(wanted) or 1))


def short_of(leaf: Clock, seen: timedelta, finding: Finding) -> Miss:
    """The time that is missing, and when it will have passed; or that it is too late."""
    assert isinstance(finding.limit, timedelta)
    short = abs(finding.limit - seen)
    waits = leaf.operator in ("at_least", "more_than") and seen <= finding.limit
    if not waits or finding.due is None:
        return Miss(in_plain_words(finding))
    time = time_in_words(short + ALMOST_A_MINUTE, leaf)
    return Miss(f"{in_plain_words(finding)}: {time} short, at {finding.due:%Y-%m-%d %H:%M} UTC", short)


def distance(found: Sequence[Miss]) -> tuple[int, timedelta, float]:
    """Few misses come before many, little time before much, and a number that is nearly reached before others."""
    time = max((miss.short if miss.short is not None else FOREVER for miss in found), default=timedelta())
    return len(found), time, sum(miss.share for miss in found)


def matches_at(condition: Condition, case: Case, circumstances: Circumstances) -> datetime | None:
    """The first instant from now on at which the condition holds, if nothing but time changes; None = never.

    Beyond now, whole seconds: an org's time has no others.
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
    """The moment itself, or the next whole second after it."""
    return moment.replace(microsecond=0) + SECOND if moment.microsecond else moment


def at(circumstances: Circumstances, now: datetime) -> Circumstances:
    return Circumstances(
        now, circumstances.queues, circumstances.calendars, circumstances.escalated_at, circumstances.newer_words
    )


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A case that a route nearly matches."""

    policy: str
    route: str
    case: Case
    words: tuple[str, ...]


def nearest_misses(
    policies_in_org: Sequence[PolicyInOrg],
    cases: Sequence[Case],
    unread: Mapping[str, frozenset[Need]],
    route: str | None = None,
    count: int = 5,
) -> tuple[NearMiss, ...]:
    """The cases that come nearest to a match: fewest conditions missing, least time short, then by number. With
    `route` those of that route alone."""
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
                    words = tuple(miss.words for miss in missing)
                    yield NearMiss(in_org.policy.name, route.name, case, words), missing


def known(finding: Finding, unread: frozenset[Need]) -> Finding:
    """The finding with everything that was not read taken to hold: nobody knows that it does not."""
    if finding.parts:
        parts = tuple(known(part, unread) for part in finding.parts)
        every = any if isinstance(finding.condition, AnyOf) else all
        holds = finding.holds if isinstance(finding.condition, Not) else every(part.holds for part in parts)
        return finding._replace(parts=parts, holds=holds)
    return finding if unread.isdisjoint(finding.condition.needs) else finding._replace(holds=True)
