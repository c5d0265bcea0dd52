"""Each figure of a report, as a table: what happened, and the rows that this gives."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.figures.facts import Climb, Place, Started, Warned
from sfdc_escalator.escalation.figures.figure import Figure, Part
from sfdc_escalator.escalation.figures.figures import Facts, OfEscalations, all_figures
from sfdc_escalator.escalation.figures.in_common import MOST_VALUES, OTHERS, TOP, OpenCases
from sfdc_escalator.escalation.figures.period import Period, period_of
from sfdc_escalator.escalation.figures.ranks import nearest_rank
from sfdc_escalator.escalation.figures.runs import RunTimes
from sfdc_escalator.escalation.figures.troubles import Troubles, Warnings

UTC_ZONE, CHICAGO = ZoneInfo("UTC"), ZoneInfo("America/Chicago")
S = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PERIOD = Period(S, S + 7 * DAY, UTC_ZONE)
URGENT, OLD = Place("support", "urgent"), Place("support", "old")
ONE = Started(URGENT, "applied", S, team="leads", watched=True, values={})


def facts_of(*some: Started, period: Period = PERIOD, **more: Any) -> Facts:
    counted = OfEscalations(period)
    for one in some:
        counted.add(one)
    given_or_none = {"troubles": Troubles(), "warnings": Warnings(None), "messages": {}, "runs": RunTimes([]), **more}
    return Facts(period, counted, **given_or_none)


def figures(
    *some: Started, every: timedelta | None = None, open_cases: OpenCases | None = None, **more: Any
) -> dict[str, Figure]:
    return {one.name: one for one in all_figures(facts_of(*some, **more), every, open_cases)}


def rows(figure: Figure | None) -> dict[str, Any]:
    """The values by what they are counted by: `urgent leads`."""
    return {" ".join(row.cell(name) for name in figure.by): row.value for row in figure.rows} if figure else {}


def shares(figure: Figure) -> dict[str, tuple[float, int | None]]:
    return {" ".join(row.cell(name) for name in figure.by): (row.value, row.of) for row in figure.rows}


# -- periods -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("started", "counts"),
    [(S - MINUTE, False), (S, True), (S + 7 * DAY - MINUTE, True), (S + 7 * DAY, False)],
)
def test_what_starts_at_the_begin_counts_and_what_starts_at_the_end_does_not(started: datetime, counts: bool) -> None:
    assert bool(rows(figures(replace(ONE, started=started))["escalations"])) == counts


def test_a_day_is_that_of_the_zone_of_the_period() -> None:
    late = replace(ONE, started=datetime(2026, 3, 3, 5, 59, tzinfo=UTC))
    chicago = replace(PERIOD, zone=CHICAGO)
    assert rows(figures(late)["escalations"]) == {"2026-03-03 urgent": 1}
    assert rows(figures(late, period=chicago)["escalations"]) == {"2026-03-02 urgent": 1}


def test_a_date_means_its_first_moment_in_the_zone_also_where_midnight_does_not_exist() -> None:
    found = period_of(date(2026, 3, 1), date(2026, 3, 9), CHICAGO, S)
    assert (found.begin, found.end) == (datetime(2026, 3, 1, 6, tzinfo=UTC), datetime(2026, 3, 9, 5, tzinfo=UTC))
    cairo = period_of(date(2026, 4, 24), date(2026, 4, 25), ZoneInfo("Africa/Cairo"), S + 90 * DAY)
    assert cairo.begin == datetime(2026, 4, 23, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("begin", "end"), [(S, S), (S, S - MINUTE), (date(2026, 3, 3), date(2026, 3, 2)), (S + DAY, S + 2 * DAY)]
)
def test_a_period_without_a_time_in_it_or_in_the_future_is_refused(begin: date, end: date) -> None:
    with pytest.raises(Invalid):
        period_of(begin, end, UTC_ZONE, S + HOUR)


# -- acts --------------------------------------------------------------------------------------------------------------

ACTED = {
    "a person acted": (replace(ONE, acknowledged=S + HOUR), 3600),
    "closed before anybody acted": (replace(ONE, state="closed", closed=S + MINUTE), 60),
    "acted, then closed": (replace(ONE, state="closed", acknowledged=S + MINUTE, closed=S + HOUR), 60),
    "closed, by a clock that is a little behind": (replace(ONE, state="closed", closed=S - MINUTE), 0),
    "acted, and closed at a time that is not recorded": (replace(ONE, state="closed", acknowledged=S + HOUR), 3600),
    "acted, then taken over": (replace(ONE, state="superseded", acknowledged=S + HOUR), 3600),
}


@pytest.mark.parametrize("what", ACTED)
def test_the_first_act_counts_and_closing_is_one(what: str) -> None:
    one, seconds = ACTED[what]
    found = figures(one)
    assert rows(found["first_act_median"]) == rows(found["first_act_p90"]) == {"urgent leads": seconds}
    assert rows(found["acted_on"]) == {"urgent leads": 1}
    assert [rows(found[name]) for name in ("still_waiting", "ended_without_act")] == [{}, {}]


@pytest.mark.parametrize(
    ("one", "name"),
    [
        (ONE, "still_waiting"),
        (replace(ONE, watched=False), "waiting_unwatched"),
        (replace(ONE, state="superseded"), "ended_without_act"),
        (replace(ONE, state="gone"), "ended_without_act"),
        (replace(ONE, state="undone"), "ended_without_act"),
        (replace(ONE, state="closed"), "act_not_recorded"),
    ],
)
def test_who_nobody_acted_on_is_counted_apart(one: Started, name: str) -> None:
    found = figures(one)
    assert rows(found[name]) == {"urgent leads": 1}
    assert [rows(found[name]) for name in ("first_act_median", "first_act_p90", "acted_on")] == [{}, {}, {}]


def test_times_are_by_route_and_team_and_a_team_that_is_not_recorded_stands_apart() -> None:
    acted = replace(ONE, acknowledged=S + MINUTE)
    some = (acted, replace(acted, team="night"), replace(acted, team=None), replace(acted, place=OLD))
    assert rows(figures(*some)["acted_on"]) == {"urgent leads": 1, "urgent night": 1, "urgent ": 1, "old leads": 1}


def test_the_median_and_the_90th_percentile_are_times_that_happened() -> None:
    some = [replace(ONE, acknowledged=S + minutes * MINUTE) for minutes in (9, 1, 4, 2)]
    assert rows(figures(*some)["first_act_median"]) == {"urgent leads": 120}
    assert rows(figures(*some)["first_act_p90"]) == {"urgent leads": 540}


@pytest.mark.parametrize(
    ("count", "median", "p90"),
    [(1, 1, 1), (2, 1, 2), (3, 2, 3), (4, 2, 4), (9, 5, 9), (10, 5, 9), (11, 6, 10), (20, 10, 18)],
)
def test_nearest_ranks(count: int, median: int, p90: int) -> None:
    numbers = range(1, count + 1)
    assert (nearest_rank(numbers, 50), nearest_rank(numbers, 90)) == (median, p90)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40), st.integers(1, 100))
def test_a_rank_is_the_smallest_number_that_enough_others_do_not_exceed(numbers: list[int], percent: int) -> None:
    found = nearest_rank(sorted(numbers), percent)
    enough = percent * len(numbers)
    assert found in numbers
    assert sum(one <= found for one in numbers) * 100 >= enough
    assert all(sum(one <= smaller for one in numbers) * 100 < enough for smaller in numbers if smaller < found)


# -- closings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("closed", "within"), [(S + 4 * HOUR - MINUTE, 1), (S + 4 * HOUR, 1), (S + 4 * HOUR + timedelta(seconds=1), 0)]
)
def test_what_is_closed_at_its_due_time_is_closed_within_it(closed: datetime, within: int) -> None:
    one = replace(ONE, state="closed", due=S + 4 * HOUR, closed=closed)
    assert shares(figures(one)["closed_within_due"]) == {"urgent": (within, 1)}


@pytest.mark.parametrize(("after", "within"), [(30 * DAY, 1), (30 * DAY + timedelta(seconds=1), 0)])
def test_thirty_days_count_from_the_start(after: timedelta, within: int) -> None:
    one = replace(ONE, state="closed", closed=S + after)
    assert shares(figures(one)["closed_within_30_days"]) == {"urgent": (within, 1)}


def test_open_ones_are_part_of_the_whole_and_what_ended_otherwise_or_at_an_unknown_time_is_not() -> None:
    due = replace(ONE, due=S + HOUR)
    states = [replace(due, state=state) for state in ("applied", "superseded", "gone", "undone", "closed")]
    found = figures(*states, replace(due, state="closed", closed=S + MINUTE), ONE)
    assert shares(found["closed_within_due"]) == {"urgent": (1, 2)}
    assert shares(found["closed_within_30_days"]) == {"urgent": (1, 3)}
    assert rows(found["closing_not_recorded"]) == {"urgent": 1}


# -- rungs -------------------------------------------------------------------------------------------------------------


def climbs(*some: tuple[str, timedelta]) -> tuple[Climb, ...]:
    return tuple(Climb(rung, S + after) for rung, after in some)


THREE = climbs(("first", HOUR), ("second", 2 * HOUR), ("first", 3 * HOUR))


@pytest.mark.parametrize(
    ("act", "followed", "never"),
    [
        (None, {"urgent first": (0, 1), "urgent second": (0, 1)}, {"urgent first": 1, "urgent second": 1}),
        (HOUR, {}, {}),
        (HOUR + MINUTE, {"urgent first": (1, 1)}, {}),
        (2 * HOUR + MINUTE, {"urgent first": (0, 1), "urgent second": (1, 1)}, {"urgent first": 1}),
        (9 * HOUR, {"urgent first": (1, 1), "urgent second": (0, 1)}, {"urgent second": 1}),
    ],
)
def test_an_act_is_that_of_the_rung_before_it(
    act: timedelta | None, followed: dict[str, Any], never: dict[str, Any]
) -> None:
    found = figures(replace(ONE, climbs=THREE, acknowledged=S + act if act else None))
    assert shares(found["rungs_followed_by_an_act"]) == followed
    assert rows(found["rungs_that_moved_nobody"]) == never
    assert rows(found["rungs_climbed"]) == {"urgent first": 2, "urgent second": 1}


def test_a_rung_that_moved_one_person_is_not_one_that_never_did() -> None:
    one = replace(ONE, climbs=climbs(("first", HOUR)))
    found = figures(one, replace(one, acknowledged=S + 2 * HOUR), ONE)
    assert rows(found["rungs_that_moved_nobody"]) == {}
    assert rows(found["rungs_per_escalation"]) == {"urgent": 0.67}


# -- the others --------------------------------------------------------------------------------------------------------


def test_a_route_that_counts_as_something_else_is_in_no_figure_about_escalations() -> None:
    found = figures(
        replace(ONE, counts_as="routing", acknowledged=S + HOUR, due=S, values={"Reason": "x"}, climbs=THREE)
    )
    assert [name for name, one in found.items() if one.rows] == ["counted_as"]
    assert rows(found["counted_as"]) == {"2026-03-02 routing urgent": 1}


def test_a_second_episode_is_repeated() -> None:
    found = figures(ONE, replace(ONE, episode=2), replace(ONE, episode=3), replace(ONE, place=OLD))
    assert shares(found["repeated"]) == {"urgent": (2, 3)}


@pytest.mark.parametrize(
    ("comes", "came", "avoided"),
    [
        (S + HOUR, False, {"old": (1, 1)}),
        (S + HOUR + MINUTE, False, {}),
        (S + 9 * HOUR, True, {"old": (0, 1)}),
        (None, True, {"old": (0, 1)}),
        (None, False, {}),
    ],
)
def test_a_warning_is_avoided_once_its_time_has_come_without_an_escalation(
    comes: datetime | None, came: bool, avoided: dict[str, Any]
) -> None:
    warnings = Warnings(S + HOUR)
    warnings.add(Warned(OLD, comes, came))
    found = figures(warnings=warnings)
    assert rows(found["warned"]) == {"old": 1}
    assert shares(found["avoided"]) == avoided
    assert rows(found.get("avoided_not_recorded")) == ({"old": 1} if comes is None and not came else {})


def test_troubles_are_counted_once_for_each_escalation_and_withheld_by_the_worst_run() -> None:
    troubles = Troubles()
    for key in ("a", "a", "b"):
        troubles.reject(URGENT, key)
        troubles.lose_sight(OLD, key)
        troubles.miss_a_part(URGENT, key)
    troubles.hold(Place("", ""), "hold")
    for cases in (3, 7, 2):
        troubles.withhold(URGENT, cases)
    found = figures(troubles=troubles)
    assert (rows(found["rejected"]), rows(found["unknown"])) == ({"urgent": 2}, {"old": 2})
    assert rows(found["held"]) == {" hold": 1, "urgent note": 2}
    assert rows(found["withheld"]) == {"urgent": 7}


def test_messages_are_by_recipient_and_channel() -> None:
    found = figures(messages={("leads", "desk"): 4, ("005000000000001AAA", "mail"): 1})
    assert rows(found["messages"]) == {"leads desk": 4, "005000000000001AAA mail": 1}


def test_two_policies_with_a_route_of_the_same_name_stand_apart() -> None:
    other = replace(ONE, place=Place("billing", "urgent"))
    assert rows(figures(ONE, other)["escalations"]) == {"billing 2026-03-02 urgent": 1, "support 2026-03-02 urgent": 1}


# -- in common ---------------------------------------------------------------------------------------------------------


def test_the_most_frequent_values_come_first_and_stand_beside_all_open_cases() -> None:
    some = [replace(ONE, values={"Reason": reason}) for reason in ("b", "a", "a", None)]
    old = replace(ONE, values=None)
    found = figures(*some, old, open_cases=OpenCases(10, {"Reason": {"a": 4}}))
    assert [(row.cell("item"), row.value, row.of, row.against) for row in found["in_common"].rows] == [
        ("a", 2, 4, Part(4, 10)),
        ("(empty)", 1, 4, Part(0, 10)),
        ("b", 1, 4, Part(0, 10)),
    ]
    assert rows(found["in_common_not_recorded"]) == {"": 1}


def test_of_a_field_with_very_many_values_the_rest_is_one() -> None:
    some = [replace(ONE, values={"Id__c": f"{number % (MOST_VALUES + 50)}"}) for number in range(MOST_VALUES + 90)]
    found = figures(*some, open_cases=OpenCases(10, {}))["in_common"].rows
    assert len(found) == TOP
    assert (found[0].cell("item"), found[0].value, found[0].against) == (OTHERS, 50, None)


# -- runs --------------------------------------------------------------------------------------------------------------


def runs(*minutes: int, before: int | None = None, until: int = 240) -> RunTimes:
    first = S + before * MINUTE if before is not None else None
    return RunTimes([S + one * MINUTE for one in minutes], first, None, S + until * MINUTE)


HOURS = replace(PERIOD, end=S + 4 * HOUR)


@pytest.mark.parametrize(
    ("found", "missed"),
    [
        (runs(), 0),
        (runs(0, 60, 120, 180, 240), 0),
        (runs(0, 60, 180), 1),
        (runs(0, 62, 119, 181), 0),
        (runs(0, 89, 240), 2),
        (runs(0, 90, 239), 2),
        (runs(0, 60, until=89), 0),
        (runs(0, 60, until=150), 1),
        (runs(0, 60, until=10_000), 2),
        (runs(before=-30), 4),
        (runs(before=-600), 4),
        (runs(0, 60, 120, 180, before=-600), 0),
    ],
)
def test_a_run_is_missed_where_none_began_until_half_the_time_later(found: RunTimes, missed: int) -> None:
    counted = figures(runs=found, every=HOUR, period=HOURS)["runs_missed"]
    assert sum(rows(counted).values()) == missed


@pytest.mark.parametrize(
    ("found", "longest"),
    [
        (runs(), None),
        (runs(0, 60, 130, 240), 110 * 60),
        (runs(60, 120, before=-60), 120 * 60),
        (runs(0, 30, until=100), 70 * 60),
        (runs(before=-999), 240 * 60),
    ],
)
def test_without_a_pace_the_longest_time_without_a_run_is_said(found: RunTimes, longest: int | None) -> None:
    counted = figures(runs=found, period=HOURS)["longest_gap"]
    assert list(rows(counted).values()) == ([longest] if longest else [])


def test_runs_without_a_time_are_counted_apart() -> None:
    found = figures(runs=RunTimes([S, S + HOUR], unknown=3))
    assert (rows(found["runs"]), rows(found["runs_not_dated"])) == ({"2026-03-02": 2}, {"": 3})
