"""What the ledger remembers of ladders with the escalations, for each kind of database."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged, LadderFacts, Moved
from sfdc_escalator.ledger.store import SqlLedger, open_trail
from sfdc_escalator.ledger.tables import chain
from sfdc_escalator.ledger.tables.ladder import ladder_facts_of, ladder_row
from sfdc_escalator.ledger.tables.times import EARLIEST, LATEST
from sfdc_escalator.ledger.trail.status import ledger_status
from tests.ledger.kinds import Kind
from tests.ledger.sample import AT, LADDER, ORG, all_of, change, escalation, start, turn


def applied(ladder: LadderFacts | None = None) -> Escalation:
    return replace(escalation(), state=EscalationState.APPLIED, ladder=ladder)


def of(ledger: SqlLedger, key: str) -> Escalation:
    return {one.key: one for one in all_of(ledger)}[key]


def test_the_facts_of_a_ladder_come_back_equal(ledger: SqlLedger, kind: Kind) -> None:
    with ledger.lease(start()) as lease:
        lease.record([change(escalation()), change(applied(LADDER))])
    assert of(ledger, applied().key) == applied(LADDER)
    assert kind.execute("SELECT ladder FROM escalations") == [
        (
            '{"acknowledged":{"at":"2026-03-02T17:00:30.250000Z","by":"005000000000001AAA","how":"owner"},'
            '"due":"2026-03-03T15:00:30.250000Z","exhausted":"2026-03-03T15:00:30.250000Z",'
            '"moved":{"late":{"base":"2026-03-02T16:00:30.250000Z","time":1800.000007,"written":"after 30m"}},'
            '"origin":"500000000000009AAA","proved":["spoke"],"started":"2026-03-02T15:00:30.250000Z"}',
        )
    ]
    assert kind.verify().problems == ()


TEXT = st.text(max_size=8)
TIMES = st.datetimes(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None) - timedelta(days=1)).map(
    lambda at: at.replace(tzinfo=AT.tzinfo)
)
LADDERS = st.builds(
    LadderFacts,
    st.none() | TIMES,
    st.none() | TIMES,
    st.none() | st.builds(Acknowledged, TIMES, st.none() | TEXT, TEXT),
    st.dictionaries(TEXT, st.builds(Moved, TIMES, st.timedeltas(timedelta(), timedelta(days=9_999)), TEXT), max_size=3),
    st.lists(TEXT, max_size=3).map(tuple),
    st.none() | TIMES,
    TEXT,
)


@given(LADDERS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_facts_come_back_equal_from_their_canonical_text(facts: LadderFacts) -> None:
    text = chain.canonical(ladder_row(facts)).decode()
    found = ladder_facts_of(text)
    assert chain.canonical(ladder_row(found)).decode() == text
    if "\0" not in text and "\\u0000" not in text and "\N{REPLACEMENT CHARACTER}" not in text:
        assert found == facts


@pytest.mark.parametrize(
    ("event", "ladder"),
    [
        ("started", replace(LADDER, acknowledged=None, moved={}, exhausted=None)),
        ("exhausted", replace(LADDER, acknowledged=None)),
        ("acknowledged", replace(LADDER, moved={})),
        ("moved", LADDER),
    ],
)
def test_an_applied_start_learns_more_about_its_ladder(
    ledger: SqlLedger, kind: Kind, event: str, ladder: LadderFacts
) -> None:
    """L1, L8, L13, L16: stored with an event of its own; the state stays."""
    with ledger.lease(start()) as lease:
        lease.record([change(escalation()), change(applied())])
        lease.record([change(applied(ladder), event=event)])
    assert of(ledger, applied().key) == applied(ladder)
    assert kind.execute("SELECT count(*) FROM events WHERE event = ?", event) == [(1,)]
    assert kind.verify().problems == ()


@pytest.mark.parametrize("event", ["started", "acknowledged", "moved", "exhausted"])
@pytest.mark.parametrize("state", [None, EscalationState.SENDING, EscalationState.ADOPTED, EscalationState.PLANNED])
def test_only_an_applied_start_has_a_ladder_that_moves_on(
    ledger: SqlLedger, event: str, state: EscalationState | None
) -> None:
    """L6: adopted cases have no ladder."""
    with ledger.lease(start()) as lease:
        if state:
            lease.record([change(escalation(state=state))])
        for now in (state or EscalationState.APPLIED, EscalationState.APPLIED):
            with pytest.raises(EscalatorError, match="cannot become"):
                lease.record([change(replace(escalation(), state=now, ladder=LADDER), event=event)])


def test_a_rung_that_writes_nothing_is_recorded_as_applied_with_its_moment(ledger: SqlLedger, kind: Kind) -> None:
    """L10: the ledger alone remembers it."""
    with ledger.lease(start()) as lease:
        lease.record([change(turn())])
    found = of(ledger, turn().key)
    assert found == turn()
    assert found.moment == AT + timedelta(hours=1)
    assert not found.is_found
    assert kind.verify().problems == ()


def test_a_skipped_turn_is_final(ledger: SqlLedger) -> None:
    """L5: of turns missed, each but the latest gets a `skipped` row."""
    with ledger.lease(start()) as lease:
        lease.record([change(turn(state=EscalationState.SKIPPED))])
        for state in EscalationState:
            with pytest.raises(EscalatorError, match="cannot become"):
                lease.record([change(turn(state=state))])


def test_a_withheld_move_is_tried_until_the_guard_lets_it(ledger: SqlLedger, kind: Kind) -> None:
    """L11"""
    states = (
        EscalationState.WITHHELD,
        EscalationState.WITHHELD,
        EscalationState.PLANNED,
        EscalationState.WITHHELD,
        EscalationState.SENDING,
        EscalationState.APPLIED,
    )
    with ledger.lease(start()) as lease:
        for state in states:
            lease.record([change(turn(state=state))])
    assert of(ledger, turn().key).state is EscalationState.APPLIED
    assert kind.verify().problems == ()


def test_a_rung_that_a_killed_run_was_sending_is_unknown_and_keeps_its_moment(ledger: SqlLedger) -> None:
    with ledger.lease(start()) as lease:
        lease.record([change(turn(state=EscalationState.SENDING))])
    with ledger.lease(start("run-2")):
        found = of(ledger, turn().key)
    assert (found.state, found.moment) == (EscalationState.UNKNOWN, turn().moment)


def test_the_open_escalations_of_a_ledger_are_starts(ledger: SqlLedger, kind: Kind) -> None:
    with ledger.lease(start()) as lease:
        lease.record([change(escalation()), change(applied(LADDER)), change(turn()), change(turn(turn=2))])
    with open_trail(kind.where) as trail:
        assert ledger_status(trail).open == 1


@pytest.mark.parametrize(
    "changed",
    [
        "ladder = NULL",
        "ladder = '{}'",
        "ladder = replace(ladder, 'owner', 'spoke')",
        "ladder = ladder || ' '",
        "moment = '2026-03-02T15:00:30Z'",
    ],
)
def test_a_changed_fact_of_a_ladder_is_found(ledger: SqlLedger, kind: Kind, changed: str) -> None:
    with ledger.lease(start()) as lease:
        lease.record([change(escalation()), change(applied(LADDER))])
    kind.execute(f"UPDATE escalations SET {changed}")
    assert any("its row differs from its event" in problem for problem in kind.verify().problems)


@pytest.mark.parametrize(
    "text",
    ["[]", "7", "{}",
     '{"acknowledged":null,"due":"2026","exhausted":null,"moved":{},"origin":null,"proved":[],"started":null}',
     '{"acknowledged":null,"due":null,"exhausted":null,"moved":{"a":{"base":null,"time":1,"written":""}},'
     '"origin":null,"proved":[],"started":null}',
     '{"acknowledged":null,"due":null,"exhausted":null,"moved":{},"origin":null,"proved":[7],"started":null}',
     '{"acknowledged":7,"due":null,"exhausted":null,"moved":{},"origin":null,"proved":[],"started":null}',
     '{"acknowledged":null,"due":null,"exhausted":null,"moved":{"a":{"base":"2026-03-02T15:00:30Z","time":1e13,"written":""}},'
     '"origin":null,"proved":[],"started":null}',
     '{"acknowledged":null,"due":null,"exhausted":"9999-03-02T15:00:30Z","moved":{},"origin":null,"proved":[],"started":null}',
     '{"acknowledged":null,"due":"9999-03-02T15:00:30Z","exhausted":null,"moved":{},"origin":null,"proved":[],"started":null}'],
)  # fmt: skip
def test_a_ladder_that_no_run_can_have_written_names_its_escalation(ledger: SqlLedger, kind: Kind, text: str) -> None:
    with ledger.lease(start()) as lease:
        lease.record([change(escalation())])
    kind.execute("UPDATE escalations SET ladder = ?", text)
    with pytest.raises(EscalatorError, match=escalation().key):
        ledger.history(ORG)
