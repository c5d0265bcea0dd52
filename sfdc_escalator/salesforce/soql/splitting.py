"""A filter split into queries that are short enough for the org. Splitting may return more, never less."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import quote

from sfdc_escalator.salesforce.soql.soql import EVERYTHING, Filter, Leaf, Or, both, either, render, select

ROOM = 12_000  # encoded bytes of a query; the address and headers may hold 16,384 together (REST guide, limits)
MOST_PIECES = 64  # for several long lists that hold together: above it, reading more cases costs less than the queries


@dataclass(frozen=True, slots=True)
class Split:
    """The pieces of a filter, and what had to be left out of it, because a query has no room for it."""

    pieces: tuple[Filter, ...]
    left_out: tuple[Filter, ...] = ()


def queries(fields: list[str], where: Filter, tail: str = "ORDER BY Id") -> list[str]:
    """Queries for cases that together return what `where` holds for."""
    return [select(fields, "Case", render(part), tail) for part in for_queries(fields, where, tail).pieces]


def for_queries(fields: list[str], where: Filter, tail: str = "ORDER BY Id") -> Split:
    return split(where, lambda part: len(quote(select(fields, "Case", render(part), tail), safe="")) <= ROOM)


def split(where: Filter, is_short: Callable[[Filter], bool], most: int = MOST_PIECES) -> Split:
    """Short pieces: the longest OR is halved. What cannot be halved is left out, which only widens."""
    if is_short(where) or where == EVERYTHING:
        return Split((where,))
    if isinstance(where, Leaf):
        return Split((EVERYTHING,), (where,))
    if isinstance(where, Or):
        return joined(split(either(half), is_short, most) for half in halves(where))
    longest = max(where.parts, key=lambda part: len(render(part)))
    rest = tuple(part for part in where.parts if part is not longest)
    if isinstance(longest, Or) and most > 1:
        return joined(split(both([*rest, either(half)]), is_short, most // 2) for half in halves(longest))
    found = split(both(rest), is_short, most)
    return Split(found.pieces, (longest, *found.left_out))


def halves(where: Or) -> tuple[tuple[Filter, ...], ...]:
    half = len(where.parts) // 2
    return where.parts[:half], where.parts[half:]


def joined(splits: Iterable[Split]) -> Split:
    found = tuple(splits)
    return Split(
        tuple(piece for one in found for piece in one.pieces),
        tuple(dict.fromkeys(part for one in found for part in one.left_out)),
    )
