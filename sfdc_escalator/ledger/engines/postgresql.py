"""A ledger in PostgreSQL: a schema of its own in the database that the user names. Needs psycopg."""

import contextlib
import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from sfdc_escalator.errors import EscalatorError, Invalid, LedgerUnusable, Problem
from sfdc_escalator.ledger.engines.database import Database
from sfdc_escalator.ledger.engines.postgresql_copy import copy_schema, looking_at
from sfdc_escalator.ledger.engines.postgresql_dialect import SCHEMA, PostgresqlDialect
from sfdc_escalator.ledger.tables import schema

try:
    import psycopg
except ImportError as error:
    raise Invalid(
        "a ledger in PostgreSQL needs psycopg, which is not installed; run: pip install 'sfdc-escalator[pg]'"
    ) from error

from sfdc_escalator.ledger.engines.postgresql_rights import (
    lacking,
    lacking_to_create,
    lacking_to_migrate,
    quoted,
)

MARK = "ledger of sfdc-escalator"
"""The comment on our schema, which marks it as ours."""

COPIES = rf"SELECT nspname::text FROM pg_namespace WHERE nspname LIKE '{SCHEMA}\__%' ORDER BY 1"  # noqa: S608

OPTIONS = sorted({one.keyword.decode() for one in psycopg.pq.Conninfo.get_defaults()} - {"replication"})
"""The options of a URL (PostgreSQL manual, "Parameter Key Words"); a replication connection runs no SQL of ours."""

LINE = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "application_name": "sfdc-escalator",
}
"""Detects within a minute that a server is gone; TCP by itself waits for hours."""

LOCKED = "is locked by another program; see who holds the lock (pg_stat_activity), then run again"
FULL = "cannot be written: the server's disk is full"
ADVICE = {
    "55P03": LOCKED,
    "40P01": LOCKED,
    "25006": "cannot be written: the server accepts no writes (a standby, or set to read only)",
    "42501": "cannot be used: this user lacks a right on it; let its owner GRANT it, or log in as its owner",
    "57014": "took too long: the server cancelled the statement",
    "53100": FULL,
    "53200": "cannot be used: the server is out of memory",
    "53300": "cannot be reached: the server has too many connections",
}
"""By SQLSTATE (PostgreSQL manual, appendix A)."""

ADVICE_ON_CONNECTING = {
    "permission denied for database": "let its owner run: GRANT CONNECT ON DATABASE {database} TO {user}",
    "pg_hba.conf": "allow this host in the server's pg_hba.conf",
    "password": "give the password in ~/.pgpass or PGPASSWORD, or correct the one in the URL",
    "does not exist": "make it first: createdb --encoding=UTF8 NAME, createuser NAME; or correct the URL",
    "refused": "is the server running, and on this port?",
    "translate host": "the name of the host is not known; correct the URL",
    "invalid": "correct the options in the URL",
    "bad value": "correct the options in the URL",
    "timeout": "is the server running, and does a firewall block the port?",
}
"""By a word of libpq's message: when it cannot connect, there is no SQLSTATE."""


@dataclass(frozen=True, slots=True)
class PostgresqlSchema:
    """See `database.Database`."""

    url: sa.URL
    dialect = PostgresqlDialect()
    is_on_a_server = True

    @classmethod
    def at(cls, where: str) -> "PostgresqlSchema":
        """Raises Invalid, without any part of the URL: it may hold a password."""
        wanted = "postgresql://USER@HOST:PORT/DATABASE (the password in ~/.pgpass or PGPASSWORD)"
        try:
            url = sa.make_url(where)
        except (sa.exc.ArgumentError, ValueError):
            raise Invalid("the ledger's URL is not understood", [Problem("a URL", expected=wanted)]) from None
        if url.drivername not in ("postgres", "postgresql", "postgresql+psycopg"):
            raise Invalid(f"the ledger's URL asks for {url.drivername}", [Problem("a URL", expected=wanted)])
        if not url.database:
            raise Invalid("the ledger's URL does not name a database", [Problem("a URL", expected=wanted)])
        for name in url.query:
            if name not in OPTIONS:
                near = difflib.get_close_matches(name, OPTIONS, n=1)
                expected = "options of libpq, such as sslmode=require"
                problem = Problem("an option", found=name, expected=expected, nearest=near[0] if near else None)
                raise Invalid("the ledger's URL has an option that PostgreSQL does not know", [problem])
        url = url.set(drivername="postgresql+psycopg")
        try:
            url.get_dialect()().create_connect_args(url)
        except (sa.exc.ArgumentError, ValueError) as error:
            raise Invalid(f"the options of the ledger's URL are invalid: {error}") from None
        return cls(url)

    @property
    def where(self) -> str:
        url = self.url
        return sa.URL.create("postgresql", url.username, None, url.host, url.port, url.database).render_as_string()

    def exists(self) -> bool:
        with self._asking() as connection:
            asked = sa.text("SELECT count(*) FROM pg_namespace WHERE nspname = :name")
            return bool(connection.execute(asked, {"name": SCHEMA}).scalar())

    def create(self) -> None:
        engine = self.engine(writing=True, busy=timedelta(seconds=10))
        try:
            with self.translating(), engine.begin() as connection:
                encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
                if encoding != "UTF8":
                    raise LedgerUnusable(f"the database of {self.where} holds {encoding}; make one with encoding UTF8")
                self._refuse(lacking_to_create(connection))
                connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
                connection.exec_driver_sql(f"COMMENT ON SCHEMA {SCHEMA} IS '{MARK}'")
                schema.create_tables(connection)
                self.dialect.guard(connection)
        except LedgerUnusable as error:
            if not _is_made_already(error.__cause__):
                raise
        finally:
            engine.dispose()

    def engine(self, *, writing: bool, busy: timedelta) -> sa.Engine:
        level = "READ COMMITTED" if writing else "REPEATABLE READ"
        pool: dict[str, Any] = {"pool_size": 2} if writing else {"poolclass": NullPool}
        line = {name: value for name, value in LINE.items() if name not in self.url.query}
        plain: dict[str, Any] = {"hide_parameters": True, "use_native_hstore": False}  # a query less to connect
        engine = sa.create_engine(self.url, isolation_level=level, connect_args=line, **plain, **pool)
        settings = {
            "search_path": f"{SCHEMA}, pg_temp",
            "client_encoding": "UTF8",
            "synchronous_commit": "on",
            "lock_timeout": f"{max(1, round(busy / timedelta(milliseconds=1)))}ms",
            "idle_in_transaction_session_timeout": "2min",  # a stopped process must not block others
            "default_transaction_read_only": "off" if writing else "on",
        }
        asked = (list(settings), list(settings.values()))

        @sa.event.listens_for(engine, "connect")
        def prepare(connection: psycopg.Connection[Any], _record: object) -> None:
            connection.execute("SELECT set_config(n, v, false) FROM unnest(%s::text[], %s::text[]) AS s (n, v)", asked)
            connection.commit()

        return engine

    @contextlib.contextmanager
    def translating(self, damage: type[EscalatorError] = LedgerUnusable) -> Iterator[None]:
        try:
            yield
        except (sa.exc.DBAPIError, psycopg.Error) as error:
            cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
            raise self._translated(cause, damage) from error

    def check_mark(self, connection: sa.Connection, *, writing: bool = False) -> None:
        asked = sa.text("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = :name")
        if connection.execute(asked, {"name": SCHEMA}).scalar() != MARK:
            raise LedgerUnusable(
                f"{self.where} does not hold a ledger of sfdc-escalator: its schema {SCHEMA} is one of another program"
            )
        self._refuse(lacking(connection, writing=writing))

    def copies(self) -> tuple[str, ...]:
        with self._asking() as connection:
            return tuple(f"the schema {name}" for name in connection.execute(sa.text(COPIES)).scalars())

    def copy_to(self, file: Path, check: Callable[[Database], None]) -> None:  # noqa: ARG002
        raise Invalid(f"the ledger {self.where} is in PostgreSQL; back it up with: pg_dump --schema={SCHEMA} DATABASE")

    @contextlib.contextmanager
    def kept(self, connection: sa.Connection, label: str, check: Callable[[sa.Connection], object]) -> Iterator[str]:
        """A schema beside the ledger's, `sfdc_escalator_<label>`, made in the same transaction."""
        self._refuse(lacking_to_migrate(connection))
        name = f"{SCHEMA}_{label}".lower().replace("-", "_")
        copy_schema(connection, name, MARK)
        with looking_at(connection, name):
            check(connection)
        yield f"the schema {name} of the same database"

    @contextlib.contextmanager
    def _asking(self) -> Iterator[sa.Connection]:
        engine = self.engine(writing=False, busy=timedelta(seconds=10))
        with self.translating(), engine.connect() as connection:
            yield connection

    def _refuse(self, lacking: str) -> None:
        if lacking:
            raise LedgerUnusable(f"the ledger {self.where} cannot be used: {lacking}")

    def _translated(self, error: object, damage: type[EscalatorError]) -> EscalatorError:
        state, message = getattr(error, "sqlstate", None) or "", self._message(error)
        if state in ADVICE:
            return LedgerUnusable(f"the ledger {self.where} {ADVICE[state]} (PostgreSQL: {message})")
        is_of_the_client = isinstance(error, psycopg.ProgrammingError) and not state  # an option with a bad value
        if is_of_the_client or isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            found = (advice for text, advice in ADVICE_ON_CONNECTING.items() if text in message)
            advice = next(found, "").format(database=quoted(self.url.database or ""), user=self.url.username or "USER")
            return LedgerUnusable(
                f"the ledger {self.where} cannot be reached. PostgreSQL: {message}{advice and f'; {advice}'}"
            )
        return damage(f"the ledger {self.where} is damaged or was changed (PostgreSQL: {message})")

    def _message(self, error: object) -> str:
        """The first line of the message, because others may quote a row; without the password."""
        diagnosis = getattr(error, "diag", None)
        lines = (getattr(diagnosis, "message_primary", None) or str(error)).strip().splitlines() or ["nothing"]
        message = lines[0]
        for secret in (self.url.password, self.url.query.get("password")):
            message = message.replace(str(secret), "***") if secret else message
        return message


def database_at(where: str) -> PostgresqlSchema:
    """Raises Invalid."""
    return PostgresqlSchema.at(where)


def _is_made_already(error: BaseException | None) -> bool:
    cause = getattr(error, "orig", None)
    return getattr(cause, "sqlstate", None) in ("42P06", "23505")  # duplicate_schema, seen before or after its commit
