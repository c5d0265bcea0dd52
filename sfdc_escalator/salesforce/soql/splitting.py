"""A filter split into queries that are short enough for the org. Splitting may return more, never less."""

from collections.abc import Callable
from urllib.parse import quote

from sfdc_escalator.salesforce.soql.soql import EVERYTHING, And, Filter, Leaf, Or, both, either, render, select

ROOM = 12_000  # encoded bytes of a query; the address and headers may hold 16,384 together (REST guide, limits)


def queries(fields: list[str], where: Filter, tail: str = "ORDER BY Id") -> list[str]:
    """Queries for cases that together return what `where` holds for."""

    def query(part: Filter) -> str:
        return select(fields, "Case", render(part), tail)

    return [query(part) for part in pieces(where, lambda part: len(quote(query(part), safe="")) <= ROOM)]


def pieces(where: Filter, is_short: Callable[[Filter], bool]) -> list[Filter]:
    """Short pieces: the longest OR is halved. A comparison too long by itself is dropped, which only widens."""
    if is_short(where) or where == EVERYTHING:
        return [where]
    if isinstance(where, Leaf):
        return [EVERYTHING]
    if isinstance(where, Or):
        half = len(where.parts) // 2
        halves = where.parts[:half], where.parts[half:]
        return [piece for parts in halves for piece in pieces(either(parts), is_short)]
    longest = max(where.parts, key=lambda part: len(render(part)))
    rest = And(tuple(part for part in where.parts if part is not longest))
    if not isinstance(longest, Or):
        return pieces(both(rest.parts), is_short)
    half = len(longest.parts) // 2
    halves = longest.parts[:half], longest.parts[half:]
    return [piece for parts in halves for piece in pieces(both([*rest.parts, either(parts)]), is_short)]
