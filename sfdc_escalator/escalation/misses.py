"""What is missing for a match, in words: the nearest way in, how much of it is short, and when time alone brings it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sfdc_escalator.escalation.case import Case
from sfdc_escalator.escalation.clock import in_words
from sfdc_escalator.escalation.clocks import Clock
from sfdc_escalator.escalation.criteria import All, AnyOf, Condition, Finding, Not, judge
from sfdc_escalator.escalation.evidence import Read
from sfdc_escalator.escalation.findings import in_plain_words, reasons
from sfdc_escalator.escalation.related import Related
from sfdc_escalator.escalation.scene import Scene
from sfdc_escalator.escalation.view import View

SECOND = timedelta(seconds=1)
MOST_CROSSINGS = 100
FOREVER = timedelta(days=36525)
MOST_JUDGED = 2_000
"""So many cases are looked through for near misses."""


@dataclass(frozen=True, slots=True)
class Miss:
    """One condition that stands in the way. `short` is the time that is missing, where time is what is missing."""

    words: str
    short: timedelta | None = None


def misses(finding: Finding) -> list[Miss]:
    """What must change for the finding to hold: all that fails of a list, the nearest of alternatives."""
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
        return Miss(f"needs {needed} or more {leaf.records.relation}, has {seen}")
    return Miss(in_plain_words(finding))


def short_of(leaf: Clock, seen: timedelta, finding: Finding) -> Miss:
    """How much time is short, and when it will have passed; or that it is too late."""
    assert isinstance(finding.limit, timedelta)
    short = abs(finding.limit - seen)
    waits = leaf.operator in ("at_least", "more_than") and seen <= finding.limit
    if not waits or finding.due is None:
        return Miss(in_plain_words(finding))
    kind = " of open time" if leaf.calendar else ""
    return Miss(f"{in_plain_words(finding)}: {in_words(short)}{kind} short, at {finding.due:%Y-%m-%d %H:%M} UTC", short)


def distance(found: Sequence[Miss]) -> tuple[int, timedelta]:
    """Few misses come before many, and little time before much."""
    return len(found), max((miss.short if miss.short is not None else FOREVER for miss in found), default=timedelta())


def matches_at(condition: Condition, case: Case, scene: Scene) -> datetime | None:
    """The first instant from now on at which the condition holds, if nothing but time changes; None = never."""
    now = scene.now
    for _ in range(MOST_CROSSINGS):
        then = at(scene, now)
        if condition.holds(case, then):
            return now
        if condition.holds(case, at(scene, now + SECOND)):
            return now + SECOND
        now = min((one for one in condition.crossings(case, then) if one > now), default=now)
        if now == then.now:
            return None
    return None


def at(scene: Scene, now: datetime) -> Scene:
    return Scene(now, scene.queues, scene.calendars, scene.escalated_at, scene.newer_words)


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A case that a route nearly matches."""

    policy: str
    route: str
    case: Case
    words: tuple[str, ...]


def nearest_misses(
    views: Sequence[View], cases: Sequence[Case], unread: Mapping[str, frozenset[Read]], count: int = 5
) -> tuple[NearMiss, ...]:
    """The cases that come nearest to a match: fewest conditions missing, least time short, then by number."""
    found = sorted(near(views, cases[:MOST_JUDGED], unread), key=lambda one: (*distance(one[1]), one[0].case.number))
    once = {one.case.id: one for one, _ in reversed(found)}
    return tuple(one for one, _ in found if once[one.case.id] is one)[:count]


def near(
    views: Sequence[View], cases: Sequence[Case], unread: Mapping[str, frozenset[Read]]
) -> Iterator[tuple[NearMiss, list[Miss]]]:
    for view in views:
        for route in view.policy.routes:
            for case in cases:
                finding = judge(view.policy.condition(route), case, view.scene_of(route, case))
                if missing := misses(known(finding, unread.get(case.id, frozenset()))):
                    words = tuple(miss.words for miss in missing)
                    yield NearMiss(view.policy.name, route.name, case, words), missing


def known(finding: Finding, unread: frozenset[Read]) -> Finding:
    """The finding with everything that was not read taken to hold: nobody knows that it does not."""
    if finding.parts:
        parts = tuple(known(part, unread) for part in finding.parts)
        every = any if isinstance(finding.condition, AnyOf) else all
        holds = finding.holds if isinstance(finding.condition, Not) else every(part.holds for part in parts)
        return finding._replace(parts=parts, holds=holds)
    return finding if unread.isdisjoint(finding.condition.reads) else finding._replace(holds=True)
