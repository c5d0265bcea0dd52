"""The place of a ledger."""

from pathlib import Path

import pytest

from sfdc_escalator.errors import Invalid, LedgerUnusable
from sfdc_escalator.ledger.engines.place import (
    absolute,
    default_path,
    disk_of,
    only_ledger,
    path_of,
    refuse_network_disk,
)
from sfdc_escalator.ledger.engines.registry import database_of

MOUNTS = """\
/dev/root / ext4 rw,relatime 0 0
tmpfs /run tmpfs rw 0 0
files:/data /data nfs4 rw,vers=4.2 0 0
//server/share /mnt/team\\040share cifs rw 0 0
tmpfs /data/local tmpfs rw 0 0
host:/ /mnt/ssh fuse.sshfs rw 0 0
broken line
"""


@pytest.mark.parametrize(
    ("where", "path"),
    [
        ("/var/lib/x.db", "/var/lib/x.db"),
        ("sqlite:////var/lib/x.db", "/var/lib/x.db"),
        ("sqlite:///x.db", "HERE/x.db"),
        ("x y?.db", "HERE/x y?.db"),
        ("~/x.db", "HOME/x.db"),
    ],
)
def test_a_ledger_is_named_by_a_path_or_a_url(where: str, path: str, tmp_path: Path) -> None:
    found = path.replace("HERE", str(tmp_path)).replace("HOME", "/data/somebody")
    assert path_of(where, {"HOME": "/data/somebody"}, tmp_path) == Path(found)
    assert absolute(where, {"HOME": "/data/somebody"}, tmp_path) == found


def test_a_ledger_on_a_server_is_the_same_from_every_folder(tmp_path: Path) -> None:
    url = "postgresql://ann@db.example/ledger"
    assert absolute(url, {}, tmp_path) == url


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("mysql://db/ledger", "not understood"),
        ("sqlite://", "not a file"),
        ("sqlite:///", "empty"),
        ("sqlite:///:memory:", "not a file"),
        (":memory:", "not a file"),
        ("", "empty"),
        ("   ", "empty"),
        ("a\0b", "not a file"),
    ],
)
def test_an_address_that_does_not_name_a_file_is_refused_with_advice(where: str, words: str) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        database_of(where)
    assert "secret" not in str(refused.value)
    assert refused.value.exit_code == 2


def test_the_default_place_is_the_state_folder(tmp_path: Path) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path)}
    assert default_path("00D000000000001EAA", state) == tmp_path / "sfdc-escalator" / "00D000000000001EAA.db"


@pytest.mark.parametrize("setting", ["", "relative/folder"])
def test_without_a_usable_state_folder_it_is_below_home(setting: str) -> None:
    environ = {"XDG_STATE_HOME": setting, "HOME": "/data/somebody"}
    assert default_path("00Dx", environ) == Path("/data/somebody/.local/state/sfdc-escalator/00Dx.db")


def test_the_only_ledger_is_found_and_several_are_listed(tmp_path: Path) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path)}
    with pytest.raises(Invalid, match="has no ledger"):
        only_ledger(state)
    first, second = default_path("00Da", state), default_path("00Db", state)
    first.parent.mkdir(parents=True)
    first.touch()
    first.with_name(".00Da.db.new.db").touch()
    assert only_ledger(state) == first
    second.touch()
    with pytest.raises(Invalid, match="2 ledgers") as several:
        only_ledger(state)
    assert [problem.file for problem in several.value.problems] == [str(first), str(second)]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/x.db", "ext4"),
        ("/data/me/x.db", "nfs4"),
        ("/datas/x.db", "ext4"),
        ("/data/local/x.db", "tmpfs"),
        ("/mnt/team share/x.db", "cifs"),
    ],
)
def test_the_disk_of_a_path_is_that_of_the_nearest_mount(path: str, kind: str) -> None:
    assert disk_of(Path(path), MOUNTS) == kind


@pytest.mark.parametrize("path", ["/data/me/x.db", "/mnt/team share/x.db", "/mnt/ssh/x.db"])
def test_a_network_disk_is_refused(path: str) -> None:
    with pytest.raises(LedgerUnusable, match="network disk"):
        refuse_network_disk(Path(path), MOUNTS)


def test_a_local_disk_is_accepted() -> None:
    refuse_network_disk(Path("/run/x.db"), MOUNTS)
