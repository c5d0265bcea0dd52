"""The ledgers of a scenario, which can be lost, copied and restored, and whose leases can be aged."""

import contextlib
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


class Ledger(ABC):
    """A ledger; `where` is the value of --ledger."""

    where: str
    can_be_restored = False

    @abstractmethod
    def exists(self) -> bool: ...

    @abstractmethod
    def lose(self) -> None: ...

    @abstractmethod
    def _ask(self, text: str, **values: Any) -> list[Any]: ...

    def restore(self, copy: Path) -> None:
        raise NotImplementedError

    def events(self) -> int:
        return int(self._ask("SELECT count(*) FROM events")[0][0]) if self.exists() else 0

    def age(self, seconds: float) -> None:
        """Ages the leases: their times are set back, because the database's clock cannot be set."""
        if not self.exists():
            return
        for organization, *times in self._ask("SELECT organization_id, started_at, heartbeat_at FROM leases"):
            started, beat = (shifted(one, -seconds) for one in times)
            self._ask(
                "UPDATE leases SET started_at = :started, heartbeat_at = :beat WHERE organization_id = :organization",
                started=started, beat=beat, organization=organization,
            )  # fmt: skip


@dataclass
class SqliteFile(Ledger):
    path: Path
    can_be_restored = True

    def __post_init__(self) -> None:
        self.where = str(self.path)

    def exists(self) -> bool:
        return self.path.exists()

    def lose(self) -> None:
        for path in self.path.parent.glob(f"{self.path.name}*"):
            path.unlink()

    def restore(self, copy: Path) -> None:
        self.lose()
        self.path.write_bytes(copy.read_bytes())

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
