"""Verified backups, migrations that are all or nothing, and outcomes settled by a person."""

import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.errors import AuditBroken, Invalid, LedgerUnusable, RunBusy
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.ledger.store import SqlLedger, open_ledger, open_trail
from sfdc_escalator.ledger.tables import schema
from sfdc_escalator.ledger.trail.audit import audit_show
from sfdc_escalator.ledger.trail.resolution import resolve
from sfdc_escalator.ledger.upkeep.backup import backup
from sfdc_escalator.ledger.upkeep.migration import VERSIONS, migrate
from tests.ledger.kinds import Kind, PostgresqlKind, SqliteKind
from tests.ledger.sample import ORG, OTHER_ORG, all_of, change, escalation, start

# -- backup -----------------------------------------------------------------------------------------------------------


def test_a_backup_is_the_ledger_as_it_stands_while_a_run_writes(sqlite_kind: SqliteKind, tmp_path: Path) -> None:
    copy = tmp_path / "copies" / "monday.db"
    with sqlite_kind.open() as ledger, ledger.lease(start()) as lease:
        lease.record([change(escalation(1), note="A note.")])
        with open_trail(sqlite_kind.where) as trail:
            found = backup(trail, copy)
        assert (found.head, found.problems) == (ledger.head(), ())
        lease.record([change(escalation(2))])
        remembered = {one.key for one in all_of(ledger)}
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [one.name for one in copy.parent.iterdir()] == ["monday.db"]
    with open_ledger(str(copy), create=False) as restored:
        assert {one.key for one in all_of(restored)} == remembered - {escalation(2).key}


def test_a_backup_replaces_no_file(sqlite_kind: SqliteKind, tmp_path: Path) -> None:
    sqlite_kind.open().close()
    copy = tmp_path / "monday.db"
    copy.write_text("mine")
    with open_trail(sqlite_kind.where) as trail, pytest.raises(LedgerUnusable, match="exists already"):
        backup(trail, copy)
    assert copy.read_text() == "mine"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["ledgers", "monday.db"]


def test_a_ledger_that_does_not_verify_is_not_copied(sqlite_kind: SqliteKind, tmp_path: Path) -> None:
    sqlite_kind.open().close()
    sqlite_kind.execute("DROP TRIGGER events_no_delete")
    with open_trail(sqlite_kind.where) as trail, pytest.raises(AuditBroken, match="no backup was made") as broken:
        backup(trail, tmp_path / "monday.db")
    assert "events_no_delete" in str(broken.value.problems[0])
    assert [one.name for one in tmp_path.iterdir()] == ["ledgers"]


def test_a_ledger_on_a_server_is_backed_up_by_the_servers_own_tool(
    postgresql_kind: PostgresqlKind, tmp_path: Path
) -> None:
    postgresql_kind.open().close()
    with open_trail(postgresql_kind.where) as trail, pytest.raises(Invalid, match="pg_dump"):
        backup(trail, tmp_path / "monday.db")


# -- migrate ----------------------------------------------------------------------------------------------------------

NEXT = """
import sqlalchemy as sa

revision = "0006"
down_revision = "0005"
EXPECTS = frozenset()


def upgrade(operations, dialect):
    operations.add_column("leases", sa.Column("remark", sa.Text))
    {more}
"""


@pytest.fixture
def tomorrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The versions of a program that knows version 0006."""
    folder = tmp_path / "versions"
    shutil.copytree(VERSIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "v0006.py").write_text(NEXT.format(more=""))
    monkeypatch.setattr(schema, "VERSION", "0006")
    return folder


def remark(kind: Kind) -> list[tuple[Any, ...]]:
    return kind.execute("SELECT remark FROM leases")


@pytest.fixture
def old(kind: Kind) -> Kind:
    """A ledger of version 0005 with an escalation in it."""
    with kind.open() as ledger, ledger.lease(start()) as lease:
        lease.record([change(escalation())])
    return kind


def test_the_newest_version_is_the_version_of_the_program() -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory(str(VERSIONS.parent)).get_current_head() == schema.VERSION


def test_an_older_ledger_is_migrated_and_keeps_everything(old: Kind, tomorrow: Path) -> None:
    with pytest.raises(LedgerUnusable, match="older version 0005.*ledger migrate --ledger"):  # noqa: RUF043
        old.open()
    done = migrate(old.where, "ann", tomorrow)
    assert (done.before, done.now) == ("0005", "0006")
    assert remark(old) == [(None,)]
    with old.open() as ledger:
        assert [one.key for one in all_of(ledger)] == [escalation().key]
    assert old.verify().problems == ()
    again = migrate(old.where, "ann", tomorrow)
    assert (again.before, again.now, again.backup) == ("0006", "0006", None)


def test_a_migration_that_fails_changes_nothing_and_leaves_no_backup(old: Kind, tomorrow: Path) -> None:
    (tomorrow / "v0006.py").write_text(NEXT.format(more='operations.execute("SELECT nonsense")'))
    with pytest.raises(LedgerUnusable):
        migrate(old.where, "ann", tomorrow)
    assert old.execute("SELECT version_num FROM alembic_version") == [("0005",)]
    assert old.backups() == []
    with pytest.raises(Exception, match="remark"):
        remark(old)


def test_a_ledger_is_not_migrated_under_a_run(kind: Kind, tomorrow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "VERSION", "0005")
    with kind.open() as ledger, ledger.lease(start()) as lease:
        monkeypatch.setattr(schema, "VERSION", "0006")
        with pytest.raises(RunBusy):
            migrate(kind.where, "ann", tomorrow)
        monkeypatch.setattr(schema, "VERSION", "0005")
        lease.record([change(escalation())])
    assert kind.backups() == []


def test_a_newer_ledger_is_not_migrated(old: Kind) -> None:
    old.execute("UPDATE alembic_version SET version_num = '0009'")
    with pytest.raises(LedgerUnusable, match="newer"):
        migrate(old.where, "ann")


def test_an_unknown_version_is_not_migrated(old: Kind) -> None:
    old.execute("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(LedgerUnusable, match="does not know"):
        migrate(old.where, "ann")


def test_without_a_ledger_nothing_is_migrated(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnusable, match=r"the ledger .* does not exist"):
        migrate(str(tmp_path / "x.db"), "ann")
    with closing(sqlite3.connect(tmp_path / "theirs.db")) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    with pytest.raises(LedgerUnusable, match="another program"):
        migrate(str(tmp_path / "theirs.db"), "ann")


# -- resolve ----------------------------------------------------------------------------------------------------------


def unknown(ledger: SqlLedger) -> Escalation:
    with ledger.lease(start()) as lease:
        lease.record([change(escalation())])
        lease.record([change(escalation(), EscalationState.UNKNOWN)])
    return escalation()


@pytest.mark.parametrize(("applied", "state"), [(True, EscalationState.APPLIED), (False, EscalationState.PLANNED)])
def test_a_person_settles_an_unknown_outcome_and_is_recorded(kind: Kind, applied: bool, state: EscalationState) -> None:
    with kind.open() as ledger:
        key = unknown(ledger).key
        now = resolve(ledger, "run-9", f" {key.lower()} ", applied=applied, by="ann")
        assert (now.state, now.before, now.wrote) == (state, escalation().before, escalation().wrote)
        assert all_of(ledger) == (now,)
        actual = audit_show(ledger, key)[-1]
        assert (actual.event, actual.run, actual.body["facts"]["by"]) == ("resolved", "run-9", "ann")
    assert kind.verify().problems == ()


def test_escalations_that_a_dead_run_was_sending_can_be_settled_at_once(kind: Kind) -> None:
    with kind.open() as ledger:
        with ledger.lease(start()) as lease:
            lease.record([change(escalation())])
        assert resolve(ledger, "run-9", escalation().key, applied=True, by="ann").state is EscalationState.APPLIED


def test_only_an_unknown_outcome_can_be_settled(kind: Kind) -> None:
    with kind.open() as ledger:
        with ledger.lease(start()) as lease:
            lease.record(
                [
                    change(escalation(1)),
                    change(escalation(1), EscalationState.APPLIED),
                    change(escalation(2, EscalationState.ADOPTED)),
                ]
            )
        for number, state in ((1, "applied"), (2, "adopted")):
            with pytest.raises(Invalid, match=f"is {state}, not unknown"):
                resolve(ledger, f"run-{state}", escalation(number).key, applied=False, by="ann")
        with pytest.raises(Invalid, match="has no escalation"):
            resolve(ledger, "run-9", "ESC-0000-0000-0000", applied=True, by="ann")


def test_nothing_is_settled_under_a_run(kind: Kind) -> None:
    with kind.open() as ledger:
        unknown(ledger)
        with ledger.lease(start("run-2")), pytest.raises(RunBusy):
            resolve(ledger, "run-9", escalation().key, applied=True, by="ann")


def test_a_person_is_not_taken_for_a_user_of_the_org(kind: Kind) -> None:
    with kind.open() as ledger:
        unknown(ledger)
        before = ledger.history(ORG).users
        with ledger.lease(start("elsewhere", OTHER_ORG, "005000000000009AAA")):
            pass
        resolve(ledger, "run-9", escalation().key, applied=True, by="ann")
        assert ledger.history(ORG).users == before
