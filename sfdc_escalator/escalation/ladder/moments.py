"""The moment of each turn of a rung."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sfdc_escalator.escalation.ladder.held_time import HeldClock
from sfdc_escalator.escalation.ladder.progress import Progress, Times

ZERO = timedelta(0)


def clock_of(times: Times, progress: Progress) -> HeldClock:
    """The clock of an `after` rung: open time of its calendar, without held time."""
    return HeldClock(times.calendar, progress.held)


def first_moment(times: Times, progress: Progress) -> datetime | None:
    """The moment of the first turn; None where there is none within ten years, or without a due time."""
    if times.from_due is not None:
        return moment_by_due(times.from_due, progress)
    clock, moved = clock_of(times, progress), progress.moved.get(times.rung)
    if moved and moved.written == times.written:
        return clock.reached(moved.base, moved.time)
    return clock.reached(progress.started, times.after) if times.after is not None else None


def moment_by_due(from_due: timedelta, progress: Progress) -> datetime | None:
    """Before the due time a moment lies at the start at the earliest, and there is none at the due time or later."""
    if progress.due is None:
        return None
    at = progress.due + from_due
    return at if from_due >= ZERO else max(at, progress.started)


def moment(times: Times, turn: int, progress: Progress) -> datetime | None:
    """The moment of this turn; None where the turn does not exist."""
    first = first_moment(times, progress)
    if first is None or not 1 <= turn <= times.turns:
        return None
    if turn == 1 or times.every is None:
        at: datetime | None = first
    elif times.from_due is None:
        at = clock_of(times, progress).reached(first, (turn - 1) * times.every)
    else:
        at = first + (turn - 1) * times.every
    return None if at and is_too_late(times, at, progress) else at


def is_too_late(times: Times, at: datetime, progress: Progress) -> bool:
    """True for a turn of a `before_due` rung that would come when the escalation is due, or later."""
    is_before = times.from_due is not None and times.from_due < ZERO
    return is_before and progress.due is not None and at >= progress.due


def turns_left(times: Times, progress: Progress) -> Iterator[tuple[int, datetime]]:
    """The turns that are neither climbed nor skipped, each with its moment, in order."""
    for turn in range(1, times.turns + 1):
        if (times.rung, turn) in progress.done:
            continue
        at = moment(times, turn, progress)
        if at is None:
            return
        yield turn, at
