"""Which turn of a ladder a run carries out (rules L2 to L8 of the ladder)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfdc_escalator.escalation.ladder.climbing import Climb, climb
from sfdc_escalator.escalation.ladder.deadline import due_in, end_of_day
from sfdc_escalator.escalation.ladder.held_time import HeldClock, merged
from sfdc_escalator.escalation.ladder.moments import moment
from sfdc_escalator.escalation.ladder.progress import Progress, Times
from sfdc_escalator.escalation.ladder.standing import standing
from sfdc_escalator.escalation.time.business_days import BusinessDays
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.time.opening_hours import week_of
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged, Interval, Moved

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
OFFICE = Calendar("office", ZoneInfo("UTC"), week_of({"mon-fri": "09:00-17:00"}), frozenset())
EAST = Calendar("east", ZoneInfo("America/New_York"), week_of({"mon-sat": "08:00-20:00"}), frozenset())


def after(rung: str, time: timedelta, turns: int = 1, every: timedelta | None = None, **more: object) -> Times:
    return Times(rung, "acknowledged", after=time, turns=turns, every=every, written=str(time), **more)  # type: ignore[arg-type]


def by_due(rung: str, time: timedelta, turns: int = 1, every: timedelta | None = None) -> Times:
    return Times(rung, "closed", from_due=time, turns=turns, every=every)


def at(hours: float) -> datetime:
    return MONDAY + hours * HOUR


def told(found: Climb) -> tuple[tuple[str, int] | None, list[tuple[str, int]], dict[str, Moved]]:
    """The turn that is carried out, those that are skipped, and those that are moved."""
    skipped = [(one.rung, one.turn) for one in found.skipped]
    return (found.turn.rung, found.turn.turn) if found.turn else None, skipped, dict(found.moved)


def run_through(ladder: Sequence[Times], progress: Progress, runs: Sequence[datetime]) -> list[tuple[str, int, float]]:
    """The turns that these runs carry out, each with the hours since Monday morning."""
    done, moved, found = set(progress.done), dict(progress.moved), []
    for now in runs:
        before = Progress(
            progress.started, progress.due, progress.acknowledged, frozenset(done), moved, progress.aside, progress.held
        )
        result = climb(ladder, before, now)
        done |= {(one.rung, one.turn) for one in result.skipped}
        moved |= result.moved
        if result.turn:
            done.add((result.turn.rung, result.turn.turn))
            found.append((result.turn.rung, result.turn.turn, (now - MONDAY) / HOUR))
    return found


# -- L2: counted from the start ------------------------------------------------------------------------------------


def test_a_rung_is_due_when_its_time_has_passed_exactly() -> None:
    """L2"""
    ladder, progress = [after("a", 30 * MINUTE)], Progress(MONDAY)
    assert climb(ladder, progress, MONDAY + 30 * MINUTE - timedelta(seconds=1)) == Climb()
    assert told(climb(ladder, progress, MONDAY + 30 * MINUTE))[0] == ("a", 1)


def test_a_late_run_does_not_delay_later_rungs() -> None:
    """L2"""
    ladder = [after("a", HOUR), after("b", 2 * HOUR)]
    assert run_through(ladder, Progress(MONDAY), [at(1.4), at(2)]) == [("a", 1, 1.4), ("b", 1, 2)]


def test_open_time_alone_counts_with_a_calendar() -> None:
    """L2"""
    friday = MONDAY + 4 * DAY
    times = after("a", 10 * HOUR, calendar=OFFICE)
    assert moment(times, 1, Progress(friday)) == friday + 3 * DAY + 2 * HOUR
    # reached exactly at closing time: due at closing time
    assert moment(after("a", 8 * HOUR, calendar=OFFICE), 1, Progress(friday)) == friday + 8 * HOUR


def test_a_day_is_24_hours_across_a_clock_change() -> None:
    """L2"""
    start = datetime(2026, 3, 7, 18, tzinfo=UTC)  # New York moves its clock in this night
    assert moment(after("a", 24 * HOUR), 1, Progress(start)) == start + 24 * HOUR


# -- L3: the due time -----------------------------------------------------------------------------------------------


def test_a_due_time_is_rounded_up_to_a_full_minute() -> None:
    """L3"""
    assert due_in(MONDAY + timedelta(seconds=1), HOUR) == at(1) + MINUTE
    assert due_in(MONDAY, HOUR) == at(1)


@pytest.mark.parametrize(
    ("now", "at_least", "due"),
    [
        ("2026-03-02T20:00Z", 0, "2026-03-03T01:00Z"),  # 15:00 in New York: 20:00 of the same day
        ("2026-03-03T00:30Z", 1, "2026-03-04T01:00Z"),  # 19:30 there, and an hour at least: tomorrow
        ("2026-03-03T00:00Z", 1, "2026-03-03T01:00Z"),  # exactly an hour is enough
        ("2026-03-02T07:00Z", 0, "2026-03-03T01:00Z"),  # before opening: today
        ("2026-03-03T02:00Z", 0, "2026-03-04T01:00Z"),  # after closing: tomorrow
        ("2026-03-08T15:00Z", 0, "2026-03-10T00:00Z"),  # a Sunday: Monday, on the new clock
        ("2026-03-07T23:00Z", 3, "2026-03-10T00:00Z"),  # Saturday evening: Monday
    ],
)
def test_the_end_of_the_business_day_is_a_closing_time_of_its_calendar(now: str, at_least: int, due: str) -> None:
    """L3"""
    found = end_of_day(datetime.fromisoformat(now), EAST, at_least * HOUR)
    assert found == datetime.fromisoformat(due)


# -- L4: by the due time --------------------------------------------------------------------------------------------


def test_a_rung_before_the_due_time_comes_at_the_start_at_the_earliest() -> None:
    """L4"""
    assert moment(by_due("b", -4 * HOUR), 1, Progress(MONDAY, due=at(2))) == MONDAY
    assert moment(by_due("b", -4 * HOUR), 1, Progress(MONDAY, due=at(9))) == at(5)


def test_a_rung_before_the_due_time_is_skipped_from_then_on() -> None:
    """L4"""
    ladder, progress = [by_due("b", -HOUR), by_due("l", 0 * HOUR)], Progress(MONDAY, due=at(4))
    assert told(climb(ladder, progress, at(4) - MINUTE)) == (("b", 1), [], {})
    assert told(climb(ladder, progress, at(4))) == (("l", 1), [("b", 1)], {})


def test_turns_at_the_due_time_or_later_do_not_exist() -> None:
    """L4"""
    times = by_due("b", -2 * HOUR, turns=9, every=HOUR)
    progress = Progress(MONDAY, due=at(4))
    assert [moment(times, turn, progress) for turn in (1, 2, 3)] == [at(2), at(3), None]


def test_a_rung_by_the_due_time_needs_one() -> None:
    assert climb([by_due("l", HOUR)], Progress(MONDAY), at(99)) == Climb()


# -- L5: repetitions ------------------------------------------------------------------------------------------------


def test_of_missed_turns_the_latest_is_carried_out_and_the_others_are_skipped() -> None:
    """L5"""
    ladder = [after("r", HOUR, turns=4, every=HOUR)]
    assert told(climb(ladder, Progress(MONDAY), at(3.5))) == (("r", 3), [("r", 1), ("r", 2)], {})


def test_a_turn_behind_a_climbed_one_is_skipped() -> None:
    """L5"""
    ladder = [after("r", HOUR, turns=4, every=HOUR)]
    assert told(climb(ladder, Progress(MONDAY, done=frozenset({("r", 2)})), at(2.5))) == (None, [("r", 1)], {})


def test_the_grid_of_turns_is_fixed_and_ends() -> None:
    """L5"""
    ladder = [after("r", HOUR, turns=3, every=HOUR)]
    runs = [at(hours) for hours in (1.5, 2, 2.9, 3, 4, 5, 6)]
    assert run_through(ladder, Progress(MONDAY), runs) == [("r", 1, 1.5), ("r", 2, 2), ("r", 3, 3)]


def test_turns_of_a_calendar_come_in_open_time() -> None:
    """L5"""
    times = after("r", HOUR, turns=4, every=4 * HOUR, calendar=OFFICE)
    found = [moment(times, turn, Progress(MONDAY)) for turn in (1, 2, 3, 4)]
    assert found == [at(1), at(5), at(25), at(29)]


# -- L7, L8: one rung at a time --------------------------------------------------------------------------------------


def test_the_earliest_moment_comes_first_and_ties_in_the_order_of_the_file() -> None:
    """L7"""
    ladder = [after("late", 2 * HOUR), after("b", HOUR), after("a", HOUR)]
    assert told(climb(ladder, Progress(MONDAY), at(1)))[0] == ("b", 1)


def test_a_repeating_rung_counts_with_the_turn_that_would_be_carried_out() -> None:
    """L7"""
    ladder = [after("r", HOUR, turns=9, every=HOUR), after("b", 2.5 * HOUR)]
    assert told(climb(ladder, Progress(MONDAY), at(4)))[0] == ("b", 1)


def test_after_an_outage_people_get_the_time_to_act_that_the_policy_gave_them() -> None:
    """L8"""
    ladder = [after("30m", 30 * MINUTE), after("1h", HOUR), after("4h", 4 * HOUR)]
    runs = [at(10 + quarters / 4) for quarters in range(40)]
    assert run_through(ladder, Progress(MONDAY), runs) == [("30m", 1, 10), ("1h", 1, 10.5), ("4h", 1, 13.5)]


def test_a_rung_is_moved_on_its_own_clock() -> None:
    """L8"""
    ladder = [after("a", HOUR), after("b", 3 * HOUR, calendar=OFFICE)]
    found = climb(ladder, Progress(MONDAY), MONDAY + 16 * HOUR)  # 01:00 on Tuesday
    assert found.moved == {"b": Moved(at(16), 2 * HOUR, str(3 * HOUR))}
    assert moment(ladder[1], 1, Progress(MONDAY, moved=found.moved)) == at(26)


def test_a_moved_rung_takes_its_turns_along() -> None:
    """L8"""
    times = after("r", 2 * HOUR, turns=3, every=HOUR)
    progress = Progress(MONDAY, moved={"r": Moved(at(10), HOUR, times.written)})
    assert [moment(times, turn, progress) for turn in (1, 2, 3)] == [at(11), at(12), at(13)]


def test_a_rung_with_another_time_is_no_longer_moved() -> None:
    """L21"""
    progress = Progress(MONDAY, moved={"r": Moved(at(10), HOUR, "another")})
    assert moment(after("r", 2 * HOUR), 1, progress) == at(2)


def test_later_turns_move_nothing_and_are_not_moved() -> None:
    """L8"""
    ladder = [after("r", HOUR, turns=9, every=HOUR), after("b", 5 * HOUR)]
    found = climb(ladder, Progress(MONDAY, done=frozenset({("r", 1)})), at(5))
    assert told(found) == (("r", 5), [("r", 2), ("r", 3), ("r", 4)], {})


def test_rungs_by_the_due_time_come_one_per_run_and_move_nothing() -> None:
    """L8"""
    ladder = [by_due("l", 0 * HOUR), by_due("m", HOUR), after("a", 10 * HOUR)]
    runs = [at(20), at(20.1), at(20.2), at(20.3)]
    progress = Progress(MONDAY, due=at(4))
    assert [name for name, *_ in run_through(ladder, progress, runs)] == ["l", "m", "a"]


def test_the_highest_rung_alone_is_climbed_where_the_policy_says_so() -> None:
    """L8"""
    ladder = [after("a", HOUR), after("r", 2 * HOUR, turns=9, every=HOUR), after("c", 3 * HOUR)]
    found = climb(ladder, Progress(MONDAY), at(4), highest_only=True)
    assert told(found) == (("c", 1), [("a", 1), ("r", 1), ("r", 2), ("r", 3)][:4], {})
    later = Progress(MONDAY, done=frozenset({("c", 1), ("a", 1), ("r", 1), ("r", 2), ("r", 3)}))
    assert told(climb(ladder, later, at(5), highest_only=True))[0] == ("r", 4)


# -- L13, L16, L19, L21 ---------------------------------------------------------------------------------------------


def test_an_acknowledged_escalation_climbs_only_rungs_until_it_is_closed() -> None:
    """L13"""
    ladder = [after("a", HOUR), Times("c", "closed", after=2 * HOUR)]
    progress = Progress(MONDAY, acknowledged=Acknowledged(at(0.5), None, "owner"))
    assert run_through(ladder, progress, [at(1), at(2)]) == [("c", 1, 2)]
    assert standing(ladder, progress, at(1)).state == "acknowledged"


def test_a_ladder_without_a_rung_left_is_exhausted() -> None:
    """L16"""
    ladder = [after("a", HOUR)]
    assert standing(ladder, Progress(MONDAY), at(0)).state == "running"
    assert standing(ladder, Progress(MONDAY, done=frozenset({("a", 1)})), at(2)).state == "exhausted"
    assert standing([], Progress(MONDAY), at(2)).state == "no_ladder"


def test_a_rung_that_came_after_the_start_stands_aside() -> None:
    """L21"""
    ladder, progress = [after("a", HOUR)], Progress(MONDAY, aside=frozenset({"a"}))
    assert climb(ladder, progress, at(9)) == Climb()
    assert standing(ladder, progress, at(9)).state == "aside"


def test_nothing_is_climbed_or_skipped_while_a_case_is_held() -> None:
    """L7, L19"""
    ladder = [after("r", HOUR, turns=3, every=HOUR), by_due("b", -HOUR)]
    assert climb(ladder, Progress(MONDAY, due=at(2), is_held=True), at(9)) == Climb()


def test_held_time_does_not_count_for_rungs_from_the_start() -> None:
    """L19"""
    held = (Interval(at(1), at(3)), Interval(at(4), at(5)))
    progress = Progress(MONDAY, due=at(4), held=held)
    assert moment(after("a", 2 * HOUR), 1, progress) == at(5) - HOUR
    assert moment(after("a", 2 * HOUR + MINUTE), 1, progress) == at(5) + MINUTE
    assert moment(after("a", HOUR), 1, progress) == at(1)  # reached when the hold begins
    assert moment(after("a", HOUR, turns=2, every=90 * MINUTE), 2, progress) == at(5.5)
    assert moment(by_due("d", HOUR), 1, progress) == at(5)


def test_a_business_day_that_is_held_does_not_count() -> None:
    """L19"""
    times = after("a", HOUR, calendar=OFFICE)._replace(after=BusinessDays(2))
    tuesday = (Interval(MONDAY + 15 * HOUR, MONDAY + 39 * HOUR),)
    assert moment(times, 1, Progress(MONDAY + HOUR)) == MONDAY + 2 * DAY + HOUR
    assert moment(times, 1, Progress(MONDAY + HOUR, held=tuesday)) == MONDAY + 3 * DAY + HOUR


# -- by brute force --------------------------------------------------------------------------------------------------

minutes = st.integers(0, 3 * 24 * 60)
intervals = st.lists(st.tuples(minutes, minutes), max_size=4).map(
    lambda found: merged(Interval(MONDAY + a * MINUTE, MONDAY + b * MINUTE) for a, b in found)
)


@given(minutes, intervals, st.sampled_from([None, OFFICE, EAST]), st.integers(0, 600))
def test_a_held_clock_agrees_with_counting_minutes(
    start: int, held: tuple[Interval, ...], calendar: Calendar | None, limit: int
) -> None:
    """L2, L19"""
    begin, ran = MONDAY + start * MINUTE, 0
    clock = HeldClock(calendar, held)
    for gone in count():
        now = begin + gone * MINUTE
        if ran == limit:
            assert clock.reached(begin, limit * MINUTE) == now
            assert clock.between(begin, now) == limit * MINUTE
            return
        is_held = any(one.begin <= now < one.end for one in held)
        ran += (calendar is None or calendar.is_open(now)) and not is_held


rungs = st.lists(
    st.tuples(st.integers(1, 40), st.integers(1, 4), st.integers(1, 9), st.sampled_from(["after", "before", "due"])),
    min_size=1,
    max_size=4,
)


@given(rungs, st.lists(st.integers(1, 30), min_size=1, max_size=60), st.booleans())
def test_every_turn_is_carried_out_or_skipped_once_and_never_early(
    given_rungs: list[tuple[int, int, int, str]], pauses: list[int], highest_only: bool
) -> None:
    """L5, L7, L8"""
    ladder = []
    for place, (time, turns, every, kind) in enumerate(given_rungs):
        sign = -1 if kind == "before" else 1
        name, repeated = f"{kind}-{place}", every * HOUR
        made = after(name, time * HOUR, turns, repeated) if kind == "after" else None
        ladder.append(made or by_due(name, sign * time * HOUR, turns, repeated))
    now, done, moved, climbed = MONDAY, set[tuple[str, int]](), dict[str, Moved](), 0
    due = at(30)
    for pause in [*pauses, *([200] * 60)]:
        now += pause * HOUR
        progress = Progress(MONDAY, due, done=frozenset(done), moved=dict(moved))
        found = climb(ladder, progress, now, highest_only=highest_only)
        dealt = [(one.rung, one.turn) for one in (*found.skipped, *([found.turn] if found.turn else []))]
        assert len(dealt) == len(set(dealt)), "a turn twice in one run"
        assert done.isdisjoint(dealt), "a turn that was done"
        assert all(one.moment <= now for one in (*found.skipped, *([found.turn] if found.turn else [])))
        if found.turn and found.turn.rung.startswith("before"):
            assert now < due
        done |= set(dealt)
        moved |= found.moved
        climbed += found.turn is not None
    assert standing(ladder, Progress(MONDAY, due, done=frozenset(done), moved=moved), now).state == "exhausted"
