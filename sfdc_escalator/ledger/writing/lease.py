"""The right to work on one org: kept alive, checked by every write, given back."""

import contextlib
import json
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.errors import LeaseLost, LedgerUnusable
from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.world.keys import RouteName, RungName
from sfdc_escalator.escalation.world.ladder_facts import Hold, Standing
from sfdc_escalator.ledger.engines.database import BUSY, Database, check_version
from sfdc_escalator.ledger.tables import chain
from sfdc_escalator.ledger.tables.kept_texts import messages_of
from sfdc_escalator.ledger.tables.policy_uses import POLICY_USES, policy_uses_json
from sfdc_escalator.ledger.tables.rows import IS_SANDBOX, ORG_TIME, checked, naming
from sfdc_escalator.ledger.tables.schema import RUN_FACTS, leases, live_routes, runs
from sfdc_escalator.ledger.tables.times import second, time_of, time_text
from sfdc_escalator.ledger.tables.waitlist import WAITLIST, waitlist_json
from sfdc_escalator.ledger.writing.changes import Changes
from sfdc_escalator.ledger.writing.holder import Holder
from sfdc_escalator.ledger.writing.holding import Holds
from sfdc_escalator.ledger.writing.journal import Author, Journal, locked_version
from sfdc_escalator.ledger.writing.notices import queue_alone
from sfdc_escalator.ledger.writing.rungs_seen import see_rungs
from sfdc_escalator.ledger.writing.standings import keep_standings
from sfdc_escalator.pipeline.ports.ledger import Change, RunEnd, RunStart


@dataclass(frozen=True, slots=True)
class Terms:
    """The times of a lease. A holder that is `silent` loses it; one older than `longest_run` is stuck."""

    beat: timedelta = timedelta(seconds=20)
    silent: timedelta = timedelta(minutes=2)
    longest_run: timedelta = timedelta(minutes=30)
    busy: timedelta = BUSY


class SqlLease:
    """See `pipeline.ports.Lease`. May be used from several threads."""

    def __init__(
        self, engine: sa.Engine, database: Database, start: RunStart, holder: Holder, epoch: int, began: str
    ) -> None:
        self._engine, self._database, self._start, self._epoch = engine, database, start, epoch
        self._began = began
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

    def _journal(self, connection: sa.Connection, at: str) -> Journal:
        return Journal(connection, self._author, at, org_time_at(self._start.org_time, self._began, at))

    def beat(self) -> None:
        with self._transaction(recording=False):
            pass

    def check(self) -> None:
        self.beat()

    def record(self, changes: Sequence[Change]) -> None:
        with self._transaction() as (connection, at):
            journal = self._journal(connection, at)
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
            journal = self._journal(connection, at)
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

    def see_rungs(self, seen: Mapping[RungName, datetime], gone: Collection[RungName]) -> None:
        with self._transaction() as (connection, now):
            journal = self._journal(connection, now)
            see_rungs(connection, journal, self._start.organization_id, seen, gone)

    def record_holds(self, new: Sequence[Hold], ended: Sequence[Hold]) -> None:
        with self._transaction() as (connection, now):
            journal = self._journal(connection, now)
            ours = Holds(connection, journal, self._start.organization_id)
            for one in ours.known(ended):
                ours.end(one, one.by)
            for one in new:
                ours.begin(one)
            journal.write()
            ours.write()

    def queue(self, notices: Sequence[Notice]) -> None:
        with self._transaction() as (connection, at):
            queue_alone(connection, self._journal(connection, at), self._start.organization_id, notices)

    def keep_standings(self, standings: Mapping[str, tuple[Standing, str]]) -> None:
        with self._transaction() as (connection, _):
            keep_standings(connection, self._start.organization_id, standings)

    def finish(self, result: Mapping[str, Any], end: RunEnd | None = None) -> None:
        with self._transaction() as (connection, at):
            this = runs.c.run == self._start.run
            found = connection.execute(sa.select(runs).where(this)).mappings().first()
            journal = self._journal(connection, at)
            with naming(f"run {self._start.run}"):
                row = dict(checked(runs, found or {}))
                row |= {"finished_at": at, "result": chain.canonical(result).decode()}
                recorded = as_recorded(row)
            left = self._left(connection, end) if end else {}
            row["event"] = journal.add("run_finished", {"facts": recorded, **self._org_time(result), **left})
            journal.write()
            connection.execute(runs.update().where(this).values(row))

    def _left(self, connection: sa.Connection, end: RunEnd) -> dict[str, Any]:
        """The members of the run's last event that later runs and reports read."""
        uses, is_sandbox = policy_uses_json(end.policy_uses), end.is_sandbox
        kind = {} if is_sandbox is None else {IS_SANDBOX: is_sandbox}
        waitlist = waitlist_json(end.waitlist, messages_of(connection, end.waitlist))
        return {WAITLIST: waitlist, POLICY_USES: uses, **kind}

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


def org_time_at(start: datetime | None, began: str, at: str) -> str | None:
    """The org's time at `at`, by the database's clock since the lease began; None where the run has no org's time."""
    since, now = time_of(began), time_of(at)
    if start is None or since is None or now is None:
        return None
    return second(start + max(now - since, timedelta(0)))


def as_recorded(row: Mapping[str, Any]) -> dict[str, Any]:
    """A run's row as its events hold it: JSON columns as parsed values."""
    return {name: row[name] for name in RUN_FACTS} | {
        name: row[name] and json.loads(row[name]) for name in ("policies", "result")
    }
