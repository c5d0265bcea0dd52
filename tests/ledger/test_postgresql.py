"""A ledger in PostgreSQL: its URL, connection, guards and loss."""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import product
from urllib.parse import urlsplit

import psycopg
import pytest

from sfdc_escalator.errors import AuditBroken, EscalatorError, Invalid, LedgerUnusable, RunBusy
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.ladder_facts import Hold
from sfdc_escalator.ledger.engines.database import table_of
from sfdc_escalator.ledger.engines.postgresql_dialect import FUNCTIONS, GUARDS, REVOKED
from sfdc_escalator.ledger.engines.registry import database_of
from sfdc_escalator.ledger.store import open_history, open_ledger, open_trail
from sfdc_escalator.ledger.tables.schema import escalations, events, holds, live_routes, payloads, rungs, runs
from sfdc_escalator.ledger.writing.lease import Terms
from tests.ledger.kinds import PostgresqlKind, empty
from tests.ledger.sample import AT, ORG, all_of, change, escalation, start
from tests.ledger.server import a_database
from tests.sampling import some

SECRET = "hunter2hunter2"


# -- named ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "where"),
    [
        (f"postgresql://ann:{SECRET}@db.example:5433/ours", "postgresql://ann@db.example:5433/ours"),
        (f"postgresql+psycopg://ann:{SECRET}@db/ours?sslmode=require", "postgresql://ann@db/ours"),
        (f"postgres://db/ours?password={SECRET}", "postgresql://db/ours"),
        ("postgresql:///ours?host=/run/postgresql", "postgresql:///ours"),
    ],
)
def test_a_ledger_on_a_server_is_shown_without_secrets(url: str, where: str) -> None:
    assert database_of(url).where == where


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://ann:{SECRET}@db",
        f"postgresql://ann:{SECRET}@db:port/ours",
        f"postgresql+psycopg2://ann:{SECRET}@db/ours",
    ],
)
def test_a_url_that_is_not_understood_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        database_of(url)
    assert SECRET not in f"{refused.value} {refused.value.problems}"
    assert "postgresql://USER@HOST" in str(refused.value.problems[0])


def test_a_missing_driver_is_reported_with_the_command_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sfdc_escalator.ledger.engines.postgresql", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(Invalid, match=r"sfdc-escalator\[pg\]") as refused:
        open_history("postgresql://db/ours")
    assert refused.value.exit_code == 2


# -- reached ----------------------------------------------------------------------------------------------------------


@contextmanager
def a_server_that_says(code: str, words: str) -> Iterator[int]:
    """The port of a server that answers each start-up with this error (PostgreSQL manual, message formats)."""

    def part(kind: bytes, text: str) -> bytes:
        return kind + text.encode() + b"\0"

    fields = part(b"S", "FATAL") + part(b"V", "FATAL") + part(b"C", code) + part(b"M", words) + b"\0"
    answer = b"E" + (len(fields) + 4).to_bytes(4) + fields

    def serve() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with line:
                while len(asked := line.recv(1024)) == 8:  # may we speak TLS or GSS?
                    line.sendall(b"N")
                if asked:
                    line.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(
    ("code", "words", "advice"),
    [
        ("28P01", 'password authentication failed for user "ann"', "~/.pgpass"),
        ("28000", f'no pg_hba.conf entry for host "::1", user "ann", password {SECRET}', "allow this host"),
        ("3D000", 'database "ours" does not exist', "createdb"),
        ("53300", "sorry, too many clients already", "too many"),
        ("57P03", "the database system is starting up", "cannot be reached"),
    ],
)
def test_a_server_that_refuses_the_login_is_reported_with_advice(code: str, words: str, advice: str) -> None:
    with a_server_that_says(code, words) as port:
        url = f"postgresql://ann:{SECRET}@127.0.0.1:{port}/ours"
        for attempt in (open_history, open_trail, lambda where: open_ledger(where, create=True)):
            with pytest.raises(LedgerUnusable, match=advice) as refused:
                attempt(url)
            assert SECRET not in refused.value.message
            assert refused.value.exit_code == 2
            assert "\n" not in refused.value.message


def test_a_server_that_is_down_is_reported(postgresql_kind: PostgresqlKind) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(LedgerUnusable, match="is the server running"):
        open_history(f"postgresql://ann:{SECRET}@127.0.0.1:{port}/ours")


def test_a_missing_database_is_reported(postgresql_kind: PostgresqlKind) -> None:
    with pytest.raises(LedgerUnusable, match="createdb"):
        open_ledger(f"{postgresql_kind.where}_of_nobody", create=True)


# -- recognised -------------------------------------------------------------------------------------------------------


def test_a_rehearsal_creates_nothing_in_a_database_without_a_ledger(postgresql_kind: PostgresqlKind) -> None:
    reader = open_history(postgresql_kind.where)
    assert (reader.history(ORG), reader.head(), reader.where) == (History(), None, postgresql_kind.where)
    with pytest.raises(LedgerUnusable, match=r"the ledger .* does not exist"):
        open_ledger(postgresql_kind.where, create=False)
    with pytest.raises(LedgerUnusable, match=r"the ledger .* does not exist"):
        open_trail(postgresql_kind.where)
    assert postgresql_kind.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'sfdc_escalator'") == []


def test_a_schema_of_another_program_is_refused_and_left_as_it_is(postgresql_kind: PostgresqlKind) -> None:
    postgresql_kind.execute("CREATE SCHEMA sfdc_escalator")
    for attempt in (open_history, open_trail, lambda where: open_ledger(where, create=True)):
        with pytest.raises(LedgerUnusable, match="of another program"):
            attempt(postgresql_kind.where)
    assert postgresql_kind.execute("SELECT 1 FROM information_schema.tables WHERE table_schema='sfdc_escalator'") == []


@pytest.mark.parametrize(("version", "words"), [("0000", "ledger migrate"), ("0006", "version 0006, newer")])
def test_another_version_is_refused(postgresql_kind: PostgresqlKind, version: str, words: str) -> None:
    postgresql_kind.become(empty)
    postgresql_kind.execute("UPDATE alembic_version SET version_num = ?", version)
    for attempt in (open_history, open_trail, lambda where: open_ledger(where, create=True)):
        with pytest.raises(LedgerUnusable, match=words):
            attempt(postgresql_kind.where)


def test_the_tables_of_others_are_not_touched(postgresql_kind: PostgresqlKind) -> None:
    postgresql_kind.execute("CREATE TABLE public.events (theirs int)")
    try:
        with postgresql_kind.open() as ledger, ledger.lease(start()) as lease:
            lease.record([change(escalation())])
        assert postgresql_kind.execute("SELECT * FROM public.events") == []
        assert postgresql_kind.verify().problems == ()
    finally:
        postgresql_kind.execute("DROP TABLE public.events")


def test_programs_that_make_the_ledger_at_the_same_time_all_use_one(postgresql_kind: PostgresqlKind) -> None:
    together, failed, busy = threading.Barrier(4), [], []

    def make(number: int) -> None:
        together.wait()
        try:
            with postgresql_kind.open() as ledger, ledger.lease(start(f"run-{number}")) as lease:
                lease.record([change(escalation(number))])
        except RunBusy:
            busy.append(number)
        except EscalatorError as error:
            failed.append(error)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with postgresql_kind.open() as ledger:
        assert len(all_of(ledger)) == 4 - len(busy) >= 1
    assert postgresql_kind.verify().problems == ()


# -- kept from change -------------------------------------------------------------------------------------------------


@pytest.fixture
def owner(postgresql_kind: PostgresqlKind) -> Iterator[str]:
    """The URL of a user who may make a schema in the database, and nothing else."""
    name = postgresql_kind.where.rpartition("/")[2]
    postgresql_kind.execute(f"CREATE ROLE {name}_owner LOGIN")
    postgresql_kind.execute(f"GRANT CREATE ON DATABASE {name} TO {name}_owner")
    yield urlsplit(postgresql_kind.where)._replace(netloc=f"{name}_owner@{netloc(postgresql_kind)}").geturl()
    postgresql_kind.execute(f"DROP OWNED BY {name}_owner CASCADE")
    postgresql_kind.execute(f"DROP ROLE {name}_owner")


def netloc(kind: PostgresqlKind) -> str:
    return urlsplit(kind.where).netloc.rpartition("@")[2]


def test_a_user_with_only_the_schema_can_do_everything_that_a_run_does(owner: str) -> None:
    with open_ledger(owner, create=True) as ledger:
        with ledger.lease(start()) as lease:
            lease.record([change(escalation(), note="A note.")])
            lease.record([change(escalation(), EscalationState.APPLIED)])
            lease.mark_live([("support", "supervisor")])
            lease.check()
            lease.finish({"exit": 0})
        assert open_history(owner).history(ORG) == ledger.history(ORG)


CHANGES = [
    "UPDATE events SET run = 'x'",
    "DELETE FROM events",
    "TRUNCATE events CASCADE",
    "UPDATE payloads SET text = 'x'",
    "TRUNCATE payloads",
    "DELETE FROM escalations",
    "TRUNCATE escalations",
]


@pytest.mark.parametrize("statement", CHANGES)
def test_even_the_owner_may_not_change_events(owner: str, statement: str, postgresql_kind: PostgresqlKind) -> None:
    open_ledger(owner, create=True).close()
    with psycopg.connect(owner, options="-csearch_path=sfdc_escalator") as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())
        connection.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        *CHANGES,
        "INSERT INTO events SELECT 99, '\\x01', '\\x02', at, run, organization_id, event, key, case_id, note, body "
        "FROM events WHERE seq = 2",
        "INSERT INTO events SELECT * FROM events WHERE seq = 2 ON CONFLICT (seq) DO UPDATE SET run = 'x'",
    ],
)
def test_not_even_a_superuser_changes_events_by_mistake(recorded: PostgresqlKind, statement: str) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="of a ledger"):
        recorded.execute(statement)
    assert recorded.verify().problems == ()


def tell(kind: PostgresqlKind) -> None:
    """A ledger with a run, a live route and two escalations, one of them applied."""
    with kind.open() as ledger, ledger.lease(start()) as lease:
        lease.record(
            [change(escalation(1), note="The customer waits."), change(escalation(2), note="The customer waits.")]
        )
        lease.record([change(escalation(1), EscalationState.APPLIED)])
        lease.mark_live([("support", "supervisor")])
        lease.see_rungs({("support", "supervisor", "late"): AT}, [])
        lease.record_holds([Hold(escalation(1).case_id, "00001234", AT, None, "Status is Legal", "support")], [])
        lease.finish({"exit": 0})


@pytest.fixture
def recorded(postgresql_kind: PostgresqlKind) -> PostgresqlKind:
    postgresql_kind.become(tell)
    return postgresql_kind


TABLES = ("events", "payloads", "escalations", "runs", "live_routes", "rungs", "holds")


@pytest.fixture(scope="module")
def recorded_once(postgresql_server: str) -> Iterator[PostgresqlKind]:
    """In a database of its own, with a copy of the rows."""
    with a_database(postgresql_server) as database, PostgresqlKind(database) as kind:
        tell(kind)
        kind.execute("CREATE SCHEMA kept")
        for table in TABLES:
            kind.execute(f"CREATE TABLE kept.{table} AS TABLE {table}")
        yield kind


@pytest.fixture
def recorded_rows(recorded_once: PostgresqlKind) -> PostgresqlKind:
    """The same for tests that change its rows: made again for each."""
    tamper(recorded_once, "; ".join(f"DELETE FROM {table}; INSERT INTO {table} TABLE kept.{table}" for table in TABLES))
    return recorded_once


def tamper(kind: PostgresqlKind, statement: str) -> None:
    """Runs the statements as a superuser with disabled triggers."""
    with psycopg.connect(kind.where, options="-csearch_path=sfdc_escalator") as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(statement.encode())


def test_an_untouched_trail_verifies_and_names_its_head(recorded_rows: PostgresqlKind) -> None:
    with recorded_rows.open() as ledger:
        head = ledger.head()
    found = recorded_rows.verify(head)
    assert (found.events, found.head, found.problems) == (8, head, ())


@pytest.mark.parametrize(
    ("table", "column"),
    some(
        (
            (table.name, column.name)
            for table in (events, payloads, escalations, runs, live_routes, rungs, holds)
            for column in table.columns
        ),
        24,
    ),
)
def test_a_changed_column_is_found(recorded_rows: PostgresqlKind, table: str, column: str) -> None:
    """Text gets another last letter, a number the next one but forty, nothing becomes something."""
    [(kind,)] = recorded_rows.execute(
        "SELECT data_type FROM information_schema.columns WHERE table_schema = 'sfdc_escalator' "
        "AND table_name = ? AND column_name = ?", table, column)  # fmt: skip
    other = {
        "integer": f"COALESCE({column}, 0) + 40",
        "bytea": f"overlay({column} placing '\\x7e' from length({column}) for 1)",
    }.get(kind, f"COALESCE(left({column}, -1) || '~', 'x')")
    tamper(recorded_rows, f"UPDATE {table} SET {column} = {other} WHERE ctid = (SELECT min(ctid) FROM {table})")
    assert recorded_rows.verify().problems


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("which", ["min", "max"])
def test_a_removed_row_is_found(recorded_rows: PostgresqlKind, table: str, which: str) -> None:
    tamper(recorded_rows, f"DELETE FROM {table} WHERE ctid = (SELECT {which}(ctid) FROM {table})")
    assert recorded_rows.verify().problems


@pytest.mark.parametrize(
    ("guard", "how"), some(product(GUARDS, ["DROP TRIGGER {} ON {}", "ALTER TABLE {1} DISABLE TRIGGER {0}"]), 8)
)
def test_a_removed_or_disabled_guard_is_found(recorded: PostgresqlKind, guard: str, how: str) -> None:
    recorded.execute(how.format(guard, table_of(guard)))
    assert recorded.verify().problems == (f"the guard {guard} is not in place",)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_guard_without_effect_is_found(recorded: PostgresqlKind, name: str) -> None:
    recorded.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
    assert recorded.verify().problems == (f"the guard {name} is not in place",)


@pytest.mark.parametrize(
    ("table", "right"), some([(table, right) for table, rights in REVOKED.items() for right in rights], 4)
)
def test_a_right_that_was_granted_again_is_found(recorded: PostgresqlKind, table: str, right: str) -> None:
    recorded.execute(f"GRANT {right} ON {table} TO PUBLIC")
    assert recorded.verify().problems == (
        f"the guard of {table} is not in place: everybody was granted {right}; REVOKE it",
    )


@pytest.mark.parametrize("texts", ["""policies = '{"a":1', result = '2},"result":3'""", "policies = '{'"])
def test_a_run_whose_texts_are_not_json_is_found(recorded_rows: PostgresqlKind, texts: str) -> None:
    tamper(recorded_rows, f"UPDATE runs SET {texts}")
    assert any("not hold JSON" in problem for problem in recorded_rows.verify().problems)


def test_a_table_that_is_gone_is_a_broken_trail(recorded: PostgresqlKind) -> None:
    recorded.execute("DROP TABLE payloads")
    with pytest.raises(AuditBroken, match="damaged or was changed"):
        recorded.verify()


# -- lost -------------------------------------------------------------------------------------------------------------


def cut_all_lines(kind: PostgresqlKind) -> None:
    kind.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'sfdc-escalator' AND datname = current_database()"
    )


def test_a_connection_lost_during_a_run_is_reported_and_nothing_is_half_stored(
    postgresql_kind: PostgresqlKind,
) -> None:
    with postgresql_kind.open() as ledger:
        with ledger.lease(start()) as lease:
            lease.record([change(escalation(1))])
            cut_all_lines(postgresql_kind)
            with pytest.raises(LedgerUnusable, match="cannot be reached") as lost:
                lease.record([change(escalation(1), EscalationState.APPLIED)])
        assert lost.value.exit_code == 2
        with ledger.lease(start("run-2")):
            assert [one.state for one in all_of(ledger)] == [EscalationState.UNKNOWN]
    assert postgresql_kind.verify().problems == ()


def test_a_ledger_locked_by_another_program_is_refused(postgresql_kind: PostgresqlKind) -> None:
    postgresql_kind.become(empty)
    with psycopg.connect(postgresql_kind.where) as other:
        other.execute("SELECT * FROM sfdc_escalator.alembic_version FOR UPDATE")
        with pytest.raises(LedgerUnusable, match="is locked by another program"):
            postgresql_kind.open(Terms(busy=timedelta(milliseconds=20)))


def test_a_run_whose_ledger_was_migrated_meanwhile_writes_no_more(postgresql_kind: PostgresqlKind) -> None:
    with postgresql_kind.open() as ledger, ledger.lease(start()) as lease:
        postgresql_kind.execute("UPDATE alembic_version SET version_num = '0006'")
        with pytest.raises(LedgerUnusable, match="newer"):
            lease.record([change(escalation())])
