"""One run: prepare, carry out, account for every match."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from sfdc_escalator.errors import EscalatorError, LeaseLost, OrgUnavailable, PlanRefused, RunBusy
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.escalate import NotePart
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.pipeline.ports.org import KeyedNote
from sfdc_escalator.pipeline.ports.writing import ErrorKind, Moved, NotExecuted, RolledBack, RowError, Unknown
from sfdc_escalator.pipeline.run import Result, carry_out, rehearse
from sfdc_escalator.pipeline.stop import Stop
from tests.builders import (
    AGENT,
    ME,
    NOW,
    SUPPORT,
    caller,
    case,
    escalation,
    identity,
    note,
    org_facts,
    policy,
    remembering,
    render,
    route,
    values,
)
from tests.pipeline.fakes import BrokenLedger, FakeLedger, FakeOrg, in_turn

NEW: Condition = Field("Status", "is", "New")
ONE = policy(route("urgent", NEW, status="Escalated", priority="Urgent"))
LIVE = remembering(live=["urgent"])
REFUSED = RolledBack({}, RowError(ErrorKind.SIZE, "LIMIT_EXCEEDED", "too much"))


@dataclass
class World:
    """An org, a ledger and a policy."""

    org: FakeOrg
    ledger: FakeLedger = field(default_factory=lambda: FakeLedger(LIVE))
    policies: tuple[Policy, ...] = (ONE,)
    reported: list[tuple[int, int]] = field(default_factory=list)

    def rehearse(self, options: RunOptions | None = None) -> Result:
        return rehearse("run", self.org, caller(), self.ledger, self.policies, options or RunOptions(), render)

    def run(self, options: RunOptions | None = None) -> Result:
        def progress(what: str, done: int, whole: int) -> None:
            self.reported.append((done, whole))

        return carry_out(
            "run",
            self.org,
            caller(),
            self.ledger,
            self.policies,
            options or RunOptions(),
            render,
            progress,
            Stop(),
            self.ledger.post,
        )


def world(
    *cases: Case, ledger: FakeLedger | None = None, policies: tuple[Policy, ...] = (ONE,), **org: object
) -> World:
    fake = FakeOrg(list(cases) or [case(1), case(2), case(3)], **org)  # type: ignore[arg-type]
    return World(fake, ledger or FakeLedger(LIVE), policies)


def counts(result: Result) -> dict[State, int]:
    return {state: result.count(state) for state in State if result.count(state)}


# -- a rehearsal and the run ---------------------------------------------------------------------------------------


def test_a_rehearsal_writes_nothing_and_takes_no_lease() -> None:
    one = world(ledger=FakeLedger(LIVE, busy=True))
    result = one.rehearse()
    assert counts(result) == {State.PLANNED: 3}
    assert (one.org.writes, one.ledger.calls, one.ledger.started, one.ledger.finished) == ([], [], [], [])
    assert result.is_rehearsal


@pytest.mark.parametrize(
    "options",
    [
        RunOptions(),
        RunOptions(limit=2),
        RunOptions(backlog="escalate"),
        RunOptions(case="00000002"),
        RunOptions(route="urgent"),
    ],
)
def test_the_plan_of_a_rehearsal_is_the_plan_of_the_run(options: RunOptions) -> None:
    one = world(ledger=FakeLedger(History()))
    rehearsed = one.rehearse(options).prepared.plan
    carried_out = one.run(options).prepared.plan
    assert rehearsed.digest == carried_out.digest
    assert rehearsed == carried_out


def test_a_rehearsal_recovers_and_finds_the_same_as_the_run() -> None:
    unknown = escalation(case(1), EscalationState.UNKNOWN)
    notes = [KeyedNote(identity(case(n)).key, identity(case(n)).line, case(n).id, ME, NOW) for n in (1, 2)]
    one = world(ledger=FakeLedger(remembering(unknown, live=["urgent"])), notes=notes)
    rehearsed = one.rehearse()
    result = one.run()
    assert rehearsed.prepared.plan == result.prepared.plan
    assert counts(result) == {State.ALREADY: 2, State.APPLIED: 1}
    assert one.ledger.events(case(1).id) == ["recovered"]
    assert one.ledger.events(case(2).id) == ["found"]
    assert result.exit_code == 0


def test_a_run_applies_and_the_next_one_does_nothing() -> None:
    first = world()
    result = first.run()
    assert (counts(result), result.exit_code) == ({State.APPLIED: 3}, 0)
    assert first.ledger.live == [("support", "urgent")]
    second = world(ledger=FakeLedger(first.ledger.tomorrow()))
    result = second.run()
    assert (counts(result), result.exit_code, second.org.writes) == ({State.ALREADY: 3}, 0, [])


def test_every_outcome_names_the_subject_and_the_account_of_its_case() -> None:
    one = replace(case(1, {"Subject": "No heat"}), account_name="Acme")
    for result in (world(one).rehearse(), world(one).run()):
        assert [(found.subject, found.account) for found in result.outcomes] == [("No heat", "Acme")]


def test_a_run_reports_its_progress() -> None:
    one = world()
    one.run()
    assert one.reported == [(1, 3), (2, 3), (3, 3)]


def test_the_last_event_of_a_run_holds_its_counts_and_exit_code() -> None:
    one = world()
    result = one.run()
    [finished] = one.ledger.finished
    assert (finished["exit"], finished["applied"], finished["planned"]) == (0, 3, 0)
    assert result.audit_head == one.ledger.head()


def test_more_cases_than_a_chunk_holds_go_in_several() -> None:
    roomy = replace(ONE, guards=replace(ONE.guards, max_cases=1000))
    one = world(*(case(number) for number in range(1, 451)), policies=(roomy,))
    assert counts(one.run()) == {State.APPLIED: 450}
    assert sorted(len(numbers) for numbers in one.org.sent) == [50, 200, 200]


# -- what is remembered --------------------------------------------------------------------------------------------


def test_adopted_cases_are_remembered_and_nothing_is_written() -> None:
    one = world(ledger=FakeLedger(History()))
    result = one.run(RunOptions(backlog="adopt"))
    assert (counts(result), one.org.writes, result.exit_code) == ({State.ALREADY: 3}, [], 0)
    assert one.ledger.events(case(1).id) == ["adopted"]
    again = world(ledger=FakeLedger(one.ledger.tomorrow()))
    assert (counts(again.run()), again.org.writes) == ({State.ALREADY: 3}, [])


def test_adopted_and_found_escalations_are_recorded_as_not_written_by_this_run() -> None:
    """`before` and `wrote` are None where we sent nothing, so that no value of a person counts as ours later."""
    adopting = world(ledger=FakeLedger(History()))
    adopting.run(RunOptions(backlog="adopt"))
    found = world(notes=[KeyedNote(identity(case(1)).key, identity(case(1)).line, case(1).id, ME, NOW)])
    found.run()
    for ledger in (adopting.ledger, found.ledger):
        remembered = ledger.escalation(case(1).id)
        assert (remembered.before, remembered.wrote) == (None, None), remembered.state


def test_of_two_notes_that_were_found_on_a_case_the_earlier_escalation_is_known_before_it_ends() -> None:
    two = policy(route("top", Field("Priority", "is", "Urgent")), route("urgent", NEW, priority="Urgent"))
    earlier, later = identity(case(1), "urgent"), identity(case(1), "top")
    notes = [
        KeyedNote(one.key, one.line, case(1).id, ME, NOW - timedelta(hours=hours))
        for one, hours in ((earlier, 2), (later, 1))
    ]
    history = History(live=frozenset({("support", "top"), ("support", "urgent")}), empty=False)
    one = world(case(1, priority="Urgent"), notes=notes, ledger=FakeLedger(history), policies=(two,))
    one.run()
    of_earlier = [change.event for change in one.ledger.changes if change.escalation.key == earlier.key]
    assert of_earlier == ["found", "superseded"]


def test_an_applied_escalation_is_recorded_with_the_values_before_and_after() -> None:
    one = world()
    one.run()
    remembered = one.ledger.escalation(case(1).id)
    assert remembered.before == values(AGENT, "New", "Medium")
    assert remembered.wrote == values(SUPPORT.id, "Escalated", "Urgent")


def test_an_adopted_case_that_a_person_makes_urgent_goes_by_the_route_above() -> None:
    two = policy(route("top", Field("Priority", "is", "Urgent")), route("urgent", NEW, priority="Urgent"))
    first = world(case(1), ledger=FakeLedger(remembering(live=["top"])), policies=(two,))
    first.run(RunOptions(backlog="adopt"))
    history = History.of(first.ledger.tomorrow().everything(), [("support", "top"), ("support", "urgent")])
    second = world(case(1, priority="Urgent"), ledger=FakeLedger(history), policies=(two,))
    result = second.run()
    assert [(one.route, one.state) for one in result.outcomes] == [("top", State.APPLIED)]


# -- read back -----------------------------------------------------------------------------------------------------


def test_an_owner_that_automation_moved_on_is_reported_as_bounced() -> None:
    one = world(bounced_to={case(2).id: values(AGENT, "New", "Medium")})
    result = one.run()
    assert [order.case_id for order in result.applied.bounced] == [case(2).id]
    assert one.ledger.events(case(2).id)[-1] == "bounced"
    assert (counts(result), result.exit_code) == ({State.APPLIED: 3}, 3)


def test_an_owner_whom_we_did_not_move_does_not_bounce() -> None:
    one = world(case(1, owner=SUPPORT.id), bounced_to={case(1).id: values(AGENT, "New", "Medium")})
    assert one.run().applied.bounced == ()


def test_a_case_that_is_gone_after_the_write_is_reported_once() -> None:
    one = world(gone={case(3).id})
    result = one.run()
    assert [order.case_id for order in result.applied.gone] == [case(3).id]
    assert one.ledger.escalation(case(3).id).state is EscalationState.GONE


def test_an_org_that_cannot_be_read_back_is_exit_5_and_escalations_stay_applied() -> None:
    one = world(read_back_fails=True)
    result = one.run()
    assert (counts(result), result.exit_code) == ({State.APPLIED: 3}, 5)
    assert one.ledger.finished[0]["exit"] == 5


# -- the exit code -------------------------------------------------------------------------------------------------

HOLDING = note(NotePart("offers", ("Offers__c",), "hold"))


@pytest.mark.parametrize(
    ("script", "state"),
    [
        (in_turn(REFUSED, REFUSED, then=lambda _: REFUSED), State.REJECTED),
        (in_turn(Unknown("no answer")), State.UNKNOWN),
    ],
)
def test_a_rejected_or_unknown_case_is_exit_3(script: object, state: State) -> None:
    result = world(case(1), script=script).run()
    assert (counts(result), result.exit_code) == ({state: 1}, 3)


def test_a_held_case_is_exit_3() -> None:
    result = world(case(1, {"Offers__c": None}), policies=(policy(route("urgent", NEW, note_spec=HOLDING)),)).run()
    assert (counts(result), result.exit_code) == ({State.HELD: 1}, 3)


def test_an_unknown_outcome_is_exit_3_also_when_no_route_matches_any_more() -> None:
    ledger = FakeLedger(remembering(escalation(case(9), EscalationState.UNKNOWN), live=["urgent"]))
    result = world(case(1, status="Working"), ledger=ledger).run()
    assert (counts(result), result.unsettled, result.exit_code) == ({}, 1, 3)


def test_a_route_that_the_org_cannot_read_or_carry_out_is_exit_3() -> None:
    assert world(broken={("support", "urgent"): "No such column"}).run().exit_code == 3
    unfit = policy(route("urgent", NEW, queue="Nowhere"))
    assert world(policies=(unfit,)).run().exit_code == 3


def moved_before(number: int = 1) -> FakeLedger:
    before = escalation(case(number), EscalationState.PLANNED, attempts=1, tried_at=NOW - timedelta(minutes=15))
    return FakeLedger(remembering(before, live=["urgent"]))


def test_a_case_deferred_once_is_exit_0_and_deferred_twice_by_the_org_is_exit_3() -> None:
    once = world(case(1), script=in_turn(Moved(), Moved()))
    assert (counts(once.run()), once.rehearse().exit_code) == ({State.DEFERRED: 1}, 0)
    assert world(case(1), script=in_turn(Moved(), Moved()), moved={case(1).id}).run().exit_code == 0
    twice = world(case(1), ledger=moved_before(), script=in_turn(Moved()), moved={case(1).id}).run()
    assert (counts(twice), twice.exit_code) == ({State.DEFERRED: 1}, 3)


@pytest.mark.parametrize("dry", [True, False])
def test_a_limit_never_makes_exit_3(dry: bool) -> None:
    """The org deferred the case once; this time the limit of the person defers it."""
    one = world(case(1, priority="High"), case(2, priority="Low"), ledger=moved_before(2))
    result = (one.rehearse if dry else one.run)(RunOptions(limit=1))
    assert counts(result) == {(State.PLANNED if dry else State.APPLIED): 1, State.DEFERRED: 1}
    assert result.exit_code == 0


def test_a_case_deferred_for_another_policy_never_makes_exit_3() -> None:
    second = policy(route("urgent", NEW), name="billing")
    before = escalation(case(1), EscalationState.PLANNED, policy_name="billing", attempts=1, tried_at=NOW)
    history = History.of([before], [("support", "urgent"), ("billing", "urgent")])
    result = world(case(1), ledger=FakeLedger(history), policies=(ONE, second)).run()
    assert (counts(result), result.exit_code) == ({State.APPLIED: 1, State.DEFERRED: 1}, 0)


def test_a_withheld_route_is_exit_4_in_rehearsal_and_run() -> None:
    one = world(ledger=FakeLedger(History()))
    assert (counts(one.rehearse()), one.rehearse().exit_code) == ({State.WITHHELD: 3}, 4)
    assert (counts(one.run()), one.org.writes) == ({State.WITHHELD: 3}, [])


def test_exit_code_5_has_precedence_over_4_and_4_over_3() -> None:
    two = policy(route("urgent", Field("Subject", "is", "a")), route("backlog", NEW))
    cases = case(1, {"Subject": "a"}), case(2)
    four = world(*cases, policies=(two,), script=in_turn(Unknown("no answer"))).run()
    assert (counts(four), four.exit_code) == ({State.UNKNOWN: 1, State.WITHHELD: 1}, 4)
    five = world(*cases, policies=(two,), script=in_turn(NotExecuted("refused", fatal=True))).run()
    assert (counts(five), five.exit_code) == ({State.DEFERRED: 1, State.WITHHELD: 1}, 5)


def test_an_org_that_never_runs_the_write_is_exit_5_and_the_route_has_not_run_live() -> None:
    one = world(ledger=FakeLedger(History()), script=in_turn(NotExecuted("refused", fatal=True)))
    assert one.run(RunOptions(backlog="escalate")).exit_code == 5
    assert one.ledger.live == []


# -- when a run fails ----------------------------------------------------------------------------------------------


def test_a_second_run_is_busy_and_touches_nothing() -> None:
    one = world(ledger=FakeLedger(LIVE, busy=True))
    with pytest.raises(RunBusy):
        one.run()
    assert (one.org.writes, one.ledger.calls) == ([], [])


def test_a_refused_run_is_recorded_with_its_end() -> None:
    lost = [KeyedNote(identity(case(1)).key, identity(case(1)).line, case(1).id, ME, NOW)]
    one = world(ledger=FakeLedger(History()), notes=lost)
    with pytest.raises(PlanRefused):
        one.run()
    assert one.ledger.finished == [{"exit": 4, "error": "plan_refused"}]
    assert one.org.writes == []


def test_a_ledger_that_cannot_be_written_stops_the_run_before_the_first_write() -> None:
    one = world(ledger=BrokenLedger(LIVE))
    with pytest.raises(EscalatorError, match="takes no word"):
        one.run()
    assert one.org.writes == []
    assert one.ledger.finished == [{"exit": 1, "error": "unexpected"}]


def test_after_a_lost_lease_no_more_chunks_are_sent() -> None:
    roomy = replace(ONE, guards=replace(ONE.guards, max_cases=2000))
    one = world(*(case(number) for number in range(1, 1801)), ledger=FakeLedger(LIVE, fails_from=2), policies=(roomy,))
    with pytest.raises(LeaseLost):
        one.run()
    assert len(one.org.writes) <= 4
    assert one.ledger.finished == [{"exit": 3, "error": "lease_lost"}]


def test_an_org_that_cannot_be_reached_gives_no_plan() -> None:
    class Away(FakeOrg):
        def poll(self, *_: object) -> None:  # type: ignore[override]
            raise OrgUnavailable("no answer")

    one = World(Away([case(1)]))
    with pytest.raises(OrgUnavailable):
        one.run()
    assert one.ledger.finished == [{"exit": 5, "error": "org_unavailable"}]


@pytest.mark.parametrize(
    "options", [RunOptions(), RunOptions(limit=1), RunOptions(backlog="escalate"), RunOptions(backlog="adopt")]
)
def test_every_match_is_accounted_for_exactly_once(options: RunOptions) -> None:
    for result in (
        world(ledger=FakeLedger(History())).rehearse(options),
        world(ledger=FakeLedger(History())).run(options),
    ):
        assert sum(counts(result).values()) == len(result.outcomes) == 3
        assert len({one.key for one in result.outcomes}) == 3
        assert all(one.reason for one in result.outcomes)


def test_only_a_rehearsal_ends_with_something_planned() -> None:
    assert world().run().count(State.PLANNED) == 0
    assert world().rehearse().work_to_do
    assert (
        not world(ledger=FakeLedger(remembering(*(escalation(case(n)) for n in (1, 2, 3)), live=["urgent"])))
        .rehearse()
        .work_to_do
    )


def test_a_lost_lease_is_reported_as_such_and_not_as_a_lost_ledger() -> None:
    """The run was paused and another run wrote the notes: its own empty history is old, not lost."""

    class Taken(FakeLedger):
        def check(self) -> None:
            raise LeaseLost()

    one = identity(case(1))
    written = KeyedNote(one.key, one.line, one.case_id, ME, NOW)
    with pytest.raises(LeaseLost):
        world(ledger=Taken(History()), notes=[written]).run()
    with pytest.raises(PlanRefused):
        world(ledger=FakeLedger(History()), notes=[written]).run()


def test_a_route_that_bypasses_the_guards_is_sent_with_few_api_calls_left() -> None:
    """Neither the api_budget of the plan nor that of the delivery withholds it."""
    urgent = policy(route("urgent", NEW, status="Escalated", bypass_guards=True))
    for left in (3, None):
        result = world(policies=(urgent,), org_facts=org_facts(api_left=left)).run()
        assert (result.count(State.APPLIED), result.exit_code) == (3, 0)
    withheld = world(org_facts=org_facts(api_left=3)).run()
    assert (withheld.count(State.WITHHELD), withheld.exit_code) == (3, 4)


class MergingOrg(FakeOrg):
    """An org in which people merge case 1 into case 2 right after the poll."""

    def keyed_notes(self, case_ids: Sequence[str], users: frozenset[str]) -> tuple[KeyedNote, ...]:
        if not self.merged:
            self.merge(case(1).id, case(2).id)
        return super().keyed_notes(case_ids, users)


def test_a_case_that_is_merged_away_during_the_run_is_not_escalated_once_more() -> None:
    """L18: its escalation moves to the master; a send of its key again ended the run with an error."""
    calm: Condition = Field("Status", "is", "Working")
    both = policy(route("urgent", NEW, status="Escalated"), route("calm", calm, status="Escalated"))
    ledger = FakeLedger(remembering(escalation(case(1), tried_at=NOW), live=["urgent", "calm"]))
    org = MergingOrg([case(1), case(2, status="Working")], notes=[KeyedNote(K1.key, K1.line, case(1).id, ME, NOW)])
    result = World(org, ledger, (both,)).run()
    assert result.prepared.plan.orders == ()
    assert ledger.events(case(2).id)[0] == "merged"


K1 = identity(case(1))
