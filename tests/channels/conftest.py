"""A web service on loopback for every channel that speaks HTTP."""

from collections.abc import Iterator

import pytest

from tests.channels.service import Service


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as made:
        yield made
