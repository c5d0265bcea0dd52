"""The right to work on one org: taken, kept alive, checked by every write, given back."""

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.errors import EscalatorError, LeaseLost, LedgerUnusable, RunBusy
from sfdc_escalator.escalation.world.keys import RouteName
from sfdc_escalator.escalation.world.waitlist import Waitlist
from sfdc_escalator.ledger.engines.database import BUSY, Database, check_version
from sfdc_escalator.ledger.tables import chain
from sfdc_escalator.ledger.tables.rows import ORG_TIME, checked, naming
from sfdc_escalator.ledger.tables.schema import RUN_FACTS, leases, live_routes, runs
from sfdc_escalator.ledger.tables.times import time_of, time_text
from sfdc_escalator.ledger.tables.waitlist import WAITLIST, waitlist_json
from sfdc_escalator.ledger.writing.changes import Changes
from sfdc_escalator.ledger.writing.holder import Holder
from sfdc_escalator.ledger.writing.journal import Author, Journal, locked_version
from sfdc_escalator.pipeline.ports.ledger import Change, RunStart


@dataclass(frozen=True, slots=True)
class Terms:
    """The times of a lease. A holder that is `silent` loses it; one older than `longest_run` is stuck."""

    beat: timedelta = timedelta(seconds=20)
    silent: timedelta = timedelta(minutes=2)
    longest_run: timedelta = timedelta(minutes=30)
    busy: timedelta = BUSY


class SqlLease:
    """See `pipeline.ports.Lease`. May be used from several threads."""

    def __init__(self, engine: sa.Engine, database: Database, start: RunStart, holder: Holder, epoch: int) -> None:
        self._engine, self._database, self._start, self._epoch = engine, database, start, epoch
        self._author = Author(start.organization_id, start.run, start.user_id, holder.host)
        self._lock = threading.Lock()
        self._ours = (
            (leases.c.organization_id == start.organization_id)
            & (leases.c.epoch == epoch)
            & (leases.c.run == start.run)
        )

    @contextlib.contextmanager
    def _transaction(self, *, recording: bool = True) -> Iterator[tuple[sa.Connection, str]]:
        """One transaction under the lease: it renews the heartbeat, and raises LeaseLost where another run has the
        lease. With `recording` it writes to the chain."""
        with self._lock, self._database.translating(), self._engine.begin() as connection:
            if recording:
                check_version(self._database.where, locked_version(connection, self._database))
            at = self._database.dialect.now(connection)
            beaten = connection.execute(leases.update().where(self._ours).values(heartbeat_at=at))
            if beaten.rowcount != 1:
                raise LeaseLost(f"another run took over the org {self._start.organization_id}; this one writes no more")
            yield connection, at

    def beat(self) -> None:
        with self._transaction(recording=False):
            pass

    def check(self) -> None:
        self.beat()

    def record(self, changes: Sequence[Change]) -> None:
        with self._transaction() as (connection, at):
            journal = Journal(connection, self._author, at)
            ours = Changes(connection, journal, self._start.organization_id, self._start.run, self._epoch)
            ours.read([change.escalation.key for change in changes])
            for change in changes:
                ours.add(change)
            journal.write()
            ours.write()

    def mark_live(self, routes: Sequence[RouteName]) -> None:
        with self._transaction() as (connection, at):
            organization = live_routes.c.organization_id == self._start.organization_id
            known = connection.execute(sa.select(live_routes.c.policy, live_routes.c.route).where(organization))
            journal = Journal(connection, self._author, at)
            rows = [
                {
                    "organization_id": self._start.organization_id,
                    "policy": policy,
                    "route": route,
                    "event": journal.add("went_live", {"facts": {"policy": policy, "route": route}}),
                }
                for policy, route in sorted(set(routes) - {(policy, route) for policy, route in known})
            ]
            journal.write()
            if rows:
                connection.execute(live_routes.insert(), rows)

    def finish(self, result: Mapping[str, Any], waitlist: Waitlist | None = None) -> None:
        with self._transaction() as (connection, at):
            this = runs.c.run == self._start.run
            found = connection.execute(sa.select(runs).where(this)).mappings().first()
            journal = Journal(connection, self._author, at)
            with naming(f"run {self._start.run}"):
                row = dict(checked(runs, found or {}))
                row |= {"finished_at": at, "result": chain.canonical(result).decode()}
                recorded = _as_recorded(row)
            left = {WAITLIST: waitlist_json(waitlist)} if waitlist else {}
            row["event"] = journal.add("run_finished", {"facts": recorded, **self._org_time(result), **left})
            journal.write()
            connection.execute(runs.update().where(this).values(row))

    def _org_time(self, result: Mapping[str, Any]) -> dict[str, str]:
        """The org's time for the last event of the run; a run that ended with an error may have refused that time."""
        at = time_text(self._start.org_time)
        return {ORG_TIME: at} if at and "error" not in result else {}

    @contextlib.contextmanager
    def kept_alive(self, every: timedelta) -> Iterator[None]:
        """Renews the heartbeat from a thread, until the body is done."""
        done = threading.Event()

        def keep() -> None:
            while not done.wait(every.total_seconds()):
                try:
                    self.beat()
                except LeaseLost:
                    return  # the next write reports it
                except LedgerUnusable:
                    continue  # the ledger is busy; the next beat or write reports a lost lease

        thread = threading.Thread(target=keep, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def give_back(self) -> None:
        with self._transaction(recording=False) as (connection, _):
            connection.execute(leases.update().where(self._ours).values(run=None))


def take(engine: sa.Engine, database: Database, start: RunStart, holder: Holder, terms: Terms) -> SqlLease:
    """Takes the lease, and stores the run and its first event. Escalations that an earlier run was still sending become
    `unknown`. Raises RunBusy while somebody holds the lease."""
    with database.translating(), engine.begin() as connection:
        check_version(database.where, locked_version(connection, database))
        at = database.dialect.now(connection)
        old = _held(connection, start.organization_id)
        if old and old["run"] is not None:
            refuse_while_alive(old, holder, terms, at)
        epoch = old["epoch"] + 1 if old else 1
        _hold(connection, start, holder, epoch, at, known=old is not None)
        journal = Journal(connection, Author(start.organization_id, start.run, start.user_id, holder.host), at)
        run = _first_row(connection, journal, start, holder, old)
        changes = Changes(connection, journal, start.organization_id, start.run, epoch)
        for change in changes.read_sending():
            changes.add(change)
        journal.write()
        connection.execute(runs.insert().values(run))
        changes.write()
    return SqlLease(engine, database, start, holder, epoch)


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
    row = {"epoch": epoch, "run": start.run, **asdict(holder), "started_at": at, "heartbeat_at": at}
    this = leases.c.organization_id == start.organization_id
    if known:
        connection.execute(leases.update().where(this).values(row))
    else:
        connection.execute(leases.insert().values(organization_id=start.organization_id, **row))


def _first_row(
    connection: sa.Connection, journal: Journal, start: RunStart, holder: Holder, old: Mapping[Any, Any] | None
) -> dict[str, Any]:
    if connection.execute(sa.select(runs.c.run).where(runs.c.run == start.run)).first():
        raise EscalatorError(f"there is a run {start.run} already")
    facts = {
        "user_id": start.user_id,
        "host": holder.host,
        "pid": holder.pid,
        "policies": chain.canonical(start.policies).decode(),
        "started_at": journal.at,
        "finished_at": None,
        "result": None,
    }
    left = {"took_over": {name: old[name] for name in ("run", "host", "pid")}} if old and old["run"] else {}
    event = journal.add("run_started", {"facts": _as_recorded(facts), **left})
    return {"run": start.run, "organization_id": start.organization_id, "event": event, **facts}


def _as_recorded(row: Mapping[str, Any]) -> dict[str, Any]:
    """A run's row as its events hold it: JSON columns as parsed values."""
    return {name: row[name] for name in RUN_FACTS} | {
        name: row[name] and json.loads(row[name]) for name in ("policies", "result")
    }
