"""What conditions say of each other, as far as it can be proved: never claims what may not be so.

A condition is taken apart into branches, each a set of demands that hold together; a branch that no case can meet is
closed. A condition all of whose branches are closed never holds; one implies another when it and `not` the other never
hold together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, NamedTuple

from sfdc_escalator.escalation.conditions.clocks import Age, Idle, InState
from sfdc_escalator.escalation.conditions.comparison import TESTS
from sfdc_escalator.escalation.conditions.facts import Field, TableIs
from sfdc_escalator.escalation.conditions.related import Milestone
from sfdc_escalator.escalation.conditions.speech import Text
from sfdc_escalator.escalation.conditions.stopped_clock import Clock
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Condition, Leaf, Not
from sfdc_escalator.escalation.proof.satisfiable import Demand, alike, possible, subject

MOST_LOOKS, MOST_CHOICES = 400, 30
TABLED = ("operand", "limit", "calendar")
LOWER = ("at_least", "more_than")
Wanted = tuple[Condition, bool]


class Known(NamedTuple):
    about: object
    demand: Demand


def conjuncts(condition: Condition) -> tuple[Condition, ...]:
    """What must hold all together."""
    if isinstance(condition, All):
        return tuple(one for part in condition.parts for one in conjuncts(part))
    return (condition,)


def implies(one: Condition, other: Condition) -> bool:
    """Whether every match of the one is surely a match of the other."""
    given = conjuncts(one)
    asked = [part for part in conjuncts(other) if not any(alike(part, known) for known in given)]
    return not asked or Search().closed([(All(tuple(asked)), False), (one, True)], [])


def contradiction(condition: Condition) -> tuple[Demand, ...] | None:
    """Demands of the condition that no case meets together, when it surely never holds; the first such ones."""
    search = Search()
    return search.clash if search.closed([(condition, True)], []) else None


@dataclass(slots=True)
class Search:
    """Takes a condition apart, as far as there is an end to it: with too many branches nothing is claimed.

    Choices beyond the narrowest ones are left out, which can only leave a branch open.
    """

    looks: int = 0
    clash: tuple[Demand, ...] = field(default=())

    def closed(self, pending: list[Wanted], known: list[Known], choices: Sequence[list[Wanted]] = ()) -> bool:
        """Whether no case meets all that is known and pending, and one of each choice. The choices come last."""
        open_choices = list(choices)
        while pending:
            condition, want = pending.pop()
            parts = parts_of(condition, want)
            if parts is None:
                assert not isinstance(condition, (All, AnyOf, Not))
                for demand in consequences(Demand(condition, want)):
                    known = [*known, Known(subject(demand.leaf), demand)]
                    if self.clashes(known):
                        return True
            elif parts.together or len(parts.wanted) == 1:
                pending += reversed(parts.wanted)
            else:
                open_choices.append(parts.wanted)
        if not open_choices or self.looks >= MOST_LOOKS:
            return False
        first, *others = sorted(open_choices, key=len)[:MOST_CHOICES]
        return all(self.closed([one], known, others) for one in sorted(first, key=is_composed))

    def clashes(self, known: list[Known]) -> bool:
        self.looks += 1
        if self.looks >= MOST_LOOKS:
            return False
        about, newest = known[-1]
        if isinstance(newest.leaf, TableIs):  # no row gives that
            self.clash = self.clash or (newest,)
            return newest.holds
        about_it = [one for other, one in known if other == about]
        apart = [(one, newest) for _, one in known if rules_out(one, newest) or rules_out(newest, one)]
        if not apart and possible(about_it):
            return False
        pairs = ((one, newest) for one in about_it if not possible([one, newest]))
        self.clash = self.clash or next(iter([*apart, *pairs]), tuple(about_it))
        return True


@dataclass(frozen=True, slots=True)
class Parts:
    """What a condition consists of: all together, or one of them."""

    together: bool
    wanted: list[Wanted]


def is_composed(wanted: Wanted) -> bool:
    """What is plain is looked at first: it is the shortest way to a branch that stays open."""
    condition = wanted[0]
    return isinstance(condition, (All, AnyOf, Not, TableIs)) or any(
        isinstance(getattr(condition, name, None), Table) for name in TABLED
    )


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
    for name in TABLED:
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
