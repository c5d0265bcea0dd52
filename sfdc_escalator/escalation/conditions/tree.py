"""Conditions combined, and the one meaning of a condition: `judge`. The server's query only narrows; the
match is decided here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clauses.wording import CASE
from sfdc_escalator.escalation.conditions.condition import Condition, Finding
from sfdc_escalator.escalation.conditions.leaf import Comparison, Leaf
from sfdc_escalator.escalation.conditions.narrowing import Narrowing, every, some
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import Lookup, Need


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Condition, ...]

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        return all(part.holds(case, circumstances) for part in self.parts)

    def judged(self, case: Case, circumstances: Circumstances) -> Finding:
        parts = tuple(part.judged(case, circumstances) for part in self.parts)
        return Finding(self, all(part.holds for part in parts), None, parts)

    def crossings(self, case: Case, circumstances: Circumstances) -> Iterator[datetime]:
        for part in self.parts:
            yield from part.crossings(case, circumstances)

    def narrowed(self, want: bool, circumstances: Circumstances) -> Narrowing:
        return (every if want else some)(part.narrowed(want, circumstances) for part in self.parts)

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset[Need]().union(*(part.needs for part in self.parts))


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Condition, ...]

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        return any(part.holds(case, circumstances) for part in self.parts)

    def judged(self, case: Case, circumstances: Circumstances) -> Finding:
        parts = tuple(part.judged(case, circumstances) for part in self.parts)
        return Finding(self, any(part.holds for part in parts), None, parts)

    def crossings(self, case: Case, circumstances: Circumstances) -> Iterator[datetime]:
        for part in self.parts:
            yield from part.crossings(case, circumstances)

    def narrowed(self, want: bool, circumstances: Circumstances) -> Narrowing:
        return (some if want else every)(part.narrowed(want, circumstances) for part in self.parts)

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset[Need]().union(*(part.needs for part in self.parts))


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        return not self.part.holds(case, circumstances)

    def judged(self, case: Case, circumstances: Circumstances) -> Finding:
        part = self.part.judged(case, circumstances)
        return Finding(self, not part.holds, None, (part,))

    def crossings(self, case: Case, circumstances: Circumstances) -> Iterator[datetime]:
        return self.part.crossings(case, circumstances)

    def narrowed(self, want: bool, circumstances: Circumstances) -> Narrowing:
        """Pushed down to the leaves: the server's own NOT treats empty values differently."""
        return self.part.narrowed(not want, circumstances)

    @property
    def needs(self) -> frozenset[Need]:
        return self.part.needs


def judge(condition: Condition, case: Case, circumstances: Circumstances) -> Finding:
    """The judgement of the case at that instant, with every part judged."""
    return condition.judged(case, circumstances)


def could_hold(
    condition: Condition, case: Case, circumstances: Circumstances, unread: frozenset[Need], want: bool = True
) -> bool:
    """True where the condition could come out as `want`: the needs that are not yet read, and what a search that takes
    too long would find, count as unknown."""
    if isinstance(condition, Not):
        return could_hold(condition.part, case, circumstances, unread, not want)
    if isinstance(condition, (All, AnyOf)):
        joined = all if isinstance(condition, All) == want else any
        return joined(could_hold(part, case, circumstances, unread, want) for part in condition.parts)
    if not unread.isdisjoint(condition.needs) or condition.holds(case, circumstances) == want:
        return True
    return isinstance(condition, Leaf) and condition.searches and condition.unclear(case, circumstances) is not None


def unclear(condition: Condition, case: Case, circumstances: Circumstances) -> str | None:
    """The reason why it cannot be said whether the condition holds: what a search would find decides it."""
    if not all(could_hold(condition, case, circumstances, frozenset(), want) for want in (True, False)):
        return None
    return next(filter(None, (leaf.unclear(case, circumstances) for leaf in leaves(condition))), None)


def searches(condition: Condition) -> bool:
    return any(leaf.searches for leaf in leaves(condition))


def leaves(condition: Condition) -> Iterator[Leaf]:
    """Every leaf of the condition, without those of a clock's pause."""
    if isinstance(condition, (All, AnyOf)):
        for part in condition.parts:
            yield from leaves(part)
    elif isinstance(condition, Not):
        yield from leaves(condition.part)
    elif isinstance(condition, Leaf):
        yield condition


def sentence_of(condition: Condition, subject: str = CASE, holds: bool = True) -> str:
    """The condition as one sentence; a procedure page lays out its parts instead."""
    if isinstance(condition, Not):
        return sentence_of(condition.part, subject, not holds)
    if isinstance(condition, (All, AnyOf)):
        parts = [sentence_of(part, subject, holds) for part in condition.parts]
        return (", and " if isinstance(condition, All) == holds else ", or ").join(parts)
    return condition.clause(holds, subject).text if isinstance(condition, Leaf) else ""


def comparisons_in(condition: Condition) -> Iterator[Comparison]:
    """Every field that the condition compares, with the values."""
    for leaf in leaves(condition):
        yield from leaf.comparisons()


def together(parts: Sequence[Condition]) -> Condition:
    """All of the parts; one part as it is."""
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def paths_of(needs: frozenset[Need]) -> frozenset[str]:
    """The fields of the case among the needs."""
    return frozenset(one for one in needs if isinstance(one, str))


def lookups_of(needs: frozenset[Need]) -> frozenset[Lookup]:
    """The lookups among the needs: what is read in a second look."""
    return frozenset(one for one in needs if not isinstance(one, str))
