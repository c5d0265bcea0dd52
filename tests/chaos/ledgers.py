"""The ledgers of a scenario, which can be lost, copied and restored, and whose leases can be aged."""

import contextlib
import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from tests.ledger.server import a_database, a_server

SCHEMA = "sfdc_escalator"
COPIES = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'copy-%'"


class Ledger(ABC):
    """A ledger; `where` is the value of --ledger."""

    where: str
    is_shared = False

    @abstractmethod
    def exists(self) -> bool: ...

    @abstractmethod
    def lose(self) -> None: ...

    def forget(self) -> None:
        """Loses it, and its copies, when the scenario is over."""
        self.lose()

    @abstractmethod
    def _ask(self, text: str, **values: Any) -> list[Any]: ...

    def rows(self, text: str) -> list[Any]:
        """The rows of a query; none without a ledger."""
        return self._ask(text) if self.exists() else []

    @abstractmethod
    def restore(self, copy: str) -> None:
        """Puts the copy of this name in its place."""

    def events(self) -> int:
        return int(self._ask("SELECT count(*) FROM events")[0][0]) if self.exists() else 0

    def age(self, seconds: float) -> None:
        """Ages the leases and claims: their times are set back, because the database's clock cannot be set."""
        if not self.exists():
            return
        for notice, holder in self._ask("SELECT id, holder FROM notices WHERE holder IS NOT NULL"):
            found = json.loads(holder)
            aged = json.dumps({**found, "since": shifted(found["since"], -seconds)})
            self._ask("UPDATE notices SET holder = :holder WHERE id = :notice", holder=aged, notice=notice)
        for organization, *times in self._ask("SELECT organization_id, started_at, heartbeat_at FROM leases"):
            started, beat = (shifted(one, -seconds) for one in times)
            self._ask(
                "UPDATE leases SET started_at = :started, heartbeat_at = :beat WHERE organization_id = :organization",
                started=started, beat=beat, organization=organization,
            )  # fmt: skip


@dataclass
class SqliteFile(Ledger):
    path: Path

    def __post_init__(self) -> None:
        self.where = str(self.path)

    def exists(self) -> bool:
        return self.path.exists()

    def lose(self) -> None:
        for path in self.path.parent.glob(f"{self.path.name}*"):
            path.unlink()

    def restore(self, copy: str) -> None:
        self.lose()
        self.path.write_bytes(self.path.with_name(copy).read_bytes())

    def _ask(self, text: str, **values: Any) -> list[Any]:
        with contextlib.closing(sqlite3.connect(self.path, timeout=0.2)) as connection:
            try:
                found = connection.execute(text, values).fetchall()
            except sqlite3.OperationalError:  # locked by a stopped process: it cannot be written now
                return []
            connection.commit()
            return found


@dataclass
class PostgresqlDatabase(Ledger):
    """The database of this worker."""

    where: str
    is_shared = True

    def __post_init__(self) -> None:
        self.engine = sa.create_engine(self.where.replace("postgresql://", "postgresql+psycopg://"))

    def exists(self) -> bool:
        return bool(self._ask("SELECT 1 FROM pg_namespace WHERE nspname = :name", name=SCHEMA))

    def lose(self) -> None:
        with psycopg.connect(self.where, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND application_name = 'sfdc-escalator'"
            )
            connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")

    def copy(self, name: str) -> bool:
        """Copies every row, as an administrator's dump does. False without a ledger."""
        if not self.exists():
            return False
        with psycopg.connect(self.where) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            connection.execute(f'CREATE SCHEMA "{name}"'.encode())
            for table in self.tables(connection):
                connection.execute(f'CREATE TABLE "{name}".{table} AS TABLE {SCHEMA}.{table}'.encode())
        return True

    def restore(self, copy: str) -> None:
        with psycopg.connect(self.where) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")  # its guards let nobody delete
            for table in self.tables(connection):
                connection.execute(f"DELETE FROM {SCHEMA}.{table}".encode())
                connection.execute(f'INSERT INTO {SCHEMA}.{table} TABLE "{copy}".{table}'.encode())

    def forget(self) -> None:
        self.lose()
        with psycopg.connect(self.where, autocommit=True) as connection:
            for (name,) in connection.execute(
                "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'copy-%'"
            ).fetchall():
                connection.execute(f'DROP SCHEMA "{name}" CASCADE'.encode())

    @staticmethod
    def tables(connection: psycopg.Connection[Any]) -> list[str]:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (SCHEMA,)).fetchall()
        return [name for (name,) in found]

    def _ask(self, text: str, **values: Any) -> list[Any]:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f"SET LOCAL search_path = {SCHEMA}")
            connection.exec_driver_sql("SET LOCAL lock_timeout = '200ms'")
            try:
                found = connection.execute(sa.text(text), values)
                return list(found) if found.returns_rows else []
            except sa.exc.OperationalError:
                connection.rollback()
                return []


def shifted(text: str, seconds: float) -> str:
    """The time that is `seconds` later, in the same format."""
    moment = datetime.fromisoformat(text) + timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if text.endswith("Z") else moment.isoformat()


@contextlib.contextmanager
def postgresql() -> Iterator[PostgresqlDatabase | None]:
    """A database on a real server, None without a server on this machine."""
    with a_server() as server:
        if server is None:
            yield None
            return
        with a_database(server) as url:
            found = PostgresqlDatabase(url)
            yield found
            found.engine.dispose()
