"""Rungs that were seen, holds and standings, for each kind of database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.errors import EscalatorError, LeaseLost
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Hold, Standing, StandingState
from sfdc_escalator.ledger.store import SqlLedger
from sfdc_escalator.ledger.trail.holding import hold, release
from tests.ledger.kinds import Kind
from tests.ledger.sample import AT, ORG, OTHER_ORG, change, escalation, start

CASE = escalation().case_id
HOUR = timedelta(hours=1)
LATE, FIRST, LAST = (("support", "supervisor", rung) for rung in ("late", "first", "last"))
OURS = ("support", "supervisor")
A_HOLD = Hold(CASE, "00001234", AT, AT + 8 * HOUR, "The lawyers have it.", "ann")
A_FIELD = replace(A_HOLD, until=None, why="Status is Waiting on Legal", by="support", kind="field", policy="support")


def events_of(kind: Kind, *names: str) -> list[str]:
    found = kind.execute("SELECT event FROM events ORDER BY seq")
    return [event for (event,) in found if event in names]


# -- rungs ------------------------------------------------------------------------------------------------------------


def test_a_rung_is_first_seen_once(ledger: SqlLedger, kind: Kind) -> None:
    """L21: it takes part in escalations that began no earlier than the run that first saw it."""
    with ledger.lease(start()) as lease:
        lease.see_rungs({FIRST: AT, LATE: AT}, [])
        lease.see_rungs({FIRST: AT + HOUR, LATE: AT + HOUR, LAST: AT + HOUR}, [])
    assert ledger.history(ORG).rungs == {OURS: {"first": AT, "late": AT, "last": AT + HOUR}}
    assert not ledger.history(OTHER_ORG).rungs
    assert events_of(kind, "rung_seen") == ["rung_seen"] * 3
    assert kind.verify().problems == ()


def test_a_rung_that_is_gone_is_seen_anew_when_it_comes_back(ledger: SqlLedger, kind: Kind) -> None:
    """L21"""
    with ledger.lease(start()) as lease:
        lease.see_rungs({FIRST: AT, LATE: AT}, [])
        lease.see_rungs({FIRST: AT + HOUR}, [LATE])
        assert ledger.history(ORG).rungs == {OURS: {"first": AT}}
        lease.see_rungs({FIRST: AT + HOUR}, [LATE, LAST])
        lease.see_rungs({FIRST: AT + 2 * HOUR, LATE: AT + 2 * HOUR}, [])
    assert ledger.history(ORG).rungs == {OURS: {"first": AT, "late": AT + 2 * HOUR}}
    assert events_of(kind, "rung_seen", "rung_gone") == ["rung_seen", "rung_seen", "rung_gone", "rung_seen"]
    assert kind.verify().problems == ()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM rungs WHERE rung = 'first'",
        "DELETE FROM rungs WHERE rung = 'late'",
        "UPDATE rungs SET seen_at = '2026-01-01T00:00:00Z' WHERE rung = 'first'",
        "UPDATE rungs SET gone = 0",
        "UPDATE rungs SET route = 'other' WHERE rung = 'late'",
        "UPDATE rungs SET gone = 0, event = 3 WHERE rung = 'late'",
        "INSERT INTO rungs VALUES ('00D000000000001EAA', 'support', 'supervisor', 'new', '2026-01-01T00:00:00Z', 0, 1)",
    ],
)
def test_a_changed_rung_is_found(ledger: SqlLedger, kind: Kind, statement: str) -> None:
    with ledger.lease(start()) as lease:
        lease.see_rungs({FIRST: AT, LATE: AT}, [])
        lease.see_rungs({}, [LATE])
    assert kind.execute("SELECT event FROM events WHERE seq = 3") == [("rung_seen",)]
    kind.execute(statement)
    assert any("the rung " in problem for problem in kind.verify().problems)


# -- holds ------------------------------------------------------------------------------------------------------------


def test_a_hold_needs_no_lease_and_records_who_and_when(ledger: SqlLedger, kind: Kind) -> None:
    """L19: also while a run is at work."""
    with ledger.lease(start()):
        made = hold(ledger, ORG, A_HOLD)
    assert made == replace(A_HOLD, event=2)
    assert ledger.history(ORG).holds == (made,)
    assert not ledger.history(OTHER_ORG).holds
    assert kind.execute("SELECT event, case_id, run FROM events WHERE seq = 2") == [("held", CASE, "")]
    assert kind.verify().problems == ()


def test_a_second_hold_replaces_the_first(ledger: SqlLedger, kind: Kind) -> None:
    """L19: the first ends when the second begins."""
    first = hold(ledger, ORG, A_HOLD)
    second = hold(ledger, ORG, replace(A_HOLD, begin=AT + HOUR, by="bob"))
    assert ledger.history(ORG).holds == (second,)
    with ledger.lease(start()) as lease:  # the past of a case with an open escalation counts for its moments
        lease.record([change(escalation()), change(escalation(), EscalationState.APPLIED)])
    assert ledger.history(ORG).holds == (replace(first, released=AT + HOUR), second)
    assert kind.verify().problems == ()


@pytest.mark.parametrize(
    "other",
    [
        replace(A_HOLD, route="supervisor"),
        replace(A_HOLD, policy="support"),
        replace(A_HOLD, case_id=escalation(2).case_id),
    ],
)
def test_a_hold_of_another_case_policy_or_route_stays(ledger: SqlLedger, other: Hold) -> None:
    hold(ledger, ORG, other)
    hold(ledger, ORG, A_HOLD)
    assert [one.released for one in ledger.history(ORG).holds] == [None, None]


def test_a_hold_that_ended_by_itself_is_not_replaced(ledger: SqlLedger) -> None:
    hold(ledger, ORG, A_HOLD)
    hold(ledger, ORG, replace(A_HOLD, begin=AT + 9 * HOUR, until=AT + 10 * HOUR))
    assert [one.released for one in ledger.history(ORG).holds] == [None, None]


def test_a_release_ends_the_holds_of_the_case(ledger: SqlLedger, kind: Kind) -> None:
    """L19"""
    held = [hold(ledger, ORG, one) for one in (A_HOLD, replace(A_HOLD, route="supervisor"))]
    other = hold(ledger, ORG, replace(A_HOLD, case_id=escalation(2).case_id))
    with ledger.lease(start()) as lease:
        lease.record_holds([A_FIELD], [])
    ended = release(ledger, ORG, CASE, AT + HOUR, "bob")
    assert ended == tuple(replace(one, released=AT + HOUR) for one in held)
    assert [one.event for one in ledger.history(ORG).holds] == [other.event, other.event + 2]  # a field holds by itself
    assert release(ledger, ORG, CASE, AT + HOUR, "bob") == ()
    assert kind.verify().problems == ()
    facts = [bytes(body).decode() for (body,) in kind.execute("SELECT body FROM events WHERE event = 'released'")]
    assert all('"released_by":"bob"' in one for one in facts)


def test_a_release_of_one_route_leaves_the_others(ledger: SqlLedger) -> None:
    every, ours = (hold(ledger, ORG, one) for one in (A_HOLD, replace(A_HOLD, route="supervisor")))
    assert release(ledger, ORG, CASE, AT + HOUR, "bob", "supervisor") == (replace(ours, released=AT + HOUR),)
    assert ledger.history(ORG).holds == (every,)


def test_a_hold_never_ends_before_it_begins(ledger: SqlLedger) -> None:
    made = hold(ledger, ORG, A_HOLD)
    assert release(ledger, ORG, CASE, AT - HOUR, "bob") == (replace(made, released=AT),)


def test_a_run_records_the_holds_of_fields(ledger: SqlLedger, kind: Kind) -> None:
    """L19: `hold_while` is the same by conditions."""
    with ledger.lease(start()) as lease:
        lease.record_holds([A_FIELD, replace(A_FIELD, case_id=escalation(2).case_id)], [])
        first, second = ledger.history(ORG).holds
        assert replace(first, event=0) == A_FIELD
        lease.record_holds([], [replace(first, released=AT + HOUR)])
    assert ledger.history(ORG).holds == (second,)
    assert events_of(kind, "held", "released") == ["held", "held", "released"]
    assert kind.verify().problems == ()


@pytest.mark.parametrize("ended", [{"event": 99, "released": AT}, {"event": 2, "released": None}])
def test_only_a_hold_that_lasts_can_end(ledger: SqlLedger, ended: dict[str, object]) -> None:
    with ledger.lease(start()) as lease:
        lease.record_holds([A_FIELD], [])
        head = ledger.head()
        with pytest.raises(EscalatorError, match="the hold of event"):
            lease.record_holds([A_FIELD], [replace(A_FIELD, **ended)])  # type: ignore[arg-type]
        assert ledger.head() == head
        [known] = ledger.history(ORG).holds
        lease.record_holds([], [replace(known, released=AT)])
        with pytest.raises(EscalatorError, match="the hold of event"):
            lease.record_holds([], [replace(known, released=AT)])


def test_any_text_of_a_person_is_kept(ledger: SqlLedger, kind: Kind) -> None:
    said = replace(A_HOLD, why="nul \0 half \ud83d \"quote\" 'é' \u2028", by="ann\0")
    kept = hold(ledger, ORG, said)
    assert ledger.history(ORG).holds[0] == replace(
        kept, why="nul \ufffd half \ufffd \"quote\" 'é' \u2028", by="ann\ufffd"
    )
    assert kind.verify().problems == ()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM holds WHERE hold = 2",
        "DELETE FROM holds WHERE hold = 3",
        "UPDATE holds SET released = '2026-09-09T00:00:00Z' WHERE hold = 2",
        "UPDATE holds SET until = '2026-09-09T00:00:00Z' WHERE hold = 2",
        "UPDATE holds SET case_id = 'x' WHERE hold = 2",
        "UPDATE holds SET released = NULL WHERE hold = 3",
        "UPDATE holds SET released = NULL, event = 3 WHERE hold = 3",
        "UPDATE holds SET hold = 9 WHERE hold = 3",
        "UPDATE holds SET why = 'x' WHERE hold = 3",
    ],
)
def test_a_changed_hold_is_found(ledger: SqlLedger, kind: Kind, statement: str) -> None:
    with ledger.lease(start()) as lease:
        lease.record_holds([A_FIELD, replace(A_FIELD, route="supervisor")], [])
        _, second = ledger.history(ORG).holds
        assert second.event == 3
        lease.record_holds([], [replace(second, released=AT + HOUR)])
    kind.execute(statement)
    assert any("the hold " in problem for problem in kind.verify().problems)


# -- standings --------------------------------------------------------------------------------------------------------

RUNNING = Standing(StandingState.RUNNING, "late", 2, AT, ("first", "é\U0001f600"), "supervisors", "it waits", "UTC")
ASIDE = Standing(StandingState.ASIDE)
KEYS = [escalation(number).key for number in range(4)]


def test_standings_are_those_of_the_last_run(ledger: SqlLedger, kind: Kind) -> None:
    with ledger.lease(start()) as lease:
        lease.record([change(escalation(number)) for number in range(4)])
        head = ledger.head()
        lease.keep_standings({KEYS[0]: (RUNNING, "digest"), KEYS[1]: (ASIDE, "digest"), KEYS[2]: (ASIDE, "digest")})
        now = {KEYS[0]: (RUNNING, "digest"), KEYS[1]: (RUNNING, "digest"), KEYS[3]: (ASIDE, "new digest")}
        lease.keep_standings(now)
        assert ledger.history(ORG).standings == now
        assert ledger.head() == head  # they are derived, and not part of the chain
        assert not ledger.history(OTHER_ORG).standings
        assert kind.verify().problems == ()
        lease.keep_standings({})
    assert ledger.history(ORG).standings == {}


def test_thousands_of_standings_are_kept_in_one_call(ledger: SqlLedger) -> None:
    many = {f"ESC-{number}": (RUNNING, "digest") for number in range(5_000)}
    with ledger.lease(start()) as lease:
        lease.keep_standings(many)
        lease.keep_standings(many | {"ESC-7": (ASIDE, "digest")})
    assert ledger.history(ORG).standings["ESC-7"] == (ASIDE, "digest")
    assert len(ledger.history(ORG).standings) == 5_000


def test_a_standing_without_an_escalation_is_found(ledger: SqlLedger, kind: Kind) -> None:
    with ledger.lease(start()) as lease:
        lease.keep_standings({KEYS[0]: (RUNNING, "digest")})
    assert any(f"the standing of {KEYS[0]}" in problem for problem in kind.verify().problems)


# -- the lease --------------------------------------------------------------------------------------------------------


def test_a_run_without_its_lease_remembers_nothing(ledger: SqlLedger, kind: Kind) -> None:
    with ledger.lease(start()) as lost:
        kind.execute("UPDATE leases SET heartbeat_at = '2020-01-01T00:00:00Z'")
        with ledger.lease(start("run-2")):
            with pytest.raises(LeaseLost):
                lost.see_rungs({LATE: AT}, [])
            with pytest.raises(LeaseLost):
                lost.record_holds([A_FIELD], [])
            with pytest.raises(LeaseLost):
                lost.keep_standings({KEYS[0]: (ASIDE, "digest")})
    history = ledger.history(ORG)
    assert (history.rungs, history.holds, history.standings) == ({}, (), {})
