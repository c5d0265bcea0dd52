"""A SOQL query as a value. `at` is a position in the text, for messages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Path:
    names: tuple[str, ...]
    at: int
    alias: str | None = None

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Call:
    """A function such as COUNT(Id); `path` is None in COUNT(); `local` if the path is in convertTimezone()."""

    function: str
    path: Path | None
    at: int
    alias: str | None = None
    local: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal of kind string, number, datetime, date, boolean, null, relative or currency, and its unescaped text."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison with one of = != < <= > >= LIKE, IN, NOT IN, INCLUDES, EXCLUDES."""

    operand: Path | Call
    operator: str
    literals: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Membership:
    """A semi-join, or an anti-join when negated."""

    operand: Path | Call
    query: Query
    negated: bool


@dataclass(frozen=True, slots=True)
class Junction:
    parts: tuple[Condition, ...]
    either: bool


@dataclass(frozen=True, slots=True)
class Negation:
    part: Condition


Condition = Comparison | Membership | Junction | Negation


@dataclass(frozen=True, slots=True)
class Ordering:
    operand: Path | Call
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Query:
    items: tuple[Path | Call | Query, ...]
    source: Path
    where: Condition | None
    group: tuple[Path | Call, ...]
    having: Condition | None
    order: tuple[Ordering, ...]
    limit: int | None
    offset: int | None
    text: str
    at: int
