"""Every count in a message or report agrees with its noun."""

import re

import pytest

from sfdc_escalator.errors import counted
from sfdc_escalator.escalation.conditions.findings import limit_in_words
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.time.calendars import BusinessDays
from sfdc_escalator.pipeline.read_models.audit_trail import Verification
from sfdc_escalator.reports.text.audit import verify_text
from sfdc_escalator.reports.text.run import run_text
from tests.builders import case
from tests.reports.runs import URGENT, rehearsal
from tests.stories.test_main_job import POLICY, start
from tests.stories.test_main_job import case as row
from tests.stories.world import World

PLURALS = "cases|events|problems|rows|times|escalations|records|cells|entries|calls|API calls|polls|parts|days|hours"
WRONG = re.compile(
    rf"(?<![\d.,:])(?:1 (?:open |more |business )?(?:{PLURALS})|(?!1\b)\d+ (?:case|event|problem|row))\b"
)


@pytest.mark.parametrize(
    ("count", "noun", "plural", "text"),
    [
        (0, "case", "", "0 cases"),
        (1, "case", "", "1 case"),
        (2, "case", "", "2 cases"),
        (1001, "case", "", "1,001 cases"),
        (1, "entry", "entries", "1 entry"),
        (3, "entry", "entries", "3 entries"),
    ],
)
def test_a_noun_is_singular_for_one_only(count: int, noun: str, plural: str, text: str) -> None:
    assert counted(count, noun, plural) == text


@pytest.mark.parametrize(("count", "text"), [(1, "1 business day"), (2, "2 business days")])
def test_business_days_are_counted(count: int, text: str) -> None:
    assert limit_in_words(BusinessDays(count)) == text


@pytest.mark.parametrize(("count", "text"), [(1, "1 event,"), (3, "3 events,")])
def test_the_events_of_an_audit_trail_are_counted(count: int, text: str) -> None:
    assert text in verify_text("x.db", Verification(count, "ab" * 32, ()))


@pytest.mark.parametrize("count", [1, 2])
def test_a_run_page_counts_rightly(count: int) -> None:
    page = run_text(rehearsal([case(number, status="New") for number in range(1, count + 1)], URGENT))
    assert counted(count, "case") + " read" in page
    assert WRONG.search(page) is None
    assert State.PLANNED in page


@pytest.mark.parametrize("count", [1, 2])
def test_every_report_of_a_story_counts_rightly(world: World, count: int) -> None:
    world.policy(POLICY)
    start(world, *(row(number) for number in range(1, count + 1)), row(90, "hello"))
    backup = world.folder / "copy.db"
    pages = [
        world.type("validate", "--org", "env"),
        world.type("run", "--dry-run"),
        world.type("run", "--dry-run", "--limit", "1"),
        world.type("run", "--backlog", "escalate"),
        world.type("run"),
        world.type("audit", "verify"),
        world.type("ledger", "backup", str(backup)),
    ]
    for page in pages:
        assert WRONG.search(page.out + page.err) is None, page
    assert re.search(rf"Withheld: support/urgent \({count} cases?\)", pages[1].out)


def test_a_guard_that_allows_none_counts_one_case(world: World) -> None:
    world.policy(POLICY.replace("max_share_of_open: 100%", "max_share_of_open: 1%, share_from: 1"))
    start(world, row(1))
    answer = world.type("run", "--dry-run", "--backlog", "escalate")
    assert "1 of 1 open case is more than max_share_of_open: 1%" in answer.out
    assert WRONG.search(answer.out) is None
