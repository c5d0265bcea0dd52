"""Business calendars: open time across clock changes and holidays, and the time at which a limit is reached."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.time.business_days import BusinessDays
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.time.opening_hours import DAYS, Spans, merged, parse_days, parse_hours, week_of

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OFFICE = week_of({"mon-fri": "09:00-17:00"})
ALWAYS = week_of({"mon-sun": "00:00-24:00"})
CHANGES = [
    ("America/New_York", "2015-03-08T07:00"),
    ("America/New_York", "2015-11-01T06:00"),
    ("Europe/London", "2015-10-25T01:00"),
    ("Australia/Lord_Howe", "2015-04-04T15:00"),
    ("Australia/Lord_Howe", "2015-10-03T15:30"),
    ("America/St_Johns", "2010-11-07T02:31"),
    ("America/St_Johns", "2010-03-14T03:31"),
    ("America/Sao_Paulo", "2015-02-22T02:00"),
    ("America/Sao_Paulo", "2015-10-18T03:00"),
    ("Pacific/Apia", "2011-12-30T10:00"),
    ("Asia/Kolkata", "2015-12-31T18:30"),
    ("UTC", "2016-01-01T00:00"),
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def calendar(zone: str = "UTC", week: tuple[Spans, ...] = OFFICE, holidays: frozenset[date] = frozenset()) -> Calendar:
    return Calendar("support", ZoneInfo(zone), week, holidays)


def open_minute(team: Calendar, moment: datetime) -> bool:
    wall = moment.astimezone(team.zone)
    clock = timedelta(hours=wall.hour, minutes=wall.minute)
    if wall.date() in team.holidays:
        return False
    return any(opens <= clock < closes for opens, closes in team.week[wall.weekday()])


def counted(team: Calendar, start: datetime, end: datetime) -> timedelta:
    """The open time, minute by minute."""
    minutes = range(max(0, (end - start) // MINUTE))
    return sum(open_minute(team, start + minute * MINUTE) for minute in minutes) * MINUTE


@st.composite
def days_hours(draw: st.DrawFn) -> Spans:
    clocks = sorted(draw(st.sets(st.integers(0, 96), min_size=0, max_size=6)))
    pairs = zip(clocks[::2], clocks[1::2], strict=False)
    return merged([(15 * MINUTE * begin, 15 * MINUTE * end) for begin, end in pairs])


@st.composite
def circumstances_each(draw: st.DrawFn) -> tuple[Calendar, datetime]:
    """A calendar, and a clock change in its zone."""
    zone, change = draw(st.sampled_from(CHANGES))
    week = draw(st.one_of(st.tuples(*[days_hours()] * 7), st.sampled_from([OFFICE, ALWAYS])))
    days = draw(st.sets(st.integers(-5, 5), max_size=3))
    return calendar(zone, week, frozenset(at(change).date() + day * DAY for day in days)), at(change)


MINUTES = st.integers(-3 * 1440, 3 * 1440)
MOMENTS = st.integers(-20 * 86_400_000_000, 20 * 86_400_000_000).map(lambda count: timedelta(microseconds=count))
LIMITS = st.one_of(st.integers(1, 6000), st.integers(1, 60 * 1440)).map(lambda count: count * MINUTE)


@given(circumstances_each(), MINUTES, MINUTES)
@settings(max_examples=150, deadline=None)
def test_open_time_equals_a_count_of_the_minutes(circumstances: tuple[Calendar, datetime], one: int, two: int) -> None:
    team, change = circumstances
    start, end = change + one * MINUTE, change + two * MINUTE
    assert team.open_between(start, end) == counted(team, start, end)
    assert team.is_open(start) == open_minute(team, start)


@given(circumstances_each(), MOMENTS, MOMENTS, MOMENTS)
@settings(max_examples=150, deadline=None)
def test_open_time_adds_up(
    circumstances: tuple[Calendar, datetime], one: timedelta, two: timedelta, three: timedelta
) -> None:
    team, change = circumstances
    first, second, third = sorted(change + offset for offset in (one, two, three))
    parts = team.open_between(first, second), team.open_between(second, third)
    assert sum(parts, timedelta()) == team.open_between(first, third)
    assert timedelta() <= parts[0] <= second - first


@given(circumstances_each(), MOMENTS, LIMITS)
@settings(max_examples=150, deadline=None)
def test_a_limit_is_reached_at_the_first_instant_with_that_open_time(
    circumstances: tuple[Calendar, datetime], offset: timedelta, limit: timedelta
) -> None:
    team, change = circumstances
    start = change + offset
    end = team.reached(start, limit)
    if end is None:
        assert team.open_between(start, start + 3653 * DAY) < limit
    else:
        assert team.open_between(start, end) == limit
        assert team.open_between(start, end - timedelta(microseconds=1)) < limit
        assert team.open_between(start, end - MINUTE) < limit


@given(circumstances_each(), MOMENTS, MOMENTS, LIMITS)
@settings(max_examples=150, deadline=None)
def test_exactly_the_starts_up_to_the_cutoff_are_old_enough(
    circumstances: tuple[Calendar, datetime], offset: timedelta, other: timedelta, limit: timedelta
) -> None:
    team, change = circumstances
    now = change + offset
    cutoff = team.cutoff(now, limit)
    if cutoff is None:
        assert team.open_between(now - 3653 * DAY, now) < limit
    else:
        assert team.open_between(cutoff, now) == limit
        for start in (cutoff + timedelta(microseconds=1), cutoff - MINUTE, change + other):
            assert (team.open_between(start, now) >= limit) == (start <= cutoff)


@given(circumstances_each(), MOMENTS, MOMENTS, st.integers(1, 30))
@settings(max_examples=150, deadline=None)
def test_a_later_start_never_reaches_its_business_days_earlier(
    circumstances: tuple[Calendar, datetime], one: timedelta, two: timedelta, count: int
) -> None:
    team, change = circumstances
    ends = [team.reached(change + offset, BusinessDays(count)) for offset in sorted((one, two, one + HOUR))]
    reached = [end for end in ends if end is not None]
    assert reached == sorted(reached)
    assert (len(reached) == 3) == any(team.week)


@given(circumstances_each(), st.integers(-180, 180), st.integers(0, 180), st.integers(1, 3))
@settings(max_examples=150, deadline=None)
def test_business_days_stay_in_order_while_the_clock_changes(
    circumstances: tuple[Calendar, datetime], minute: int, later: int, count: int
) -> None:
    team, change = circumstances
    for day in (0, count, count + 2):
        start = change + minute * MINUTE - day * DAY
        ends = [team.reached(start + step * MINUTE, BusinessDays(count)) for step in (0, later)]
        assert ends == sorted(end for end in ends if end) or ends == [None, None]


@given(circumstances_each(), MOMENTS, MOMENTS, st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_the_cutoff_of_business_days_is_the_last_start_that_reached_them(
    circumstances: tuple[Calendar, datetime], offset: timedelta, other: timedelta, count: int
) -> None:
    team, change = circumstances
    now, limit = change + offset, BusinessDays(count)
    cutoff = team.cutoff(now, limit)
    if cutoff is None:
        assert not any(team.week)
        return
    for start in (cutoff, cutoff + timedelta(microseconds=1), change + other):
        end = team.reached(start, limit)
        assert (end is not None and end <= now) == (start <= cutoff)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2015-06-05T16:00", "2015-06-08T10:00", 2),  # Friday to Monday
        ("2015-06-06T00:00", "2015-06-08T00:00", 0),  # the weekend
        ("2015-06-01T00:00", "2015-06-08T00:00", 40),
        ("2014-12-31T16:00", "2015-01-01T10:00", 2),  # over the year
        ("2012-01-01T00:00", "2016-01-01T00:00", 1044 * 8),
        ("2015-06-05T16:00", "2015-06-05T16:00", 0),
        ("2015-06-05T16:00", "2015-06-05T10:00", 0),
    ],
)
def test_an_office_is_open_from_nine_to_five_on_weekdays(start: str, end: str, hours: int) -> None:
    assert calendar().open_between(at(start), at(end)) == hours * HOUR


@pytest.mark.parametrize(
    ("week", "day", "hours"),
    [
        ({"sun": "00:00-24:00"}, "2015-03-08", 23.0),
        ({"sun": "00:00-24:00"}, "2015-11-01", 25.0),
        ({"sun": "01:15-01:45"}, "2015-11-01", 1.0),  # both passes of the hour
        ({"sun": "02:15-02:45"}, "2015-03-08", 0.0),  # no such time on this day
        ({"sun": "01:00-04:00"}, "2015-03-08", 2.0),
        ({"mon-sun": "09:00-17:00"}, "2015-03-08", 8.0),
    ],
)
def test_open_time_is_elapsed_time_when_new_york_changes_its_clocks(
    week: dict[str, str], day: str, hours: float
) -> None:
    team = calendar("America/New_York", week_of(week))
    begin = local("America/New_York", f"{day}T00:00")
    assert team.open_between(begin, local("America/New_York", f"{day}T23:59") + MINUTE) == hours * HOUR


def test_a_bank_holiday_counts_no_time() -> None:
    london = calendar("Europe/London", holidays=frozenset({date(2015, 8, 31)}))
    friday = local("Europe/London", "2015-08-28T16:00")
    assert london.reached(friday, 2 * HOUR) == local("Europe/London", "2015-09-01T10:00")
    assert not london.is_open(local("Europe/London", "2015-08-31T10:00"))
    assert london.cutoff(local("Europe/London", "2015-09-01T10:00"), 2 * HOUR) == friday


def test_a_holiday_closes_the_morning_after_a_night_and_its_own_night() -> None:
    night = calendar(week=week_of({"mon-sun": "22:00-06:00"}), holidays=frozenset({date(2015, 6, 3)}))
    assert night.open_between(at("2015-06-02T12:00"), at("2015-06-03T12:00")) == 2 * HOUR
    assert night.open_between(at("2015-06-03T00:00"), at("2015-06-04T00:00")) == 0 * HOUR
    assert night.open_between(at("2015-06-04T00:00"), at("2015-06-04T12:00")) == 6 * HOUR


def test_a_limit_is_reached_at_closing_and_not_at_the_next_opening() -> None:
    assert calendar().reached(at("2015-06-05T15:00"), 2 * HOUR) == at("2015-06-05T17:00")
    assert calendar().cutoff(at("2015-06-08T11:00"), 2 * HOUR) == at("2015-06-08T09:00")


def test_the_cutoff_is_the_latest_possible_start() -> None:
    assert calendar().cutoff(at("2015-06-08T09:30"), HOUR) == at("2015-06-05T16:30")
    assert calendar().cutoff(at("2015-06-08T09:00"), HOUR) == at("2015-06-05T16:00")
    assert calendar().cutoff(at("2015-01-01T11:00"), 2 * HOUR) == at("2015-01-01T09:00")


def test_a_limit_of_zero_or_less_is_reached_at_once() -> None:
    now = at("2015-06-06T03:00")
    for limit in (timedelta(), -HOUR, BusinessDays(0)):
        assert (calendar().reached(now, limit), calendar().cutoff(now, limit)) == (now, now)


def test_a_limit_of_more_than_ten_years_is_never_reached() -> None:
    now, closed = at("2015-06-05T12:00"), calendar(week=week_of({}))
    for team, limit in ((closed, MINUTE), (closed, BusinessDays(1)), (calendar(), BusinessDays(2700))):
        assert (team.reached(now, limit), team.cutoff(now, limit)) == (None, None)
    assert calendar(week=ALWAYS).reached(now, 3653 * DAY) == now + 3653 * DAY
    assert calendar(week=ALWAYS).reached(now, 3653 * DAY + MINUTE) is None
    assert calendar(week=ALWAYS).cutoff(now, 3653 * DAY + MINUTE) is None


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2015-06-05T11:30", 2, "2015-06-09T11:30"),  # Friday: Monday, Tuesday
        ("2015-06-05T07:00", 2, "2015-06-09T09:00"),  # before opening
        ("2015-06-05T20:00", 2, "2015-06-09T17:00"),  # after closing
        ("2015-06-06T11:30", 2, "2015-06-10T09:00"),  # Saturday counts as Monday's opening
        ("2015-06-09T10:00", 1, "2015-06-11T10:00"),  # Wednesday is a holiday
        ("2015-06-08T10:00", 5, "2015-06-16T10:00"),
    ],
)
def test_business_days_end_at_the_same_clock_time_within_opening(start: str, count: int, end: str) -> None:
    team = calendar(holidays=frozenset({date(2015, 6, 10)}) if count == 1 or count == 5 else frozenset())
    assert team.reached(at(start), BusinessDays(count)) == at(end)


def test_business_days_keep_the_local_clock_time_over_a_clock_change() -> None:
    team = calendar("America/New_York")
    friday = local("America/New_York", "2015-03-06T10:00")
    assert team.reached(friday, BusinessDays(1)) == local("America/New_York", "2015-03-09T10:00") == friday + 71 * HOUR


def test_a_start_before_opening_counts_as_opening_like_one_on_a_closed_day() -> None:
    team = calendar(week=week_of({"mon": "09:00-17:00", "tue": "08:00-20:00"}))
    ends = [team.reached(at(start), BusinessDays(1)) for start in ("2015-06-07T12:00", "2015-06-08T07:00")]
    assert ends == [at("2015-06-09T09:00")] * 2


def test_business_days_end_no_earlier_than_their_last_day_opens() -> None:
    team = calendar(week=week_of({"mon": "08:00-20:00", "tue": "10:00-17:00"}))
    assert team.reached(at("2015-06-08T08:30"), BusinessDays(1)) == at("2015-06-09T10:00")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2015-03-07T07:30", "2015-03-08T07:00"),  # 02:30 is left out on the next day: when the clock jumps
        ("2015-03-07T08:00", "2015-03-08T07:00"),  # 03:00
        ("2015-10-31T05:30", "2015-11-01T05:30"),  # 01:30, its first pass on the next day
        ("2015-11-01T05:50", "2015-11-02T06:00"),  # first pass: counts as 01:00
        ("2015-11-01T06:10", "2015-11-02T06:10"),  # second pass, 01:10
    ],
)
def test_business_days_end_where_the_clock_jumps_and_stand_still_where_it_repeats(start: str, end: str) -> None:
    assert calendar("America/New_York", ALWAYS).reached(at(start), BusinessDays(1)) == at(end)


def test_a_day_that_the_date_line_skipped_is_not_a_business_day() -> None:
    apia = calendar("Pacific/Apia", week_of({"mon-sun": "09:00-17:00"}))
    end = apia.reached(local("Pacific/Apia", "2011-12-29T10:00"), BusinessDays(1))
    assert end == local("Pacific/Apia", "2011-12-31T10:00")


@pytest.mark.parametrize(
    ("text", "today", "next_day"),
    [
        ("08:00-20:00", [(8, 20)], []),
        ("08:00-12:00,13:00-17:00", [(8, 12), (13, 17)], []),
        ("13:00-17:00, 08:00-12:00", [(8, 12), (13, 17)], []),
        (["08:00-12:00", "13:00-17:00"], [(8, 12), (13, 17)], []),
        ("22:00-06:00", [(22, 24)], [(0, 6)]),
        ("22:00-00:00", [(22, 24)], []),
        ("00:00-24:00", [(0, 24)], []),
    ],
)
def test_hours_are_spans_of_the_day_and_of_the_next_after_midnight(
    text: str | list[str], today: list[tuple[int, int]], next_day: list[tuple[int, int]]
) -> None:
    expected = [tuple((begin * HOUR, end * HOUR) for begin, end in spans) for spans in (today, next_day)]
    assert list(parse_hours(text)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "8:00-20:00", "08:00", "08:00-24:01", "24:00-06:00", "08:60-09:00", "09:00-09:00", "00:00-00:00", "8-20"],
)
def test_invalid_hours_are_reported_with_the_found_and_the_expected_text(text: str) -> None:
    with pytest.raises(ValueError, match=f"^'{text}' is not an opening time; expected .*08:00-20:00"):
        parse_hours(text)


def test_empty_hours_are_refused() -> None:
    with pytest.raises(ValueError, match="leave out a closed day"):
        parse_hours([])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("mon-fri", "mon tue wed thu fri"),
        ("Sat", "sat"),
        ("mon,wed", "mon wed"),
        ("mon-tue, sun", "mon tue sun"),
        ("fri-mon", "fri sat sun mon"),
        ("tue-tue", "tue"),
    ],
)
def test_days_are_names_and_ranges(text: str, names: str) -> None:
    assert [DAYS[day] for day in parse_days(text)] == names.split()


@pytest.mark.parametrize("text", ["", "monday", "mon-", "mon-tue-wed", "mon-fry", "mon;tue"])
def test_invalid_days_are_reported_with_the_found_and_the_expected_text(text: str) -> None:
    with pytest.raises(ValueError, match=f"^'{text}' is not a day; expected mon, tue, .*mon-fri"):
        parse_days(text)


def test_overnight_hours_continue_on_the_next_day_and_adjacent_spans_are_joined() -> None:
    week = week_of({"sun": "22:00-06:00", "mon": ["06:00-09:00", "08:00-10:00", "12:00-13:00"]})
    assert week[6] == ((22 * HOUR, 24 * HOUR),)
    assert week[0] == ((0 * HOUR, 10 * HOUR), (12 * HOUR, 13 * HOUR))
    assert week[1:6] == ((),) * 5


@pytest.mark.parametrize("hours", [{"mon-fri": "08:00-20:00", "fri": "08:00-12:00"}, {"fri,thu-fri": "08:00-20:00"}])
def test_a_day_is_given_once(hours: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"fri is given twice, again in .*expected each day once"):
        week_of(hours)


def test_calendars_are_equal_only_to_themselves() -> None:
    one, two = calendar(), calendar()
    assert len({one, two, one}) == 2


def test_many_threads_get_the_same_answers() -> None:
    team = calendar("America/New_York")
    starts = [at("2005-01-03T12:00") + day * 17 * DAY for day in range(200)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda start: team.reached(start, BusinessDays(3)), starts * 2))
    assert answers[:200] == answers[200:] == [calendar(str(team.zone)).reached(one, BusinessDays(3)) for one in starts]
