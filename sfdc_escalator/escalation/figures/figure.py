"""A figure of a report: its name, what it means, and its rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Literal, NamedTuple

Unit = Literal["escalations", "cases", "rungs", "messages", "runs", "seconds"]


class Part(NamedTuple):
    """`value` of `of` things: a share with both of its numbers."""

    value: int
    of: int


@dataclass(frozen=True, slots=True)
class Row:
    """One value of a figure. What the figure is not counted by is empty: `policy`, `route`, `team`, `day`, and what
    stands in `more` (such as `rung`, `recipient`, `channel`, `field`, `item`).

    `value` is a number in the figure's unit. `of` is the whole that the value is a part of, where there is one.
    `against` is the same part of another whole, to compare with: that of all open cases.
    """

    value: int | float
    route: str = ""
    team: str = ""
    day: date | None = None
    of: int | None = None
    against: Part | None = None
    more: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    policy: str = ""

    def cell(self, name: str) -> str:
        """The text of one thing that the figure is counted by; empty where it is not known."""
        if name == "day":
            return self.day.isoformat() if self.day else ""
        return {"route": self.route, "team": self.team, "policy": self.policy}.get(name) or self.more.get(name, "")


@dataclass(frozen=True, slots=True)
class Figure:
    """`name` is for programs, `title` and `definition` are for people. `by` names what its rows are counted by, in the
    order of columns: see `Row.cell`. Without rows nothing of the kind happened in the period."""

    name: str
    title: str
    definition: str
    unit: Unit
    by: tuple[str, ...]
    rows: tuple[Row, ...] = ()
