from collections.abc import Iterator
from pathlib import Path

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.embedded_org.client import NOW, Client, write_folder


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """An org shared by the tests of a module, which only read."""
    with EmbeddedOrg(data=write_folder(tmp_path_factory.mktemp("data")), now=NOW) as org, Client(org) as client:
        yield client


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Client]:
    """An org for one test."""
    with EmbeddedOrg(data=write_folder(tmp_path / "data"), now=NOW) as made, Client(made) as client:
        yield client
