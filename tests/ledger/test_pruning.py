"""What ended long ago is removed for good: keys and counts stay, and the trail proves what is missing."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sfdc_escalator.errors import AuditBroken, EscalatorError, RunBusy, counted
from sfdc_escalator.escalation.figures.figure import Figure
from sfdc_escalator.escalation.figures.figures import all_figures
from sfdc_escalator.escalation.figures.period import Period
from sfdc_escalator.escalation.outbox.queued import NoticeState
from sfdc_escalator.escalation.time.ages import Age
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.escalation.world.policy_use import PolicyUse, next_uses
from sfdc_escalator.escalation.world.waitlist import Waitlist
from sfdc_escalator.ledger.engines.postgresql_dialect import PostgresqlDialect
from sfdc_escalator.ledger.engines.sqlite_dialect import SqliteDialect
from sfdc_escalator.ledger.figures.facts import read_facts
from sfdc_escalator.ledger.figures.wanted import Wanted
from sfdc_escalator.ledger.store import SqlLedger, open_trail
from sfdc_escalator.ledger.tables import chain
from sfdc_escalator.ledger.trail.audit import audit_list, audit_show
from sfdc_escalator.ledger.trail.outbox import SqlOutbox
from sfdc_escalator.ledger.upkeep import pruning
from sfdc_escalator.ledger.upkeep.backup import backup
from sfdc_escalator.ledger.upkeep.pruning import prune
from sfdc_escalator.ledger.writing.journal import Author, Journal
from sfdc_escalator.pipeline.ports.ledger import Change, RunEnd
from sfdc_escalator.pipeline.ports.outbox import Settled
from sfdc_escalator.pipeline.read_models.audit_trail import OrgPruned, Pruning
from sfdc_escalator.pipeline.reporting import Source, remarks
from sfdc_escalator.reports.audit_export import Kind as Format
from sfdc_escalator.reports.text.audit import pruned_text
from tests.ledger.kinds import Kind, SqliteKind
from tests.ledger.sample import ORG, OTHER_ORG, all_of, change, escalation, start, turn
from tests.ledger.test_export import FORMATS, text_of, verified
from tests.ledger.test_tampering import without_guards
from tests.notices import notice

QUOTED = "Xylophones of Zanzibar"
LONG_AGO, NOW = datetime(2023, 5, 4, 12, tzinfo=UTC), datetime(2026, 3, 2, 15, tzinfo=UTC)
TWO_YEARS = Age(2, "y")
S = EscalationState


def steps(one: Escalation, *states: S) -> list[Change]:
    return [
        replace(change(one, state), reasons=(f"Subject is {QUOTED}",), note=QUOTED if state is S.SENDING else None)
        for state in states
    ]


class Clock:
    """Both clocks, to be moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = LONG_AGO
        for dialect in (SqliteDialect, PostgresqlDialect):
            monkeypatch.setattr(dialect, "now", lambda _self, _connection: f"{self.now:%Y-%m-%dT%H:%M:%SZ}")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def ledger(kind: Kind) -> Iterator[SqlLedger]:
    with kind.open() as opened:
        yield opened


def run(ledger: SqlLedger, clock: Clock, name: str, *changes: list[Change], org: str = ORG) -> None:
    """A run that records each of these lists of changes in a transaction of its own."""
    with ledger.lease(replace(start(name, org), org_time=clock.now)) as lease:
        for some in changes:
            lease.record(some)
        lease.finish({"exit": 0}, RunEnd(Waitlist(), {}))


@pytest.fixture
def old(ledger: SqlLedger, clock: Clock) -> SqlLedger:
    """Two escalations that ended long ago, one with a rung; one that is open since then; one that ended lately."""
    one, two, opened, late = (escalation(number) for number in (1, 2, 3, 4))
    rung = replace(turn(number=1), start_key=one.key)
    run(
        ledger,
        clock,
        "first",
        [each for it in (one, opened, two, late) for each in steps(it, S.SENDING)],
        [each for it in (one, opened, two, late) for each in steps(it, S.APPLIED)],
    )
    clock.now += timedelta(days=1)
    run(ledger, clock, "second", steps(rung, S.APPLIED))
    clock.now += timedelta(days=1)
    run(ledger, clock, "third", [*steps(one, S.CLOSED), *steps(two, S.CLOSED)])
    clock.now = NOW - timedelta(days=3)
    run(ledger, clock, "fourth", steps(late, S.CLOSED))
    clock.now = NOW
    return ledger


def pruned(ledger: SqlLedger, age: Age = TWO_YEARS) -> Pruning:
    return prune(ledger, age, "vera")


def names(kind: Kind, key: str) -> list[str]:
    return [name for (name,) in kind.execute("SELECT event FROM events WHERE key = ? ORDER BY seq", key)]


def everything(kind: Kind) -> str:
    tables = ("events", "payloads", "escalations", "runs", "notices", "standings")
    cells = [cell for table in tables for row in kind.execute(f"SELECT * FROM {table}") for cell in row]
    return " ".join(bytes(one).decode() if isinstance(one, bytes | memoryview) else str(one) for one in cells)


def test_what_ended_before_is_gone_and_the_rest_stays(old: SqlLedger, kind: Kind) -> None:
    done = pruned(old)
    assert done.before == NOW.replace(year=2024)
    assert done.pruned == (OrgPruned(done.before, 3, 7, 7, 0, 0, 0),)
    assert names(kind, escalation(1).key) == names(kind, escalation(2).key) == names(kind, turn().key) == ["pruned"]
    assert names(kind, escalation(3).key) == ["intended", "applied"]
    assert names(kind, escalation(4).key) == ["intended", "applied", "closed"]
    assert kind.verify().problems == ()
    assert kind.verify().pruned == done.pruned


def test_keys_routes_cases_and_ends_stay_so_that_no_key_becomes_free(old: SqlLedger, kind: Kind) -> None:
    before = {one.key: one for one in all_of(old)}
    pruned(old)
    after = {one.key: one for one in all_of(old)}
    assert after.keys() == before.keys()
    for key, one in after.items():
        assert one == before[key]


def test_the_hash_of_the_last_removed_event_stays(old: SqlLedger, kind: Kind) -> None:
    gone = kind.execute("SELECT seq, hash FROM events WHERE key = ? ORDER BY seq", escalation(2).key)
    pruned(old)
    ((body,),) = kind.execute("SELECT body FROM events WHERE key = ?", escalation(2).key)
    removed = json.loads(bytes(body))["facts"]["removed"]
    assert removed == [[seq, seq, bytes(this).hex()] for seq, this in gone]


def test_the_texts_of_what_was_pruned_are_nowhere(old: SqlLedger, kind: Kind) -> None:
    assert len(kind.execute("SELECT 1 FROM payloads")) == 12
    pruned(old, Age(1, "d"))
    assert len(kind.execute("SELECT 1 FROM payloads")) == 2
    assert {seq for (seq,) in kind.execute("SELECT event FROM payloads")} == {
        seq for (seq,) in kind.execute("SELECT seq FROM events WHERE key = ?", escalation(3).key)
    }


def test_an_escalation_that_is_open_stays_whole_however_old(old: SqlLedger, kind: Kind) -> None:
    pruned(old, Age(1, "d"))
    assert names(kind, escalation(3).key) == ["intended", "applied"]


def test_pruning_again_finds_nothing(old: SqlLedger, kind: Kind) -> None:
    pruned(old)
    head = kind.verify().head
    assert pruned(old).pruned == ()
    assert kind.verify().head == head


def test_a_later_pruning_adds_to_an_earlier_one(old: SqlLedger, kind: Kind) -> None:
    first, second = pruned(old), pruned(old, Age(1, "d"))
    assert names(kind, escalation(4).key) == ["pruned"]
    assert kind.verify().pruned == (*first.pruned, *second.pruned)
    assert kind.verify().problems == ()


def test_the_next_run_goes_on(old: SqlLedger, clock: Clock, kind: Kind) -> None:
    pruned(old)
    clock.now += timedelta(minutes=5)
    run(old, clock, "fifth", steps(escalation(9), S.SENDING), steps(escalation(9), S.APPLIED))
    assert kind.verify().problems == ()


def test_the_list_shows_what_was_pruned_last(old: SqlLedger) -> None:
    pruned(old)
    assert [one.key for one in audit_list(old)][:2] == [escalation(4).key, escalation(3).key]
    assert len(audit_list(old)) == 5
    (event,) = audit_show(old, escalation(1).key)
    assert (event.event, event.body["escalation"]["state"]) == ("pruned", "closed")


def test_while_a_run_is_at_work_nothing_is_pruned(old: SqlLedger, clock: Clock, kind: Kind) -> None:
    with old.lease(replace(start("busy"), org_time=clock.now)), pytest.raises(RunBusy):
        pruned(old)
    assert names(kind, escalation(1).key) == ["intended", "applied", "closed"]


def test_a_ledger_that_was_changed_is_not_pruned(old: SqlLedger, kind: Kind) -> None:
    kind.execute("UPDATE escalations SET case_number = '7' WHERE key = ?", escalation(4).key)
    with pytest.raises(AuditBroken, match="nothing was pruned"):
        pruned(old)
    assert names(kind, escalation(1).key) == ["intended", "applied", "closed"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE leases SET epoch = epoch + 1",
        "UPDATE escalations SET state = 'nonsense'",
        "UPDATE escalations SET ladder = '[['",
        "CREATE TABLE extra (a INTEGER)",
        "CREATE INDEX extra ON runs (host)",
    ],
)
def test_whatever_was_changed_nothing_is_pruned(old: SqlLedger, kind: Kind, statement: str) -> None:
    kind.execute(statement)
    with pytest.raises(AuditBroken, match="nothing was pruned"):
        pruned(old)
    assert names(kind, escalation(1).key) == ["intended", "applied", "closed"]


def test_the_guards_are_back(old: SqlLedger, kind: Kind) -> None:
    pruned(old)
    with pytest.raises(EscalatorError, match=r"never changed|lacks a right"), old.writing() as (connection, _):
        connection.exec_driver_sql("DELETE FROM events WHERE seq = 1")
    assert kind.verify().problems == ()


def test_a_pruning_that_would_leave_a_fault_leaves_all_as_it_was(
    old: SqlLedger, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kind.execute("SELECT seq, hash FROM events ORDER BY seq")
    monkeypatch.setattr(pruning, "removed_facts", lambda _removed: [])
    with pytest.raises(AuditBroken, match="would not verify without what is old; nothing was pruned"):
        pruned(old)
    assert kind.execute("SELECT seq, hash FROM events ORDER BY seq") == before
    assert kind.verify().problems == ()


def test_the_files_are_cleaned_again_where_an_earlier_command_was_killed_before(
    sqlite_kind: SqliteKind, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite_kind.open() as ledger:
        run(ledger, clock, "first", steps(escalation(1), S.SENDING, S.APPLIED, S.CLOSED))
        clock.now = NOW
        monkeypatch.setattr(SqliteDialect, "clean", lambda *_: "another program has the ledger open")
        assert pruned(ledger).not_cleaned
        again = pruned(ledger)
        assert (again.pruned, again.not_cleaned) == ((), "another program has the ledger open")
        assert "! another program" in pruned_text(again)
        monkeypatch.undo()
        again = pruned(ledger)
        assert (again.pruned, again.not_cleaned) == ((), "")
    assert QUOTED.encode() not in b"".join(one.read_bytes() for one in sqlite_kind.path.parent.iterdir())


# -- what else is missing ------------------------------------------------------------------------------------------


@pytest.fixture
def gapped(old: SqlLedger, kind: Kind) -> SqlLedger:
    pruned(old)
    return old


def seqs(kind: Kind) -> list[tuple[int, str]]:
    return [(seq, name) for seq, name in kind.execute("SELECT seq, event FROM events ORDER BY seq")]


def literal(kind: Kind, value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return f"X'{bytes(value).hex()}'" if isinstance(kind, SqliteKind) else f"'\\x{bytes(value).hex()}'"
    return "NULL" if value is None else str(value) if isinstance(value, int) else f"'{value}'"


def test_any_other_event_that_is_removed_is_found(gapped: SqlLedger, kind: Kind) -> None:
    for seq, _ in seqs(kind)[:-1]:
        (row,) = kind.execute("SELECT * FROM events WHERE seq = ?", seq)
        without_guards(kind, f"DELETE FROM events WHERE seq = {seq}")
        assert kind.verify().problems != (), f"event {seq} is not missed"
        without_guards(kind, f"INSERT INTO events VALUES ({', '.join(literal(kind, one) for one in row)})")
        assert kind.verify().problems == ()


def test_an_event_that_records_more_than_was_removed_is_found(gapped: SqlLedger, kind: Kind) -> None:
    """Whoever removes another event may also write that it was pruned: the event that says so then differs."""
    key = escalation(1).key
    ((seq, body),) = kind.execute("SELECT seq, body FROM events WHERE key = ?", key)
    found = json.loads(bytes(body))
    found["facts"]["removed"].append([1, 1, "00" * 32])
    without_guards(kind, f"UPDATE events SET body = {literal(kind, chain.canonical(found))} WHERE seq = {seq}")
    assert any(f"event {seq} was changed" in one for one in kind.verify().problems)


def test_an_event_that_accounts_for_a_gap_alone_is_found(gapped: SqlLedger, kind: Kind) -> None:
    """A pruning also records what it removed of the whole org."""
    ((this,),) = kind.execute("SELECT hash FROM events WHERE seq = 1")
    with gapped.writing() as (connection, at):
        journal = Journal(connection, Author(ORG, "", "", "host"), at)
        facts = {"facts": {"removed": [[1, 1, bytes(this).hex()]]}}
        journal.add("pruned", facts, key="ESC-0000-0000-0000")
        journal.write()
    without_guards(kind, "DELETE FROM events WHERE seq = 1")
    assert any("7 events were pruned of the orgs" in one for one in kind.verify().problems)


def test_events_that_were_pruned_and_are_there_again_are_found(old: SqlLedger, kind: Kind) -> None:
    before = {row[0]: row for row in kind.execute("SELECT * FROM events")}
    pruned(old)
    again = [before[seq] for seq in sorted(before.keys() - {seq for seq, _ in seqs(kind)})]
    for number, row in enumerate(again, 1):
        without_guards(kind, f"INSERT INTO events VALUES ({', '.join(literal(kind, one) for one in row)})")
        assert any(f"{counted(number, 'event')} that were pruned" in one for one in kind.verify().problems)


def test_the_head_of_a_run_that_ended_with_a_notice_still_verifies(ledger: SqlLedger, clock: Clock, kind: Kind) -> None:
    """A run sends after its last event, so that its head is the hash of an event of the escalation."""
    one = escalation(1)
    told = notice(one)
    run(ledger, clock, "first", [replace(change(one), notices=(told,))], steps(one, S.APPLIED))
    SqlOutbox(ledger, ORG, "first").settle([Settled((told.id,), NoticeState.SENT, "as it is", tried=clock.now)])
    head = ledger.head(ORG)
    run(ledger, clock, "second", steps(one, S.CLOSED))
    clock.now = NOW
    assert pruned(ledger).pruned[0].escalations == 1
    assert kind.verify(head).problems == ()


@pytest.mark.parametrize(
    "removed", [[], [[2, 2, "00" * 32]], [[2, 3, "00" * 32]], [[3, 3, "00" * 32]], [[2, 10**9, "00" * 32]], "no list"]
)
def test_a_gap_that_no_event_accounts_for_exactly_is_found(sqlite_kind: SqliteKind, removed: Any) -> None:
    """The chain is forged to its end, so that only the gap itself is wrong."""
    from tests.ledger.test_tampering import record

    sqlite_kind.become(record)
    with sqlite_kind.open() as ledger, ledger.writing() as (connection, at):
        journal = Journal(connection, Author(ORG, "", "", "host"), at)
        journal.add("pruned", {"facts": {"removed": removed}}, key="ESC-0000-0000-0000")
        journal.write()
    without_guards(sqlite_kind, "DELETE FROM events WHERE seq = 2")
    assert any("event 2 is missing" in one for one in sqlite_kind.verify().problems)


# -- notices ---------------------------------------------------------------------------------------------------------


def with_notice(ledger: SqlLedger, clock: Clock, state: NoticeState) -> str:
    """An escalation that ended long ago, with one notice in this state."""
    one = escalation(1)
    told = notice(one)
    run(ledger, clock, "first", [replace(change(one), notices=(told,))], steps(one, S.APPLIED, S.CLOSED))
    outbox = SqlOutbox(ledger, ORG, "first")
    outbox.settle([Settled((told.id,), state, "as it is", tried=clock.now)])
    clock.now = NOW
    return one.key


@pytest.mark.parametrize("state", [NoticeState.SENT, NoticeState.DROPPED])
def test_notices_go_with_their_escalation(ledger: SqlLedger, clock: Clock, kind: Kind, state: NoticeState) -> None:
    key = with_notice(ledger, clock, state)
    (done,) = pruned(ledger).pruned
    assert (done.escalations, done.notices) == (1, 1)
    assert kind.execute("SELECT id FROM notices") == kind.execute("SELECT event FROM payloads") == []
    assert names(kind, key) == ["pruned"]
    assert kind.verify().problems == ()


@pytest.mark.parametrize("state", [NoticeState.WAITING, NoticeState.UNDELIVERED])
def test_an_escalation_stays_while_a_notice_about_it_waits(
    ledger: SqlLedger, clock: Clock, kind: Kind, state: NoticeState
) -> None:
    key = with_notice(ledger, clock, state)
    assert pruned(ledger).pruned == ()
    assert names(kind, key)[0] == "intended"


# -- idle runs -------------------------------------------------------------------------------------------------------


def idle(ledger: SqlLedger, clock: Clock, count: int, org: str = ORG) -> None:
    for _ in range(count):
        clock.now += timedelta(minutes=5)
        at = clock.now
        with ledger.lease(replace(start(f"idle-{at:%Y%m%d%H%M}", org), org_time=at)) as lease:
            used = {"support": PolicyUse("digest-of-support", at, at, watched=at)}
            uses = next_uses(ledger.history(org).policy_uses, used, at)
            lease.finish({"exit": 0}, RunEnd(Waitlist(), uses, is_sandbox=False))


def rows_of_idle_runs(kind: Kind) -> list[int]:
    return [runs for (runs,) in kind.execute("SELECT runs FROM idle_runs ORDER BY event")]


def test_rows_of_idle_runs_before_go_and_their_number_stays(ledger: SqlLedger, clock: Clock, kind: Kind) -> None:
    idle(ledger, clock, 6)
    clock.now += timedelta(days=200)
    idle(ledger, clock, 4)
    clock.now = NOW - timedelta(days=3)
    idle(ledger, clock, 3)
    assert rows_of_idle_runs(kind) == [5, 3, 2]
    old_head = ledger.head(ORG)
    clock.now = NOW
    assert pruned(ledger).pruned == (OrgPruned(NOW.replace(year=2024), 0, 0, 0, 0, 8, kind.verify().pruned[0][-1]),)
    assert rows_of_idle_runs(kind) == [2]
    assert kind.verify(old_head).problems == ()
    idle(ledger, clock, 3)
    assert kind.verify().problems == ()


def test_the_last_head_of_a_row_that_was_pruned_is_still_part_of_the_trail(
    ledger: SqlLedger, clock: Clock, kind: Kind
) -> None:
    idle(ledger, clock, 6)
    head = ledger.head(ORG)
    clock.now = NOW
    run(ledger, clock, "later", steps(escalation(1), S.SENDING))
    pruned(ledger)
    assert rows_of_idle_runs(kind) == []
    assert kind.verify(head).problems == ()
    assert kind.verify("ab" * 32).problems != ()


def test_a_row_that_may_still_grow_stays(ledger: SqlLedger, clock: Clock, kind: Kind) -> None:
    idle(ledger, clock, 6)
    clock.now = NOW
    assert pruned(ledger).pruned == ()
    assert rows_of_idle_runs(kind) == [5]


def test_rows_that_nobody_pruned_are_missed(ledger: SqlLedger, clock: Clock, kind: Kind) -> None:
    idle(ledger, clock, 6)
    clock.now += timedelta(days=400)
    idle(ledger, clock, 6)
    clock.now = NOW
    idle(ledger, clock, 6)
    pruned(ledger, Age(500, "w"))
    without_guards(kind, "DELETE FROM idle_runs WHERE event = (SELECT MIN(event) FROM idle_runs)")
    assert any("idle runs that event" in one for one in kind.verify().problems)


def test_an_event_that_idle_runs_of_another_org_name_stays(ledger: SqlLedger, clock: Clock, kind: Kind) -> None:
    """The newest event at the end of an idle run is part of the proof of that run, whoever wrote it."""
    one = escalation(1, organization=OTHER_ORG)
    idle(ledger, clock, 1)
    with ledger.lease(replace(start("other", OTHER_ORG), org_time=clock.now)) as lease:
        lease.record([replace(change(one), note=QUOTED)])
        idle(ledger, clock, 3)
        lease.record([change(one, S.APPLIED)])
        lease.record([change(one, S.CLOSED)])
        lease.finish({"exit": 0}, RunEnd(Waitlist(), {}))
    clock.now = NOW
    (done,) = pruned(ledger).pruned
    assert (done.escalations, done.events, done.texts) == (1, 2, 3)
    assert names(kind, one.key) == ["intended", "pruned"]
    assert kind.execute("SELECT event FROM payloads") == []
    assert kind.verify().problems == ()


# -- what is over ----------------------------------------------------------------------------------------------------


def over(state: S, message: str = "") -> Escalation:
    return replace(escalation(1, state), message=message)


@pytest.mark.parametrize(
    ("last", "goes"),
    [
        (over(S.CLOSED), True),
        (over(S.GONE), True),
        (over(S.SUPERSEDED), True),
        (over(S.UNDONE, "the case was closed since"), True),
        (over(S.UNDONE), False),
        (over(S.APPLIED), False),
    ],
)
def test_only_what_is_over_goes(ledger: SqlLedger, clock: Clock, kind: Kind, last: Escalation, goes: bool) -> None:
    run(ledger, clock, "first", steps(escalation(1), S.SENDING), steps(escalation(1), S.APPLIED))
    if last.state is not S.APPLIED:
        run(ledger, clock, "second", [change(last)])
    clock.now = NOW
    assert bool(pruned(ledger).pruned) is goes
    (now,) = all_of(ledger)
    assert now.is_over is goes
    assert kind.verify().problems == ()


def test_of_a_case_with_an_escalation_that_is_not_over_all_stay(ledger: SqlLedger, clock: Clock, kind: Kind) -> None:
    first = escalation(1)
    second = Escalation.of(Identity(ORG, "support", "other", first.case_id), S.APPLIED, tried_at=clock.now)
    run(
        ledger, clock, "first", steps(first, S.SENDING, S.APPLIED), steps(second, S.APPLIED), steps(first, S.SUPERSEDED)
    )
    clock.now = NOW
    assert pruned(ledger).pruned == ()


def test_a_turn_goes_with_its_start_though_a_merge_took_it_to_another_case(
    ledger: SqlLedger, clock: Clock, kind: Kind
) -> None:
    one = escalation(1)
    rung = replace(turn(number=1), start_key=one.key, case_id=escalation(2).case_id)
    alone = replace(turn("alone", number=3))
    run(ledger, clock, "first", steps(one, S.SENDING, S.APPLIED), [*steps(rung, S.APPLIED), *steps(alone, S.APPLIED)])
    run(ledger, clock, "second", steps(one, S.CLOSED))
    clock.now = NOW
    pruned(ledger)
    assert names(kind, rung.key) == ["pruned"]
    assert names(kind, alone.key) == ["applied"], "nothing says that it ended"


def test_a_turn_stays_until_its_escalation_ended_before(ledger: SqlLedger, clock: Clock, kind: Kind) -> None:
    one = escalation(1)
    named, found = replace(turn("late", number=1), start_key=one.key), turn("later", number=1)
    run(ledger, clock, "first", steps(one, S.SENDING, S.APPLIED), [*steps(named, S.APPLIED), *steps(found, S.APPLIED)])
    clock.now = NOW - timedelta(days=3)
    run(ledger, clock, "second", steps(one, S.CLOSED))
    clock.now = NOW
    assert pruned(ledger).pruned == ()
    (done,) = pruned(ledger, Age(1, "d")).pruned
    assert done.escalations == 3
    assert names(kind, named.key) == names(kind, found.key) == ["pruned"]


def test_the_turns_of_an_escalation_stay_while_a_notice_about_another_turn_waits(
    ledger: SqlLedger, clock: Clock, kind: Kind
) -> None:
    one = escalation(1)
    first, second = (replace(turn(name, number=1), start_key=one.key) for name in ("late", "later"))
    told = notice(second, start=one)
    run(ledger, clock, "first", steps(one, S.SENDING, S.APPLIED), steps(first, S.APPLIED))
    run(ledger, clock, "second", [replace(each, notices=(told,)) for each in steps(second, S.APPLIED)])
    run(ledger, clock, "third", steps(one, S.CLOSED))
    clock.now = NOW
    assert pruned(ledger).pruned == ()


def test_the_age_counts_from_the_org_s_time_where_that_is_later(ledger: SqlLedger, clock: Clock, kind: Kind) -> None:
    run(ledger, clock, "first", steps(escalation(1), S.SENDING, S.APPLIED, S.CLOSED))
    with ledger.lease(replace(start("second"), org_time=clock.now + timedelta(days=900))) as lease:
        lease.finish({"exit": 0}, RunEnd(Waitlist(), {}))
    assert pruned(ledger).before == LONG_AGO.replace(year=2023) + timedelta(days=900) - timedelta(days=731)
    assert names(kind, escalation(1).key) == ["pruned"]


# -- others ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
def test_an_export_with_gaps_is_whole_and_any_line_less_is_found(
    gapped: SqlLedger, kind: Kind, tmp_path: Path, form: Format
) -> None:
    file = tmp_path / form
    file.write_text(text_of(gapped, form), newline="")
    code, said = verified(file)
    assert (code, "no gap but what was pruned" in said) == (0, True)
    lines = file.read_text().splitlines(keepends=True)
    for number in range(int(form == "csv") + 1, len(lines) - 1):
        file.write_text("".join([*lines[:number], *lines[number + 1 :]]), newline="")
        assert verified(file)[0] == 6, lines[number]


def test_an_export_of_a_period_that_was_pruned_goes_on_to_the_proof(gapped: SqlLedger, tmp_path: Path) -> None:
    file = tmp_path / "period"
    file.write_text(text_of(gapped, "jsonl", None, LONG_AGO + timedelta(hours=1)), newline="")
    assert verified(file)[0] == 0
    assert json.loads(file.read_text().splitlines()[-1])["body"].count('"event":"pruned"') == 1


@pytest.mark.parametrize("form", FORMATS)
def test_an_export_over_idle_runs_that_were_pruned_goes_on_to_the_proof(
    ledger: SqlLedger, clock: Clock, tmp_path: Path, form: Format
) -> None:
    """Also where a later pruning removed none."""
    idle(ledger, clock, 6)
    clock.now += timedelta(days=200)
    idle(ledger, clock, 4)
    run(ledger, clock, "first", steps(escalation(1), S.SENDING, S.APPLIED))
    clock.now = NOW
    pruned(ledger)
    run(ledger, clock, "second", steps(escalation(1), S.CLOSED))
    clock.now += timedelta(days=9)
    assert pruned(ledger, Age(1, "d")).pruned[0].idle_runs == 0
    file, day = tmp_path / form, timedelta(days=1)
    for begin in (None, LONG_AGO, LONG_AGO + day):
        for end in (LONG_AGO + 201 * day, LONG_AGO + 250 * day, None):
            file.write_text(text_of(ledger, form, begin, end), newline="")
            assert verified(file)[0] == 0, (begin, end, verified(file))


def test_a_report_still_counts_the_escalations_that_were_pruned(old: SqlLedger) -> None:
    wanted = Wanted(Period(LONG_AGO - timedelta(days=1), LONG_AGO + timedelta(days=30), ZoneInfo("UTC")))
    before = all_figures(read_facts(old, wanted, NOW), None, None)
    pruned(old)
    after = read_facts(old, wanted, NOW)
    assert all_figures(after, None, None) == before
    assert any("pruned before 2024-03-02" in one for one in remarks(after, Source("here", (ORG,), (), NOW), ""))


def test_a_report_knows_that_a_case_was_escalated_after_a_warning_by_another_route(
    ledger: SqlLedger, clock: Clock
) -> None:
    one = escalation(1)
    warned = replace(one, key="ESC-0000-0000-0000", route="other")
    with ledger.lease(replace(start("first"), org_time=clock.now)) as lease:
        told = notice(warned, kind="warn", queued_at=clock.now, at=clock.now, comes_at=clock.now)
        lease.queue([told])
        lease.record(steps(one, S.SENDING))
        lease.record([*steps(one, S.APPLIED), *steps(one, S.CLOSED)])
        lease.finish({"exit": 0}, RunEnd(Waitlist(), {}))
    SqlOutbox(ledger, ORG, "first").settle([Settled((told.id,), NoticeState.SENT, "as it is", tried=clock.now)])
    clock.now = NOW
    wanted = Wanted(Period(LONG_AGO - timedelta(days=1), LONG_AGO + timedelta(days=30), ZoneInfo("UTC")))
    before = warnings_in(ledger, wanted)
    assert [(row.value, row.of) for figure in before for row in figure.rows] == [(1, None), (0, 1)]
    assert pruned(ledger).pruned[0].escalations == 1
    assert warnings_in(ledger, wanted) == before


def warnings_in(ledger: SqlLedger, wanted: Wanted) -> list[Figure]:
    figures = all_figures(read_facts(ledger, wanted, NOW), None, None)
    return [one for one in figures if one.name in ("warned", "avoided")]


def test_a_backup_of_a_pruned_ledger_verifies(sqlite_kind: SqliteKind, clock: Clock, tmp_path: Path) -> None:
    with sqlite_kind.open() as ledger:
        run(ledger, clock, "first", steps(escalation(1), S.SENDING, S.APPLIED, S.CLOSED))
        clock.now = NOW
        pruned(ledger)
    with open_trail(sqlite_kind.where) as trail:
        assert backup(trail, tmp_path / "copy.db").problems == ()


def test_the_file_shrinks(sqlite_kind: SqliteKind, clock: Clock) -> None:
    with sqlite_kind.open() as ledger:
        for number in range(1, 200):
            one = escalation(number)
            run(ledger, clock, f"run-{number}", steps(one, S.SENDING, S.APPLIED, S.CLOSED))
        clock.now = NOW
        before = sqlite_kind.path.stat().st_size
        assert pruned(ledger).not_cleaned == ""
        assert sqlite_kind.path.stat().st_size < before * 0.8
    assert QUOTED.encode() not in sqlite_kind.path.read_bytes()
