"""Consecutive runs with nothing to do are one row that grows, and still prove that each of them came."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from threading import Barrier
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest

from sfdc_escalator.escalation.figures.period import Period
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Hold
from sfdc_escalator.escalation.world.policy_use import PolicyUse, next_uses
from sfdc_escalator.escalation.world.waitlist import Waiting, Waitlist
from sfdc_escalator.ledger.engines.postgresql_dialect import PostgresqlDialect
from sfdc_escalator.ledger.engines.sqlite_dialect import SqliteDialect
from sfdc_escalator.ledger.figures.facts import read_facts
from sfdc_escalator.ledger.figures.wanted import Wanted
from sfdc_escalator.ledger.idle import counting
from sfdc_escalator.ledger.store import SqlLedger, open_trail
from sfdc_escalator.ledger.trail.holding import hold
from sfdc_escalator.ledger.trail.status import ledger_status
from sfdc_escalator.ledger.trail.undoing import SqlUndoTrail
from sfdc_escalator.pipeline.ports.ledger import RunEnd, RunStart
from sfdc_escalator.pipeline.ports.undoing import RunWrites
from tests.ledger.kinds import Kind
from tests.ledger.sample import ORG, OTHER_ORG, USER, change, escalation
from tests.ledger.test_export import FORMATS, text_of, verified

BEGIN = datetime(2026, 3, 2, 15, tzinfo=UTC)
FIVE = timedelta(minutes=5)
COUNTS = {"applied": 0, "already": 3}
DIGESTS = {"support": "digest-of-support"}


@dataclass
class Cron:
    """Runs at times of our own: both clocks are moved."""

    ledger: SqlLedger
    monkeypatch: pytest.MonkeyPatch
    org: str = ORG
    now: datetime = BEGIN
    number: int = 0
    heads: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for dialect in (SqliteDialect, PostgresqlDialect):
            self.monkeypatch.setattr(dialect, "now", lambda _self, _connection: f"{self.now:%Y-%m-%dT%H:%M:%SZ}")

    @contextmanager
    def lease(self, gap: timedelta = FIVE, **given: Any) -> Iterator[Any]:
        self.now += gap
        self.number += 1
        about = {"user_id": USER, "policies": DIGESTS, **given}
        self.start = RunStart(f"run-{self.number}", self.org, org_time=self.now + timedelta(seconds=1), **about)
        with self.ledger.lease(self.start) as lease:
            yield lease

    def end(self, lease: Any, waitlist: Waitlist | None = None, **counts: int) -> None:
        at = self.start.org_time
        assert at
        used = {name: PolicyUse(digest, at, at, watched=at) for name, digest in self.start.policies.items()}
        uses = next_uses(self.ledger.history(self.org).policy_uses, used, at)
        self.now += timedelta(seconds=2)
        lease.finish({"exit": 0, **COUNTS, **counts}, RunEnd(waitlist or Waitlist(), uses, is_sandbox=False))
        self.heads.append(self.ledger.head(self.org) or "")
        self.now -= timedelta(seconds=2)

    def idle(self, times: int = 1, gap: timedelta = FIVE, **given: Any) -> None:
        for _ in range(times):
            with self.lease(gap, **given) as lease:
                self.end(lease)


@pytest.fixture
def cron(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> Cron:
    return Cron(ledger, monkeypatch)


def counters(kind: Kind) -> list[int]:
    return [runs for (runs,) in kind.execute("SELECT runs FROM idle_runs ORDER BY event")]


def events(kind: Kind) -> list[str]:
    return [event for (event,) in kind.execute("SELECT event FROM events ORDER BY seq")]


def test_consecutive_idle_runs_are_one_row_that_grows_a_counter(cron: Cron, kind: Kind) -> None:
    cron.idle(5)
    assert (counters(kind), events(kind)) == ([4], ["run_started", "run_finished"])
    found = kind.verify(cron.ledger.head())
    assert (found.problems, found.events, found.idle_runs, found.head) == ((), 2, 4, cron.heads[-1])


def test_a_hold_after_idle_runs_leaves_the_trail_whole(cron: Cron, kind: Kind) -> None:
    """Its event binds them, and the lease is still that of the newest of them."""
    cron.idle(5)
    hold(cron.ledger, ORG, Hold(escalation(1).case_id, "00001234", cron.now, None, "the customer asked", "ann"))
    assert kind.verify().problems == ()
    cron.idle(2)
    assert kind.verify().problems == ()


def test_the_state_after_idle_runs_is_that_of_runs_that_are_recorded_by_themselves(
    cron: Cron, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    cron.idle(4)
    history, status = cron.ledger.history(ORG), ledger_status(cron.ledger)
    assert counters(kind) == [3]
    kind.open().close()
    monkeypatch.setattr(counting, "MOST", 0)
    cron.org, cron.now, cron.number = OTHER_ORG, BEGIN, 10
    cron.idle(4)
    alone, by_itself = cron.ledger.history(OTHER_ORG), ledger_status(cron.ledger)
    assert counters(kind) == [3]
    assert (history.org_time, history.policy_uses) == (alone.org_time, alone.policy_uses)
    assert history.policy_uses["support"].watched_before == BEGIN + 3 * FIVE + timedelta(seconds=1)
    assert status.last_run
    assert by_itself.last_run
    assert (status.last_run.run, status.last_run.started) == ("run-4", BEGIN + 4 * FIVE)
    for name in ("host", "started", "finished", "exit", "result"):
        assert getattr(status.last_run, name) == getattr(by_itself.last_run, name), name
    assert status.last_success == status.last_run


def test_the_head_that_each_idle_run_printed_is_proved(cron: Cron, kind: Kind) -> None:
    cron.idle(4)
    assert len(set(cron.heads)) == 4
    with cron.lease() as lease:
        lease.record([change(escalation())])
    assert [kind.verify(head).problems for head in cron.heads] == [()] * 4
    assert kind.verify("ab" * 32).problems


def test_a_run_that_records_something_is_recorded_with_its_start_and_freezes_the_row(cron: Cron, kind: Kind) -> None:
    cron.idle(3)
    with cron.lease() as lease:
        lease.mark_live([])
        assert events(kind) == ["run_started", "run_finished"]
        lease.record([change(escalation()), change(escalation(), EscalationState.APPLIED)])
        cron.end(lease, applied=1)
    assert events(kind)[2:] == ["run_started", "intended", "applied", "run_finished"]
    ((body, bound),) = kind.execute("SELECT v.body, i.bound FROM events v JOIN idle_runs i ON v.seq = i.bound")
    assert (bound, json.loads(bytes(body))["idle_runs"]["runs"]) == (3, 2)
    cron.idle(3)
    assert counters(kind) == [2, 2]
    assert kind.verify(cron.ledger.head()).problems == ()


@pytest.mark.parametrize(
    "other",
    [{"user_id": "005000000000009AAA"}, {"policies": {"support": "another digest"}}, {"policies": {"other": "digest"}}],
)
def test_a_run_by_another_user_or_with_other_policies_starts_a_new_row(
    cron: Cron, kind: Kind, other: dict[str, Any]
) -> None:
    cron.idle(3)
    cron.idle(2, **other)
    assert counters(kind) == [2, 1]
    assert kind.verify().problems == ()


def test_a_gap_of_more_than_three_times_the_shortest_starts_a_new_row(cron: Cron, kind: Kind) -> None:
    cron.idle(3)
    cron.idle(1, 3 * FIVE)
    assert counters(kind) == [3]
    cron.idle(1, 3 * FIVE + timedelta(seconds=1))
    cron.idle(2)
    assert counters(kind) == [3, 2]


@pytest.mark.parametrize(("gap", "rows"), [(timedelta(minutes=7), [4]), (timedelta(minutes=7, seconds=30), [2, 1])])
def test_a_run_that_says_how_often_runs_come_starts_a_new_row_after_a_missed_one(
    cron: Cron, kind: Kind, gap: timedelta, rows: list[int]
) -> None:
    cron.idle(3, expect_every=FIVE)
    cron.idle(1, gap, expect_every=FIVE)
    cron.idle(1, expect_every=FIVE)
    assert counters(kind) == rows


def test_a_row_is_bounded(cron: Cron, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST", 3)
    cron.idle(9)
    assert counters(kind) == [3, 3]
    assert kind.verify().problems == ()


def test_a_run_that_leaves_something_else_or_ends_with_another_code_is_recorded(cron: Cron, kind: Kind) -> None:
    cron.idle(2)
    with cron.lease() as lease:
        cron.end(lease, exit=3)
    cron.idle(2)
    with cron.lease() as lease:
        cron.end(lease, Waitlist((Waiting("held", "a part is missing"),), 1))
    with cron.lease() as lease:
        lease.finish({"exit": 5, "error": "unreachable"})
    assert counters(kind) == [1, 1]
    assert events(kind).count("run_finished") == 5
    assert kind.verify().problems == ()


def test_counts_that_change_are_kept_with_their_run(cron: Cron, kind: Kind) -> None:
    cron.idle(2)
    for already in (4, 4, 7):
        with cron.lease() as lease:
            cron.end(lease, already=already)
    last = ledger_status(cron.ledger).last_run
    assert (counters(kind), last and last.result) == ([4], {"exit": 0, **COUNTS, "already": 7})
    assert kind.verify().problems == ()


def test_of_the_threads_of_a_run_one_records_its_start(cron: Cron, kind: Kind) -> None:
    """Chunks of cases are sent at the same time; the first one that is intended brings the start."""
    cron.idle(2)
    together = Barrier(8)
    with cron.lease() as lease:

        def intend(number: int) -> None:
            together.wait(60)
            lease.record([change(escalation(number))])

        with ThreadPoolExecutor(8) as threads:
            assert [*threads.map(intend, range(8))] == [None] * 8
        cron.end(lease)
    assert events(kind)[2:] == ["run_started", *["intended"] * 8, "run_finished"]
    assert kind.verify().problems == ()


def test_a_killed_run_is_recorded_by_the_next_one_though_it_wrote_nothing(cron: Cron, kind: Kind) -> None:
    cron.idle(2)
    with cron.lease():
        lost = kind.execute("SELECT * FROM leases")
        running = ledger_status(cron.ledger).last_run
    assert running
    assert (running.run, running.finished) == ("run-3", None)
    assert kind.verify().problems == ()
    assert lost[0][2] == "run-3"
    cron.idle(1)
    runs = kind.execute("SELECT run, finished_at FROM runs ORDER BY event")
    assert [(run, bool(at)) for run, at in runs] == [("run-1", True), ("run-3", False), ("run-4", True)]
    assert kind.verify().problems == ()


def test_a_clock_that_was_set_back_does_not_hide_the_runs_since(cron: Cron, kind: Kind) -> None:
    cron.idle(3)
    with cron.lease(-2 * timedelta(days=1)) as lease:
        lease.finish({"exit": 5, "error": "org"})
    failed = ledger_status(cron.ledger)
    cron.idle(3)
    again = ledger_status(cron.ledger)
    with cron.lease(-timedelta(hours=1)):
        running = ledger_status(cron.ledger)
    assert counters(kind) == [2, 2]
    assert [one.last_run and one.last_run.run for one in (failed, again, running)] == ["run-4", "run-7", "run-8"]
    assert [one.last_success and one.last_success.run for one in (failed, again)] == ["run-3", "run-7"]


def test_orgs_of_one_ledger_have_rows_of_their_own_that_prove_each_others_events(
    cron: Cron, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Cron(cron.ledger, monkeypatch, OTHER_ORG, number=100)
    for one in (cron, other, cron, other, cron, other):
        one.now = max(cron.now, other.now)
        monkeypatch.setattr(SqliteDialect, "now", lambda _s, _c, one=one: f"{one.now:%Y-%m-%dT%H:%M:%SZ}")
        monkeypatch.setattr(PostgresqlDialect, "now", lambda _s, _c, one=one: f"{one.now:%Y-%m-%dT%H:%M:%SZ}")
        one.idle(1)
    assert counters(kind) == [2, 2]
    assert [kind.verify(head).problems for head in (*cron.heads, *other.heads)] == [()] * 6
    ((lines,), _) = kind.execute("SELECT lines FROM idle_runs ORDER BY event")
    assert '{"after":[4,' in lines.split("\n")[0]
    assert "after" not in lines.split("\n")[1]


@pytest.mark.parametrize("format_", FORMATS)
def test_an_export_holds_the_idle_runs_and_verifies_without_this_program(
    cron: Cron, kind: Kind, tmp_path: Path, format_: Literal["jsonl", "csv"]
) -> None:
    cron.idle(3)
    with cron.lease() as lease:
        lease.record([change(escalation()), change(escalation(), EscalationState.APPLIED)])
        cron.end(lease, applied=1)
    cron.idle(3)
    file = tmp_path / "export"
    with open_trail(kind.where) as trail:
        file.write_text(text := text_of(trail, format_), encoding="utf-8")
        middle = text_of(trail, "jsonl", BEGIN + 2.5 * FIVE, BEGIN + 2.6 * FIVE)
    assert verified(file) == (0, f"whole: events 1 to 8, no gap; idle runs: 4; last hash {cron.heads[-1]}\n")
    lines = text.splitlines(keepends=True)
    (place,) = (number for number, line in enumerate(lines) if "run-2" in line)
    others = (
        [*lines[:place], *lines[place + 1 :]],
        [line.replace("run-2", "run-7") for line in lines],
        [*lines, lines[-1]],
    )
    for other in others:
        file.write_text("".join(other), encoding="utf-8")
        assert verified(file)[0] == 6
    assert [json.loads(line)["seq"] for line in middle.splitlines()] == [2, 2]  # it says that runs came in the period


def test_a_report_counts_every_idle_run_and_the_longest_time_without_one(cron: Cron, kind: Kind) -> None:
    cron.idle(10)
    cron.idle(1, 2 * FIVE)
    with cron.lease(), open_trail(kind.where) as trail:
        found = read_facts(trail, Wanted(Period(BEGIN, BEGIN + timedelta(days=1), ZoneInfo("UTC"))), cron.now).runs
    assert len(found.times) == 12
    assert max(after - before for before, after in pairwise(found.times)) == 2 * FIVE


def test_an_idle_run_is_a_run_that_an_undo_knows(cron: Cron) -> None:
    cron.idle(3)
    trail = SqlUndoTrail(cron.ledger, ORG)
    assert trail.written_by("run-3") == RunWrites(frozenset())
    assert trail.written_by("run-30") is None


# -- tampering --------------------------------------------------------------------------------------------------------


def changed(kind: Kind, statement: str) -> Sequence[str]:
    from tests.ledger.test_tampering import without_guards

    without_guards(kind, statement)
    return kind.verify().problems


CHANGES = [
    "UPDATE idle_runs SET runs = runs + 1",
    "UPDATE idle_runs SET lines = lines || 'run-9' || chr(10)",
    "UPDATE idle_runs SET lines = replace(lines, 'run-3', 'run-7')",
    "UPDATE idle_runs SET lines = 'garbage'",
    "UPDATE idle_runs SET lines = ''",
    "UPDATE idle_runs SET organization_id = 'another'",
    "UPDATE idle_runs SET event = 1",
    "UPDATE idle_runs SET bound = 1",
    "DELETE FROM idle_runs",
]


@pytest.mark.parametrize("statement", CHANGES)
@pytest.mark.parametrize("is_bound", [False, True])
def test_a_changed_counter_is_found(cron: Cron, kind: Kind, statement: str, is_bound: bool) -> None:
    cron.idle(4)
    if is_bound:
        with cron.lease() as lease:
            lease.record([change(escalation())])
    assert kind.verify().problems == ()
    if kind.where.endswith(".db"):
        statement = statement.replace("chr(10)", "char(10)")
    assert changed(kind, statement)


def test_a_bound_row_that_was_written_anew_with_its_hash_is_found(cron: Cron, kind: Kind) -> None:
    from sfdc_escalator.ledger.idle.rows import row_after
    from sfdc_escalator.ledger.idle.runs import text_of
    from sfdc_escalator.ledger.tables.chain import hash_of
    from tests.ledger.test_tampering import without_guards

    cron.idle(4)
    head = cron.heads[-1]
    with cron.ledger.reading() as connection:
        row = row_after(connection, 2)
    assert row
    lines = "".join(row.columns["lines"].splitlines(keepends=True)[:2])
    anew = hash_of(bytes.fromhex(row.base.run.after[1]), text_of(2, ORG, 2, lines)).hex()
    value = f"X'{anew}'" if kind.where.endswith(".db") else f"'\\x{anew}'"
    without_guards(
        kind,
        f"UPDATE idle_runs SET runs = 2, lines = '{lines}', hash = {value}",
        f"UPDATE leases SET epoch = epoch - 1, started_at = '{BEGIN:%Y-%m-%dT%H:%M:%SZ}'",
    )
    # An unkeyed hash can be computed anew by whoever can write the ledger: a kept head finds it.
    assert kind.verify().problems == ()
    assert kind.verify(head).problems


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM idle_runs",
        "UPDATE idle_runs SET runs = runs + 2, lines = lines || 'x'",
        "UPDATE idle_runs SET runs = runs + 1, lines = 'x'",
        "UPDATE idle_runs SET runs = runs - 1",
        "UPDATE idle_runs SET hash = event",
        "UPDATE idle_runs SET event = 7",
    ],
)
def test_the_database_refuses_another_change_than_a_run_more(cron: Cron, kind: Kind, statement: str) -> None:
    import sqlite3

    import psycopg

    cron.idle(3)
    with pytest.raises((sqlite3.Error, psycopg.Error)):
        kind.execute(statement)
    with cron.lease() as lease:
        lease.record([change(escalation())])
    with pytest.raises((sqlite3.Error, psycopg.Error)):  # it is frozen now
        kind.execute("UPDATE idle_runs SET runs = runs + 1, lines = lines || 'x'")


def test_a_transaction_that_fails_leaves_the_start_with_its_lease(cron: Cron, kind: Kind) -> None:
    cron.idle(2)
    with cron.lease() as lease:
        with pytest.raises(Exception, match="cannot become"):
            lease.record([change(escalation(), event="applied")])
        assert events(kind) == ["run_started", "run_finished"]
        cron.end(lease)
    assert counters(kind) == [2]
    assert kind.verify().problems == ()


def test_the_times_of_all_idle_runs_are_kept(cron: Cron, kind: Kind) -> None:
    from sfdc_escalator.ledger.idle.rows import open_rows

    gaps = [300, 301, 299, 300, 890, 300]
    cron.idle(1)
    for gap in gaps:
        cron.idle(1, timedelta(seconds=gap))
    with open_trail(kind.where) as trail, trail.reading() as connection:
        (row,) = open_rows(connection, ORG)
    times = [row.base.run.org_time, *(one.org_time for one in row.runs)]
    assert [int((b - a).total_seconds()) for a, b in pairwise(times)] == gaps
    assert [one.run for one in row.runs] == [f"run-{number}" for number in range(2, 8)]
