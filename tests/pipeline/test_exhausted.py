"""An exhausted ladder: nobody acted, and no rung is left (rule L16)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.errors import LeaseLost
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.ladder import After, Ladder, Rung
from sfdc_escalator.escalation.policy.policy import Policy, PolicyOwner
from sfdc_escalator.escalation.policy.team import TeamPeople
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged, Hold, LadderFacts, StandingState
from sfdc_escalator.pipeline.run import Result, carry_out, rehearse
from sfdc_escalator.pipeline.stop import Stop
from tests.builders import NOW, SUPPORT, caller, case, escalation, identity, policy, remembering, render, route
from tests.pipeline.fakes import FakeLedger, FakeOrg

HOUR = timedelta(hours=1)
TELL = Rung("tell", After(HOUR), "acknowledged")
CASE = case(owner=SUPPORT.id)
OWNED = replace(
    policy(replace(route(), ladder=Ladder((TELL,)))),
    owner=PolicyOwner("leads"),
    teams={"leads": TeamPeople("Leads")},
)
FACTS = LadderFacts(started=NOW - 2 * HOUR, due=NOW + HOUR)
START = replace(escalation(CASE, tried_at=NOW - 2 * HOUR, wrote={}), case_number=CASE.number, ladder=FACTS)
DONE = EscalationState.APPLIED


def turn(state: EscalationState = DONE) -> Escalation:
    found = replace(identity(CASE), rung="tell")
    told = Escalation.of(found, state, before={}, wrote={}, tried_at=NOW - HOUR, start_key=START.key)
    return replace(told, case_number=CASE.number, moment=NOW - HOUR)


def known(*escalations: Escalation, holds: tuple[Hold, ...] = ()) -> History:
    seen = {("support", "urgent"): {"tell": NOW - 9 * HOUR}}
    return replace(remembering(*escalations, live=["urgent", "above"]), rungs=seen, holds=holds)


def run(history: History, of: Policy = OWNED, org: FakeOrg | None = None, ledger: FakeLedger | None = None) -> Result:
    org, ledger = org or FakeOrg([CASE]), ledger or FakeLedger(history)
    return carry_out("run", org, caller(), ledger, [of], RunOptions(), render, lambda *_: None, Stop(), ledger.post)


def told(result: Result) -> list[tuple[str, str, str]]:
    """The notices that the run plans beside those of orders."""
    found = (one for some in result.prepared.notices.values() for one in some)
    return [(one.subject.kind, one.subject.key, one.recipient) for one in found]


REPORTED = [("exhausted", START.key, "leads")]


def test_one_notice_says_that_nobody_acted_in_the_run_after_the_last_rung() -> None:
    ledger = FakeLedger(known(START))
    climbed = run(known(START), ledger=ledger)
    assert told(climbed) == []
    history = known(START).with_escalations(change.escalation for change in ledger.changes)
    ledger = FakeLedger(history)
    result = run(history, ledger=ledger)
    assert (told(result), result.exit_code, result.post.sent) == (REPORTED, 0, 1)
    assert [message.title for _, message in ledger.channels.got] == [
        "00000001: urgent: nobody acted, and no rung is left"
    ]
    assert [change.event for change in ledger.changes] == ["exhausted"]
    later = run(history.with_escalations(change.escalation for change in ledger.changes))
    assert told(later) == []
    assert {one.state for one, _ in later.standings.values()} == {StandingState.EXHAUSTED}


@pytest.mark.parametrize(
    ("state", "reported"),
    [
        (DONE, True),
        (EscalationState.SKIPPED, True),
        (EscalationState.WITHHELD, True),
        (EscalationState.REJECTED, True),
        (EscalationState.PLANNED, False),
        (None, False),
    ],
)
def test_it_comes_once_the_last_rung_was_climbed_or_skipped(state: EscalationState | None, reported: bool) -> None:
    rows = [START] if state is None else [START, turn(state)]
    assert (REPORTED[0] in told(run(known(*rows)))) is reported


def test_a_rung_whose_outcome_is_not_known_is_waited_for() -> None:
    assert told(run(known(START, replace(turn(EscalationState.UNKNOWN), tried_at=NOW)))) == []


ACTED = replace(START, ladder=replace(FACTS, acknowledged=Acknowledged(NOW - HOUR, None, "owner")))
HELD = Hold(CASE.id, CASE.number, NOW - HOUR, NOW + HOUR, "legal", "ann", event=1)


@pytest.mark.parametrize(
    ("start", "holds", "of"),
    [
        (ACTED, (), OWNED),
        (START, (HELD,), OWNED),
        (START, (), replace(OWNED, owner=PolicyOwner())),
    ],
)
def test_it_does_not_come_while_somebody_has_the_case_or_nobody_is_accountable(
    start: Escalation, holds: tuple[Hold, ...], of: Policy
) -> None:
    assert told(run(known(start, turn(), holds=holds), of)) == []


def test_a_team_that_is_named_later_is_not_told_of_old_ones() -> None:
    ledger = FakeLedger(known(START, turn()))
    run(known(START, turn()), replace(OWNED, owner=PolicyOwner()), ledger=ledger)
    history = known(START, turn()).with_escalations(change.escalation for change in ledger.changes)
    assert told(run(history)) == []


def test_a_closed_case_yields_none() -> None:
    org = FakeOrg([CASE], closed={CASE.id})
    assert told(run(known(START, turn()), org=org)) == []


def test_a_ladder_that_is_taken_over_in_this_run_ends_by_that() -> None:
    of = replace(OWNED, routes=(route("above"), *OWNED.routes))
    result = run(known(START, turn()), of)
    assert [outcome.route for outcome in result.outcomes if outcome.state == "applied"] == ["above"]
    assert told(result) == []


def test_a_rehearsal_shows_it_and_records_none() -> None:
    ledger = FakeLedger(known(START, turn()))
    result = rehearse("run", FakeOrg([CASE]), caller(), ledger, [OWNED], RunOptions(), render)
    assert (told(result), ledger.calls, ledger.outbox.rows) == (REPORTED, [], {})


def test_a_run_that_cannot_record_it_says_nothing_and_the_next_one_does() -> None:
    ledger = FakeLedger(known(START, turn()), fails_from=1)
    with pytest.raises(LeaseLost):
        run(known(START, turn()), ledger=ledger)
    assert ledger.channels.got == []
    assert told(run(known(START, turn()))) == REPORTED


def test_an_act_afterwards_is_still_seen() -> None:
    exhausted = replace(START, ladder=replace(FACTS, exhausted=NOW - HOUR))
    taken = case()  # by an agent
    found = run(known(exhausted, turn()), org=FakeOrg([taken]))
    assert {one.state for one, _ in found.standings.values()} == {StandingState.ACKNOWLEDGED}
