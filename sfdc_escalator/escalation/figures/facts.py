"""The facts that figures are computed from, as the events of a ledger tell them. Times are the org's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

ZERO = timedelta(0)
OPEN, CLOSED = "applied", "closed"
"""States of an escalation. In every other one it ended in another way: taken over, deleted, taken back."""


class Place(NamedTuple):
    """A route of a policy."""

    policy: str
    route: str


class Climb(NamedTuple):
    """One turn of a rung that was carried out, or whose move waits."""

    rung: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Started:
    """An escalation and what became of it. `started` is S, `due` is D. `closed` is the time at which its case was
    closed, None where that is not recorded.

    `team`, `watched` and `values` are None where an older version did not record them. `values` are those of the fields
    of `review`. `counts_as` is empty for an escalation. `climbs` are in the order of their times.
    """

    place: Place
    state: str
    started: datetime
    episode: int = 1
    due: datetime | None = None
    acknowledged: datetime | None = None
    closed: datetime | None = None
    climbs: tuple[Climb, ...] = ()
    team: str | None = None
    counts_as: str = ""
    watched: bool | None = None
    values: Mapping[str, str | None] | None = None

    @property
    def first_act(self) -> datetime | None:
        """The time at which a person first acted; closing counts as an act."""
        return min((at for at in (self.acknowledged, self.closed) if at), default=None)

    @property
    def is_open(self) -> bool:
        return self.state == OPEN

    @property
    def is_closed(self) -> bool:
        return self.state == CLOSED


class Warned(NamedTuple):
    """A case that a route would match soon. `comes_at` is the time at which it would, None where that is not recorded.
    `is_escalated` says that an escalation of the case came after the warning."""

    place: Place
    comes_at: datetime | None
    is_escalated: bool
