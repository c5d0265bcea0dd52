"""The ledger, as a live run and as a dry run see it."""

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from sfdc_escalator.errors import AuditBroken, EscalatorError, LedgerUnusable
from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.waitlist import SelfCheck
from sfdc_escalator.ledger.engines.database import BUSY, Database, check_version, recognise
from sfdc_escalator.ledger.engines.registry import database_of
from sfdc_escalator.ledger.idle.head import head_in
from sfdc_escalator.ledger.past import cases_of, has_any, last_time, not_over, of_cases
from sfdc_escalator.ledger.run_ends import RunEnds
from sfdc_escalator.ledger.self_check import self_check
from sfdc_escalator.ledger.tables.ladder_rows import holds_in, rungs_in, standings_in
from sfdc_escalator.ledger.tables.rows import each_value, route_of, user_of
from sfdc_escalator.ledger.tables.schema import VERSION, live_routes, runs, version
from sfdc_escalator.ledger.writing.holder import Holder
from sfdc_escalator.ledger.writing.journal import locked_version
from sfdc_escalator.ledger.writing.lease import SqlLease, Terms
from sfdc_escalator.ledger.writing.taking import take
from sfdc_escalator.pipeline.ports.ledger import HistoryReader, RunStart


class SqlHistory:
    """A ledger that is only read. `damage` is the error that a damaged ledger raises."""

    def __init__(self, database: Database, engine: sa.Engine, damage: type[EscalatorError] = LedgerUnusable) -> None:
        self.database, self._engine, self._damage = database, engine, damage

    @property
    def where(self) -> str:
        return self.database.where

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One consistent view of everything."""
        with self.database.translating(self._damage), self._engine.connect() as connection, connection.begin():
            yield connection

    def history(self, organization_id: str) -> History:
        """See `pipeline.ports.HistoryReader`. It is empty without escalations and live routes. Runs do not count: the
        first run after a loss leaves one, and the second must still see that the ledger was lost."""
        with self.reading() as connection:
            known, ends = not_over(connection, organization_id), self.run_ends(connection, organization_id)
            routes = sa.select(live_routes).where(live_routes.c.organization_id == organization_id)
            live = [route_of(row) for row in connection.execute(routes).mappings()]
            users = connection.scalars(each_value(runs.c.user_id, runs.c.organization_id == organization_id))
            history = History.of(
                known,
                live,
                [user_of(user) for user in users],
                empty=not (known or live or has_any(connection, organization_id)),
                org_time=ends.org_time() or last_time(connection, organization_id),  # older programs recorded none
                waitlist=ends.waitlist(),
            )
            return replace(
                history,
                rungs=rungs_in(connection, organization_id),
                holds=holds_in(connection, organization_id),
                standings=standings_in(connection, organization_id),
                policy_uses=ends.policy_uses(),
            )

    def past(
        self, organization_id: str, case_ids: Collection[str], keys: Collection[str] = ()
    ) -> tuple[Escalation, ...]:
        """See `pipeline.ports.HistoryReader`."""
        if not case_ids and not keys:
            return ()
        with self.reading() as connection:
            of_keys = cases_of(connection, organization_id, keys)
            return tuple(of_cases(connection, organization_id, {*case_ids, *of_keys}))

    def self_check(self, organization_id: str) -> SelfCheck:
        """See `pipeline.ports.HistoryReader`."""
        with self.reading() as connection:
            return self_check(connection, organization_id, self.run_ends(connection, organization_id).policy_uses())

    def run_ends(self, connection: sa.Connection, organization_id: str) -> RunEnds:
        return RunEnds(connection, self.database.dialect, organization_id)

    def head(self, organization_id: str | None = None) -> str | None:
        with self.reading() as connection:
            return head_in(connection, organization_id, self._damage)

    def close(self) -> None:
        with self.database.translating(self._damage):
            self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SqlLedger(SqlHistory):
    """See `pipeline.ports.Ledger`."""

    def __init__(self, database: Database, engine: sa.Engine, terms: Terms) -> None:
        super().__init__(database, engine)
        self._terms = terms

    @contextlib.contextmanager
    def lease(self, start: RunStart) -> Iterator[SqlLease]:
        lease = take(self._engine, self.database, start, Holder.of_this_process(), self._terms)
        try:
            with lease.kept_alive(self._terms.beat):
                yield lease
        finally:
            # A lease that cannot be given back is lost all the same, as soon as this process has ended.
            with contextlib.suppress(EscalatorError):
                lease.give_back()

    @contextlib.contextmanager
    def writing(self) -> Iterator[tuple[sa.Connection, str]]:
        """One transaction of the only writer of the chain, without a lease; and the time of the database."""
        with self.database.translating(), self._engine.begin() as connection:
            check_version(self.database.where, locked_version(connection, self.database))
            yield connection, self.database.dialect.now(connection)

    def clean(self, tables: Collection[str]) -> str:
        """Removes what the database still keeps of rows that were deleted from these tables. Returns the reason where
        it cannot be done now, with the next step."""
        with self.database.translating():
            return self.database.dialect.clean(self._engine, tables)

    def try_to_write(self) -> None:
        """A write that is rolled back, so that a ledger that cannot be written is found now. Raises LedgerUnusable."""
        with self.database.translating(), self._engine.connect() as connection:
            connection.execute(version.update().values(version_num=VERSION))


class NoHistory:
    """The empty history of a ledger that does not exist yet."""

    def __init__(self, where: str) -> None:
        self.where = where

    def history(self, organization_id: str) -> History:  # noqa: ARG002
        return History()

    def past(
        self,
        organization_id: str,  # noqa: ARG002
        case_ids: Collection[str],  # noqa: ARG002
        keys: Collection[str] = (),  # noqa: ARG002
    ) -> tuple[Escalation, ...]:
        return ()

    def self_check(self, organization_id: str) -> SelfCheck:  # noqa: ARG002
        return SelfCheck()

    def head(self, organization_id: str | None = None) -> str | None:  # noqa: ARG002
        return None


def open_ledger(where: str, *, create: bool, terms: Terms | None = None) -> SqlLedger:
    """The ledger at a path or URL, for a live run; made when missing and `create` says so.
    Raises Invalid and LedgerUnusable."""
    database, terms = database_of(where), terms or Terms()
    if not database.exists():
        if not create:
            raise LedgerUnusable(f"the ledger {database.where} does not exist")
        database.create()
    # Read first: to open another program's file for writing would change its journal mode.
    recognise(database, database.engine(writing=False, busy=terms.busy), writing=True)
    ledger = SqlLedger(database, database.engine(writing=True, busy=terms.busy), terms)
    try:
        ledger.try_to_write()
        return ledger
    except BaseException:
        ledger.close()
        raise


def open_history(where: str) -> HistoryReader:
    """The ledger for a dry run: a missing one is an empty history. Raises Invalid and LedgerUnusable."""
    database = database_of(where)
    return reader_of(database, LedgerUnusable) if database.exists() else NoHistory(database.where)


def open_trail(where: str) -> SqlHistory:
    """The ledger for an audit: a missing one is LedgerUnusable, a damaged one AuditBroken."""
    database = database_of(where)
    if not database.exists():
        advice = "the first live run makes it; or name another with --ledger"
        raise LedgerUnusable(f"the ledger {database.where} does not exist: {advice}")
    return reader_of(database, AuditBroken)


def reader_of(database: Database, damage: type[EscalatorError]) -> SqlHistory:
    """The ledger in this database, which exists. Raises LedgerUnusable, and `damage` where it is damaged."""
    engine = database.engine(writing=False, busy=BUSY)
    recognise(database, engine, damage)
    return SqlHistory(database, engine, damage)
