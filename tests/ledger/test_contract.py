"""The contract of every ledger, for each kind of database."""

import threading
import time
from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sfdc_escalator.errors import EscalatorError, LeaseLost, RunBusy
from sfdc_escalator.escalation.world.escalation import CASE_CLOSED, Escalation, EscalationState
from sfdc_escalator.ledger.store import SqlLedger
from sfdc_escalator.ledger.tables.states import AFTER, FIRST
from sfdc_escalator.ledger.writing.lease import Terms
from tests.ledger.kinds import Kind
from tests.ledger.sample import AT, EVENT_OF, ORG, OTHER_ORG, USER, WROTE, all_of, change, escalation, start, turn

NASTY = "quote \" back \\ tab \t line \n bell \x07 del \x7f nul \0 half \ud83d whole \U0001f600 \u2028 'é' {}$%?:x"
LONG_AGO = "2020-01-01T00:00:00Z"


def of(ledger: SqlLedger, key: str) -> Escalation:
    return {one.key: one for one in all_of(ledger)}[key]


def minutes_ago(minutes: int) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_new_ledger_is_empty(ledger: SqlLedger) -> None:
    history = ledger.history(ORG)
    assert history.empty
    assert not history.everything()
    assert not history.live
    assert not history.users
    assert ledger.head() is None


def test_a_recorded_change_is_read_by_the_next_run(kind: Kind) -> None:
    ours = [escalation(1), replace(escalation(2, EscalationState.ADOPTED), before=None, wrote=None, tried_at=None)]
    with kind.open() as ledger, ledger.lease(start()) as lease:
        lease.record([change(one) for one in ours])
    with kind.open() as again:
        assert {one.key: one for one in all_of(again)} == {one.key: one for one in ours}
        assert not again.history(ORG).empty


def test_a_change_replaces_the_earlier_state(ledger: SqlLedger) -> None:
    with ledger.lease(start()) as lease:
        lease.record([change(escalation())])
        lease.record([change(replace(escalation(), message="fine"), EscalationState.APPLIED)])
    assert all_of(ledger) == (replace(escalation(), state=EscalationState.APPLIED, message="fine"),)


def test_orgs_do_not_see_each_other(ledger: SqlLedger) -> None:
    with ledger.lease(start()) as ours, ledger.lease(start("run-2", OTHER_ORG)) as others:
        ours.record([change(escalation())])
        others.record([change(escalation(organization=OTHER_ORG))])
        others.mark_live([("support", "supervisor")])
    assert len(all_of(ledger)) == 1
    assert not ledger.history(ORG).live
    assert ledger.history(OTHER_ORG).live == {("support", "supervisor")}


def test_users_are_those_of_the_runs_and_a_route_goes_live_once(ledger: SqlLedger, kind: Kind) -> None:
    for run, user in (("run-1", USER), ("run-2", "005000000000002AAA")):
        with ledger.lease(start(run, user=user)) as lease:
            lease.mark_live([("support", "rma"), ("support", "supervisor")])
    history = ledger.history(ORG)
    assert history.users == {USER, "005000000000002AAA"}
    assert history.live == {("support", "rma"), ("support", "supervisor")}
    assert kind.execute("SELECT count(*) FROM events WHERE event = 'went_live'") == [(2,)]


def test_a_lost_ledger_is_still_empty_after_a_refused_run(ledger: SqlLedger) -> None:
    """The second run after a loss must refuse as the first did."""
    with ledger.lease(start()) as lease:
        lease.finish({"exit": 4})
    assert ledger.history(ORG).empty


TURNS = {"start": escalation(1), "late": turn("late"), "undo": turn("undo")}


@pytest.mark.parametrize("rung", TURNS)
def test_the_history_has_the_cases_with_something_that_is_not_over_and_the_past_has_all(kind: Kind, rung: str) -> None:
    one = TURNS[rung]
    kind.become(recorded_once)
    with kind.open() as ledger:
        for state, message in [*((state, "") for state in EscalationState), (EscalationState.UNDONE, CASE_CLOSED)]:
            kind.execute("UPDATE escalations SET rung = ?, state = ?, message = ?", rung, state.value, message)
            [known] = ledger.past(ORG, [one.case_id])
            assert (known.rung, known.state, known.message) == (rung, state, message)
            history = ledger.history(ORG)
            assert history.everything() == (() if known.is_over else (known,))
            assert not history.empty


def recorded_once(kind: Kind) -> None:
    with kind.open() as ledger, ledger.lease(start()) as lease:
        lease.record([change(escalation(1))])


def test_the_past_has_whole_cases_by_their_ids_and_by_keys_of_this_org(ledger: SqlLedger) -> None:
    cases = [escalation(number, EscalationState.ADOPTED) for number in range(1, 4)]
    with ledger.lease(start()) as ours, ledger.lease(start("run-2", OTHER_ORG)) as others:
        ours.record([change(one) for one in cases])
        ours.record([change(turn(number=2))])
        ours.record([change(one, EscalationState.GONE) for one in cases])
        others.record([change(escalation(1, organization=OTHER_ORG))])
    assert not ledger.history(ORG).everything()

    def numbers(case_ids: Collection[str], keys: Collection[str] = ()) -> list[tuple[str, str]]:
        return sorted((one.case_id, one.rung) for one in ledger.past(ORG, case_ids, keys))

    first, second, third = (one.case_id for one in cases)
    assert numbers([second, "nobody"]) == [(second, "late"), (second, "start")]
    assert numbers([first], [turn(number=2).key]) == [(first, "start"), (second, "late"), (second, "start")]
    assert numbers([], [escalation(1, organization=OTHER_ORG).key, "nonsense"]) == numbers([]) == []
    assert len(numbers([f"500{number:012}AAA" for number in range(2_000)])) == 4
    assert [one.case_id for one in ledger.past(OTHER_ORG, [first, third])] == [first]


def test_a_case_is_whole_where_one_of_its_escalations_is_not_over(ledger: SqlLedger) -> None:
    with ledger.lease(start()) as lease:
        lease.record([change(escalation(1)), change(turn(state=EscalationState.SKIPPED))])
    assert {one.rung for one in ledger.history(ORG).everything()} == {"start", "late"}


@pytest.mark.parametrize("old", [None, *EscalationState])
def test_only_known_changes_of_state_are_stored(ledger: SqlLedger, old: EscalationState | None) -> None:
    allowed = FIRST if old is None else AFTER[old]
    with ledger.lease(start()) as lease:
        for number, new in enumerate(EscalationState):
            if old is not None:
                lease.record([change(escalation(number), state) for state in way_to(old)])
            if new in allowed:
                lease.record([change(escalation(number), new)])
                assert of(ledger, escalation(number).key).state is new
            else:
                before = ledger.head()
                with pytest.raises(EscalatorError, match="cannot become"):
                    lease.record([change(escalation(number), new)])
                assert ledger.head() == before


def way_to(state: EscalationState) -> list[EscalationState]:
    """The states of an escalation on the way to this one."""
    ways: list[list[EscalationState]] = [[first] for first in sorted(FIRST)]
    while ways[0][-1] is not state:
        way = ways.pop(0)
        ways += [[*way, after] for after in sorted(AFTER[way[-1]]) if after not in way]
    return ways[0]


def test_an_event_must_match_its_state(ledger: SqlLedger) -> None:
    with ledger.lease(start()) as lease, pytest.raises(EscalatorError, match="cannot become"):
        lease.record([change(escalation(), event="applied")])


def test_a_bounce_is_recorded_and_keeps_the_state(ledger: SqlLedger, kind: Kind) -> None:
    with ledger.lease(start()) as lease:
        lease.record([change(escalation())])
        lease.record([change(escalation(), EscalationState.APPLIED)])
        lease.record([change(escalation(), EscalationState.APPLIED, event="bounced")])
        with pytest.raises(EscalatorError, match="cannot become"):
            lease.record([change(escalation(2, EscalationState.APPLIED), event="bounced")])
    assert of(ledger, escalation().key).state is EscalationState.APPLIED
    assert kind.execute("SELECT count(*) FROM events WHERE event = 'bounced'") == [(1,)]


def test_changes_are_stored_all_or_not_at_all(ledger: SqlLedger) -> None:
    with ledger.lease(start()) as lease:
        head = ledger.head()
        with pytest.raises(EscalatorError):
            lease.record([change(escalation(1)), change(escalation(2, EscalationState.REJECTED))])
        assert ledger.head() == head
    assert not all_of(ledger)


def test_one_call_may_change_one_escalation_twice(ledger: SqlLedger) -> None:
    with ledger.lease(start()) as lease:
        lease.record([change(escalation()), change(escalation(), EscalationState.APPLIED)])
    assert of(ledger, escalation().key).state is EscalationState.APPLIED


def test_a_time_without_a_zone_is_refused(ledger: SqlLedger) -> None:
    naive = replace(escalation(), tried_at=AT.replace(tzinfo=None))
    with ledger.lease(start()) as lease, pytest.raises(EscalatorError, match="no zone"):
        lease.record([change(naive)])


def test_an_event_records_user_change_reason_time_and_call(ledger: SqlLedger, kind: Kind) -> None:
    from sfdc_escalator.ledger.trail.audit import audit_show

    with ledger.lease(start()) as lease:
        lease.record([replace(change(escalation(), note="Please call."), facts={"depth": (1, {"a": None})})])
    (actual,) = audit_show(ledger, escalation().key)
    assert actual.body["who"].keys() == {"host", "user_id"}
    assert actual.body["who"]["user_id"] == USER
    assert actual.body["about"] | {"note": "", "at": "", "seq": 0} == {
        "at": "",
        "case_id": escalation().case_id,
        "event": "intended",
        "key": escalation().key,
        "note": "",
        "organization_id": ORG,
        "run": "run-1",
        "seq": 0,
    }
    assert actual.body["escalation"] | {"sent_at": "", "epoch": 1} == {
        "attempts": 1,
        "before": {"OwnerId": "00G000000000001AAA", "Priority": None, "Status": "New"},
        "case_number": "00001234",
        "ended_at": None,
        "episode": 1,
        "epoch": 1,
        "ladder": None,
        "message": "",
        "moment": None,
        "start_key": None,
        "policy": "support",
        "route": "supervisor",
        "rung": "start",
        "sent_at": "",
        "state": "sending",
        "tried_at": "2026-03-02T15:00:30.250000Z",
        "turn": 1,
        "wrote": {"OwnerId": "00G000000000002AAA", "Priority": "Urgent", "Status": "Open"},
    }
    rest = {"call": "call-7", "facts": {"depth": [1, {"a": None}]}, "policy_digest": "digest-of-support"}
    assert {name: actual.body[name] for name in rest} == rest
    assert [len(one) for one in actual.body["reasons"]] == [len("sha256:") + 64]
    assert dict(actual.texts) == {"reasons": ["it waits"]}
    assert actual.note == "Please call."
    bodies = b"".join(bytes(body) for (body,) in kind.execute("SELECT body FROM events"))
    assert not any(text in bodies for text in (b"Please call.", b"it waits"))


def test_any_text_is_kept_and_verifies(ledger: SqlLedger, kind: Kind) -> None:
    one = replace(escalation(), message=NASTY, route=NASTY, before=WROTE | {"Status": NASTY})
    ours = replace(change(one, note=NASTY), reasons=(NASTY,), facts={NASTY: NASTY}, call=NASTY, case_number=NASTY)
    kept = NASTY.replace("\0", "\ufffd").replace("\ud83d", "\ufffd")
    with ledger.lease(start('run "1" \\ é')) as lease:
        lease.record([ours])
        lease.mark_live([(NASTY.replace("\0", "").replace("\ud83d", ""), "route")])
        lease.finish({"exit": 0, "text": NASTY})
    assert of(ledger, one.key).message == kept
    assert of(ledger, one.key).before == WROTE | {"Status": kept}
    assert kind.verify(ledger.head()).problems == ()


def test_the_head_moves_with_every_event(ledger: SqlLedger) -> None:
    with ledger.lease(start()) as lease:
        first = ledger.head()
        lease.record([change(escalation())])
        assert ledger.head() not in (None, first)


def test_a_second_run_gets_the_holder_of_the_lease(ledger: SqlLedger, kind: Kind) -> None:
    import os
    import socket

    with ledger.lease(start()), kind.open() as second:
        with pytest.raises(RunBusy) as busy, second.lease(start("run-2")):
            pass
        assert (busy.value.host, busy.value.pid) == (socket.gethostname(), os.getpid())
        assert busy.value.exit_code == 0
        assert "run-1" in busy.value.message
    assert kind.execute("SELECT run FROM runs") == [("run-1",)]


def test_a_run_that_takes_too_long_is_stuck_in_spite_of_its_heartbeat(ledger: SqlLedger, kind: Kind) -> None:
    with ledger.lease(start()):
        kind.execute("UPDATE leases SET started_at = ?", minutes_ago(31))
        with pytest.raises(RunBusy) as busy, ledger.lease(start("run-2")):
            pass
        assert busy.value.exit_code == 3


def test_the_lease_is_free_when_the_run_is_over_even_by_an_error(ledger: SqlLedger) -> None:
    with pytest.raises(RuntimeError), ledger.lease(start()):
        raise RuntimeError("the run broke")
    with ledger.lease(start("run-2")):
        pass


def test_a_silent_holder_loses_the_lease_and_writes_no_more(ledger: SqlLedger, kind: Kind) -> None:
    with ledger.lease(start()) as silent:
        kind.execute("UPDATE leases SET heartbeat_at = ?", minutes_ago(2))
        with ledger.lease(start("run-2")) as new:
            head = ledger.head()
            with pytest.raises(LeaseLost):
                silent.record([change(escalation())])
            with pytest.raises(LeaseLost):
                silent.mark_live([("support", "supervisor")])
            with pytest.raises(LeaseLost):
                silent.finish({})
            assert ledger.head() == head
            new.record([change(escalation())])
    assert of(ledger, escalation().key).state is EscalationState.SENDING


def test_a_run_that_lost_the_lease_does_not_release_the_new_one(ledger: SqlLedger, kind: Kind) -> None:
    with ExitStack() as winner:
        with ledger.lease(start()):
            kind.execute("UPDATE leases SET heartbeat_at = ?", LONG_AGO)
            lease = winner.enter_context(ledger.lease(start("run-2")))
        lease.record([change(escalation())])
        with pytest.raises(RunBusy), ledger.lease(start("run-3")):
            pass


@pytest.mark.parametrize("minutes", [1, -1])
def test_a_holder_on_another_host_keeps_the_lease_until_it_is_silent(
    ledger: SqlLedger, kind: Kind, minutes: int
) -> None:
    with ledger.lease(start()):
        kind.execute("UPDATE leases SET host = 'elsewhere', pid = 1, heartbeat_at = ?", minutes_ago(minutes))
        with pytest.raises(RunBusy), ledger.lease(start("run-2")):
            pass


def test_a_heartbeat_far_in_the_future_does_not_hold_the_lease_for_ever(ledger: SqlLedger, kind: Kind) -> None:
    with ledger.lease(start()):
        kind.execute("UPDATE leases SET heartbeat_at = ?", minutes_ago(-60))
        with ledger.lease(start("run-2")):
            pass


def test_escalations_that_a_lost_run_was_sending_are_unknown_before_the_next_run_begins(
    ledger: SqlLedger, kind: Kind
) -> None:
    with ledger.lease(start()) as lease:
        lease.record([change(escalation(1)), change(escalation(2)), change(escalation(3, EscalationState.ADOPTED))])
        lease.record([change(escalation(2), EscalationState.APPLIED)])
    with ledger.lease(start("run-2")):
        assert of(ledger, escalation(1).key).state is EscalationState.UNKNOWN
        assert of(ledger, escalation(2).key).state is EscalationState.APPLIED
        assert of(ledger, escalation(3).key).state is EscalationState.ADOPTED
        assert of(ledger, escalation(1).key).tried_at == AT
    assert kind.execute("SELECT key, run FROM events WHERE event = 'unknown'") == [(escalation(1).key, "run-2")]
    assert kind.verify().problems == ()


def test_a_run_renews_its_heartbeat_while_it_works(kind: Kind) -> None:
    with kind.open(Terms(beat=timedelta(milliseconds=5))) as ledger, ledger.lease(start()):
        kind.execute("UPDATE leases SET heartbeat_at = ?", LONG_AGO)
        until = time.monotonic() + 60
        while kind.execute("SELECT heartbeat_at FROM leases") == [(LONG_AGO,)]:
            assert time.monotonic() < until


def test_every_write_renews_the_heartbeat(ledger: SqlLedger, kind: Kind) -> None:
    with ledger.lease(start()) as lease:
        kind.execute("UPDATE leases SET heartbeat_at = ?", LONG_AGO)
        lease.record([change(escalation())])
        assert kind.execute("SELECT heartbeat_at FROM leases") != [(LONG_AGO,)]


def test_the_threads_of_a_run_write_one_unbroken_chain(ledger: SqlLedger, kind: Kind) -> None:
    with ledger.lease(start()) as lease:

        def work(first: int) -> None:
            for number in range(first, first + 5):
                lease.record([change(escalation(number))])
                lease.record([change(escalation(number), EscalationState.APPLIED)])

        threads = [threading.Thread(target=work, args=(first,)) for first in (10, 20, 30, 40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lease.finish({"exit": 0})
    found = kind.verify(ledger.head())
    assert (found.events, found.problems) == (42, ())
    assert len(all_of(ledger)) == 20


def test_a_run_has_one_name(ledger: SqlLedger) -> None:
    with ledger.lease(start()):
        pass
    with pytest.raises(EscalatorError, match="run-1 already"), ledger.lease(start()):
        pass


def test_thousands_of_changes_go_in_one_call(ledger: SqlLedger) -> None:
    with ledger.lease(start()) as lease:
        lease.record([change(escalation(number, EscalationState.ADOPTED)) for number in range(1_500)])
        lease.record([change(escalation(number), EscalationState.SUPERSEDED) for number in range(1_500)])
    assert {one.state for one in all_of(ledger)} == {EscalationState.SUPERSEDED}


def test_every_state_has_an_event_that_records_it() -> None:
    assert set(EVENT_OF) == set(EscalationState)
