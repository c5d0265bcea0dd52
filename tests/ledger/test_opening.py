"""A ledger is opened whole, made whole, or refused with one clear message."""

import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from sfdc_escalator.errors import LedgerUnusable
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.ledger.engines.sqlite_file import SqliteFile
from sfdc_escalator.ledger.store import open_history, open_ledger, open_trail
from sfdc_escalator.ledger.writing.lease import Terms
from tests.ledger.kinds import SqliteKind
from tests.ledger.sample import ORG, all_of, change, escalation, start

ROOT = Path(__file__).parents[2]


def a_folder(path: Path) -> None:
    path.mkdir()


def text(path: Path) -> None:
    path.write_text("not a database, but long enough to look at " * 50)


def nothing(path: Path) -> None:
    path.touch()


def of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (a)")


def cut_short(path: Path) -> None:
    open_ledger(str(path), create=True).close()
    path.write_bytes(path.read_bytes()[:9_000])


def older(path: Path) -> None:
    of_version(path, "0000")


def newer(path: Path) -> None:
    of_version(path, "0006")


def of_version(path: Path, version: str) -> None:
    open_ledger(str(path), create=True).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def below_a_file(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_text("a file where a folder should be")


def a_link_to_nothing(path: Path) -> None:
    path.symlink_to(path.with_name("unmounted.db"))


def below_a_link_to_nothing(path: Path) -> None:
    path.parent.rmdir()
    path.parent.symlink_to("unmounted")


BAD: list[tuple[Callable[[Path], None], str]] = [
    (a_folder, "is a folder"),
    (a_pipe, "is not a file"),
    (text, "not an SQLite file"),
    (nothing, "0 bytes"),
    (of_another_program, "of another program"),
    (cut_short, "damaged or cut short"),
    (older, "older version 0000.*ledger migrate"),
    (newer, "version 0006, newer"),
    (below_a_file, "cannot be examined"),
    (a_link_to_nothing, "leads to .*unmounted.db, which does not exist"),
    (below_a_link_to_nothing, "leads to unmounted, which does not exist"),
]


@pytest.mark.parametrize(("make", "words"), BAD)
def test_a_file_that_is_not_our_ledger_is_refused_and_not_changed(
    make: Callable[[Path], None], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "folder" / "x.db"
    path.parent.mkdir()
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(LedgerUnusable, match=words) as refused:
        open_history(str(path))
    assert str(path) in str(refused.value)
    with pytest.raises(LedgerUnusable, match=words):
        open_ledger(str(path), create=True)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_dry_run_creates_no_ledger(tmp_path: Path) -> None:
    reader = open_history(str(tmp_path / "a" / "b.db"))
    assert reader.history(ORG) == History()
    assert reader.head() is None
    assert reader.where == str(tmp_path / "a" / "b.db")
    assert not list(tmp_path.iterdir())


def test_a_dry_run_does_not_change_a_byte_of_the_file(sqlite_kind: SqliteKind) -> None:
    with sqlite_kind.open() as ledger:
        with ledger.lease(start()) as lease:
            lease.record([change(escalation())])
        live = ledger.history(ORG)
    before = sqlite_kind.path.read_bytes()
    assert open_history(str(sqlite_kind.path)).history(ORG) == live
    assert sqlite_kind.path.read_bytes() == before


def test_a_dry_run_reads_what_a_run_at_work_has_stored(sqlite_kind: SqliteKind) -> None:
    with sqlite_kind.open() as ledger, ledger.lease(start()) as lease:
        lease.record([change(escalation())])
        reader = open_history(str(sqlite_kind.path))
        assert reader.history(ORG) == ledger.history(ORG)
        assert reader.head() == ledger.head()


def test_a_ledger_that_must_be_there_is_not_made(tmp_path: Path) -> None:
    path = str(tmp_path / "x.db")
    with pytest.raises(LedgerUnusable, match=r"the ledger .* does not exist"):
        open_ledger(path, create=False)
    with pytest.raises(LedgerUnusable, match=r"the ledger .* does not exist"):
        open_trail(path)
    assert not list(tmp_path.iterdir())


def test_a_new_ledger_is_for_its_user_alone_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ledger" / "x.db"
    open_ledger(f"sqlite:///{path}", create=True).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["x.db"]


def test_a_ledger_is_kept_with_full_synchronization_and_a_write_ahead_log(sqlite_kind: SqliteKind) -> None:
    with sqlite_kind.open() as ledger, ledger.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA application_id").scalar() == 0x45534341


def test_two_programs_that_make_the_ledger_at_the_same_time_use_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.db"
    real_link = os.link

    def slower(source: object, target: object) -> None:
        monkeypatch.setattr(os, "link", real_link)
        with open_ledger(str(path), create=True) as first, first.lease(start()) as lease:
            lease.record([change(escalation())])
        real_link(source, target)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "link", slower)
    with open_ledger(str(path), create=True) as second:
        assert len(all_of(second)) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["x.db"]


def test_a_ledger_locked_by_another_program_is_refused(sqlite_kind: SqliteKind) -> None:
    sqlite_kind.open().close()
    with closing(sqlite3.connect(sqlite_kind.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerUnusable, match="locked by another program"):
            sqlite_kind.open(Terms(busy=timedelta(0)))


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnusable, match="cannot make the file"):
        open_ledger("/proc/no-such-folder/x.db", create=True)


def test_a_name_that_is_too_long_is_reported(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnusable, match="too long"):
        open_ledger(str(tmp_path / ("x" * 300)), create=True)


def test_a_full_disk_is_reported_and_nothing_is_half_stored(sqlite_kind: SqliteKind) -> None:
    with sqlite_kind.open() as ledger, ledger.lease(start()) as lease:
        head = ledger.head()
        with ledger.reading() as connection:  # the file may not grow any more
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(LedgerUnusable, match="the disk is full"):
            lease.record([change(escalation(number), note="x" * 1000) for number in range(300)])
        assert ledger.head() == head
    assert sqlite_kind.verify(head).problems == ()


AS_SOMEBODY_ELSE = """
import os, sys
from sfdc_escalator.errors import LedgerUnusable
from sfdc_escalator.ledger.store import open_ledger
open_ledger(sys.argv[1], create=True).close()
os.chmod(sys.argv[1], 0o644)
os.setgid(65534)
os.setuid(65534)
try:
    open_ledger(sys.argv[1], create=True)
except LedgerUnusable as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_ledger_that_may_only_be_read_is_refused_for_a_live_run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        child = [sys.executable, "-c", AS_SOMEBODY_ELSE, f"{folder}/x.db"]
        said = subprocess.run(child, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT).stdout
    assert "cannot be written" in said


def test_the_readers_connection_cannot_write(sqlite_kind: SqliteKind) -> None:
    sqlite_kind.open().close()
    trail = open_trail(str(sqlite_kind.path))
    with pytest.raises(LedgerUnusable, match="read-only"), trail.reading() as connection:
        connection.exec_driver_sql("DELETE FROM leases")


def test_another_programs_file_keeps_its_journal_mode(tmp_path: Path) -> None:
    of_another_program(tmp_path / "x.db")
    with pytest.raises(LedgerUnusable):
        open_ledger(str(tmp_path / "x.db"), create=True)
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_network_disk_is_refused_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sfdc_escalator.ledger.engines import place

    monkeypatch.setattr(place, "disk_of", lambda *_: "nfs4")
    with pytest.raises(LedgerUnusable, match="network disk"):
        open_ledger(str(tmp_path / "folder" / "x.db"), create=True)
    assert not list(tmp_path.iterdir())
    assert SqliteFile(tmp_path / "folder" / "x.db").exists() is False
