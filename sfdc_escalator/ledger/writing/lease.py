"""The right to work on one org: kept alive, checked by every write, given back."""

import contextlib
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from sfdc_escalator.errors import LeaseLost, LedgerUnusable
from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.world.keys import RouteName, RungName
from sfdc_escalator.escalation.world.ladder_facts import Hold, Standing
from sfdc_escalator.ledger.engines.database import BUSY, Database, check_version
from sfdc_escalator.ledger.idle.counting import Ending, counted_on
from sfdc_escalator.ledger.idle.rows import IDLE
from sfdc_escalator.ledger.tables import chain
from sfdc_escalator.ledger.tables.kept_texts import messages_of
from sfdc_escalator.ledger.tables.policy_uses import POLICY_USES, policy_uses_json
from sfdc_escalator.ledger.tables.rows import IS_SANDBOX, ORG_TIME, checked, naming
from sfdc_escalator.ledger.tables.schema import leases, live_routes, runs
from sfdc_escalator.ledger.tables.times import in_range, second, time_of, time_text
from sfdc_escalator.ledger.tables.waitlist import WAITLIST, waitlist_json
from sfdc_escalator.ledger.writing.changes import Changes
from sfdc_escalator.ledger.writing.holding import Holds
from sfdc_escalator.ledger.writing.journal import Journal, locked_version
from sfdc_escalator.ledger.writing.notices import queue_alone
from sfdc_escalator.ledger.writing.opening import Opening, as_recorded
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
        self,
        engine: sa.Engine,
        database: Database,
        start: RunStart,
        epoch: int,
        opening: Opening,
        *,
        is_quiet: bool,
    ) -> None:
        """`is_quiet` says that taking the lease recorded nothing but the start, or not even that."""
        self._engine, self._database, self._start, self._epoch = engine, database, start, epoch
        self._opening, self._is_quiet, self._author = opening, is_quiet, opening.author
        self._lock = threading.RLock()
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

    @contextlib.contextmanager
    def _recording(self) -> Iterator[tuple[sa.Connection, Journal]]:
        """A transaction that writes to the chain. The first event brings the start of the run with it, where only the
        lease has that yet."""
        with self._lock:  # of several threads one brings the start
            opening = replace(self._opening)
            with self._transaction() as (connection, at):
                org_at = org_time_at(self._start.org_time, opening.started_at, at)
                first = None if opening.event else lambda journal: opening.record(connection, journal)
                journal = Journal(connection, self._author, at, org_at, first)
                yield connection, journal
            if journal.added:
                self._opening, self._is_quiet = opening, False

    def beat(self) -> None:
        with self._transaction(recording=False):
            pass

    def check(self) -> None:
        self.beat()

    def record(self, changes: Sequence[Change]) -> None:
        with self._recording() as (connection, journal):
            ours = Changes(connection, journal, self._start.organization_id, self._start.run, self._epoch)
            ours.read([change.escalation.key for change in changes])
            for change in changes:
                ours.add(change)
            journal.write()
            ours.write()

    def mark_live(self, routes: Sequence[RouteName]) -> None:
        with self._recording() as (connection, journal):
            organization = live_routes.c.organization_id == self._start.organization_id
            known = connection.execute(sa.select(live_routes.c.policy, live_routes.c.route).where(organization))
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
        with self._recording() as (connection, journal):
            see_rungs(connection, journal, self._start.organization_id, seen, gone)

    def record_holds(self, new: Sequence[Hold], ended: Sequence[Hold]) -> None:
        with self._recording() as (connection, journal):
            ours = Holds(connection, journal, self._start.organization_id)
            for one in ours.known(ended):
                ours.end(one, one.by)
            for one in new:
                ours.begin(one)
            journal.write()
            ours.write()

    def queue(self, notices: Sequence[Notice]) -> None:
        with self._recording() as (connection, journal):
            queue_alone(connection, journal, self._start.organization_id, notices)

    def keep_standings(self, standings: Mapping[str, tuple[Standing, str]]) -> None:
        with self._transaction() as (connection, _):
            keep_standings(connection, self._start.organization_id, standings)

    def finish(self, result: Mapping[str, Any], end: RunEnd | None = None) -> None:
        is_quiet = self._is_quiet
        with self._recording() as (connection, journal):
            left = self._left(connection, end) if end else {}
            ending = self._ending(journal.at, result, left)
            if self._opening.event is None and is_quiet and counted_on(connection, ending):
                connection.execute(leases.update().where(self._ours).values(start=None))
                return
            journal.open()
            this = runs.c.run == self._start.run
            found = connection.execute(sa.select(runs).where(this)).mappings().first()
            with naming(f"run {self._start.run}"):
                row = dict(checked(runs, found or {}))
                row |= {"finished_at": journal.at, "result": chain.canonical(result).decode()}
                recorded = as_recorded(row)
            idle = {IDLE: True} if is_quiet and ending.found_nothing(connection) else {}
            members = {"facts": recorded, **self._org_time(result), **left, **idle}
            row["event"] = journal.add("run_finished", members)
            journal.write()
            connection.execute(runs.update().where(this).values(row))

    def _ending(self, at: str, result: Mapping[str, Any], left: Mapping[str, Any]) -> Ending:
        start, author = self._start, self._author
        started, finished = in_range(datetime.fromisoformat(self._opening.started_at)), datetime.fromisoformat(at)
        about = author.organization_id, author.run, author.user_id, author.host, start.policies
        return Ending(*about, started, finished, start.org_time, result, left, start.expect_every)

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
