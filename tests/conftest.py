"""What every test relies on: no network beyond loopback, no environment of the person who runs the tests."""

import os
import signal
import socket
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.sampling import WHOLE
from tests.statements import share_statements
from tests.stories.world import World

WORLDS: list[World] = []
"""Those of the test that runs."""
SECRETS: set[str] = set()
"""All that were read in the worlds so far."""
# A busy machine makes no test fail: no limit of time, for an example or for making it. Nor does chance: the examples
# are the same each time, new ones with `--whole`.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=not WHOLE)
settings.load_profile("patient")
share_statements()
# Containers often set this; then each start of the program, and each run of the tests, would compile all of it anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# A shell in the background, or nohup, starts what it starts with these ignored; the program would ignore them too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
# No other setting of the machine reaches a test. Each call of an org looks through the whole environment for a proxy.
KEPT = ("PATH", "HOME", "USER", "LANG", "LC_", "TMPDIR", "TERM", "PYTHON", "PYTEST", "COVERAGE", "TESTS_", "PIP_")
for name in [name for name in os.environ if not name.startswith(KEPT)]:
    del os.environ[name]
LOOPBACK = ("127.", "localhost", "::1", "0.0.0.0")


@pytest.fixture(autouse=True)
def no_network_beyond_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anywhere else fails the test."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"a test tried to reach {address}")
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The state folder and the time zone are the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Whatever a test printed or logged without reading it: no secret that a program read stands in it, in this test
    or in an earlier one."""
    report = yield
    if report.when == "teardown":
        SECRETS.update(*(made.secrets_in_use for made in WORLDS))
        WORLDS.clear()
        secrets = [secret for secret in SECRETS if len(secret) > 15]
        if leaks := {
            f"{secret[:4]}... in {name}" for name, text in report.sections for secret in secrets if secret in text
        }:
            report.outcome, report.longrepr = "failed", f"a secret was told: {sorted(leaks)}"
    return report


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """One server for all tests of this process."""
    from tests.ledger.server import a_server

    with a_server() as server:
        if server is None:
            pytest.skip("there is no PostgreSQL server here, and no programs to start one")
        yield server


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    made = World(tmp_path, monkeypatch, capsys)
    WORLDS.append(made)
    yield made
    leaks = made.leaks()
    for org in made.orgs:
        org.close()
    assert leaks == []
