"""The delivery of one chunk. For every answer of the org, each case ends exactly once."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.errors import LeaseLost
from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.decisions.outcome import Outcome, State
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.pipeline.applying.deliver import Delivery
from sfdc_escalator.pipeline.applying.smaller_parts import Tries
from sfdc_escalator.pipeline.ports.writing import (
    Answer,
    Chunk,
    Committed,
    ErrorKind,
    Moved,
    NotExecuted,
    RolledBack,
    RowError,
    Unknown,
)
from sfdc_escalator.pipeline.run_clock import RunClock
from sfdc_escalator.pipeline.stop import Stop
from tests.builders import NOW, SUPPORT, case, escalation, numbered, planned, policy, route, values
from tests.pipeline.fakes import FakeLedger, FakeOrg, Script, commits, in_turn

POLLED_AT = NOW - timedelta(seconds=2)
TEMPLATE = planned(1, policy(route(status="Escalated", priority="Urgent")))
ROW = RowError(ErrorKind.ROW, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Not on Sundays")
LOCKED = RolledBack({}, RowError(ErrorKind.LOCK, "UNABLE_TO_LOCK_ROW", "busy"))
TOO_BIG = RolledBack({}, RowError(ErrorKind.SIZE, "LIMIT_EXCEEDED", "CPU time"))
UNCLEAR = RolledBack({}, RowError(ErrorKind.ROW, "UNKNOWN_EXCEPTION", "?"))
END_STATES = {State.APPLIED, State.REJECTED, State.DEFERRED, State.UNKNOWN}


def batch_of(count: int) -> tuple[Order, ...]:
    numbers = range(1, count + 1)
    identities = [replace(TEMPLATE.identity, case_id=numbered("500", number)) for number in numbers]
    return tuple(
        replace(TEMPLATE, identity=identity, case_number=str(number))
        for identity, number in zip(identities, numbers, strict=True)
    )


class Sent:
    """A batch that was sent to an org with this script, and its outcomes."""

    def __init__(
        self,
        count: int,
        script: Script,
        ledger: FakeLedger | None = None,
        *,
        batch: tuple[Order, ...] = (),
        **org: object,
    ) -> None:
        self.org = FakeOrg(script=script, **org)  # type: ignore[arg-type]
        self.ledger = ledger or FakeLedger()
        self.ended: list[Outcome] = []
        self.delivery = Delivery(self.org, self.ledger, POLLED_AT, RunClock(NOW), Stop(), inf, self.ended.append)
        self.batch = batch or batch_of(count)

    def now(self) -> "Sent":
        self.delivery.send(self.batch, Tries.of(self.batch))
        return self

    @property
    def states(self) -> dict[int, State]:
        assert len({one.key for one in self.ended}) == len(self.ended), "a case ended twice"
        return {int(one.case_id[3:15]): one.state for one in self.ended}

    def ending(self, state: State) -> list[int]:
        return sorted(number for number, ended in self.states.items() if ended is state)


def sent(count: int, script: Script, **org: object) -> Sent:
    return Sent(count, script, **org).now()  # type: ignore[arg-type]


def rejecting(*bad: int, message: Callable[[int], str] = lambda number: "Not on Sundays") -> Script:
    """An org whose validation rule always rejects these cases."""
    ids = {numbered("500", number): number for number in bad}

    def answer(chunk: Chunk) -> Answer:
        rows = {
            write.case_id: RowError(ErrorKind.ROW, "FIELD_CUSTOM_VALIDATION_EXCEPTION", message(ids[write.case_id]))
            for write in chunk.writes
            if write.case_id in ids
        }
        return RolledBack(rows, next(iter(rows.values()))) if rows else Committed("call")

    return answer


def over(most: int, answer: Answer) -> Script:
    """An org that rejects chunks of more than this number of cases."""
    return lambda chunk: answer if len(chunk.writes) > most else Committed("call")


# -- committed -----------------------------------------------------------------------------------------------------


def test_a_committed_order_is_applied_with_its_steps() -> None:
    done = sent(3, commits)
    assert done.org.sent == [[1, 2, 3]]
    assert done.ending(State.APPLIED) == [1, 2, 3]
    assert {step.state.value for one in done.ended for step in one.steps} == {"applied"}


def test_a_write_holds_the_steps_that_are_planned_and_rests_on_the_poll() -> None:
    [chunk] = sent(1, commits).org.writes
    [write] = chunk.writes
    assert write.values == values(SUPPORT.id, "Escalated", "Urgent")
    assert write.note.endswith(TEMPLATE.identity.line)
    assert chunk.polled_at == POLLED_AT
    assert not chunk.together


def test_a_step_that_is_already_so_is_not_sent() -> None:
    [chunk] = Sent(0, commits, batch=(planned(1, owner=SUPPORT.id),)).now().org.writes
    assert "OwnerId" not in chunk.writes[0].values


def test_the_intent_is_stored_before_the_call_and_the_outcome_after() -> None:
    ledger = FakeLedger()

    def looks(chunk: Chunk) -> Answer:
        assert [ledger.now_state[write.key] for write in chunk.writes] == [EscalationState.SENDING] * 2
        return Committed("call-7")

    Sent(2, looks, ledger).now()
    assert [change.event for change in ledger.changes] == ["intended", "intended", "applied", "applied"]
    assert ledger.changes[0].note == TEMPLATE.steps[0].after
    assert ledger.changes[-1].call == "call-7"
    assert ledger.escalation(numbered("500", 1)).state is EscalationState.APPLIED


def test_an_escalation_that_takes_over_ends_the_one_below() -> None:
    below = escalation(case(1), EscalationState.APPLIED, "below")
    ledger = FakeLedger()
    ledger.now_state[below.key] = EscalationState.APPLIED
    Sent(0, commits, ledger, batch=(replace(TEMPLATE, takes_over=(below,)),)).now()
    assert ledger.now_state[below.key] is EscalationState.SUPERSEDED


# -- moved ---------------------------------------------------------------------------------------------------------


def test_cases_that_moved_wait_and_the_rest_is_sent_once_more() -> None:
    done = sent(4, in_turn(Moved()), moved={numbered("500", 2)})
    assert done.org.sent == [[1, 2, 3, 4], [1, 3, 4]]
    assert done.ending(State.DEFERRED) == [2]
    assert "moved" in done.ended[0].reason


def test_the_rest_is_not_sent_a_third_time() -> None:
    done = sent(4, in_turn(Moved(), Moved()), moved={numbered("500", 2)})
    assert done.org.sent == [[1, 2, 3, 4], [1, 3, 4]]
    assert done.ending(State.DEFERRED) == [1, 2, 3, 4]


def test_nothing_is_sent_again_when_the_org_cannot_say_what_moved() -> None:
    done = sent(2, in_turn(Moved()), unmoved_fails=True)
    assert done.org.sent == [[1, 2]]
    assert done.ending(State.DEFERRED) == [1, 2]
    assert done.delivery.trouble is not None


# -- rolled back ---------------------------------------------------------------------------------------------------


def test_a_rejected_row_is_sent_alone_and_the_rest_again() -> None:
    done = sent(9, rejecting(3))
    assert done.org.sent == [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 4, 5, 6, 7, 8, 9], [3]]
    assert done.ending(State.REJECTED) == [3]
    assert done.ending(State.APPLIED) == [1, 2, 4, 5, 6, 7, 8, 9]


def test_a_row_is_rejected_with_its_own_error() -> None:
    done = sent(30, rejecting(3, 7, message=lambda number: f"error {number}"))
    messages = {int(one.case_number): one.reason for one in done.ended if one.state is State.REJECTED}
    assert messages == {number: f"FIELD_CUSTOM_VALIDATION_EXCEPTION: error {number}" for number in (3, 7)}


def test_a_rejected_case_counts_its_attempts_and_the_time_of_the_last() -> None:
    done = Sent(0, rejecting(1), batch=(replace(TEMPLATE, rejections=2),)).now()
    remembered = done.ledger.escalation(TEMPLATE.case_id)
    assert (remembered.state, remembered.attempts, remembered.tried_at) == (EscalationState.REJECTED, 3, NOW)


@pytest.mark.parametrize("bad", [range(1, 12), range(1, 4)])
def test_the_same_error_on_many_rows_halves_once_and_then_rejects_them(bad: range) -> None:
    """More than ten rows, or a quarter of the chunk: a fault of configuration, not of single cases."""
    count = 60 if len(bad) == 11 else 12
    done = sent(count, rejecting(*bad))
    assert [len(one) for one in done.org.sent[:2]] == [count, count // 2]
    assert done.ending(State.REJECTED) == list(bad)
    assert len(done.ending(State.APPLIED)) == count - len(bad)
    assert len(done.org.sent) <= 5


def test_ten_equal_errors_among_many_are_ten_single_cases() -> None:
    done = sent(60, rejecting(*range(1, 11)))
    assert done.org.sent[1] == list(range(11, 61))
    assert all(len(one) == 1 for one in done.org.sent[2:])
    assert done.ending(State.REJECTED) == list(range(1, 11))


def test_a_locked_chunk_goes_in_halves_after_a_pause() -> None:
    done = sent(4, over(2, LOCKED))
    assert done.org.sent == [[1, 2, 3, 4], [1, 2], [3, 4]]
    assert done.org.pauses == [1]
    assert done.ending(State.APPLIED) == [1, 2, 3, 4]


def test_a_locked_case_is_given_up_after_some_tries() -> None:
    done = sent(1, over(0, LOCKED))
    assert 2 <= len(done.org.sent) <= 5
    assert done.org.pauses == sorted(done.org.pauses)
    assert done.ending(State.DEFERRED) == [1]
    assert done.ended[0].reason.startswith("UNABLE_TO_LOCK_ROW")


def test_a_locked_chunk_waits_for_the_next_run_when_the_time_is_used_up() -> None:
    done = sent(4, over(0, LOCKED), patience=0)
    assert done.org.sent == [[1, 2, 3, 4]]
    assert done.ending(State.DEFERRED) == [1, 2, 3, 4]


def test_a_chunk_that_is_too_much_for_the_org_goes_in_halves_without_a_pause() -> None:
    done = sent(8, over(2, TOO_BIG))
    assert [len(one) for one in done.org.sent] == [8, 4, 2, 2, 4, 2, 2]
    assert done.org.pauses == []
    assert len(done.ending(State.APPLIED)) == 8


def test_a_case_that_alone_is_too_much_is_rejected() -> None:
    assert sent(1, over(0, TOO_BIG)).ending(State.REJECTED) == [1]


def test_an_error_about_no_row_is_narrowed_down() -> None:
    done = sent(
        4, lambda chunk: UNCLEAR if numbered("500", 3) in {one.case_id for one in chunk.writes} else Committed("c")
    )
    assert done.ending(State.REJECTED) == [3]
    assert done.ending(State.APPLIED) == [1, 2, 4]


def test_an_error_about_a_case_that_was_not_sent_loses_no_case() -> None:
    stranger = RolledBack({numbered("500", 77): ROW}, ROW)
    done = sent(3, in_turn(stranger, stranger))
    assert sorted(done.states) == [1, 2, 3]


# -- not executed, unknown -----------------------------------------------------------------------------------------


def test_a_request_that_never_ran_is_deferred() -> None:
    done = sent(2, in_turn(NotExecuted("connection refused")))
    assert done.org.sent == [[1, 2]]
    assert done.ending(State.DEFERRED) == [1, 2]
    assert done.ledger.escalation(numbered("500", 1)).state is EscalationState.PLANNED
    assert done.delivery.trouble is not None
    assert done.delivery.trouble.exit_code == 5


def test_a_fatal_answer_stops_the_rest() -> None:
    done = sent(4, in_turn(TOO_BIG, NotExecuted("REQUEST_LIMIT_EXCEEDED", fatal=True)))
    assert done.org.sent == [[1, 2, 3, 4], [1, 2]]
    assert done.ending(State.DEFERRED) == [1, 2, 3, 4]
    done.delivery.send(batch_of(9)[8:], Tries.of(batch_of(1)))
    assert len(done.org.writes) == 2


def test_deferrals_in_a_row_are_counted() -> None:
    done = Sent(0, in_turn(NotExecuted("refused")), batch=(replace(TEMPLATE, deferrals=1),)).now()
    assert done.ended[0].deferrals == 2
    assert done.ledger.escalation(TEMPLATE.case_id).attempts == 2


def test_an_unknown_outcome_is_never_sent_again() -> None:
    done = sent(4, in_turn(TOO_BIG, Unknown("no answer")))
    assert done.org.sent == [[1, 2, 3, 4], [1, 2], [3, 4]]
    assert done.ending(State.UNKNOWN) == [1, 2]
    assert done.ending(State.APPLIED) == [3, 4]
    assert done.ledger.escalation(numbered("500", 1)).state is EscalationState.UNKNOWN


# -- the ledger fails ----------------------------------------------------------------------------------------------


def test_nothing_is_sent_when_the_intent_cannot_be_stored() -> None:
    one = Sent(2, commits, FakeLedger(fails_from=1))
    with pytest.raises(LeaseLost):
        one.now()
    assert one.org.writes == []


def test_nothing_more_is_sent_when_an_outcome_cannot_be_stored() -> None:
    one = Sent(4, in_turn(TOO_BIG), FakeLedger(fails_from=2))
    with pytest.raises(LeaseLost):
        one.now()
    assert len(one.org.writes) == 1


# -- the budget, and any answers at all ----------------------------------------------------------------------------


def extra(count: int) -> int:
    """correctness: at most 2 x log2(chunk) + 10 calls beyond the first."""
    return math.ceil(2 * math.log2(count)) + 10


@pytest.mark.parametrize("count", [1, 2, 7, 200])
@pytest.mark.parametrize("answer", [LOCKED, TOO_BIG, UNCLEAR])
def test_an_org_that_rejects_everything_costs_a_bounded_number_of_calls(count: int, answer: Answer) -> None:
    done = sent(count, over(0, answer))
    assert len(done.org.writes) <= 1 + extra(count)
    assert len(done.states) == count


def test_many_rows_with_errors_of_their_own_cost_a_bounded_number_of_calls() -> None:
    done = sent(200, rejecting(*range(1, 61), message=lambda number: f"error {number}"))
    assert len(done.org.writes) == 1 + extra(200)
    assert len(done.ending(State.APPLIED)) == 140
    assert done.ending(State.REJECTED)
    assert len(done.states) == 200


def answers(chunk: Chunk) -> st.SearchStrategy[Answer]:
    ids = [write.case_id for write in chunk.writes]
    errors = st.sampled_from([ROW, replace(ROW, message="Not on Mondays"), replace(ROW, fault=ErrorKind.LOCK)])
    rows = st.dictionaries(st.sampled_from([*ids, numbered("500", 99)]), errors, min_size=1, max_size=len(ids))
    return st.one_of(
        st.just(Committed("call")),
        st.just(Moved()),
        st.builds(RolledBack, rows, errors),
        st.sampled_from([LOCKED, TOO_BIG, UNCLEAR]),
        st.builds(NotExecuted, st.just("refused"), st.booleans()),
        st.just(Unknown("no answer")),
    )


@given(st.data(), st.integers(1, 24), st.sets(st.integers(1, 24), max_size=4), st.integers(0, 4))
@settings(max_examples=150, deadline=None)
def test_whatever_the_org_answers_every_case_ends_exactly_once(
    data: st.DataObject, count: int, moved: set[int], patience: int
) -> None:
    ledger = FakeLedger()
    may_be_written: set[str] = set()

    def anything(chunk: Chunk) -> Answer:
        keys = {write.key for write in chunk.writes}
        assert {ledger.now_state[key] for key in keys} == {EscalationState.SENDING}, "sent before its intent was stored"
        assert not keys & may_be_written, "sent again although it may have been written"
        answer = data.draw(answers(chunk))
        if isinstance(answer, (Committed, Unknown)):
            may_be_written.update(keys)
        return answer

    ids = {numbered("500", number) for number in moved}
    done = Sent(count, anything, ledger, moved=ids, patience=patience).now()
    assert sorted(done.states) == list(range(1, count + 1))
    assert set(done.states.values()) <= END_STATES
    assert len(done.org.writes) <= 1 + extra(count)
    assert {one.key for one in done.ended if one.state in (State.APPLIED, State.UNKNOWN)} == may_be_written
    kept = {State.APPLIED: "applied", State.REJECTED: "rejected", State.DEFERRED: "planned", State.UNKNOWN: "unknown"}
    assert {one.key: kept[one.state] for one in done.ended} == {
        key: state.value for key, state in ledger.now_state.items()
    }


@given(st.data(), st.integers(1, 12), st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_a_ledger_that_fails_at_any_moment_stops_all_sending(data: st.DataObject, count: int, fails_from: int) -> None:
    ledger = FakeLedger(fails_from=fails_from)
    one = Sent(count, lambda chunk: data.draw(answers(chunk)), ledger)
    try:
        one.now()
    except LeaseLost:
        assert len(ledger.calls) == fails_from, "went on after the ledger failed"
        assert len(one.org.writes) == sum("intended" in call for call in ledger.calls[: fails_from - 1])
    counted = Counter(ended.key for ended in one.ended)
    assert all(times == 1 for times in counted.values())
