"""What conditions say of each other, as far as it can be proved: never claims what may not be so.

A condition is taken apart into branches, each a set of demands that hold together; a branch that no case can meet is
closed. A condition all of whose branches are closed never holds; one implies another when it and `not` the other never
hold together.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sfdc_escalator.escalation.clocks import Age, Clock, Idle, InState
from sfdc_escalator.escalation.comparison import TESTS
from sfdc_escalator.escalation.criteria import All, AnyOf, Condition, Leaf, Not
from sfdc_escalator.escalation.facts import Field, TableIs
from sfdc_escalator.escalation.related import Milestone
from sfdc_escalator.escalation.speech import Text
from sfdc_escalator.escalation.tables import Table
from sfdc_escalator.escalation.witness import Demand, possible, subject

MOST_LOOKS = 400
LOWER = ("at_least", "more_than")
Wanted = tuple[Condition, bool]


def conjuncts(condition: Condition) -> tuple[Condition, ...]:
    """What must hold all together."""
    if isinstance(condition, All):
        return tuple(one for part in condition.parts for one in conjuncts(part))
    return (condition,)


def implies(one: Condition, other: Condition) -> bool:
    """Whether every match of the one is surely a match of the other."""
    return Search().closed([(other, False), (one, True)], [])


def contradiction(condition: Condition) -> tuple[Demand, ...] | None:
    """Demands of the condition that no case meets together, when it surely never holds; the first such ones."""
    search = Search()
    return search.clash if search.closed([(condition, True)], []) else None


@dataclass(slots=True)
class Search:
    """Takes a condition apart, as far as there is an end to it: with too many branches nothing is claimed."""

    looks: int = 0
    clash: tuple[Demand, ...] = field(default=())

    def closed(self, pending: list[Wanted], known: list[Demand]) -> bool:
        """Whether no case meets all that is known and pending. The choices come last."""
        choices: list[list[Wanted]] = []
        while pending:
            condition, want = pending.pop()
            parts = parts_of(condition, want)
            if parts is None:
                assert not isinstance(condition, (All, AnyOf, Not))
                for demand in consequences(Demand(condition, want)):
                    known = [*known, demand]
                    if self.clashes(known):
                        return True
            elif parts.together:
                pending += reversed(parts.wanted)
            else:
                choices.append(parts.wanted)
        if not choices:
            return False
        first, *others = sorted(choices, key=len)
        rest = [(all_or_any(other), True) for other in others]
        return all(self.closed([*rest, one], known) for one in first) and self.looks < MOST_LOOKS

    def clashes(self, known: list[Demand]) -> bool:
        self.looks += 1
        if self.looks >= MOST_LOOKS:
            return False
        newest = known[-1]
        if isinstance(newest.leaf, TableIs):  # no row gives that
            self.clash = self.clash or (newest,)
            return newest.holds
        alike = [one for one in known if subject(one.leaf) == subject(newest.leaf)]
        apart = [(one, newest) for one in known if rules_out(one, newest) or rules_out(newest, one)]
        if not apart and possible(alike):
            return False
        pairs = ((one, newest) for one in alike if not possible([one, newest]))
        self.clash = self.clash or next(iter([*apart, *pairs]), tuple(alike))
        return True


@dataclass(frozen=True, slots=True)
class Parts:
    """What a condition consists of: all together, or one of them."""

    together: bool
    wanted: list[Wanted]


def all_or_any(wanted: list[Wanted]) -> Condition:
    return AnyOf(tuple(one if want else Not(one) for one, want in wanted))


def parts_of(condition: Condition, want: bool) -> Parts | None:
    """None for what cannot be taken apart."""
    if isinstance(condition, Not):
        return Parts(True, [(condition.part, not want)])
    if isinstance(condition, (All, AnyOf)):
        return Parts(isinstance(condition, All) == want, [(part, want) for part in condition.parts])
    rows = by_rows(condition)
    return None if rows is None else Parts(want is False, [(row, want) for row in rows])


def by_rows(leaf: Leaf) -> list[Condition] | None:
    """What looks something up in a table, as one condition for each row that counts."""
    if isinstance(leaf, TableIs):
        test = TESTS[leaf.operator]
        found = [row for row, value in rows_of(leaf.table) if test(value, leaf.operand)]
        return found or None
    for name in ("operand", "limit", "calendar"):
        table = getattr(leaf, name, None)
        if isinstance(table, Table):
            said = (All((row, changed(leaf, name, value))) for row, value in rows_of(table) if value is not None)
            return list(said)
    return None


def changed(leaf: Leaf, name: str, value: Any) -> Leaf:
    return Field(leaf.path, leaf.operator, value) if isinstance(leaf, Field) else replace(leaf, **{name: value})


def rows_of(table: Table[Any]) -> Iterator[tuple[Condition, Any]]:
    """Each row as a condition: its cells fit, and those of no row above. At the end, where none fits."""
    above: list[Condition] = []
    for row in table.rows:
        cells = (
            Field(path, "in", cell if isinstance(cell, tuple) else (cell,))
            for path, cell in zip(table.by, row.cells, strict=True)
        )
        fits = All(tuple(cells))
        yield All((fits, *map(Not, above))), row.value
        above.append(fits)
    yield All(tuple(map(Not, above))), table.otherwise


def consequences(demand: Demand) -> Iterator[Demand]:
    """The demand, after what follows from it: open time is no longer than time, nor silence than the case is old."""
    leaf = demand.leaf
    if demand.holds and isinstance(leaf, Clock) and leaf.operator in LOWER and isinstance(leaf.limit, timedelta):
        path = leaf.path if isinstance(leaf, Age) else "CreatedDate" if isinstance(leaf, (Idle, InState)) else None
        if path and leaf.limit > timedelta():
            yield Demand(Age(leaf.operator, leaf.limit, path=path))
    yield demand


def rules_out(one: Demand, other: Demand) -> bool:
    """A demand that holds, and another that does not although it follows from the first."""
    if not one.holds or other.holds:
        return False
    if isinstance(one.leaf, Text) and isinstance(other.leaf, Text):
        return text_implies(one.leaf, other.leaf)
    if isinstance(one.leaf, Milestone) and isinstance(other.leaf, Milestone):
        return one.leaf.within <= other.leaf.within and other.leaf.name in (None, one.leaf.name)
    return False


def text_implies(part: Text, wanted: Text) -> bool:
    inside = set(part.sources) <= set(wanted.sources) and set(part.mentions) <= set(wanted.mentions)
    return inside and set(wanted.ignoring) <= set(part.ignoring)
