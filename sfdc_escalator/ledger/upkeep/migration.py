"""Brings an older ledger to the version of this program. The only user of alembic, which is loaded when it is needed.

Each version of the tables is a module of `versions`, see there. Under one lock and in one transaction: a backup, the
steps of all versions in between, an event `migrated` in the chain, and a verification of the whole ledger.
"""

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from sfdc_escalator.errors import LedgerUnusable
from sfdc_escalator.ledger.audit.verification import verify_chain, verify_inside
from sfdc_escalator.ledger.engines.database import BUSY, Database, Dialect, check_columns, recognise, version_of
from sfdc_escalator.ledger.engines.registry import database_of
from sfdc_escalator.ledger.tables import schema
from sfdc_escalator.ledger.upkeep.backup import refuse_broken
from sfdc_escalator.ledger.writing.holder import Holder
from sfdc_escalator.ledger.writing.journal import Author, Journal, locked_version
from sfdc_escalator.ledger.writing.lease import Terms
from sfdc_escalator.ledger.writing.taking import refuse_while_alive
from sfdc_escalator.pipeline.read_models.audit_trail import Verification

VERSIONS = Path(__file__).with_name("versions")
LEASE = ("organization_id", "run", "host", "boot", "pid", "pid_start", "started_at", "heartbeat_at")
"""The columns of a lease in every version."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """The version before and now, what the verification found, and the backup; None without a migration."""

    where: str
    before: str
    now: str
    verified: Verification | None = None
    backup: str | None = None


def migrate(where: str, by: str, versions: Path = VERSIONS) -> Migrated:
    """Migrates the ledger for the person `by`. Raises LedgerUnusable, AuditBroken where the ledger does not
    verify, and RunBusy while a run is at work; the ledger is then as it was."""
    database = database_of(where)
    if not database.exists():
        raise LedgerUnusable(f"the ledger {database.where} does not exist")
    found = version_of(database, database.engine(writing=False, busy=BUSY), writing=True)
    if found is not None and found < schema.VERSION:
        return _migrate_alone(database, by, versions)
    recognise(database, database.engine(writing=False, busy=BUSY))
    return Migrated(database.where, schema.VERSION, schema.VERSION)


def _migrate_alone(database: Database, by: str, versions: Path) -> Migrated:
    engine = database.engine(writing=True, busy=BUSY)
    try:
        with database.translating(), engine.begin() as connection:
            found = locked_version(connection, database)
            if found == schema.VERSION:  # another program was faster
                return Migrated(database.where, found, found)
            _refuse_while_a_run_is_at_work(connection, database.dialect.now(connection))
            return _migrate_safely(database, connection, str(found), by, versions)
    finally:
        engine.dispose()


def _migrate_safely(database: Database, connection: sa.Connection, found: str, by: str, versions: Path) -> Migrated:
    dialect, where = database.dialect, database.where
    steps = _Steps(connection, found, versions, where)
    at = dialect.now(connection)

    def check(whole: sa.Connection) -> Verification:
        found = verify_chain(whole, dialect)
        refuse_broken(found, f"the ledger {where} does not verify; it was not migrated")
        return found

    head = check(connection).head
    label = f"{found}-{at.replace('-', '').replace(':', '')}"
    with database.kept(connection, label, check) as backup:
        steps.take(dialect)
        dialect.guard(connection)
        check_columns(where, schema.VERSION, schema.COLUMNS - dialect.columns(connection))
        journal = Journal(connection, Author("", "", "", Holder.of_this_process().host), at)
        facts = {"backup": backup, "by": by, "from": found, "head": head, "to": schema.VERSION}
        journal.add("migrated", {"facts": facts})
        journal.write()
        verified = verify_inside(connection, dialect)
        refuse_broken(verified, f"the ledger {where} does not verify after its migration; it is as it was before")
    return Migrated(where, found, schema.VERSION, verified, backup)


class _Steps:
    """The versions between `found` and the newest, in order. Raises LedgerUnusable where `found` is not known."""

    def __init__(self, connection: sa.Connection, found: str, versions: Path, where: str) -> None:
        from alembic.runtime.migration import MigrationContext
        from alembic.script import ScriptDirectory
        from alembic.script.revision import RevisionError

        self._connection, self._where, self._found = connection, where, found
        self._scripts = ScriptDirectory(str(versions.parent), version_locations=[str(versions)])
        self._context = MigrationContext.configure(connection)
        try:
            newest = self._scripts.get_current_head()
            self._steps = list(reversed(list(self._scripts.iterate_revisions(newest, found))))
        except RevisionError as error:
            raise LedgerUnusable(
                f"the ledger {where} is of version {found}, which this program does not know; use the "
                "sfdc-escalator that wrote it"
            ) from error

    def take(self, dialect: Dialect) -> None:
        from alembic.operations import Operations

        for step in self._steps:
            check_columns(self._where, self._found, step.module.EXPECTS - dialect.columns(self._connection))
            step.module.upgrade(Operations(self._context), dialect)
            self._context.stamp(self._scripts, step.revision)


def _refuse_while_a_run_is_at_work(connection: sa.Connection, at: str) -> None:
    me = Holder.of_this_process()
    wanted = sa.select(*(schema.leases.c[name] for name in LEASE)).where(schema.leases.c.run.is_not(None))
    for lease in connection.execute(wanted).mappings().all():
        refuse_while_alive(lease, me, Terms(), at)
