"""`milestone`: a target that is near or past."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.escalation.conditions.findings import in_plain_words
from sfdc_escalator.escalation.conditions.kinds.milestone import MILESTONES, Milestone
from sfdc_escalator.escalation.conditions.tree import Not, judge
from sfdc_escalator.escalation.world.case import Case, Comment, Value
from sfdc_escalator.escalation.world.needs import Records
from tests.builders import NOW, SCENE, case

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
RETURNS = Records("ReturnOrders", ("Amount__c", "Status"))


def made(ago: timedelta = HOUR, **fields: Value) -> Mapping[str, Value]:
    """A record of this age."""
    return {"CreatedDate": NOW - ago, **fields}


def with_records(
    *records: Mapping[str, Value], kind: Records = RETURNS, created: timedelta = DAY, said: Sequence[Comment] = ()
) -> Case:
    return replace(case(created=NOW - created, comments=said), related={kind: records})


def milestone(
    minutes: float | None = None, completed: Value = False, name: str | None = "First Response"
) -> Mapping[str, Value]:
    """A milestone with its target this number of minutes away."""
    target = None if minutes is None else NOW + timedelta(minutes=minutes)
    return {**made(TargetDate=target, IsCompleted=completed), "MilestoneType.Name": name}


def timed(*milestones: Mapping[str, Value]) -> Case:
    return with_records(*milestones, kind=MILESTONES)


@pytest.mark.parametrize(("minutes", "due"), [(-600, True), (0, True), (59, True), (60, True), (60.1, False)])
def test_a_milestone_is_due_within_the_time_including_its_end(minutes: float, due: bool) -> None:
    assert Milestone("due", HOUR).holds(timed(milestone(minutes)), SCENE) is due


@pytest.mark.parametrize(("minutes", "violated"), [(-1, True), (0, True), (1, False)])
def test_a_milestone_is_violated_from_its_target_on(minutes: float, violated: bool) -> None:
    assert Milestone("violated").holds(timed(milestone(minutes)), SCENE) is violated


@pytest.mark.parametrize(
    ("milestones", "holds"),
    [
        ([], False),
        ([milestone(-10, completed=True)], False),
        ([milestone(-10, completed=None)], True),
        ([milestone(None)], False),
        ([milestone(-10, completed=True), milestone(10)], False),
        ([milestone(None), milestone(10), milestone(-10)], True),
    ],
)
def test_any_milestone_counts_that_has_a_target_and_is_not_completed(
    milestones: list[Mapping[str, Value]], holds: bool
) -> None:
    one = timed(*milestones)
    assert Milestone("violated").holds(one, SCENE) is holds
    assert Not(Milestone("violated")).holds(one, SCENE) is not holds


def test_milestones_that_were_not_read_are_neither_due_nor_violated() -> None:
    for condition in (Milestone("due", DAY), Milestone("violated")):
        assert not condition.holds(case(), SCENE)
        assert condition.look(case(), SCENE) is None
        assert "does not exist" in in_plain_words(judge(condition, case(), SCENE))


@pytest.mark.parametrize(
    ("name", "holds"), [("first response", True), (" First Response ", True), ("Resolution", False), (None, True)]
)
def test_a_milestone_may_be_asked_for_by_name_in_any_case(name: str | None, holds: bool) -> None:
    one = timed(milestone(-10), milestone(10, name="Resolution"), milestone(20, name=None))
    assert Milestone("violated", name=name).holds(one, SCENE) is holds


def test_the_finding_shows_the_earliest_target() -> None:
    assert Milestone("due", HOUR).look(timed(milestone(50), milestone(20), milestone(70)), SCENE) == NOW + HOUR / 3


@pytest.mark.parametrize("name", [None, "First Response"])
@pytest.mark.parametrize(
    ("condition", "asked"), [(Milestone("due", HOUR), "due within 1 h, or past"), (Milestone("violated"), "violated")]
)
def test_a_target_that_is_past_matches_and_is_reported_as_past(
    condition: Milestone, asked: str, name: str | None
) -> None:
    condition = replace(condition, name=name)
    finding = judge(condition, timed(milestone(-50)), SCENE)
    subject = f"the milestone {name}" if name else "the next milestone"
    assert finding.holds
    assert in_plain_words(finding) == f"{subject} was due 50 min ago, at {NOW - timedelta(minutes=50):%FT%TZ} ({asked})"


def test_a_target_to_come_is_not_reported_as_past() -> None:
    text = in_plain_words(judge(Milestone("due", HOUR), timed(milestone(30)), SCENE))
    assert "has its target at" in text
    assert "was due" not in text


@pytest.mark.parametrize("condition", [Milestone("due", HOUR), Milestone("due", HOUR, "x"), Milestone("violated")])
def test_a_completed_milestone_never_matches(condition: Milestone) -> None:
    for minutes in (-600, -50, 0, 30):
        assert not condition.holds(timed(milestone(minutes, completed=True, name="x")), SCENE)
