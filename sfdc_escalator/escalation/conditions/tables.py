"""Look-up tables: the first row whose cells all match the case gives the value."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from sfdc_escalator.escalation.conditions.comparison import Literal_, Operand, options, same
from sfdc_escalator.escalation.world.case import Case, Value

T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


class LookedUp(NamedTuple):
    """The fields of a case by which a table was asked, each with its value, and what it gave; None for nothing."""

    inputs: tuple[tuple[str, Value], ...]
    value: Any


@dataclass(frozen=True, slots=True)
class Row(Generic[T_co]):
    """One cell for each field; a cell of several values matches any of them."""

    cells: tuple[Operand, ...]
    value: T_co

    def matches(self, case: Case, by: tuple[str, ...]) -> bool:
        fields = case.fields
        return all(
            any(same(fields.get(path), option) for option in options(cell))
            for path, cell in zip(by, self.cells, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Table(Generic[T_co]):
    """`otherwise` is the value where no row matches, if there is one. A table that is written in place has no name."""

    name: str
    by: tuple[str, ...]
    rows: tuple[Row[T_co], ...]
    otherwise: T_co | None = None

    def value(self, case: Case) -> T_co | None:
        return next((row.value for row in self.rows if row.matches(case, self.by)), self.otherwise)

    def looked_up(self, case: Case) -> LookedUp:
        return LookedUp(tuple((path, case.fields.get(path)) for path in self.by), self.value(case))

    @property
    def values(self) -> tuple[T_co, ...]:
        """Every value that it may give."""
        last = () if self.otherwise is None else (self.otherwise,)
        return (*(row.value for row in self.rows), *last)

    def cells_of(self, path: str) -> Iterator[Literal_]:
        """The values that its rows compare the field with."""
        for row in self.rows:
            for by, cell in zip(self.by, row.cells, strict=True):
                if by == path:
                    yield from options(cell)

    def mapped(self, change: Callable[[T_co], U]) -> "Table[U]":
        """The same table with every value changed."""
        rows = tuple(Row(row.cells, change(row.value)) for row in self.rows)
        return Table(self.name, self.by, rows, None if self.otherwise is None else change(self.otherwise))
