"""Durations, as policies write them and as people read them."""

from datetime import timedelta

import pytest

from sfdc_escalator.escalation.time.durations import in_words, parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("15m", timedelta(minutes=15)),
        ("4h", timedelta(hours=4)),
        ("2d", timedelta(hours=48)),
        ("2w", timedelta(days=14)),
        ("0m", timedelta(0)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "15", "m", "1.5h", "-1h", " 1h", "1h ", "1h30m", "1s", "1M", "١h", "1h\n"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(days=3, hours=4, minutes=5), "3 d 4 h"),
        (timedelta(hours=5), "5 h"),
        (timedelta(minutes=12, seconds=59), "12 min"),
        (timedelta(seconds=59), "0 min"),
        (-timedelta(minutes=5), "-5 min"),
    ],
)
def test_people_read_the_two_greatest_units(duration: timedelta, words: str) -> None:
    assert in_words(duration) == words


def test_open_time_is_read_in_hours_because_a_day_of_it_has_no_fixed_length() -> None:
    assert in_words(timedelta(days=5, minutes=7), days=False) == "120 h 7 min"
