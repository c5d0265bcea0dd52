"""The turn that a run carries out, those that it skips, and the rungs that it moves: at most one turn per run."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from sfdc_escalator.escalation.ladder.moments import ZERO, clock_of, first_moment, turns_left
from sfdc_escalator.escalation.ladder.progress import Progress, Times
from sfdc_escalator.escalation.world.ladder_facts import Moved


class Missed(NamedTuple):
    """A turn of a rung whose moment has come."""

    rung: str
    turn: int
    moment: datetime


@dataclass(frozen=True, slots=True)
class Climb:
    """`turn` is carried out; None where this run only skips. `moved` are the rungs that it moves."""

    turn: Missed | None = None
    skipped: tuple[Missed, ...] = ()
    moved: Mapping[str, Moved] = field(default_factory=lambda: MappingProxyType({}))

    def late_by(self, now: datetime) -> timedelta:
        return now - self.turn.moment if self.turn else ZERO


NOTHING = Climb()


@dataclass(frozen=True, slots=True)
class DueRung:
    """A rung of which at least one turn is due: `missed`, oldest first. The latest of them would be carried out."""

    place: int
    times: Times
    missed: tuple[Missed, ...]

    @property
    def latest(self) -> Missed:
        return self.missed[-1]

    @property
    def is_first(self) -> bool:
        return self.latest.turn == 1

    @property
    def moves(self) -> bool:
        """True where it may move other rungs and be moved: a first turn that counts from the start."""
        return self.is_first and self.times.from_due is None


def climb(
    ladder: Sequence[Times],
    progress: Progress,
    now: datetime,
    *,
    highest_only: bool = False,
    incomplete: Container[str] = (),
) -> Climb:
    """The climb of a run at this time. Nothing is climbed or skipped while the case is held. Rungs whose note is
    `incomplete` are not due: the others go on."""
    if progress.is_held or now < progress.started:
        return NOTHING
    due = list(due_rungs(ladder, progress, now))
    over = [rung for rung in due if is_past_due(rung.times, progress, now) or is_behind(rung, progress)]
    passed = [one for rung in over for one in rung.missed]
    due = [rung for rung in due if rung not in over and rung.times.rung not in incomplete]
    if not due:
        return Climb(skipped=in_order(passed))
    chosen = highest(due, progress) if highest_only else min(due, key=lambda one: (one.latest.moment, one.place))
    passed += chosen.missed[:-1]
    if highest_only:
        passed += [one for rung in due if rung is not chosen for one in rung.missed]
        return Climb(chosen.latest, in_order(passed))
    return Climb(chosen.latest, in_order(passed), moved_by(chosen, due, progress, now))


def due_rungs(ladder: Sequence[Times], progress: Progress, now: datetime) -> Iterator[DueRung]:
    for place, times in enumerate(ladder):
        if progress.is_over(times):
            continue
        found = []
        for turn, at in turns_left(times, progress):
            if at > now:
                break
            found.append(Missed(times.rung, turn, at))
        if found:
            yield DueRung(place, times, tuple(found))


def is_past_due(times: Times, progress: Progress, now: datetime) -> bool:
    """True for a `before_due` rung once the escalation is due: it is skipped."""
    return times.from_due is not None and times.from_due < ZERO and progress.due is not None and now >= progress.due


def is_behind(rung: DueRung, progress: Progress) -> bool:
    """True where a later turn was climbed already, by a run that could not record what it skipped."""
    return any(name == rung.times.rung and turn > rung.latest.turn for name, turn in progress.done)


def highest(due: Iterable[DueRung], progress: Progress) -> DueRung:
    """The rung whose first turn has the latest moment; of equal ones the later in the file."""
    return max(due, key=lambda one: (first_moment(one.times, progress) or progress.started, one.place))


def moved_by(chosen: DueRung, due: Iterable[DueRung], progress: Progress, now: datetime) -> Mapping[str, Moved]:
    """Each other first turn that is due too comes as long after this run as it would have come after the chosen one:
    people get the time to act that the policy gave them."""
    if not chosen.moves:
        return {}
    return {
        one.times.rung: Moved(
            now, clock_of(one.times, progress).between(chosen.latest.moment, one.latest.moment), one.times.written
        )
        for one in due
        if one is not chosen and one.moves
    }


def in_order(missed: Iterable[Missed]) -> tuple[Missed, ...]:
    return tuple(sorted(missed, key=lambda one: one.moment))
