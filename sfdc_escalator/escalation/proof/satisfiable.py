"""Whether there is a value that meets several demands on one thing at once: a field, a clock, the owner, a count.

Only samples are tried, one for every way in which a value can stand to the literals that are asked for. Where samples
could miss a way (words inside a text, patterns), the demand is left out: what is called impossible is impossible.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.clocks import Age, Left
from sfdc_escalator.escalation.conditions.comparison import TESTS, as_text, moment, number, options
from sfdc_escalator.escalation.conditions.facts import Field, Owner
from sfdc_escalator.escalation.conditions.related import COUNTS, Related
from sfdc_escalator.escalation.conditions.stopped_clock import LIMITS, Clock
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.conditions.tree import Condition, Leaf
from sfdc_escalator.escalation.world.case import Value

FRESH = "~ something else ~"
MOST_QUEUES = 6
DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)


class Demand(NamedTuple):
    """A condition that must hold, or must not."""

    leaf: Leaf
    holds: bool = True


def subject(leaf: Leaf) -> object:
    """Demands on one subject are looked at together."""
    if isinstance(leaf, Field):
        return "field", leaf.path.lower()
    if isinstance(leaf, Left) or (isinstance(leaf, Age) and leaf.calendar is None and leaf.except_while is None):
        return "age", leaf.path.lower()
    if isinstance(leaf, Clock):
        return type(leaf), replace(leaf, operator="at_least", limit=timedelta())
    if isinstance(leaf, Related):
        return "related", replace(leaf, operator="at_least", count=0)
    return "owner" if isinstance(leaf, Owner) else leaf


def possible(demands: Sequence[Demand]) -> bool:
    """Whether some value meets all of them; they are on one subject. True where that cannot be ruled out."""
    if any(alike(one.leaf, other.leaf) for one in demands if one.holds for other in demands if not other.holds):
        return False
    kind = type(demands[0].leaf)
    if issubclass(kind, Field):
        return field_possible(demands)
    if issubclass(kind, Clock):
        return clock_possible([one for one in demands if isinstance(getattr(one.leaf, "limit", None), timedelta)])
    if issubclass(kind, Owner):
        return owner_possible(demands)
    return related_possible(demands) if issubclass(kind, Related) else True


def alike(one: Condition, other: Condition) -> bool:
    """Whether they ask the same; true and 1 are equal to Python, and not the same."""
    return one == other and repr(one) == repr(other)


def met(demands: Sequence[Demand], holds: Callable[[Leaf], bool]) -> bool:
    return all(holds(one.leaf) == one.holds for one in demands)


def field_possible(demands: Sequence[Demand]) -> bool:
    sure = [one for one in demands if not loose(one.leaf, demands)]
    filled = any(one.holds for one in demands if one not in sure)
    samples = samples_of([one.leaf.operand for one in sure if isinstance(one.leaf, Field)])
    return any(
        met(sure, lambda leaf, value=value: TESTS[leaf.operator](value, leaf.operand))  # type: ignore[misc]
        for value in samples
        if not filled or not TESTS["is_empty"](value, True)
    )


def loose(leaf: Leaf, demands: Sequence[Demand]) -> bool:
    """Whether samples say nothing sure about it: parts of a text, unless the whole text is asked for, too."""
    assert isinstance(leaf, Field)
    if isinstance(leaf.operand, Table) or leaf.operator == "matches":
        return True
    if leaf.operator not in ("starts_with", "contains_any"):
        return False
    asked = [one.leaf for one in demands if isinstance(one.leaf, Field)]
    plain = all(
        as_text(one).isascii()
        for field in asked
        if not isinstance(field.operand, Table)
        for one in options(field.operand)
    )
    whole = any(one.holds and one.leaf.operator in ("is", "in") for one in demands)  # type: ignore[union-attr]
    return not plain or (leaf.operator == "contains_any" and not whole)


def samples_of(operands: Sequence[object]) -> Iterator[Value]:
    literals = {one for operand in operands for one in options(operand)}  # type: ignore[arg-type]
    texts = {as_text(one) for one in literals}
    yield from (None, "", True, False, FRESH, frozenset(), frozenset({FRESH}))
    for text in texts:
        yield from (text, text.strip() + FRESH, frozenset({text}), frozenset({text, FRESH}))
    numbers = {float(found) for one in literals if (found := number(one)) is not None} or {0.5}
    yield from (
        beside for one in numbers for beside in (one, math.nextafter(one, -math.inf), math.nextafter(one, math.inf))
    )
    moments = [at for text in texts if (at := moment(text)) is not None]
    yield from around(
        [one for one in moments if isinstance(one, datetime)] or [datetime(2000, 1, 1, tzinfo=UTC)], INSTANT
    )
    yield from around([one for one in moments if not isinstance(one, datetime)] or [date(2000, 1, 1)], DAY)


def around(moments: Sequence[date], step: timedelta) -> Iterator[date]:
    for one in moments:
        yield one
        for away in (-step, step):
            try:
                yield one + away
            except OverflowError:
                continue


def clock_possible(demands: Sequence[Demand]) -> bool:
    """Of a clock that shows some time, or does not run. The time that is left is the age, turned."""

    def shows(time: timedelta | None) -> bool:
        return met(demands, lambda leaf: time is not None and LIMITS[leaf.operator](turned(leaf, time), leaf.limit))  # type: ignore[union-attr, arg-type]

    limits = {turned(one.leaf, one.leaf.limit) for one in demands}  # type: ignore[union-attr, arg-type]
    times = {limit + away for limit in limits for away in (-INSTANT, timedelta(), INSTANT)}
    return shows(None) or any(map(shows, times or {timedelta()}))


def turned(leaf: Leaf, time: timedelta) -> timedelta:
    return -time if isinstance(leaf, Left) else time


def owner_possible(demands: Sequence[Demand]) -> bool:
    """A queue owns the case, or a user who is a member of some queues."""
    queues = sorted({queue.lower() for one in demands if isinstance(one.leaf, Owner) for queue in one.leaf.queues})
    if len(queues) > MOST_QUEUES:
        return True
    users = [(None, frozenset(some)) for size in range(len(queues) + 1) for some in combinations(queues, size)]
    owners = [*users, *((queue, frozenset[str]()) for queue in (*queues, ""))]

    def fits(leaf: Leaf, queue: str | None, member_of: frozenset[str]) -> bool:
        assert isinstance(leaf, Owner)
        if leaf.who == "user":
            return queue is None
        named = {name.lower() for name in leaf.queues}
        return queue in named if leaf.who == "in_queue" else not member_of.isdisjoint(named)

    return any(met(demands, lambda leaf, of=of: fits(leaf, *of)) for of in owners)  # type: ignore[misc]


def related_possible(demands: Sequence[Demand]) -> bool:
    """A count from none on. Records that cannot be read meet no count."""
    if not any(one.holds for one in demands):
        return True
    most = max(one.leaf.count for one in demands)  # type: ignore[union-attr]
    counts = [*range(most + 2)] if most < 1000 else [*range(3), *(most + away for away in (-1, 0, 1))]
    return any(met(demands, lambda leaf, n=n: COUNTS[leaf.operator](n, leaf.count)) for n in counts)  # type: ignore[misc]
