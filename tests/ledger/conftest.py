from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger.kinds import Kind, PostgresqlKind, SqliteKind
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
def postgresql_kind(postgresql_database: str) -> PostgresqlKind:
    return PostgresqlKind(postgresql_database)
