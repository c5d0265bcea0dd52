"""After an undo: no value counts as ours any more, and the episode goes on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.escalation.decisions.episodes import episode, is_over
from sfdc_escalator.escalation.decisions.own_steps import without_our_steps
from sfdc_escalator.escalation.world.escalation import CASE_CLOSED, Escalation, EscalationState
from tests.builders import AGENT, NOW, case, escalation, identity, route, values

UNDONE, APPLIED = EscalationState.UNDONE, EscalationState.APPLIED


def wrote(state: EscalationState, before: str, after: str, route_name: str = "urgent") -> Escalation:
    old, new = values(AGENT, "New", before), values(AGENT, "New", after)
    return escalation(case(1), state, route_name, before=old, wrote=new, tried_at=NOW)


def undo(before: str, after: str) -> Escalation:
    made = Escalation.of(identity(case(1)).undo, APPLIED, tried_at=NOW, start_key=identity(case(1)).key)
    return replace(made, before=values(AGENT, "New", before), wrote=values(AGENT, "New", after))


HIGH = case(1, priority="High")


def test_a_value_that_somebody_gives_after_an_undo_is_theirs() -> None:
    known = [wrote(UNDONE, "Low", "High"), undo("High", "Low")]
    assert without_our_steps(HIGH, known) == HIGH
    assert without_our_steps(case(1, priority="Low"), known) == case(1, priority="Low")


def test_before_an_undo_the_value_is_ours() -> None:
    assert without_our_steps(HIGH, [wrote(APPLIED, "Low", "High")]).priority == "Low"


def test_what_another_escalation_wrote_stays_ours() -> None:
    known = [wrote(APPLIED, "Low", "High", "old"), wrote(UNDONE, "High", "Urgent"), undo("Urgent", "High")]
    assert without_our_steps(HIGH, known).priority == "Low"


@pytest.mark.parametrize(
    ("changes", "rearm", "over"),
    [
        ({}, None, False),
        ({"ended_at": NOW}, None, False),
        ({"ended_at": NOW}, timedelta(hours=1), True),
        ({"ended_at": NOW + timedelta(hours=1)}, timedelta(hours=2), False),
        ({}, timedelta(hours=1), False),
        ({"ended_at": NOW, "message": CASE_CLOSED}, None, True),
    ],
    ids=["open", "ended", "rearmed", "not yet", "never ended", "closed"],
)
def test_an_undone_episode_goes_on_until_it_ends_and_rearm_says_so(
    changes: dict[str, object], rearm: timedelta | None, over: bool
) -> None:
    one, later = replace(wrote(UNDONE, "Low", "High"), **changes), NOW + timedelta(hours=1)  # type: ignore[arg-type]
    its = route(rearm=rearm)
    assert is_over(one, its, [one], later) is over
    assert episode(its, [one], later) == 1 + over
