"""The progress of an escalation on its ladder, and the times of its rungs for one case, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from sfdc_escalator.escalation.policy.ladder import Until
from sfdc_escalator.escalation.time.calendars import Calendar, Limit
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged, Interval, Moved


class Times(NamedTuple):
    """The times of a rung for one case: from the start (`after`), or from the due time, before it (negative) or
    after it. `written` is the time as a text that changes with it."""

    rung: str
    until: Until
    after: Limit | None = None
    from_due: timedelta | None = None
    calendar: Calendar | None = None
    every: timedelta | None = None
    turns: int = 1
    written: str = ""


Turn = tuple[str, int]
"""A rung by its id, and the number of the turn."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`started` and `due` are the org's times; `done` are the turns that were climbed or skipped.

    `aside` are the rungs that came into the policy after the start: they take no part. `held` are the times in which
    the case was or is held, merged; `is_held` says that it is held now.
    """

    started: datetime
    due: datetime | None = None
    acknowledged: Acknowledged | None = None
    done: frozenset[Turn] = frozenset()
    moved: Mapping[str, Moved] = field(default_factory=lambda: MappingProxyType({}))
    aside: frozenset[str] = frozenset()
    held: tuple[Interval, ...] = ()
    is_held: bool = False

    def is_over(self, times: Times) -> bool:
        """True where the rung has ended, or never took part."""
        return times.rung in self.aside or (times.until == "acknowledged" and self.acknowledged is not None)
