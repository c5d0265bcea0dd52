"""When an org is due. The times of its starts stand on a grid, so that a start that was late delays no later one."""

from datetime import datetime, timedelta

from sfdc_escalator.escalation.fleet.member import FAILURES, MemberState

LONGEST_WAIT = 15 * 60
"""Seconds; an org with a longer interval waits for its interval."""
NEVER_SERVED = 2
"""Intervals without a start after which an org is behind."""


def early(every: int) -> timedelta:
    """The time by which a start may be early, a tenth of the interval and at most a minute: a schedule that cron calls
    never comes to the second."""
    return timedelta(seconds=min(every / 10, 60))


def wait_of(every: int, failures: int) -> int:
    """The seconds between two starts after this number of failures in a row: the interval after the first one, which
    may be a hiccup, then twice as long each time, up to 15 minutes."""
    longest = max(every, LONGEST_WAIT)
    return min(longest, every << max(0, min(failures, 20) - 1))


def failures_after(failures: int, code: int | None) -> int:
    return failures + 1 if code in FAILURES else 0


def next_due(due: datetime, started: datetime, every: int, failures: int, now: datetime) -> datetime:
    """The place on the grid after this start; now, where that is past: missed starts are not caught up. After a start
    long before its time, which a person asked for, the grid begins anew: no number of them delays the next one."""
    return max(min(due, started + early(every)) + timedelta(seconds=wait_of(every, failures)), now)


def is_due(state: MemberState, now: datetime, policies: str | None) -> bool:
    """True for an org that a job is to be queued for. One that failed with other policies does not wait, and one whose
    start lies too far ahead does not wait for the clock, which was set back."""
    if state.paused or state.is_live or policies is None:
        return False
    due, every = state.due, state.member.every
    if due > now + timedelta(seconds=wait_of(every, state.failures)) + early(every):
        return True
    if state.failures and state.policies != policies and state.last:
        due = min(due, state.last.started + timedelta(seconds=every))
    return due <= now + early(every)


def is_behind(state: MemberState, now: datetime) -> bool:
    """True for an org whose start is later than twice its interval after the one before."""
    overdue = timedelta(seconds=state.member.every * (NEVER_SERVED - 1))
    return state.started is None and now > state.due + overdue
