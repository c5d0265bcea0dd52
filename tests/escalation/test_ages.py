"""Ages as people write them."""

from datetime import UTC, datetime

import pytest

from sfdc_escalator.escalation.time.ages import parse_age

NOW = datetime(2028, 2, 29, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("2y", (2026, 2, 28)),
        ("4y", (2024, 2, 29)),
        ("1y", (2027, 2, 28)),
        ("1d", (2028, 2, 28)),
        ("2w", (2028, 2, 15)),
        ("2027y", (1, 2, 28)),
    ],
)
def test_an_age_counts_back_by_the_calendar(text: str, then: tuple[int, int, int]) -> None:
    assert parse_age(text).before(NOW) == datetime(*then, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "2", "y", "0y", "02y", "-2y", "2 y", "1.5y", "2m", "2h", "10000y", "\u0662y"])
def test_anything_else_is_not_an_age(text: str) -> None:
    with pytest.raises(ValueError, match="is not an age: a whole number and a unit"):
        parse_age(text)


def test_nothing_was_before_the_year_one() -> None:
    with pytest.raises(OverflowError):
        parse_age("2028y").before(NOW)
