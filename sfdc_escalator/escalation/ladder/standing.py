"""The standing of an escalation on its ladder, and the turn that comes next."""

from collections.abc import Sequence
from datetime import datetime

from sfdc_escalator.escalation.ladder.climbing import Missed
from sfdc_escalator.escalation.ladder.moments import turns_left
from sfdc_escalator.escalation.ladder.progress import Progress, Times
from sfdc_escalator.escalation.world.ladder_facts import Standing, StandingState


def standing(ladder: Sequence[Times], progress: Progress, now: datetime, team: str = "") -> Standing:
    """The standing at this time. `team` is the team that is due to act."""
    aside = tuple(sorted(progress.aside))
    coming = next_turn(ladder, progress, now)
    state = state_of(ladder, progress, coming)
    if coming is None:
        return Standing(state, aside=aside, team=team)
    return Standing(state, coming.rung, coming.turn, coming.moment, aside, team)


def state_of(ladder: Sequence[Times], progress: Progress, coming: Missed | None) -> StandingState:
    if not ladder:
        return StandingState.NO_LADDER
    if progress.is_held:
        return StandingState.HELD
    if progress.acknowledged:
        return StandingState.ACKNOWLEDGED
    if coming:
        return StandingState.RUNNING
    is_aside = all(times.rung in progress.aside for times in ladder)
    return StandingState.ASIDE if is_aside else StandingState.EXHAUSTED


def next_turn(ladder: Sequence[Times], progress: Progress, now: datetime) -> Missed | None:
    """The turn that comes first; of a rung with several missed turns the latest counts. None when no rung is left."""
    coming = []
    for place, times in enumerate(ladder):
        if progress.is_over(times):
            continue
        found: Missed | None = None
        for turn, at in turns_left(times, progress):
            if found and at > now:
                break
            found = Missed(times.rung, turn, at)
        if found:
            coming.append((found.moment, place, found))
    return min(coming)[2] if coming else None
