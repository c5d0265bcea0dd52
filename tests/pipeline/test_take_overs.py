"""Two escalations of one case that are both open, because a run did not see that its note was written."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.ladder import After, Ladder, Rung
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.ladder_facts import LadderFacts
from sfdc_escalator.pipeline.ports.org import KeyedNote
from sfdc_escalator.pipeline.preparing.prepare import prepare
from sfdc_escalator.pipeline.preparing.take_overs import taken_over
from tests.builders import (
    EVERY_CASE,
    ME,
    NOW,
    ORG,
    caller,
    case,
    escalation,
    identity,
    policy,
    remembering,
    render,
    route,
)
from tests.pipeline.fakes import FakeLedger, FakeOrg

CASE, OTHER = case(1), case(2)
APPLIED = EscalationState.APPLIED


def begun(name: str, hours_ago: float, state: EscalationState = APPLIED, **more: object) -> Escalation:
    of = more.pop("of", CASE)
    found = escalation(of, state, name, tried_at=NOW - timedelta(hours=hours_ago))  # type: ignore[arg-type]
    return replace(found, **more)  # type: ignore[arg-type]


SECOND = replace(identity(CASE, "urgent"), episode=2)


@pytest.mark.parametrize(
    ("older", "newer", "ends"),
    [
        (begun("old", 2), begun("urgent", 1), True),
        (begun("old", 2, EscalationState.ADOPTED), begun("urgent", 1), True),
        (begun("urgent", 2), begun("urgent", 1, key=SECOND.key, episode=2), True),
        (begun("old", 2), begun("urgent", 1, EscalationState.UNKNOWN), False),
        (begun("old", 2), begun("urgent", 1, EscalationState.REJECTED), False),
        (begun("old", 2), begun("urgent", 1, EscalationState.CLOSED), False),
        (begun("old", 2), begun("urgent", 2), False),
        (begun("old", 2), begun("urgent", 1, policy="another"), False),
        (begun("old", 2), begun("urgent", 1, of=OTHER), False),
        (begun("old", 2), begun("urgent", 1, of=OTHER, case_id=CASE.id), False),
    ],
    ids=[
        "a route above", "a route above an adopted one", "a later episode", "its note is not known", "it was rejected",
        "it is over", "in one second", "another policy", "another case", "from a merged case",
    ],
)  # fmt: skip
def test_a_later_escalation_of_the_case_ends_the_one_before(older: Escalation, newer: Escalation, ends: bool) -> None:
    """L16: the ladder below ends, also where the note of the route above was found only afterwards."""
    found = list(taken_over(remembering(older, newer), ORG))
    assert found == ([replace(older, state=EscalationState.SUPERSEDED)] if ends else [])


LADDER = Ladder((Rung("late", After(timedelta(minutes=30)), "closed"),))
POLICY = policy(route("urgent", EVERY_CASE), replace(route("old", EVERY_CASE), ladder=LADDER))


@pytest.mark.parametrize("unknown", [True, False], ids=["it was unknown", "the ledger was restored"])
def test_the_ladder_below_ends_in_the_run_that_finds_the_note_of_the_route_above(unknown: bool) -> None:
    """L16"""
    below = replace(begun("old", 2), ladder=LadderFacts(NOW - timedelta(hours=2)))
    above = [begun("urgent", 1, EscalationState.UNKNOWN)] if unknown else []
    history = replace(
        remembering(below, *above, live=["urgent", "old"]),
        rungs={("support", "old"): {"late": NOW - timedelta(days=1)}},
    )
    line = identity(CASE, "urgent")
    org = FakeOrg([CASE], notes=[KeyedNote(line.key, line.line, CASE.id, ME, NOW - timedelta(hours=1))])
    found = prepare(org, caller(), FakeLedger(history), (POLICY,), RunOptions(), render)
    assert [one.escalation.key for one in found.settled if one.event == "superseded"] == [below.key]
    assert (found.plan.orders, found.ladders.matches) == ((), ())
