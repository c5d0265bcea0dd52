"""Some weeks of the simulated year (`scripts/year` plays all of it), and the judge's own eyes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sfdc_escalator.escalation.policy.ladder import After, BeforeDue, Rung
from sfdc_escalator.escalation.time.calendars import BusinessDays
from tests.year import ladders
from tests.year.judge import Judge, Row, Story
from tests.year.policy import SHIPPED, text_of
from tests.year.simulation import Year
from tests.year.stories import judged, stories_of
from tests.year.world import read_policy

EVERY = (*SHIPPED, "year")


@pytest.fixture(scope="module")
def year() -> Year:
    made = Year(EVERY, days=14, cases=60, seed=7, outages=14)
    made.play()
    return made


def test_no_rung_is_doubled_lost_or_early_in_some_weeks(year: Year) -> None:
    """L1 to L10, L13, L16, L17, L19 and L22: every ladder of every policy, all in one org, did what the judge's own
    rules and clock say."""
    violations, tally = judged(year)
    assert violations == []
    assert tally["escalations"] >= 30
    for word in ("climbed", "skipped", "moved", "acknowledged", "starts expected"):
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


def test_the_judge_finds_a_case_that_was_never_escalated(year: Year) -> None:
    story = next(one for one in stories_of(year) if one.start == year.acts[one.case_id].starts[0][0] + 1)
    kept, year.ledger.rows = year.ledger.rows, [
        (at, one) for at, one in year.ledger.rows if one.escalation.case_id != story.case_id
    ]  # fmt: skip
    assert any(one.startswith(f"NOT STARTED: {story.case_id}") for one in judged(year)[0])
    year.ledger.rows = kept


def test_the_judge_knows_every_rung_of_the_shipped_policies() -> None:
    """Its table is written by hand: a change of a shipped policy has to be made there too."""
    known = {name: [one[:2] for one in route.rungs] for name, route in ladders.ROUTES.items()}
    assert known == {
        (policy.name, route.name): [(rung.id, kind_of(rung)) for rung in route.ladder.rungs]
        for policy in read_policy(*EVERY)
        for route in policy.routes
    }


def kind_of(rung: Rung) -> str:
    if isinstance(rung.when, After):
        return "days" if isinstance(rung.when.time, BusinessDays) else "after"
    return "before" if isinstance(rung.when, BeforeDue) else "due"


def test_alone_in_its_org_a_shipped_policy_is_played_as_init_writes_it() -> None:
    folder = Path("sfdc_escalator/files/first_hour/procedures")
    for name in SHIPPED:
        assert text_of(name).endswith((folder / f"{name}.yaml").read_text(encoding="utf-8"))
