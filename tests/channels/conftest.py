"""A web service on loopback for every channel that speaks HTTP; and a machine that knows its own name."""

import socket
from collections.abc import Iterator

import pytest

from tests.channels.service import Service


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as made:
        yield made


@pytest.fixture(autouse=True)
def own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail program says the name of its machine, which would be looked up in the network."""
    monkeypatch.setattr(socket, "getfqdn", lambda *_: "desk-1.example.com")
