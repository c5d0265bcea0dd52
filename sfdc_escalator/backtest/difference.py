"""Differences between two policies over one history: cases that each matches, earlier or later."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from sfdc_escalator.backtest.replay import Match

How = Literal["only here", "only there", "earlier", "later", "other route"]


class Difference(NamedTuple):
    """A case with different results: the first match of each policy, `how` from the view of this policy."""

    number: str
    how: How
    route: str | None
    at: datetime | None
    other_route: str | None
    other_at: datetime | None


def differences(here: Sequence[Match], there: Sequence[Match]) -> Iterator[Difference]:
    """The differences by case number; cases with the same first match are left out."""
    ours, theirs = firsts(here), firsts(there)
    for number in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(number), theirs.get(number)
        if how := compared(one, other):
            yield Difference(number, how, one and one.route, one and one.at, other and other.route, other and other.at)


def firsts(matches: Sequence[Match]) -> dict[str, Match]:
    found: dict[str, Match] = {}
    for match in matches:
        if match.number not in found or match.at < found[match.number].at:
            found[match.number] = match
    return found


def compared(one: Match | None, other: Match | None) -> How | None:
    if one is None or other is None:
        return "only there" if one is None else "only here"
    if one.at != other.at:
        return "earlier" if one.at < other.at else "later"
    return None if one.route == other.route else "other route"
