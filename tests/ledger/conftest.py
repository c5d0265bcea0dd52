from pathlib import Path

import pytest

from tests.ledger.kinds import KINDS, SqliteKind


@pytest.fixture(params=sorted(KINDS))
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> SqliteKind:
    """Every implementation in turn; a test of the contract asks for this."""
    return KINDS[request.param](tmp_path)


@pytest.fixture
def sqlite_kind(tmp_path: Path) -> SqliteKind:
    return SqliteKind(tmp_path)
