"""The state of a ledger with ladders: open escalations with their rungs and holds, and the policies in use."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Hold, Standing, StandingState
from sfdc_escalator.escalation.world.policy_use import PolicyUse
from sfdc_escalator.escalation.world.waitlist import Waitlist
from sfdc_escalator.ledger.store import SqlLedger
from sfdc_escalator.ledger.trail.holding import hold
from sfdc_escalator.ledger.trail.status import ledger_status
from sfdc_escalator.pipeline.ports.ledger import RunEnd, RunStart
from sfdc_escalator.pipeline.read_models.open_escalation import Climbed
from tests.ledger.kinds import Kind
from tests.ledger.sample import AT, LADDER, ORG, OTHER_ORG, USER, change, escalation, start, turn

HOUR = timedelta(hours=1)
START = replace(escalation(), ladder=LADDER)
DONE = EscalationState.APPLIED
HOLD = Hold(START.case_id, "00001234", AT, AT + 8 * HOUR, "The lawyers have it.", "ann")
USE = PolicyUse("digest", AT, AT + HOUR, timedelta(days=14), "America/Chicago")


def at(organization: str = ORG) -> RunStart:
    return RunStart(f"run of {organization}", organization, USER, {"support": "digest"}, AT + HOUR)


def test_an_open_escalation_has_its_standing_its_turns_and_its_hold(ledger: SqlLedger) -> None:
    other = replace(escalation(2), ladder=LADDER)
    standing = Standing(StandingState.RUNNING, "late", 2, AT + 9 * HOUR, ("new",), "leads")
    with ledger.lease(at()) as lease:
        lease.record([change(START), change(START, DONE), change(other), change(other, DONE)])
        late, second = turn("late"), turn("late", turn=2, state=EscalationState.SKIPPED)
        lease.record([change(late), change(second)])
        lease.record([change(other, EscalationState.CLOSED)])
        lease.keep_standings({START.key: (standing, "digest")})
        lease.finish({"exit": 0})
    made = hold(ledger, ORG, HOLD)
    found = ledger_status(ledger)
    (one,) = found.escalations
    assert (one.start.key, one.start.ladder, one.team) == (START.key, LADDER, "leads")
    assert (one.state, one.hold, found.holds) == (StandingState.HELD, made, (made,))
    assert one.climbed == (Climbed("late", 1, late.moment, late.tried_at), Climbed("late", 2, second.moment, None))
    assert (found.open, found.now) == (1, AT + HOUR)
    assert ledger_status(ledger, AT + 8 * HOUR).holds == ()


def test_a_turn_counts_for_the_start_that_it_names(sqlite_kind: Kind) -> None:
    """L18: two escalations of one route came together on one case by a merge."""
    merged = replace(escalation(2), ladder=LADDER).on_case(START.case_id, START.case_number)
    theirs = replace(turn("late", 2), start_key=merged.key).on_case(START.case_id, START.case_number)
    with sqlite_kind.open() as ledger, ledger.lease(at()) as lease:
        lease.record([change(START), change(START, DONE), change(merged), change(merged, DONE), change(theirs)])
        found = {one.start.key: len(one.climbed) for one in ledger_status(ledger).escalations}
    assert found == {START.key: 0, merged.key: 1}


def test_the_same_case_id_in_another_org_has_turns_and_holds_of_its_own(ledger: SqlLedger) -> None:
    """A sandbox has the case ids of the org that it was copied from."""
    theirs = replace(escalation(organization=OTHER_ORG), ladder=LADDER)
    for organization, one in ((ORG, START), (OTHER_ORG, theirs)):
        with ledger.lease(at(organization)) as lease:
            lease.record([change(one), change(one, DONE)])
            if organization == ORG:
                lease.record([change(turn("late"))])
            lease.finish({"exit": 0})
    hold(ledger, OTHER_ORG, HOLD)
    found = {one.start.key: one for one in ledger_status(ledger).escalations}
    assert (len(found[START.key].climbed), found[START.key].hold) == (1, None)
    assert (found[theirs.key].climbed, bool(found[theirs.key].hold)) == ((), True)


def test_the_policies_in_use_stay_when_a_run_fails(ledger: SqlLedger, kind: Kind) -> None:
    with ledger.lease(start("one")) as lease:
        lease.finish({"exit": 0}, RunEnd(Waitlist(), {"support": USE}))
    with ledger.lease(start("two")) as lease:
        lease.finish({"exit": 5, "error": "org_unavailable"})
    assert ledger.history(ORG).policy_uses == {"support": USE}
    assert not ledger.history(OTHER_ORG).policy_uses
    assert ledger_status(ledger).policy_uses == {"support": USE}
    assert kind.verify().problems == ()


PASSED = "its rung late was due at 2026-03-02 14:00 UTC, and runs passed by it"
LATE = Standing(StandingState.RUNNING, "late", 1, AT - HOUR)
WATCHED = replace(USE, watched=AT + HOUR, watched_before=AT)


@pytest.mark.parametrize(
    ("standing", "why"),
    [
        (LATE, PASSED),
        (replace(LATE, waits="the note's part 'reason' is missing"), None),
        (replace(LATE, at=AT), None),
        (replace(LATE, at=None), "it is running, and no moment comes next"),
        (replace(LATE, state=StandingState.HELD), None),
        (Standing(StandingState.EXHAUSTED), None),
        (None, "the ledger does not have where it stands on its ladder"),
    ],
)
def test_the_self_check_at_any_time_names_what_runs_passed_by_without_a_reason(
    sqlite_kind: Kind, standing: Standing | None, why: str | None
) -> None:
    """L22"""
    with sqlite_kind.open() as ledger:
        with ledger.lease(at()) as lease:
            lease.record([change(START), change(START, DONE)])
            lease.keep_standings({START.key: (standing, "digest")} if standing else {})
            lease.finish({"exit": 0}, RunEnd(Waitlist(), {"support": WATCHED}))
        found = ledger_status(ledger, check=True)
        assert ledger_status(ledger).check is None
    assert found.check is not None
    assert [(one.key, one.why) for one in found.check.problems] == ([(START.key, why)] if why else [])
    assert (found.check.open, found.needs_a_person) == (1, why is not None)


@pytest.mark.parametrize(
    "change_of_row",
    ["ladder = 7", "ladder = 'nonsense'", "moment = 7", "moment = 'nonsense'", "tried_at = 'nonsense'", "turn = 'x'"],
)
def test_a_changed_row_is_named(sqlite_kind: Kind, change_of_row: str) -> None:
    with sqlite_kind.open() as ledger, ledger.lease(at()) as lease:
        lease.record([change(START), change(START, DONE), change(turn("late"))])
    sqlite_kind.execute(f"UPDATE escalations SET {change_of_row}")
    with sqlite_kind.open() as ledger, pytest.raises(EscalatorError, match=r"escalation ESC-.* cannot be read"):
        ledger_status(ledger)
