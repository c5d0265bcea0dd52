"""Fixtures of the stories."""

from collections.abc import Iterator

import pytest

from tests.stories.watched import CASE, POLICY, listener, orgs
from tests.stories.world import World


@pytest.fixture
def heard(world: World) -> Iterator[list[str]]:
    """The pings of a heartbeat; the org has one case that matches."""
    world.policy(POLICY)
    (world.folder / "config").mkdir()
    world.org(Case=[CASE])
    with listener() as (url, heard):
        orgs(world, url)
        yield heard
