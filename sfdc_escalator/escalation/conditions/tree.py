"""Conditions and their one meaning: `judge`. The server's query only narrows; what matches is decided here.

Every condition has `holds` (the answer), `look` (what it sees), `needs` (what it must be given) and `crossings` (the
instants at which time alone may change the answer, when nothing else does).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clocks import Age, Idle, InState, Left
from sfdc_escalator.escalation.conditions.facts import Field, Owner, Soql, TableIs
from sfdc_escalator.escalation.conditions.related import Milestone, Related
from sfdc_escalator.escalation.conditions.speech import Spoke, Text
from sfdc_escalator.escalation.conditions.stopped_clock import Clock
from sfdc_escalator.escalation.time.calendars import Limit
from sfdc_escalator.escalation.world.case import Case, Value
from sfdc_escalator.escalation.world.needs import Lookup, Need

Leaf = Field | Age | Left | Idle | InState | Text | Spoke | Owner | TableIs | Related | Milestone | Soql


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple["Condition", ...]
    _flat: tuple["Condition", ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        flat = (one for part in self.parts for one in (part._flat if isinstance(part, All) else (part,)))
        object.__setattr__(self, "_flat", tuple(flat))

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        for part in self._flat:  # noqa: SIM110 - this loop runs for every route and case
            if not part.holds(case, circumstances):
                return False
        return True

    def crossings(self, case: Case, circumstances: Circumstances) -> Iterator[datetime]:
        for part in self.parts:
            yield from part.crossings(case, circumstances)

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset[Need]().union(*(part.needs for part in self.parts))


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple["Condition", ...]

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        return any(part.holds(case, circumstances) for part in self.parts)

    def crossings(self, case: Case, circumstances: Circumstances) -> Iterator[datetime]:
        for part in self.parts:
            yield from part.crossings(case, circumstances)

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset[Need]().union(*(part.needs for part in self.parts))


@dataclass(frozen=True, slots=True)
class Not:
    part: "Condition"

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        return not self.part.holds(case, circumstances)

    def crossings(self, case: Case, circumstances: Circumstances) -> Iterator[datetime]:
        return self.part.crossings(case, circumstances)

    @property
    def needs(self) -> frozenset[Need]:
        return self.part.needs


Condition = Leaf | All | AnyOf | Not


class Finding(NamedTuple):
    """A judgement with its reasons: what was asked, what was seen, whether it holds, and the parts of it.

    Of a clock: `limit` is the one for this case, `due` when time alone reaches it, or passes it where more is asked.
    """

    condition: Condition
    holds: bool
    seen: Value | timedelta
    parts: tuple["Finding", ...] = ()
    limit: Limit | None = None
    due: datetime | None = None


def judge(condition: Condition, case: Case, circumstances: Circumstances) -> Finding:
    """What the condition says of the case at that instant, with every part judged."""
    if isinstance(condition, (All, AnyOf)):
        parts = tuple(judge(part, case, circumstances) for part in condition.parts)
        every = all if isinstance(condition, All) else any
        return Finding(condition, every(part.holds for part in parts), None, parts)
    if isinstance(condition, Not):
        part = judge(condition.part, case, circumstances)
        return Finding(condition, not part.holds, None, (part,))
    holds, seen = condition.holds(case, circumstances), condition.look(case, circumstances)
    if isinstance(condition, Clock):
        crossings = condition.crossings(case, circumstances)
        due = next(crossings, None)
        passed = next(crossings, due) if condition.operator == "more_than" else due
        return Finding(condition, holds, seen, (), condition.limit_of(case), passed)
    return Finding(condition, holds, seen)


def could_hold(
    condition: Condition, case: Case, circumstances: Circumstances, unread: frozenset[Need], want: bool = True
) -> bool:
    """Whether the condition could come out as `want` once what is not yet read is known."""
    if isinstance(condition, Not):
        return could_hold(condition.part, case, circumstances, unread, not want)
    if isinstance(condition, (All, AnyOf)):
        every = all if isinstance(condition, All) == want else any
        return every(could_hold(part, case, circumstances, unread, want) for part in condition.parts)
    if not unread.isdisjoint(condition.needs):
        return True
    return condition.holds(case, circumstances) == want


def leaves(condition: Condition) -> Iterator[Leaf]:
    """Every comparison in the condition, those of a clock's pause left out."""
    if isinstance(condition, (All, AnyOf)):
        for part in condition.parts:
            yield from leaves(part)
    elif isinstance(condition, Not):
        yield from leaves(condition.part)
    else:
        yield condition


def paths_of(needs: frozenset[Need]) -> frozenset[str]:
    """The fields of the case among what is read."""
    return frozenset(one for one in needs if isinstance(one, str))


def lookups_of(needs: frozenset[Need]) -> frozenset[Lookup]:
    """What needs a second look among what is read."""
    return frozenset(one for one in needs if not isinstance(one, str))
