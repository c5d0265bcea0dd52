"""The result of a backtest as reports print it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from sfdc_escalator.escalation.world.keys import FIRST_RUNG


class PastMatch(NamedTuple):
    """A case that a route matched in the past, or a rung of that route that was climbed later.

    `at` is the first poll of the episode, or the poll that climbed this turn of the rung.
    """

    number: str
    route: str
    episode: int
    at: datetime
    rung: str = FIRST_RUNG
    turn: int = 1

    @property
    def is_start(self) -> bool:
        return self.rung == FIRST_RUNG


DifferenceKind = Literal["only here", "only there", "earlier", "later", "other route"]


class Difference(NamedTuple):
    """A case that two policies treat differently: the first match of each, or the first climb of this turn of a rung.
    `kind` is seen from the first policy."""

    number: str
    kind: DifferenceKind
    route: str | None
    at: datetime | None
    other_route: str | None
    other_at: datetime | None
    rung: str = FIRST_RUNG
    turn: int = 1


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """The counts of a policy. `routes` are its routes in the policy's order, `rungs` those of each route that has any.
    `counts` are the matches of each route, and the climbs of each of its rungs; `matched` the cases with a match.
    `messages` are counted by recipient and ISO week."""

    policy: str
    digest: str
    routes: tuple[str, ...]
    counts: Mapping[tuple[str, str], int]
    matched: int
    cases: int
    rows: int
    polls: int
    rungs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    messages: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def matches(self) -> int:
        """The number of matches, those of rungs included."""
        return sum(self.counts.values())

    @property
    def starts(self) -> int:
        return sum(self.by_route.values())

    @property
    def by_route(self) -> Mapping[str, int]:
        """The number of matches of each route, zero included, without those of its rungs."""
        return {route: self.counts.get((route, FIRST_RUNG), 0) for route in self.routes}

    @property
    def by_rung(self) -> Mapping[str, Mapping[str, int]]:
        """The number of times that each rung was climbed, by route, zero included."""
        return {
            route: {rung: self.counts.get((route, rung), 0) for rung in rungs} for route, rungs in self.rungs.items()
        }
