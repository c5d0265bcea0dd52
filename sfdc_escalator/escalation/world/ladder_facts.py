"""The facts about ladders that the ledger remembers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class Acknowledged(NamedTuple):
    """A person acted: when, who (a user id, or None), and the kind of the condition that proves it."""

    at: datetime
    by: str | None
    how: str


class Moved(NamedTuple):
    """The first turn of a rung counts this time from `base` on, in place of its own time from the start.

    `written` is the rung's time when it was moved: a rung with another time is no longer moved.
    """

    base: datetime
    time: timedelta
    written: str


@dataclass(frozen=True, slots=True)
class LadderFacts:
    """Kept with the start of an escalation. `started` is the CreatedDate of its note in the org, None until that was
    read; `due` was fixed when the start was planned. `proved` names the kinds of conditions that already held then:
    these prove no later act. `moved` are the rungs that were moved, by id. `exhausted` is the time of the run that
    recorded that no rung is left and nobody acted. `origin` is the case on which it began, where that was merged into
    another: the keys of its rungs name it."""

    started: datetime | None = None
    due: datetime | None = None
    acknowledged: Acknowledged | None = None
    moved: Mapping[str, Moved] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    proved: tuple[str, ...] = ()
    exhausted: datetime | None = None
    origin: str = ""


class Interval(NamedTuple):
    """From `begin` on, up to `end`."""

    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """No start and no rung of a case from `begin` on: until `until`, or until it is released.

    `kind` is `hold` where a person said so, `field` where `hold_while` of the policy holds: such a hold has no `until`
    while it lasts. `by` is that person, or the policy. `route` is empty where it holds for every route, `policy` where
    it holds for every policy. `event` is the number of the event that recorded it.
    """

    case_id: str
    case_number: str
    begin: datetime
    until: datetime | None
    why: str
    by: str
    kind: str = "hold"
    policy: str = ""
    route: str = ""
    released: datetime | None = None
    event: int = 0

    def end(self, now: datetime) -> datetime:
        """The end so far: a hold that has no end yet lasts until now."""
        return min((at for at in (self.until, self.released) if at), default=now)

    def lasts(self, now: datetime | None) -> bool:
        """True until its end or its release, also at a time before its begin: the ledger has it, though the org's first
        answer to this run is older. `now` None: no run recorded the time yet."""
        return self.released is None and (self.until is None or now is None or now < self.until)

    def covers(self, policy: str, route: str) -> bool:
        return self.policy in ("", policy) and self.route in ("", route)


def longest(holds: Iterable[Hold]) -> Hold | None:
    """The hold that ends last: until then the case waits."""
    return max(holds, default=None, key=lambda one: (one.until is None, one.until or one.begin))


class StandingState(StrEnum):
    """`acknowledged`: only rungs until the case is closed are left, or none. `aside`: no rung takes part. `removed`:
    its route is no longer in the policy."""

    RUNNING = "running"
    ACKNOWLEDGED = "acknowledged"
    EXHAUSTED = "exhausted"
    HELD = "held"
    ASIDE = "aside"
    REMOVED = "removed"
    NO_LADDER = "no_ladder"


@dataclass(frozen=True, slots=True)
class Standing:
    """The standing of an escalation after a run, and what comes next if nobody acts: `rung`, its `turn` and
    its moment `at`, which may have come already. `aside` are the rungs that take no part. `waits` is the reason for
    which the run did not carry out a rung that was due. `zone` names the time zone in which its times are shown, and
    `route` the route as the policy called it then."""

    state: StandingState
    rung: str = ""
    turn: int = 0
    at: datetime | None = None
    aside: tuple[str, ...] = ()
    team: str = ""
    waits: str = ""
    zone: str = ""
    route: str = ""
