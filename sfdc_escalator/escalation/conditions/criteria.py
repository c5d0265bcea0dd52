"""Conditions and their one meaning: `judge`. The server's query only narrows; what matches is decided here.

Every condition has `holds` (the answer), `look` (what it sees), `reads` (what it must be given) and `crossings` (the
instants at which time alone may change the answer, when nothing else does).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.clocks import Age, Idle, InState, Left
from sfdc_escalator.escalation.conditions.facts import Field, Owner, Soql, TableIs
from sfdc_escalator.escalation.conditions.related import Milestone, Related
from sfdc_escalator.escalation.conditions.running_clock import Clock
from sfdc_escalator.escalation.conditions.scene import Scene
from sfdc_escalator.escalation.conditions.speech import Spoke, Text
from sfdc_escalator.escalation.time.calendars import Limit
from sfdc_escalator.escalation.world.case import Case, Value
from sfdc_escalator.escalation.world.evidence import Evidence, Read

Leaf = Field | Age | Left | Idle | InState | Text | Spoke | Owner | TableIs | Related | Milestone | Soql


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple["Condition", ...]
    _flat: tuple["Condition", ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        flat = (one for part in self.parts for one in (part._flat if isinstance(part, All) else (part,)))
        object.__setattr__(self, "_flat", tuple(flat))

    def holds(self, case: Case, scene: Scene) -> bool:
        for part in self._flat:  # noqa: SIM110 - this loop runs for every route and case
            if not part.holds(case, scene):
                return False
        return True

    def crossings(self, case: Case, scene: Scene) -> Iterator[datetime]:
        for part in self.parts:
            yield from part.crossings(case, scene)

    @property
    def reads(self) -> frozenset[Read]:
        return frozenset[Read]().union(*(part.reads for part in self.parts))


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple["Condition", ...]

    def holds(self, case: Case, scene: Scene) -> bool:
        return any(part.holds(case, scene) for part in self.parts)

    def crossings(self, case: Case, scene: Scene) -> Iterator[datetime]:
        for part in self.parts:
            yield from part.crossings(case, scene)

    @property
    def reads(self) -> frozenset[Read]:
        return frozenset[Read]().union(*(part.reads for part in self.parts))


@dataclass(frozen=True, slots=True)
class Not:
    part: "Condition"

    def holds(self, case: Case, scene: Scene) -> bool:
        return not self.part.holds(case, scene)

    def crossings(self, case: Case, scene: Scene) -> Iterator[datetime]:
        return self.part.crossings(case, scene)

    @property
    def reads(self) -> frozenset[Read]:
        return self.part.reads


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


def judge(condition: Condition, case: Case, scene: Scene) -> Finding:
    """What the condition says of the case at that instant, with every part judged."""
    if isinstance(condition, (All, AnyOf)):
        parts = tuple(judge(part, case, scene) for part in condition.parts)
        every = all if isinstance(condition, All) else any
        return Finding(condition, every(part.holds for part in parts), None, parts)
    if isinstance(condition, Not):
        part = judge(condition.part, case, scene)
        return Finding(condition, not part.holds, None, (part,))
    holds, seen = condition.holds(case, scene), condition.look(case, scene)
    if isinstance(condition, Clock):
        crossings = condition.crossings(case, scene)
        due = next(crossings, None)
        passed = next(crossings, due) if condition.operator == "more_than" else due
        return Finding(condition, holds, seen, (), condition.limit_of(case), passed)
    return Finding(condition, holds, seen)


def could_hold(condition: Condition, case: Case, scene: Scene, unread: frozenset[Read], want: bool = True) -> bool:
    """Whether the condition could come out as `want` once what is not yet read is known."""
    if isinstance(condition, Not):
        return could_hold(condition.part, case, scene, unread, not want)
    if isinstance(condition, (All, AnyOf)):
        every = all if isinstance(condition, All) == want else any
        return every(could_hold(part, case, scene, unread, want) for part in condition.parts)
    if not unread.isdisjoint(condition.reads):
        return True
    return condition.holds(case, scene) == want


def leaves(condition: Condition) -> Iterator[Leaf]:
    """Every comparison in the condition, those of a clock's pause left out."""
    if isinstance(condition, (All, AnyOf)):
        for part in condition.parts:
            yield from leaves(part)
    elif isinstance(condition, Not):
        yield from leaves(condition.part)
    else:
        yield condition


def paths_of(reads: frozenset[Read]) -> frozenset[str]:
    """The fields of the case among what is read."""
    return frozenset(one for one in reads if isinstance(one, str))


def evidence_of(reads: frozenset[Read]) -> frozenset[Evidence]:
    """What needs a second look among what is read."""
    return frozenset(one for one in reads if not isinstance(one, str))
