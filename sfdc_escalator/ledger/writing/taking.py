"""Takes the lease of an org for a run, or refuses it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.errors import EscalatorError, RunBusy
from sfdc_escalator.ledger.engines.database import Database, check_version
from sfdc_escalator.ledger.idle.counting import may_repeat
from sfdc_escalator.ledger.tables.rows import checked, naming
from sfdc_escalator.ledger.tables.schema import leases, runs
from sfdc_escalator.ledger.tables.times import time_of
from sfdc_escalator.ledger.writing.changes import Changes
from sfdc_escalator.ledger.writing.holder import Holder
from sfdc_escalator.ledger.writing.journal import Author, Journal, locked_version
from sfdc_escalator.ledger.writing.lease import SqlLease, Terms, org_time_at
from sfdc_escalator.ledger.writing.opening import Opening, record_lost
from sfdc_escalator.pipeline.ports.ledger import RunStart


def take(engine: sa.Engine, database: Database, start: RunStart, holder: Holder, terms: Terms) -> SqlLease:
    """Takes the lease, and stores the run and its first event; where the run before found nothing to do, and this one
    may not either, its lease alone has it at first. Escalations that an earlier run was still sending become `unknown`.
    Raises RunBusy while somebody holds the lease."""
    with database.translating(), engine.begin() as connection:
        check_version(database.where, locked_version(connection, database))
        at = database.dialect.now(connection)
        old = _held(connection, start.organization_id)
        if old and old["run"] is not None:
            refuse_while_alive(old, holder, terms, at)
        epoch = old["epoch"] + 1 if old else 1
        _hold(connection, start, holder, epoch, at, known=old is not None)
        org_at = org_time_at(start.org_time, at, at)
        if old and old["start"] is not None:
            record_lost(connection, old, at, org_at)
        _refuse_known(connection, start.run)
        author = Author(start.organization_id, start.run, start.user_id, holder.host)
        opening = Opening.of(start, author, holder.pid, at, _left(old))
        journal = Journal(connection, author, at, org_at, lambda this: opening.record(connection, this))
        changes = Changes(connection, journal, start.organization_id, start.run, epoch)
        for change in changes.read_sending():
            changes.add(change)
        is_quiet = not journal.added and not opening.left
        if is_quiet and may_repeat(connection, start.organization_id, start.user_id, holder.host, start.policies):
            ours = leases.c.organization_id == start.organization_id
            connection.execute(leases.update().where(ours).values(start=opening.text))
        else:
            journal.open()
        journal.write()
        changes.write()
    return SqlLease(engine, database, start, epoch, opening, is_quiet=is_quiet)


def _held(connection: sa.Connection, organization_id: str) -> Mapping[Any, Any] | None:
    this = leases.c.organization_id == organization_id
    found = connection.execute(sa.select(leases).where(this).with_for_update()).mappings().first()
    with naming(f"the lease of the org {organization_id}"):
        return found and checked(leases, found)


def refuse_while_alive(old: Mapping[Any, Any], me: Holder, terms: Terms, at: str) -> None:
    """Raises RunBusy unless `me` can see that the holder of this row has ended, LedgerUnusable for a changed row."""
    with naming(f"the lease of the org {old['organization_id']!s:.60}"):
        checked(leases, old)
        holder = Holder(old["host"], old["boot"], old["pid"], old["pid_start"])
        silent, worked = _between(old["heartbeat_at"], at), _between(old["started_at"], at)
    # A heartbeat from the future comes from a clock that was set back; the next one is right again.
    if holder.is_gone(me) or abs(silent) >= terms.silent:
        return
    stuck = worked >= terms.longest_run
    raise RunBusy(
        f"the run {old['run']} has worked on this org since {old['started_at']} "
        f"(host {holder.host}, process {holder.pid})"
        + (f", longer than the {terms.longest_run} that a run may take; examine that process" if stuck else ""),
        host=holder.host,
        pid=holder.pid,
        since=old["started_at"],
        stuck=stuck,
    )


def _between(earlier: str, later: str) -> timedelta:
    start, end = time_of(earlier), time_of(later)
    if start is None or end is None:
        raise ValueError("a time is empty")
    return end - start


def _hold(connection: sa.Connection, start: RunStart, holder: Holder, epoch: int, at: str, *, known: bool) -> None:
    row = {"epoch": epoch, "run": start.run, **asdict(holder), "started_at": at, "heartbeat_at": at, "start": None}
    this = leases.c.organization_id == start.organization_id
    if known:
        connection.execute(leases.update().where(this).values(row))
    else:
        connection.execute(leases.insert().values(organization_id=start.organization_id, **row))


def _refuse_known(connection: sa.Connection, run: str) -> None:
    if connection.execute(sa.select(runs.c.run).where(runs.c.run == run)).first():
        raise EscalatorError(f"there is a run {run} already")


def _left(old: Mapping[Any, Any] | None) -> dict[str, Any]:
    """The member that names the run whose lease was taken over."""
    return {"took_over": {name: old[name] for name in ("run", "host", "pid")}} if old and old["run"] else {}
