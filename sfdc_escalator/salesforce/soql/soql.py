"""SOQL as text: literals, lists of ids, and a small algebra of filters (SOQL and SOSL Reference)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import quote as percent_encoded

from sfdc_escalator.escalation.world.case import long_id

LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'")
JOIN = re.compile(r"\(\s*SELECT\b", re.IGNORECASE)
LIST_ROOM = 5_000  # encoded bytes of a list of values
MOST_JOINS = 2  # semi-joins in one WHERE (SOQL reference)
ESCAPES = {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
LIKE_ESCAPES = {"%": "\\%", "_": "\\_"}


def quote(text: str) -> str:
    return "'" + "".join(map(_escaped, text)) + "'"


def like(before: str, text: str, after: str, any_sign: str = "") -> str:
    """A LIKE pattern: the text as it stands between two wildcards (or nothing); for these characters any one."""
    words = "".join("_" if char in any_sign else LIKE_ESCAPES.get(char) or _escaped(char) for char in text)
    return f"'{before}{words}{after}'"


def _escaped(char: str) -> str:
    if char in ESCAPES:
        return ESCAPES[char]
    return char if char.isprintable() or not char.isascii() else f"\\u{ord(char):04x}"


def instant(moment: datetime, *, up: bool = False) -> str:
    """A datetime literal in whole seconds UTC, rounded down, or up."""
    whole = moment.astimezone(UTC).replace(microsecond=0)
    if up and whole < moment:
        whole += timedelta(seconds=1)
    return f"{whole:%Y-%m-%dT%H:%M:%SZ}"


def day(moment: date) -> str:
    return moment.isoformat()


def number(value: float) -> str:
    """A number without an exponent."""
    return format(Decimal(repr(value)) if isinstance(value, float) else Decimal(value), "f")


def literal(value: object) -> str | None:
    """A value of a field as a SOQL literal; None for a value that SOQL cannot write."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, datetime):
        return instant(value)
    return day(value) if isinstance(value, date) else None


def listed(literals: Iterable[str]) -> Iterator[list[str]]:
    """The literals in lists that are short enough to be split among queries."""
    some: list[str] = []
    length = 0
    for one in literals:
        longer = len(percent_encoded(one + ",", safe=""))
        if some and length + longer > LIST_ROOM:
            yield some
            some, length = [], 0
        some.append(one)
        length += longer
    if some:
        yield some


def ids(record_ids: Iterable[str]) -> str:
    """A list of ids for IN. Raises ValueError for a text that is not an id."""
    return "(" + ",".join(f"'{long_id(one)}'" for one in record_ids) + ")"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One comparison as text, or a raw expression; `joins` is the number of its semi-joins."""

    text: str
    joins: int = 0


def raw(fragment: str) -> Leaf:
    """A raw expression among others. A semi-join must not stand in parentheses; it has no OR beside it either."""
    joins = len(JOIN.findall(LITERAL.sub("''", fragment)))
    return Leaf(fragment if joins else f"({fragment})", joins)


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple["Filter", ...]


Filter = Leaf | And | Or
EVERYTHING, NOTHING = And(()), Or(())


def both(parts: Iterable[Filter]) -> Filter:
    """All of them: nested ones laid flat, repeated ones once, NOTHING absorbs."""
    flat: dict[Filter, None] = {}
    for part in parts:
        if part == NOTHING:
            return NOTHING
        flat.update(dict.fromkeys(part.parts if isinstance(part, And) else (part,)))
    return next(iter(flat)) if len(flat) == 1 else And(tuple(flat))


def either(parts: Iterable[Filter]) -> Filter:
    """Any of them: nested ones laid flat, repeated ones once, EVERYTHING absorbs. A semi-join must not stand under
    OR, so it is left out there."""
    flat: dict[Filter, None] = {}
    for part in parts:
        if part == EVERYTHING:
            return EVERYTHING
        flat.update(dict.fromkeys(part.parts if isinstance(part, Or) else (part,)))
    if len(flat) == 1:
        return next(iter(flat))
    bare = [with_joins(part, 0) for part in flat]
    return Or(tuple(flat)) if bare == [*flat] else either(bare)


def with_joins(part: Filter, most: int = MOST_JOINS) -> Filter:
    """The filter with at most this number of semi-joins: the others are left out, which only widens it."""
    kept = []
    for one in conjuncts(part):
        joins = one.joins if isinstance(one, Leaf) else 0
        if joins <= most:
            kept.append(one)
            most -= joins
    return both(kept)


def conjuncts(part: Filter) -> tuple[Filter, ...]:
    return part.parts if isinstance(part, And) else (part,)


def factored(branches: Sequence[Filter]) -> Filter:
    """Any of the branches, with what all of them demand said once."""
    live = [branch for branch in branches if branch != NOTHING]
    if not live:
        return NOTHING
    common = [part for part in conjuncts(live[0]) if all(part in conjuncts(other) for other in live[1:])]
    rests = [both(part for part in conjuncts(branch) if part not in common) for branch in live]
    return both([*common, either(rests)])


def render(part: Filter) -> str:
    """The text behind WHERE; '' for everything. AND and OR never mix without parentheses."""
    if isinstance(part, Leaf):
        return part.text
    word = " AND " if isinstance(part, And) else " OR "
    return word.join(render(inner) if isinstance(inner, Leaf) else f"({render(inner)})" for inner in part.parts)


def select(fields: Iterable[str], source: str, where: str, tail: str = "") -> str:
    """A query; fields that differ in case only stand once (selecting one twice is an error)."""
    names: dict[str, str] = {}
    for field in fields:
        names.setdefault(field.lower(), field)
    listed = ", ".join(names.values())
    return " ".join(filter(None, ("SELECT", listed, "FROM", source, where and f"WHERE {where}", tail)))
