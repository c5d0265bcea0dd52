"""Brings an older ledger to the version of this program. The only user of alembic, which is loaded when it is needed.

A revision is a module with `revision`, `down_revision` and `upgrade(connection)`. All steps share one transaction.
"""

from pathlib import Path

import sqlalchemy as sa

from sfdc_escalator.errors import LedgerUnusable
from sfdc_escalator.ledger.engines.database import BUSY, Database, check_version, database_of, now, version_of
from sfdc_escalator.ledger.tables import schema
from sfdc_escalator.ledger.writing.holder import Holder
from sfdc_escalator.ledger.writing.journal import alone
from sfdc_escalator.ledger.writing.lease import Terms, refuse_while_alive

VERSIONS = Path(__file__).with_name("versions")


def migrate(where: str, versions: Path = VERSIONS) -> tuple[str, str]:
    """The version before and the version now. Raises LedgerUnusable, and RunBusy while a run is at work."""
    database = database_of(where)
    if not database.exists():
        raise LedgerUnusable(f"there is no ledger at {database.where}")
    found = version_of(database, database.engine(writing=False, busy=BUSY))
    if found is None or found < schema.VERSION:
        return str(found), _upgrade(database, versions)
    check_version(database.where, found)
    return found, found


def _upgrade(database: Database, versions: Path) -> str:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from alembic.script.revision import RevisionError

    scripts = ScriptDirectory(str(versions.parent), version_locations=[str(versions)])
    newest = scripts.get_current_head()
    engine, found = database.engine(writing=True, busy=BUSY), None
    try:
        with database.speaking(), engine.begin() as connection:
            found = alone(connection)
            _refuse_while_a_run_is_at_work(connection)
            context = MigrationContext.configure(connection)
            for step in reversed(list(scripts.iterate_revisions(newest, found))):
                step.module.upgrade(connection)
                context.stamp(scripts, step.revision)
            check_version(database.where, alone(connection))
    except RevisionError as error:
        raise LedgerUnusable(
            f"the ledger {database.where} is of version {found}, which this program does not know; use the "
            "sfdc-escalator that wrote it"
        ) from error
    finally:
        engine.dispose()
    return str(newest)


def _refuse_while_a_run_is_at_work(connection: sa.Connection) -> None:
    me, at = Holder.of_this_process(), now(connection)
    for lease in connection.execute(sa.select(schema.leases).where(schema.leases.c.run.is_not(None))).mappings().all():
        refuse_while_alive(lease, me, Terms(), at)
