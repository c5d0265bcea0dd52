"""The result of a backtest as reports print it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple


class PastMatch(NamedTuple):
    """A case that a route matched in the past. `at` is the first poll of the episode."""

    number: str
    route: str
    episode: int
    at: datetime


DifferenceKind = Literal["only here", "only there", "earlier", "later", "other route"]


class Difference(NamedTuple):
    """A case that two policies treat differently: the first match of each. `kind` is seen from the first policy."""

    number: str
    kind: DifferenceKind
    route: str | None
    at: datetime | None
    other_route: str | None
    other_at: datetime | None


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """The matches of a policy, sorted by case, route and episode. `routes` are its routes in the policy's order."""

    policy: str
    digest: str
    routes: tuple[str, ...]
    matches: tuple[PastMatch, ...]
    cases: int
    rows: int
    polls: int

    @property
    def by_route(self) -> Mapping[str, int]:
        """The number of matches of each route, zero included."""
        counts = Counter(match.route for match in self.matches)
        return {route: counts[route] for route in self.routes}
