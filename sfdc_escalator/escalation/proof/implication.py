"""Proofs about conditions: one implies another, one never holds. Only certain results are claimed.

A condition is split into branches, each a set of demands that hold together; a branch that no case can meet is
closed. A condition all of whose branches are closed never holds; one implies another when it and `not` the other never
hold together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.leaf import Demand, Leaf
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not
from sfdc_escalator.escalation.proof.satisfiable import alike, possible

MOST_LOOKS, MOST_CHOICES = 400, 30
Wanted = tuple[Condition, bool]


class Known(NamedTuple):
    about: object
    demand: Demand


def conjuncts(condition: Condition) -> tuple[Condition, ...]:
    """The conditions that must all hold."""
    if isinstance(condition, All):
        return tuple(one for part in condition.parts for one in conjuncts(part))
    return (condition,)


def implies(one: Condition, other: Condition) -> bool:
    """True where it is certain that every match of the one is a match of the other."""
    given = conjuncts(one)
    asked = [part for part in conjuncts(other) if not any(alike(part, known) for known in given)]
    return not asked or Search().closed([(All(tuple(asked)), False), (one, True)], [])


def contradiction(condition: Condition) -> tuple[Demand, ...] | None:
    """The first demands of the condition that no case meets together; None unless it certainly never holds."""
    search = Search()
    return search.clash if search.closed([(condition, True)], []) else None


@dataclass(slots=True)
class Search:
    """Splits a condition into branches; with too many branches nothing is claimed.

    Choices beyond the narrowest ones are left out, which can only leave a branch open.
    """

    looks: int = 0
    clash: tuple[Demand, ...] = field(default=())

    def closed(self, pending: list[Wanted], known: list[Known], choices: Sequence[list[Wanted]] = ()) -> bool:
        """True where no case meets all that is known and pending, and one of each choice. The choices come last."""
        open_choices = list(choices)
        while pending:
            condition, want = pending.pop()
            parts = parts_of(condition, want)
            if parts is None:
                assert isinstance(condition, Leaf)
                for demand in consequences(Demand(condition, want)):
                    known = [*known, Known(demand.leaf.subject, demand)]
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
        about_it = [one for other, one in known if other == about]
        apart = [(one, newest) for _, one in known if rules_out(one, newest) or rules_out(newest, one)]
        if not apart and possible(about_it):
            return False
        pairs = ((one, newest) for one in about_it if not possible([one, newest]))
        self.clash = self.clash or next(iter([*apart, *pairs]), tuple(about_it))
        return True


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a condition, of which all must hold together, or one."""

    together: bool
    wanted: list[Wanted]


def is_composed(wanted: Wanted) -> bool:
    """True for a condition with parts. The others are tried first: that is the shortest way to an open branch."""
    condition = wanted[0]
    return not isinstance(condition, Leaf) or condition.by_table() is not None


def parts_of(condition: Condition, want: bool) -> Parts | None:
    """The parts of the condition; None where it has no parts."""
    if isinstance(condition, Not):
        return Parts(True, [(condition.part, not want)])
    if isinstance(condition, (All, AnyOf)):
        return Parts(isinstance(condition, All) == want, [(part, want) for part in condition.parts])
    rows = by_rows(condition) if isinstance(condition, Leaf) else None
    return None if rows is None else Parts(want is False, [(row, want) for row in rows])


def by_rows(leaf: Leaf) -> list[Condition] | None:
    """A leaf with a table, as one condition for each row that counts. None where it stays a leaf: it has no table,
    or one with too many rows, or it is about a value that no row gives."""
    asked = leaf.by_table()
    if asked is None or len(asked.table.rows) >= MOST_LOOKS:
        return None
    outcomes = [(row, asked.then(value)) for row, value in rows_of(asked.table)]
    found: list[Condition] = [
        row if outcome is True else All((row, outcome))
        for row, outcome in outcomes
        if not isinstance(outcome, bool) or outcome
    ]
    return None if asked.decides and not found else found


def rows_of(table: Table[Any]) -> Iterator[tuple[Condition, Any]]:
    """Each row as a condition: its cells match, and those of no row above. At the end: no row matches."""
    above: list[Condition] = []
    for row in table.rows:
        cells = (
            Field(path, "in", cell if isinstance(cell, tuple) else (cell,))
            for path, cell in zip(table.by, row.cells, strict=True)
        )
        matches = All(tuple(cells))
        yield All((matches, *map(Not, above))), row.value
        above.append(matches)
    yield All(tuple(map(Not, above))), table.otherwise


def consequences(demand: Demand) -> Iterator[Demand]:
    """The demand, after the conditions that follow from it."""
    if demand.holds and (simpler := demand.leaf.consequence()) is not None:
        yield Demand(simpler)
    yield demand


def rules_out(one: Demand, other: Demand) -> bool:
    """A demand that holds, and another that does not although it follows from the first."""
    return one.holds and not other.holds and one.leaf.implies(other.leaf)
