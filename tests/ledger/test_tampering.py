"""What no event records is verified too; a value that no run can have written never crashes a command."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.escalation.outbox.queued import NoticeState
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Hold, Standing, StandingState
from sfdc_escalator.escalation.world.waitlist import Waitlist
from sfdc_escalator.ledger.audit.verification import verify
from sfdc_escalator.ledger.engines.sqlite_dialect import GUARDS
from sfdc_escalator.ledger.store import SqlHistory, open_history, open_ledger, open_trail
from sfdc_escalator.ledger.tables.schema import leases, metadata
from sfdc_escalator.ledger.trail.audit import audit_list, audit_show
from sfdc_escalator.ledger.trail.notices import notice_list, notice_shown, notices_of_case
from sfdc_escalator.ledger.trail.notices_by_hand import drop, retry
from sfdc_escalator.ledger.trail.outbox import SqlOutbox
from sfdc_escalator.ledger.trail.status import ledger_status
from sfdc_escalator.pipeline.notify import delivery
from sfdc_escalator.pipeline.ports.ledger import RunEnd
from sfdc_escalator.pipeline.ports.outbox import Settled
from tests.ledger.kinds import Kind, PostgresqlKind, SqliteKind
from tests.ledger.old_ledger import load
from tests.ledger.sample import AT, LADDER, ORG, all_of, change, escalation, start, turn
from tests.notices import notice
from tests.pipeline.outboxes import FakeChannels
from tests.sampling import WHOLE


def record(kind: Kind) -> None:
    """Idle runs; a run that ended, and one that was sending when it was killed; its lease stands."""
    with kind.open() as ledger:
        for run in ("idle-1", "idle-2", "idle-3"):
            begin = replace(start(run), org_time=AT.replace(microsecond=0))
            with ledger.lease(begin) as lease:
                lease.finish({"exit": 0}, RunEnd(Waitlist(), {}))
    with kind.open() as ledger, ledger.lease(start()) as lease:
        lease.record([change(escalation(1), note="A note."), change(escalation(2))])
        lease.record(
            [replace(change(escalation(1), EscalationState.APPLIED), notices=(notice(1), notice(1, channel="bell")))]
        )
        lease.record([change(replace(escalation(1), state=EscalationState.APPLIED, ladder=LADDER), event="started")])
        lease.record([change(turn())])
        lease.mark_live([("support", "supervisor")])
        lease.see_rungs({("support", "supervisor", "late"): AT}, [])
        lease.record_holds([Hold(escalation(1).case_id, "00001234", AT, None, "Status is Legal", "support")], [])
        lease.keep_standings({escalation(1).key: (Standing(StandingState.RUNNING, "late", 1, AT, ("new",)), "digest")})
        lease.finish({"exit": 0})
    with kind.open() as ledger:
        outbox = SqlOutbox(ledger, ORG, "run-1")
        (first,) = (one for one in outbox.queued() if one.id == notice(1).id)
        assert outbox.claim([first], first.id, AT)
    with kind.open() as ledger, ledger.lease(start("run-2")):
        kind.execute("CREATE TABLE kept AS SELECT * FROM leases")
    kind.execute("DELETE FROM leases")
    kind.execute("INSERT INTO leases SELECT * FROM kept")
    kind.execute("DROP TABLE kept")


def record_soundly(kind: Kind) -> None:
    record(kind)
    assert kind.verify().problems == ()


@pytest.fixture
def recorded(kind: Kind) -> Kind:
    kind.become(record_soundly)
    return kind


def found(kind: Kind) -> str:
    """The problems, or the error, of a verification."""
    try:
        return "\n".join(kind.verify().problems)
    except EscalatorError as error:
        return f"{error.message} (exit {error.exit_code})"


# -- leases, the version row ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM leases",
        "UPDATE leases SET epoch = 1",
        "UPDATE leases SET epoch = 900",
        "UPDATE leases SET run = 'run-1'",
        "UPDATE leases SET host = 'elsewhere'",
        "UPDATE leases SET pid = pid + 1",
        "UPDATE leases SET organization_id = 'another'",
        "UPDATE leases SET started_at = '2099-01-01T00:00:00Z', heartbeat_at = '2099-01-01T00:00:00Z'",
        "UPDATE leases SET started_at = 'soon'",
        "UPDATE leases SET heartbeat_at = ''",
        "UPDATE leases SET heartbeat_at = '2001-01-01T00:00:00Z'",
        "INSERT INTO leases SELECT 'another', epoch, run, host, boot, pid, pid_start, started_at, heartbeat_at, start "
        "FROM leases LIMIT 1",
    ],
)
def test_a_changed_lease_is_found(recorded: Kind, statement: str) -> None:
    recorded.execute(statement)
    assert "lease of the org" in found(recorded)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO alembic_version VALUES ('0001')",
        "INSERT INTO alembic_version VALUES ('0005 ')",
        "UPDATE alembic_version SET version_num = ''",
        "DELETE FROM alembic_version",
    ],
)
def test_another_version_row_is_found(recorded: Kind, statement: str) -> None:
    recorded.execute(statement)
    assert "version" in found(recorded)
    assert ending(lambda: open_history(recorded.where)) == 2
    assert ending(lambda: open_ledger(recorded.where, create=True)) == 2


# -- the schema -------------------------------------------------------------------------------------------------------

ADDED = [
    ("CREATE VIEW extra AS SELECT * FROM events", "view extra"),
    ("CREATE TABLE extra (a INTEGER)", "table extra"),
    ("CREATE INDEX extra ON runs (host)", "index of runs over host"),
    ("CREATE UNIQUE INDEX extra ON runs (host, event)", "unique index of runs over host, event"),
    ("CREATE INDEX extra ON runs (host) WHERE pid > 7", "index of runs over host WHERE"),
    ("DROP INDEX events_by_key", "index of events over key, seq is missing"),
    ("ALTER TABLE runs ADD COLUMN extra TEXT", "column runs.extra"),
]
SQLITE = [
    ("CREATE TRIGGER extra AFTER INSERT ON leases BEGIN SELECT 1; END", "trigger extra on leases"),
    ("CREATE TRIGGER extra AFTER UPDATE ON escalations BEGIN DELETE FROM leases; END", "trigger extra on escalations"),
    ("CREATE VIRTUAL TABLE extra USING fts5(a)", "table extra"),
]
POSTGRESQL = [
    ("CREATE RULE extra AS ON INSERT TO runs DO NOTHING", "rule extra on runs"),
    ("ALTER TABLE escalations ENABLE ROW LEVEL SECURITY", "row-level security on escalations"),
    ("ALTER TABLE events FORCE ROW LEVEL SECURITY", "row-level security on events"),
    ("CREATE POLICY extra ON escalations USING (false)", "policy extra on escalations"),
    ("CREATE TRIGGER extra BEFORE INSERT ON leases EXECUTE FUNCTION in_order()", "trigger extra on leases"),
    ("CREATE FUNCTION extra() RETURNS int LANGUAGE sql AS 'SELECT 1'", "function extra"),
    ("CREATE MATERIALIZED VIEW extra AS SELECT * FROM runs", "relation extra"),
    ("CREATE SEQUENCE extra", "sequence extra"),
    ("CREATE TABLE extra () INHERITS (runs)", "child table extra on runs"),
    ("ALTER TABLE runs ADD CONSTRAINT extra CHECK (pid > 0) NOT VALID", "constraint extra on runs"),
    ("ALTER TABLE runs ALTER host DROP NOT NULL", "column runs.host"),
    ("ALTER TABLE runs ALTER pid TYPE bigint", "column runs.pid"),
    ("ALTER TABLE runs ALTER host SET DEFAULT 'x'", "column runs.host"),
]


@pytest.mark.parametrize(("statement", "words"), ADDED)
def test_a_changed_schema_is_found(recorded: Kind, statement: str, words: str) -> None:
    recorded.execute(statement)
    assert words in found(recorded)


@pytest.mark.parametrize(("statement", "words"), SQLITE)
def test_a_changed_schema_of_sqlite_is_found(sqlite_kind: SqliteKind, statement: str, words: str) -> None:
    sqlite_kind.become(record_soundly)
    sqlite_kind.execute(statement)
    assert words in found(sqlite_kind)


@pytest.mark.parametrize(("statement", "words"), POSTGRESQL)
def test_a_changed_schema_of_postgresql_is_found(postgresql_kind: PostgresqlKind, statement: str, words: str) -> None:
    postgresql_kind.become(record_soundly)
    postgresql_kind.execute(statement)
    assert words in found(postgresql_kind)


def test_a_migrated_ledger_verifies(kind: Kind) -> None:
    from sfdc_escalator.ledger.upkeep.migration import migrate

    kind.become(load)
    migrate(kind.where, "ann")
    assert kind.verify().problems == ()


# -- emptied ----------------------------------------------------------------------------------------------------------


def without_guards(kind: Kind, *statements: str) -> None:
    if isinstance(kind, PostgresqlKind):
        with psycopg.connect(kind.where, options="-csearch_path=sfdc_escalator") as connection:
            connection.execute("SET session_replication_role = replica")
            for statement in statements:
                connection.execute(statement.encode())
        return
    for guard in GUARDS:
        kind.execute(f"DROP TRIGGER {guard}")
    for statement in (*statements, *GUARDS.values()):
        kind.execute(statement)


@pytest.mark.parametrize("left", sorted({*metadata.tables} - {"alembic_version", "events"}))
def test_an_empty_trail_beside_rows_is_found(recorded: Kind, left: str) -> None:
    tables = [table for table in metadata.tables if table not in (left, "alembic_version")]
    without_guards(recorded, *(f"DELETE FROM {table}" for table in tables))
    assert recorded.verify().events == 0
    assert recorded.verify().problems


# -- values that no run can have written ------------------------------------------------------------------------------

WRONG: list[Any] = [
    None, "", "garbage", "[1", "[" * 9_000, '{"a": 1}', "7", "9999-12-31T23:59:59Z", "2026-03-02T15:00:00",
    "\x1b[2J", "\u202e", -1, 0, 7, 2**31 - 1, 2**40, 1.5, b"\x00\xff", "'; --", "é" * 50,
]  # fmt: skip
COLUMNS = [(table.name, column.name) for table in metadata.tables.values() for column in table.columns]


def uses(where: str) -> Iterator[Callable[[], object]]:
    """Everything that a command does with a ledger."""

    def read() -> None:
        reader = open_history(where)
        history = reader.history(ORG)
        reader.head()
        assert isinstance(reader, SqlHistory)
        [one.try_again_at() for one in (*history.everything(), *all_of(reader))]
        sorted(history.users)

    def audit() -> None:
        with open_trail(where) as trail:
            entries = audit_list(trail)
            audit_show(trail, entries[0].key)

    def by_hand() -> None:
        with open_ledger(where, create=False) as ledger:
            for one in notice_list(ledger, ORG, 9).notices:
                notice_shown(ledger, ORG, one.id)
            notices_of_case(ledger, ORG, escalation(1).case_id)
            retry(ledger, ORG, [], "ann")
            drop(ledger, ORG, [], "ann", "called")

    def run() -> None:
        with open_ledger(where, create=False) as ledger:
            ledger.history(ORG)
            with ledger.lease(start("run-3")) as lease:
                lease.record([change(escalation(3))])
                lease.mark_live([("support", "other")])
                lease.see_rungs({("support", "other", "late"): AT}, [("support", "supervisor", "late")])
                lease.keep_standings({})
                lease.finish({"exit": 0})

    def deliver() -> None:
        with open_ledger(where, create=False) as ledger:
            outbox = SqlOutbox(ledger, ORG, "run-3")
            waiting = [one for one in outbox.queued() if one.id == notice(1, channel="bell").id]
            outbox.delivered(AT)
            if outbox.claim(waiting, "bundle", AT):
                outbox.settle([Settled(tuple(one.id for one in waiting), NoticeState.SENT, tried=AT)])
            outbox.counts()

    def send() -> None:
        with open_ledger(where, create=False) as ledger:
            delivery.deliver(SqlOutbox(ledger, ORG, "run-3"), FakeChannels(), {}, lambda: AT)

    yield read
    yield by_hand
    yield deliver
    yield send
    yield audit
    yield lambda: ledger_status(open_trail(where))
    yield lambda: verify(open_trail(where))
    yield run


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_no_value_in_any_cell_crashes_anything(sqlite_kind: SqliteKind, table: str, column: str) -> None:
    sqlite_kind.become(record_soundly)
    for value in random.Random(f"{table}.{column}").sample(WRONG, 6 if WHOLE else 2):
        for path in sqlite_kind.path.parent.iterdir():
            path.unlink()
        sqlite_kind.become(record_soundly)
        with closing(sqlite3.connect(sqlite_kind.path, isolation_level=None)) as connection:
            for guard in GUARDS:
                connection.execute(f"DROP TRIGGER {guard}")
            try:
                one_row = f"SELECT max(rowid) FROM {table}"
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ({one_row})", (value,))
            except sqlite3.Error:
                continue  # the database refuses this value
            for guard in GUARDS.values():
                connection.execute(guard)
        for use in uses(sqlite_kind.where):
            assert ending(use) in (0, 2, 3, 6), value


def ending(use: Callable[[], object]) -> int:
    """The exit code; any other exception is a crash."""
    try:
        use()
    except EscalatorError as error:
        return error.exit_code
    return 0


@pytest.mark.parametrize("seed", range(8 if WHOLE else 2))
def test_no_value_in_a_cell_on_a_server_crashes_anything(postgresql_kind: PostgresqlKind, seed: int) -> None:
    dice = random.Random(seed)
    postgresql_kind.become(record_soundly)
    table, column = dice.choice(COLUMNS)
    is_number = isinstance(metadata.tables[table].c[column].type, sa.Integer)
    value = dice.choice([one for one in WRONG if isinstance(one, int if is_number else str)])
    with psycopg.connect(postgresql_kind.where, options="-csearch_path=sfdc_escalator") as connection:
        connection.execute("SET session_replication_role = replica")
        try:
            connection.execute(f"UPDATE {table} SET {column} = %s".encode(), (value,))
        except psycopg.Error:
            connection.rollback()
    for use in uses(postgresql_kind.where):
        assert ending(use) in (0, 2, 3, 6), (table, column, value)


def test_every_wrong_value_of_a_lease_is_named(sqlite_kind: SqliteKind) -> None:
    for column in leases.columns:
        sqlite_kind.become(record_soundly)
        sqlite_kind.execute(f"UPDATE leases SET {column.name} = X'00FF'")
        assert "lease of the org" in found(sqlite_kind) or "leases, " in found(sqlite_kind), column.name
