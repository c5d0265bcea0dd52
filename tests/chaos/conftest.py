"""One prepared process for the tests of the judges."""

from collections.abc import Iterator

import pytest

from tests.chaos.runner import Runner, open_runner


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    with open_runner() as made:
        yield made
