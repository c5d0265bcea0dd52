"""Some weeks of the simulated year (`scripts/year` plays all of it), and the judge's own eyes."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.year.judge import Judge, Row, Story
from tests.year.simulation import FIRST, Year
from tests.year.stories import judged, stories_of


@pytest.fixture(scope="module")
def year() -> Year:
    made = Year(FIRST, days=16, cases=40, seed=5, outages=25)
    made.play()
    return made


def test_no_rung_is_doubled_lost_or_early_in_some_weeks(year: Year) -> None:
    """L1 to L10, L13, L16, L17, L19 and L22: every ladder did what the judge's own rules and clock say."""
    violations, tally = judged(year)
    assert violations == []
    assert tally["escalations"] >= 30
    for word in ("climbed", "skipped", "moved", "acknowledged"):
        assert tally[word] > 0, word


def doubled(story: Story) -> list[Row]:
    return [*story.rows, story.rows[0]]


def lost(story: Story) -> list[Row]:
    return story.rows[1:]


def early(story: Story) -> list[Row]:
    return [story.rows[0]._replace(at=story.start + 2), *story.rows[1:]]


@pytest.mark.parametrize(("change", "word"), [(doubled, "DOUBLED"), (lost, "DIFFERS"), (early, "TOO EARLY")])
def test_the_judge_finds_a_rung_that_is_doubled_lost_or_early(
    year: Year, change: Callable[[Story], list[Row]], word: str
) -> None:
    story = next(one for one in stories_of(year) if one.rows and one.rows[0].climbed and not one.loose)
    found = list(Judge(year.clock, year.runs).violations(replace(story, rows=change(story))))
    assert word in {one.partition(":")[0] for one in found}


def test_the_judge_finds_an_escalation_without_a_next_moment(year: Year) -> None:
    year.without_next.append("ESC-0000")
    assert judged(year)[0] == ["WITHOUT A NEXT MOMENT: ESC-0000"]
    year.without_next.clear()
