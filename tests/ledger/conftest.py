from collections.abc import Iterator
from pathlib import Path

import pytest

from sfdc_escalator.ledger.store import SqlLedger
from tests.ledger.kinds import Kind, PostgresqlKind, SqliteKind, empty
from tests.ledger.server import a_database


@pytest.fixture(scope="session")
def postgresql_database(postgresql_server: str) -> Iterator[str]:
    with a_database(postgresql_server) as database:
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Every implementation in turn, for the tests of the contract."""
    found: Kind = request.getfixturevalue(f"{request.param}_kind")
    return found


@pytest.fixture
def sqlite_kind(tmp_path: Path) -> SqliteKind:
    return SqliteKind(tmp_path)


@pytest.fixture
def postgresql_kind(postgresql_database: str) -> Iterator[PostgresqlKind]:
    with PostgresqlKind(postgresql_database) as kind:
        yield kind


@pytest.fixture
def ledger(kind: Kind) -> Iterator[SqlLedger]:
    """A new ledger of each implementation in turn."""
    kind.become(empty)
    with kind.open() as opened:
        yield opened
