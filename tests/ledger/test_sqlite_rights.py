"""An SQLite ledger that this user may not read or write: exit code 2, and never called damaged."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sfdc_escalator.errors import Invalid
from sfdc_escalator.ledger.engines.registry import database_of
from sfdc_escalator.ledger.store import open_ledger
from tests.ledger.sample import change, escalation, start

ROOT = Path(__file__).parents[2]
AS_SOMEBODY_ELSE = """
import os, sys, tempfile
from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.ledger.store import open_history, open_ledger, open_trail
from sfdc_escalator.ledger.audit.verification import verify
from tests.ledger.sample import ORG

def attempts(where):
    yield lambda: open_ledger(where, create=True).close()
    yield lambda: open_history(where).history(ORG)
    yield lambda: verify(open_trail(where))

with tempfile.TemporaryDirectory() as folder:  # loads what somebody else may not read
    for attempt in attempts(f"{folder}/x.db"):
        attempt()
os.setgid(65534)
os.setuid(65534)
for attempt in attempts(sys.argv[1]):
    try:
        attempt()
        print("0 done")
    except EscalatorError as error:
        print(error.exit_code, error.message)
"""
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def ledger() -> Iterator[Path]:
    """A ledger of another user, in a folder that everybody may use."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        path = Path(folder) / "x.db"
        with open_ledger(str(path), create=True) as made, made.lease(start()) as lease:
            lease.record([change(escalation())])
        yield path
        Path(folder).chmod(0o777)


def said(path: Path) -> list[str]:
    """What a run, a rehearsal and an audit by somebody else end with."""
    child = [sys.executable, "-c", AS_SOMEBODY_ELSE, str(path)]
    return subprocess.run(child, capture_output=True, text=True, check=True, timeout=300, cwd=ROOT).stdout.splitlines()


@pytest.mark.parametrize(("file", "folder"), [(file, folder) for file in (0o000, 0o444) for folder in (0o777, 0o555)])
def test_a_mode_that_forbids_something_is_reported_as_such(ledger: Path, file: int, folder: int) -> None:
    ledger.chmod(file)
    ledger.parent.chmod(folder)
    run, *readers = said(ledger)
    assert run.startswith("2 ")
    assert "cannot be" in run
    for one in readers:
        assert one == "0 done" or one.startswith("2 "), one
    assert "damaged" not in " ".join((run, *readers))


def test_a_folder_that_may_not_be_entered_is_reported_as_such(ledger: Path) -> None:
    ledger.parent.chmod(0o000)
    lines = said(ledger)
    assert all(one.startswith("2 ") and "cannot be examined" in one for one in lines), lines


def test_a_new_ledger_in_a_folder_that_may_not_be_written_is_reported_as_such(ledger: Path) -> None:
    ledger.parent.chmod(0o555)
    run, rehearsal, _ = said(ledger.with_name("new.db"))
    assert run.startswith("2 cannot make the file")
    assert rehearsal == "0 done"


@pytest.mark.parametrize("options", ["?mode=ro", "?", "?cache=shared&mode=rw", "?immutable=1"])
def test_options_of_an_sqlite_address_are_refused_and_make_no_file(tmp_path: Path, options: str) -> None:
    with pytest.raises(Invalid, match="takes no options") as refused:
        database_of(f"sqlite:///{tmp_path}/x.db{options}")
    assert refused.value.exit_code == 2
    assert not list(tmp_path.iterdir())
