"""When an org is due, and how long one that fails waits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfdc_escalator.escalation.fleet.due import failures_after, is_behind, is_due, next_due, wait_of
from sfdc_escalator.escalation.fleet.member import EndedRun, Member, MemberState

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
MEMBER = Member("acme", 60, 48)
READY = MemberState(MEMBER, NOW)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("failures", "wait"), [(0, 60), (1, 60), (2, 120), (3, 240), (4, 480), (5, 900), (6, 900), (10**9, 900)]
)
def test_each_failure_after_the_first_doubles_the_wait_up_to_15_minutes(failures: int, wait: int) -> None:
    assert wait_of(60, failures) == wait


def test_an_org_with_a_long_interval_waits_no_longer_than_its_interval() -> None:
    assert {wait_of(3600, failures) for failures in range(30)} == {3600}


@pytest.mark.parametrize(
    ("code", "failures"), [(0, 0), (3, 0), (4, 0), (10, 0), (1, 3), (2, 3), (5, 3), (6, 3), (None, 3)]
)
def test_runs_that_did_not_do_their_work_count_as_failures(code: int | None, failures: int) -> None:
    assert failures_after(2, code) == failures


@pytest.mark.parametrize(
    ("state", "due"),
    [
        (READY, True),
        (replace(READY, due=after(5)), True),  # a schedule that cron calls never comes to the second
        (replace(READY, due=after(7)), False),
        (replace(READY, paused=True), False),
        (replace(READY, job=7, is_live=True), False),
        (replace(READY, job=7, is_live=False), True),
    ],
)
def test_an_org_is_due_at_its_time_unless_it_is_paused_or_a_job_of_it_exists(state: MemberState, due: bool) -> None:
    assert is_due(state, NOW, "digest") is due


def test_no_org_is_due_before_there_are_policies() -> None:
    assert not is_due(READY, NOW, None)


def test_an_org_that_failed_does_not_wait_for_its_back_off_once_the_policies_are_others() -> None:
    last = EndedRun(after(-70), after(-60), 2)
    failed = replace(READY, due=after(800), failures=5, policies="old", last=last)
    assert not is_due(failed, NOW, "old")
    assert is_due(failed, NOW, "new")
    assert not is_due(replace(failed, last=EndedRun(after(-30), NOW, 2)), NOW, "new")


@given(st.lists(st.integers(0, 59), min_size=2, max_size=20))
def test_late_starts_never_add_up(delays: list[int]) -> None:
    """Start to start is at most twice the interval, whatever each start waited within its interval."""
    due, starts = NOW, []
    for delay in delays:
        starts.append(due + timedelta(seconds=delay))
        due = next_due(due, starts[-1], MEMBER.every, 0, starts[-1])
    assert all(later - one <= timedelta(seconds=2 * MEMBER.every) for one, later in pairwise(starts))
    assert due == NOW + timedelta(seconds=MEMBER.every * len(delays))


def test_what_was_missed_is_not_made_up_for() -> None:
    assert next_due(NOW, NOW, 60, 0, after(600)) == after(600)


@given(st.lists(st.integers(1, 59), min_size=1, max_size=20))
def test_runs_that_a_person_asks_for_do_not_delay_the_next_one(pauses: list[int]) -> None:
    """However many are asked for, the next planned start is at most twice the interval after the last start."""
    due, started = after(60), NOW
    for pause in pauses:
        started += timedelta(seconds=pause)
        due = next_due(due, started, MEMBER.every, 0, started)
    assert started < due <= started + timedelta(seconds=2 * MEMBER.every)


def test_a_clock_that_was_set_back_delays_nobody() -> None:
    """The start of before the change lies an hour ahead; the next one is planned by the new time."""
    late = replace(READY, due=after(3600))
    assert is_due(late, NOW, "digest")
    assert not is_due(replace(late, due=after(66)), NOW, "digest")
    assert not is_due(replace(late, due=after(900), failures=9), NOW, "digest")
    assert next_due(late.due, NOW, 60, 0, after(2)) == after(66)


def test_a_start_is_at_most_a_minute_early() -> None:
    daily = replace(READY, member=Member("acme", 86400, 3600), due=after(60))
    assert is_due(daily, NOW, "digest")
    assert not is_due(daily, after(-1), "digest")


@pytest.mark.parametrize(
    ("state", "seconds", "behind"),
    [(READY, 60, False), (READY, 61, True), (replace(READY, started=NOW), 1000, False)],
)
def test_an_org_is_behind_when_its_start_is_an_interval_late(state: MemberState, seconds: int, behind: bool) -> None:
    assert is_behind(state, after(seconds)) is behind
