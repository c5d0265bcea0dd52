"""A ledger of version 0001 is migrated completely and verified, or it is left as it was."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sfdc_escalator.errors import AuditBroken, EscalatorError, LedgerUnusable, RunBusy
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.ledger.store import open_history, open_ledger, open_trail
from sfdc_escalator.ledger.tables.schema import VERSION
from sfdc_escalator.ledger.tables.states import AFTER
from sfdc_escalator.ledger.trail.audit import audit_show
from sfdc_escalator.ledger.upkeep.migration import migrate
from tests.ledger.kinds import Kind, PostgresqlKind, SqliteKind
from tests.ledger.old_ledger import EXPECTED, differences, everything, history_of, load
from tests.ledger.sample import all_of, change, escalation, start
from tests.sampling import WHOLE

ROOT = Path(__file__).parents[2]
ORGANIZATION, HEAD = EXPECTED["organization_id"], EXPECTED["head"]


@pytest.fixture
def old(kind: Kind) -> Kind:
    kind.become(load)
    return kind


@pytest.fixture
def old_file(sqlite_kind: SqliteKind) -> SqliteKind:
    sqlite_kind.become(load)
    return sqlite_kind


@pytest.fixture
def old_schema(postgresql_kind: PostgresqlKind) -> PostgresqlKind:
    postgresql_kind.become(load)
    return postgresql_kind


# -- nothing is lost --------------------------------------------------------------------------------------------------


def test_a_migrated_ledger_has_every_escalation_as_it_was(old: Kind) -> None:
    migrate(old.where, "ann")
    assert list(differences(history_of(old))) == []
    with old.open() as ledger:
        history = ledger.history(ORGANIZATION)
        assert sorted(history.users) == EXPECTED["users"]
        assert sorted(map(list, history.live)) == EXPECTED["live"]


def test_the_old_events_stay_byte_for_byte_and_verify_with_the_rows(old: Kind) -> None:
    columns = "SELECT seq, prev, hash, at, run, organization_id, event, key, case_id, note, body FROM events"
    before = old.execute(f"{columns} ORDER BY seq")
    done = migrate(old.where, "ann")
    assert old.execute(f"{columns} WHERE seq <= ? ORDER BY seq", len(before)) == before
    found = old.verify(HEAD)
    assert (found.problems, found.events) == ((), EXPECTED["events"] + 1)
    assert done.verified == found


def test_the_migration_is_an_event_of_its_own(old: Kind) -> None:
    done = migrate(old.where, "ann")
    (actual,) = old.execute("SELECT run, organization_id, body FROM events WHERE event = 'migrated'")
    body = json.loads(bytes(actual[2]))
    assert (actual[:2], body["who"]["user_id"]) == (("", ""), "")
    assert body["facts"] == {"backup": done.backup, "by": "ann", "from": "0001", "head": HEAD, "to": VERSION}


def test_a_migrated_ledger_has_the_tables_of_a_new_one(old: Kind, tmp_path: Path) -> None:
    migrate(old.where, "ann")
    migrated = shape_of(old)
    old.restore(old.backups()[0])
    forget(old)
    old.open().close()
    assert migrated == shape_of(old)


def shape_of(kind: Kind) -> list[tuple[Any, ...]]:
    """Columns with their types, keys and guards, in any order."""
    if isinstance(kind, SqliteKind):
        found = kind.execute(
            'SELECT m.name, c.name, c.type, c."notnull", c.pk FROM sqlite_master m, pragma_table_info(m.name) c '
            "WHERE m.type = 'table'"
        )
        found += kind.execute(
            'SELECT m.name, i."unique", i.origin, x.name FROM sqlite_master m, pragma_index_list(m.name) i, '
            "pragma_index_info(i.name) x WHERE m.type = 'table'"
        )
        return sorted(map(repr, found + kind.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")))  # type: ignore[arg-type]
    found = kind.execute(
        "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns "
        "WHERE table_schema = 'sfdc_escalator'"
    )
    found += kind.execute("SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'sfdc_escalator'")
    found += kind.execute(
        "SELECT c.relname::text, c.relacl::text FROM pg_class c WHERE c.relnamespace = 'sfdc_escalator'::regnamespace "
        "AND c.relkind = 'r'"
    )
    return sorted(map(repr, found))  # type: ignore[arg-type]


def forget(kind: Kind) -> None:
    if isinstance(kind, SqliteKind):
        for path in kind.path.parent.iterdir():
            path.unlink()
    else:
        kind.execute("DROP SCHEMA sfdc_escalator CASCADE")


def test_old_escalations_in_every_state_change_as_the_rules_allow(old: Kind) -> None:
    migrate(old.where, "ann")
    with old.open() as ledger, ledger.lease(start("after", ORGANIZATION)) as lease:
        known = all_of(ledger, ORGANIZATION)
        assert not [one for one in known if one.state is EscalationState.SENDING]  # the lease has made them unknown
        changed = [(one, state) for one in known for state in allowed(one, known)]
        lease.record([change(one, state) for one, state in changed])
        lease.record([change(escalation(1, organization=ORGANIZATION), note="A note.")])
        lease.finish({"exit": 0})
    now = history_of(old)
    assert all(now[one.key] == replace(one, state=state) for one, state in changed)
    assert {one.state for one, _ in changed} == {state for state in AFTER if AFTER[state]} - NOT_THERE
    assert old.verify(HEAD).problems == ()


NOT_THERE = {EscalationState.SENDING, EscalationState.WITHHELD}


def allowed(one: Escalation, known: tuple[Escalation, ...]) -> list[EscalationState]:
    """One of the states that may follow, another one for the next escalation."""
    states = sorted(AFTER[one.state])
    return [states[known.index(one) % len(states)]] if states else []


def test_an_old_escalation_is_shown_with_its_old_events_and_its_new_ones(old: Kind) -> None:
    migrate(old.where, "ann")
    key = next(one["key"] for one in EXPECTED["history"] if one["state"] == "applied" and one["before"])
    with old.open() as ledger, ledger.lease(start("after", ORGANIZATION)) as lease:
        lease.record([change(history_of(old)[key], EscalationState.CLOSED)])
    with open_trail(old.where) as trail:
        first, *_, last = (event.body["escalation"] for event in audit_show(trail, key))
    assert first["before_owner"] == last["before"]["OwnerId"]
    assert "before" not in first


@pytest.mark.parametrize("column", ["before", "wrote"])
@pytest.mark.parametrize(
    "value", ["NULL", "'{}'", "'nonsense'", "replace({0}, 'Medium', 'Low')", "{0} || ' '", "substr({0}, 1, 30)"]
)
def test_a_changed_value_of_an_old_row_is_found(old: Kind, column: str, value: str) -> None:
    migrate(old.where, "ann")
    where = "key = (SELECT min(key) FROM escalations WHERE before LIKE '%Medium%' AND state = 'applied')"
    if value.startswith("replace") and column == "wrote":
        value = "replace({0}, 'High', 'Low')"
    old.execute(f"UPDATE escalations SET {column} = {value.format(column)} WHERE {where}")
    assert any("its row differs from its event" in problem for problem in old.verify().problems)


# -- the backup -------------------------------------------------------------------------------------------------------


def test_the_backup_is_the_ledger_before_and_can_be_migrated_again(old: Kind) -> None:
    before = everything(old)
    done = migrate(old.where, "ann")
    [backup] = old.backups()
    assert backup in (done.backup or "")
    assert "0001" in backup
    old.restore(backup)
    assert everything(old) == before
    assert migrate(old.where, "bob").before == "0001"
    assert list(differences(history_of(old))) == []
    assert old.verify(HEAD).problems == ()


def test_a_backup_beside_a_ledger_in_the_state_folder_is_not_taken_for_a_ledger(tmp_path: Path) -> None:
    from sfdc_escalator.ledger.engines.place import default_path, only_ledger

    environ = {"XDG_STATE_HOME": str(tmp_path)}
    kind = SqliteKind(tmp_path)
    kind.path = default_path(ORGANIZATION, environ)
    load(kind)
    migrate(str(kind.path), "ann")
    assert only_ledger(environ) == kind.path
    assert len(kind.backups()) == 1


# -- refused: one message, nothing written ----------------------------------------------------------------------------


def test_an_old_ledger_is_refused_with_the_command_to_migrate_it(old: Kind) -> None:
    before = everything(old)
    for attempt in (open_history, open_trail, lambda where: open_ledger(where, create=True)):
        with pytest.raises(LedgerUnusable, match="older version 0001") as refused:
            attempt(old.where)
        assert f"run: sfdc-escalator ledger migrate --ledger {old.where}" in refused.value.message
        assert refused.value.exit_code == 2
    assert everything(old) == before


def test_an_old_ledger_with_a_run_at_work_is_not_migrated(old: Kind) -> None:
    from sfdc_escalator.ledger.writing.holder import Holder

    me, at = Holder.of_this_process(), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    old.execute(
        "UPDATE leases SET run = 'at-work', host = ?, boot = ?, pid = ?, pid_start = ?, "
        "started_at = ?, heartbeat_at = ?",
        me.host, me.boot, me.pid, me.pid_start, at, at,
    )  # fmt: skip
    refused_unchanged(old, RunBusy, "at-work")


def refused_unchanged(kind: Kind, error: type[EscalatorError], words: str) -> str:
    before = everything(kind)
    with pytest.raises(error, match=words) as refused:
        migrate(kind.where, "ann")
    assert everything(kind) == before
    assert kind.backups() == []
    return refused.value.message


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE escalations SET before_status = 'Changed' WHERE key = (SELECT min(key) FROM escalations)",
        "UPDATE escalations SET wrote_owner = NULL WHERE wrote_priority IS NOT NULL",
        "DELETE FROM payloads WHERE event = (SELECT min(event) FROM payloads)",
        "UPDATE runs SET host = 'elsewhere'",
        "DELETE FROM live_routes",
    ],
)
def test_a_ledger_that_was_changed_is_not_migrated(old: Kind, statement: str) -> None:
    old.execute(statement)
    refused_unchanged(old, AuditBroken, "does not verify")


def test_a_ledger_without_its_guards_is_not_migrated_and_the_guards_are_not_put_back(old: Kind) -> None:
    on = "" if isinstance(old, SqliteKind) else " ON events"
    old.execute(f"DROP TRIGGER events_no_delete{on}")
    refused_unchanged(old, AuditBroken, "does not verify")


def test_a_ledger_with_a_changed_version_row_is_always_refused(old: Kind) -> None:
    old.execute("UPDATE alembic_version SET version_num = '0005'")
    before = everything(old)
    for attempt in (open_history, lambda where: open_ledger(where, create=True), lambda where: migrate(where, "ann")):
        with pytest.raises(LedgerUnusable, match=r"says 0005.*missing: escalations.before, escalations.ladder"):
            attempt(old.where)
    with pytest.raises(AuditBroken, match=r"missing: escalations.before"):
        open_trail(old.where)
    assert everything(old) == before


def test_a_new_ledger_whose_version_row_was_put_back_is_not_migrated(kind: Kind) -> None:
    with kind.open() as ledger, ledger.lease(start()) as lease:
        lease.record([change(escalation())])
    kind.execute("UPDATE alembic_version SET version_num = '0001'")
    refused_unchanged(kind, LedgerUnusable, r"says 0001.*missing: escalations.before_owner")


def test_a_ledger_that_has_lost_its_version_is_refused(old: Kind) -> None:
    old.execute("DELETE FROM alembic_version")
    refused_unchanged(old, LedgerUnusable, "lost its version")


def test_a_truncated_file_is_not_migrated(old_file: SqliteKind) -> None:
    whole = old_file.path.read_bytes()
    for size in (0, 10, 5_000, len(whole) // 2, len(whole) - 4096):
        old_file.path.write_bytes(whole[:size])
        with pytest.raises(EscalatorError) as refused:
            migrate(old_file.where, "ann")
        assert refused.value.exit_code in (2, 6)
        assert old_file.path.read_bytes() == whole[:size]
        assert old_file.backups() == []


# -- a place that cannot be written -----------------------------------------------------------------------------------

CHILD = """
import os, resource, sys
sys.path.insert(0, {root!r})
from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.ledger.upkeep.migration import migrate
from sfdc_escalator.ledger.engines.registry import database_of
import alembic.operations, alembic.script, alembic.runtime.migration
import sqlalchemy as sa
database_of({where!r}).exists()  # loads all that it needs, while it may still read everything
{prepare}
try:
    print("migrated" if migrate({where!r}, "ann").backup else "already")
except EscalatorError as error:
    print(error.exit_code, error)
"""


def in_a_child(where: str, prepare: str = "") -> subprocess.Popen[str]:
    script = CHILD.format(root=str(ROOT), where=where, prepare=prepare)
    return subprocess.Popen([sys.executable, "-B", "-c", script], stdout=subprocess.PIPE, text=True)


def said(where: str, prepare: str) -> str:
    child = in_a_child(where, prepare)
    out, _ = child.communicate(timeout=120)
    assert child.returncode == 0
    return out.strip()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("folder_mode", [0o755, 0o777])
def test_a_ledger_that_may_only_be_read_is_not_migrated(tmp_path_factory: Any, folder_mode: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        kind = SqliteKind(Path(folder))
        load(kind)
        for path, mode in ((Path(folder), 0o755), (kind.path.parent, folder_mode), (kind.path, 0o644)):
            path.chmod(mode)
        before = kind.path.read_bytes()
        text = said(kind.where, "os.setgid(65534); os.setuid(65534)")
        assert text.startswith("2 ")
        assert "cannot be" in text
        assert kind.path.read_bytes() == before
        assert kind.backups() == []


def test_a_user_who_may_only_read_does_not_migrate(old_schema: PostgresqlKind) -> None:
    name = old_schema.where.rpartition("/")[2]
    reader = f"{name}_reader"
    old_schema.execute(f"CREATE ROLE {reader} LOGIN")
    try:
        old_schema.execute(f"GRANT USAGE ON SCHEMA sfdc_escalator TO {reader}")
        old_schema.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA sfdc_escalator TO {reader}")
        before = everything(old_schema)
        server = urlsplit(old_schema.where).netloc.rpartition("@")[2]
        with pytest.raises(LedgerUnusable, match="lacks a right") as refused:
            migrate(urlsplit(old_schema.where)._replace(netloc=f"{reader}@{server}").geturl(), "ann")
        assert refused.value.exit_code == 2
        assert everything(old_schema) == before
        assert old_schema.backups() == []
    finally:
        old_schema.execute(f"DROP OWNED BY {reader}")
        old_schema.execute(f"DROP ROLE {reader}")


NO_ROOM = {
    "backup": "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))",
    "ledger": "sa.event.listen(sa.engine.Engine, 'begin', lambda c: c.exec_driver_sql('PRAGMA max_page_count = 1'))",
}


@pytest.mark.parametrize("of", NO_ROOM)
def test_a_full_disk_ends_a_migration_with_one_message_and_nothing_is_changed(old_file: SqliteKind, of: str) -> None:
    before = everything(old_file)
    text = said(old_file.where, NO_ROOM[of])
    assert text.startswith("2 "), text
    assert "cannot be written: the disk" in text
    assert "\n" not in text
    assert everything(old_file) == before
    assert old_file.backups() == []
    assert [path.name for path in old_file.path.parent.iterdir() if path.suffix == ".new"] == []
    assert migrate(old_file.where, "ann").now == VERSION


def test_a_full_disk_of_a_server_ends_a_migration_with_one_message(old_schema: PostgresqlKind) -> None:
    old_schema.execute(
        "CREATE FUNCTION public.full_disk() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END$$"
    )
    old_schema.execute(
        "CREATE TRIGGER full_disk BEFORE UPDATE ON escalations FOR EACH ROW EXECUTE FUNCTION public.full_disk()"
    )
    try:
        message = refused_unchanged(old_schema, LedgerUnusable, "disk is full")
        assert "\n" not in message
    finally:
        old_schema.execute("DROP FUNCTION public.full_disk CASCADE")


# -- interrupted, and two at once -------------------------------------------------------------------------------------


def test_of_two_migrations_at_the_same_time_one_finds_it_done(old: Kind) -> None:
    children = [in_a_child(old.where) for _ in range(2)]
    texts = sorted(child.communicate(timeout=120)[0].strip() for child in children)
    assert texts == ["already", "migrated"]
    assert len(old.backups()) == 1
    assert old.execute("SELECT count(*) FROM events WHERE event = 'migrated'") == [(1,)]
    assert old.verify(HEAD).problems == ()
    assert list(differences(history_of(old))) == []


KILLER = """
import os, signal, sys
sys.path.insert(0, {root!r})
import psycopg
import sqlalchemy as sa
import alembic.operations, alembic.script, alembic.runtime.migration
from sfdc_escalator.ledger.engines import postgresql, sqlite_file
from sfdc_escalator.ledger.upkeep.migration import migrate

left = 0

def count(*_, **__):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

def counted(function):
    def call(*arguments, **named):
        count()
        result = function(*arguments, **named)
        count()
        return result
    return call

for event in ("before_cursor_execute", "commit"):
    sa.event.listen(sa.engine.Engine, event, count)
sqlite_file._copy = counted(sqlite_file._copy)
os.link = counted(os.link)
for line in sys.stdin:
    child = os.fork()
    if not child:
        left = int(line)
        migrate({where!r}, "ann")
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Killer:
    """Migrates in a process that is killed at a statement, a commit, or around the making of the backup."""

    def __init__(self, where: str) -> None:
        script = KILLER.format(root=str(ROOT), where=where)
        self.process = subprocess.Popen(
            [sys.executable, "-B", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def kills_at(self, number: int) -> bool:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(number, file=self.process.stdin, flush=True)
        code = int(self.process.stdout.readline())
        assert code in (0, -9)
        return code == -9

    def __enter__(self) -> "Killer":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate(timeout=60)


def test_a_migration_killed_at_any_statement_leaves_the_old_ledger_or_the_new_one(old: Kind) -> None:
    before, number = everything(old), 0
    with Killer(old.where) as killer:
        while killer.kills_at(number):
            number += 1 if WHOLE else 7
            check_old_or_new(old, before)
    assert number > 15
    assert (old.verify(HEAD).problems, list(differences(history_of(old)))) == ((), [])
    assert old.execute("SELECT count(*) FROM events WHERE event = 'migrated'") == [(1,)]


def check_old_or_new(kind: Kind, before: list[Any]) -> None:
    """A new one is put back for the next try, by its backup."""
    if kind.execute("SELECT version_num FROM alembic_version") == [(VERSION,)]:
        assert (kind.verify(HEAD).problems, list(differences(history_of(kind)))) == ((), [])
        kind.restore(kind.backups()[-1])
    else:
        check_backups(kind, before)
    assert everything(kind) == before


def check_backups(kind: Kind, before: list[Any]) -> None:
    """Every file with the name of a backup is complete."""
    for backup in kind.backups():
        if isinstance(kind, SqliteKind):
            copy = SqliteKind(Path(backup).parent)
            copy.path = Path(backup)
            assert everything(copy) == before
            copy.path.unlink()
        else:
            pytest.fail(f"{backup} was left by a transaction that never ended")
