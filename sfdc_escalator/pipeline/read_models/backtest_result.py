"""The result of a backtest as reports print it."""

from collections import Counter
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
    """The matches of a policy and the rungs that were climbed, sorted by case, route, episode and time. `routes` are
    its routes in the policy's order, `rungs` those of each route that has any. `messages` are counted by recipient and
    ISO week."""

    policy: str
    digest: str
    routes: tuple[str, ...]
    matches: tuple[PastMatch, ...]
    cases: int
    rows: int
    polls: int
    rungs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    messages: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def starts(self) -> tuple[PastMatch, ...]:
        return tuple(match for match in self.matches if match.is_start)

    @property
    def by_route(self) -> Mapping[str, int]:
        """The number of matches of each route, zero included, without those of its rungs."""
        counts = Counter(match.route for match in self.starts)
        return {route: counts[route] for route in self.routes}

    @property
    def by_rung(self) -> Mapping[str, Mapping[str, int]]:
        """The number of times that each rung was climbed, by route, zero included."""
        counts = Counter((match.route, match.rung) for match in self.matches)
        return {route: {rung: counts[route, rung] for rung in rungs} for route, rungs in self.rungs.items()}
