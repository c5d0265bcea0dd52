"""An open escalation as reports print it: where it stands on its ladder, what was climbed, and who holds it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.ladder_facts import (
    Acknowledged,
    Hold,
    LadderFacts,
    Standing,
    StandingState,
    longest,
)

NOT_CLIMBED = frozenset({EscalationState.PLANNED, EscalationState.SUPERSEDED})
"""States of a turn that was never sent, or that belongs to a case that was merged away."""
NEVER_HELD = frozenset({StandingState.REMOVED, StandingState.NO_LADDER})


class Climbed(NamedTuple):
    """A turn of a rung that was carried out at `at`, or skipped: then `at` is None."""

    rung: str
    turn: int
    moment: datetime | None
    at: datetime | None

    @property
    def is_skipped(self) -> bool:
        return self.at is None


@dataclass(frozen=True, slots=True)
class OpenEscalation:
    """The start of an open escalation. `hold` is the hold that keeps its rungs back."""

    start: Escalation
    standing: Standing
    climbed: tuple[Climbed, ...] = ()
    hold: Hold | None = None

    @property
    def started(self) -> datetime | None:
        """The time of its note in the org; until that was read, the time at which it was planned."""
        return (self.facts.started if self.facts else None) or self.start.tried_at

    @property
    def due(self) -> datetime | None:
        return self.facts.due if self.facts else None

    @property
    def acknowledged(self) -> Acknowledged | None:
        return self.facts.acknowledged if self.facts else None

    @property
    def facts(self) -> LadderFacts | None:
        return self.start.ladder

    @property
    def state(self) -> StandingState:
        return self.standing.state

    @property
    def team(self) -> str:
        return self.standing.team

    @property
    def route(self) -> str:
        """`support/urgent`"""
        return f"{self.start.policy}/{self.start.route}"


def open_escalation(
    start: Escalation, standing: Standing | None, climbed: Iterable[Climbed], holds: Iterable[Hold]
) -> OpenEscalation:
    """An open escalation with the standing after the last run, None where no run stored one. A hold that began or ended
    since then counts, also one of the route by its name of today."""
    names = {start.route, standing.route if standing else ""} - {""}
    hold = longest(one for one in holds if any(one.covers(start.policy, name) for name in names))
    known = standing or Standing(StandingState.ASIDE if start.ladder else StandingState.NO_LADDER)
    return OpenEscalation(start, with_hold(known, start, is_held=hold is not None), in_order(climbed), hold)


def with_hold(known: Standing, start: Escalation, *, is_held: bool) -> Standing:
    if known.state in NEVER_HELD or is_held is (known.state is StandingState.HELD):
        return known
    return replace(known, state=StandingState.HELD if is_held else without_hold(known, start))


def without_hold(known: Standing, start: Escalation) -> StandingState:
    if start.ladder and start.ladder.acknowledged:
        return StandingState.ACKNOWLEDGED
    if known.rung:
        return StandingState.RUNNING
    return StandingState.ASIDE if known.aside else StandingState.EXHAUSTED


def climbed_of(rungs: Iterable[Escalation]) -> tuple[Climbed, ...]:
    """The turns among these that were climbed or skipped."""
    return tuple(turn_of(one) for one in rungs if one.state not in NOT_CLIMBED)


def turn_of(one: Escalation) -> Climbed:
    is_skipped = one.state is EscalationState.SKIPPED
    return Climbed(one.rung, one.turn, one.moment, None if is_skipped else one.tried_at)


def in_order(climbed: Iterable[Climbed]) -> tuple[Climbed, ...]:
    return tuple(sorted(climbed, key=lambda one: (one.moment is None, one.moment or 0, one.rung, one.turn)))
