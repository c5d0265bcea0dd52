"""Fixtures of the stories."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from sfdc_escalator.embedded_org.basics import clock
from tests.stories.watched import CASE, POLICY, listener, orgs
from tests.stories.world import World


@pytest.fixture
def stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose org has a clock that moves only when a test moves it, so that minutes are exact."""
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: 0.0))
    return world


@pytest.fixture
def heard(world: World) -> Iterator[list[str]]:
    """The pings of a heartbeat; the org has one case that matches."""
    world.policy(POLICY)
    (world.folder / "config").mkdir()
    world.org(Case=[CASE])
    with listener() as (url, heard):
        orgs(world, url)
        yield heard
