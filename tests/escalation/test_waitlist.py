"""News for a person: what begins, what changes, what was last told a day ago."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.escalation.world.waitlist import LONGEST, MOST, Waiting, Waitlist, next_list
from tests.builders import NOW

HELD = Waiting("held", "nothing in X", "support", "high", "1", "ESC-1", ("x",))
WITHHELD = Waiting("withheld", "17 cases at once is more than max_cases: 10", "support", "low", cases=17)
TOLD, _ = next_list(Waitlist(), (HELD, WITHHELD), NOW, tells=True)
LATER = NOW + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("found", "news"),
    [
        ((HELD, WITHHELD), False),
        ((WITHHELD, HELD), False),
        ((HELD, replace(WITHHELD, reason="18 cases at once is more than max_cases: 10", cases=18)), False),
        ((HELD,), True),
        ((HELD, WITHHELD, replace(HELD, case_number="2")), True),
        ((replace(HELD, missing=("x", "y")), WITHHELD), True),
        ((replace(HELD, state="rejected"), WITHHELD), True),
        ((HELD, replace(WITHHELD, reason="its backlog is not decided yet")), True),
        ((HELD, WITHHELD, Waiting("stopped", "the run stopped early: SIGTERM")), True),
        ((), False),
    ],
)
def test_a_changed_list_is_news(found: tuple[Waiting, ...], news: bool) -> None:
    assert next_list(TOLD, found, LATER, tells=True)[1] is news


@pytest.mark.parametrize(
    ("after", "news"),
    [
        (timedelta(), False),
        (timedelta(hours=23), False),
        (timedelta(days=1), True),
        (timedelta(days=9), True),
        (timedelta(hours=-1), True),  # a clock that was wrong when it was told
    ],
)
def test_an_unchanged_list_is_news_once_a_day(after: timedelta, news: bool) -> None:
    assert next_list(TOLD, (HELD, WITHHELD), NOW + after, tells=True)[1] is news


def test_a_run_that_nobody_reads_does_not_count_as_told() -> None:
    silent, news = next_list(Waitlist(), (HELD,), NOW, tells=False)
    assert (news, silent.entries) == (False, (HELD,))
    assert next_list(silent, (HELD,), LATER, tells=True)[1]


def test_what_was_told_is_remembered_over_runs_that_nobody_reads() -> None:
    by_hand, _ = next_list(TOLD, (HELD, WITHHELD), LATER, tells=False)
    assert not next_list(by_hand, (HELD, WITHHELD), LATER, tells=True)[1]
    changed, _ = next_list(TOLD, (HELD,), LATER, tells=False)
    assert next_list(changed, (HELD,), LATER, tells=True)[1]


def test_what_passes_is_told_each_time_and_does_not_change_the_rest() -> None:
    stopped = Waiting("stopped", "the run stopped early: SIGTERM")
    first, news = next_list(TOLD, (HELD, WITHHELD, stopped), LATER, tells=True)
    assert (news, next_list(first, (HELD, WITHHELD, stopped), LATER, tells=True)[1]) == (True, True)
    assert not next_list(first, (HELD, WITHHELD), LATER, tells=True)[1]


def test_an_empty_list_forgets_what_was_told() -> None:
    empty, _ = next_list(TOLD, (), LATER, tells=False)
    assert empty == Waitlist()
    assert next_list(empty, (HELD, WITHHELD), LATER, tells=True)[1]


def test_the_list_is_bounded_and_its_digest_is_that_of_all() -> None:
    many = tuple(replace(HELD, case_number=str(number), reason="x" * 9999) for number in range(MOST + 50))
    kept, _ = next_list(Waitlist(), many, NOW, tells=True)
    assert (len(kept.entries), kept.count, len(kept.entries[0].reason)) == (MOST, MOST + 50, LONGEST)
    assert not next_list(kept, many, LATER, tells=True)[1]
    assert next_list(kept, (*many[:-1], replace(HELD, case_number="new")), LATER, tells=True)[1]
