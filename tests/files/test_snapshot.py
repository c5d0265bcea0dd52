"""Policies with their templates as one value, which a fleet stores and its workers unpack."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from sfdc_escalator.errors import Invalid
from sfdc_escalator.files.policies import load_policies
from sfdc_escalator.files.snapshot import snapshot, unpack

POLICY = """policy: p
defaults: {note: {template: TEMPLATE}}
routes:
  - {name: r, reason: R., when: [{field: Type, is: A}], escalate: {note: {template: near.j2}, status: B}}
  - {name: s, reason: S., when: [{field: Type, is: C}], escalate: {status: B}}
"""


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "config" / "policies"
    (tmp_path / "config" / "notes").mkdir(parents=True)
    folder.mkdir()
    (tmp_path / "config" / "notes" / "far.j2").write_text("Far {{ case.number }}\n{{ parts }}")
    (folder / "near.j2").write_text("Near")
    (folder / "one.yaml").write_text(POLICY.replace("TEMPLATE", "notes/far.j2"))
    (folder / "two.yaml").write_text(POLICY.replace("TEMPLATE", "near.j2").replace("policy: p", "policy: q"))
    return [folder / "one.yaml", folder / "two.yaml"]


def test_what_is_unpacked_are_the_same_policies(files: list[Path], tmp_path: Path) -> None:
    made = snapshot(files)
    unpacked = unpack(made, tmp_path / "there")
    before, after = load_policies(files).policies, load_policies(unpacked).policies
    assert [one.digest for one in after] == [one.digest for one in before]
    assert snapshot(unpacked).digest == made.digest


def test_comments_and_layout_do_not_change_the_digest_and_a_template_does(files: list[Path]) -> None:
    before = snapshot(files)
    files[0].write_text(f"# a comment\n{files[0].read_text()}\n")
    assert snapshot(files).digest == before.digest
    (files[0].parent.parent / "notes" / "far.j2").write_text("Other")
    assert snapshot(files).digest != before.digest


def test_a_change_of_any_file_is_seen(files: list[Path]) -> None:
    made = snapshot(files)
    assert made.is_of(files)
    assert not made.is_of(files[:1])
    (files[0].parent / "near.j2").write_text("Nearer")
    assert not made.is_of(files)


def test_a_template_that_comes_later_is_seen(files: list[Path]) -> None:
    """One that was missing, and one in the folder of the policies, which counts before that of its parent."""
    place = files[0].parent / "near.j2"
    place.unlink()
    missing = snapshot(files)
    place.write_text("Near")
    assert not missing.is_of(files)
    of_the_parent = snapshot(files)
    (files[0].parent / "notes").mkdir()
    (files[0].parent / "notes" / "far.j2").write_text("Far, of the folder")
    assert not of_the_parent.is_of(files)
    assert snapshot(files).digest != of_the_parent.digest


def test_runs_that_unpack_at_the_same_time_find_whole_files(files: list[Path], tmp_path: Path) -> None:
    """The first runs with changed policies begin at the same time."""
    (files[0].parent / "near.j2").write_text("Near\n" * 50_000)
    made = snapshot(files)

    def unpacked(_: int) -> list[bytes]:
        ready.wait()
        return [path.read_bytes() for path in [*unpack(made, folder), folder / "0" / "policies" / "near.j2"]]

    for turn in range(20):
        folder, ready = tmp_path / str(turn), Barrier(4)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(unpacked, range(4)))
        assert found == [[path.read_bytes() for path in [*files, files[0].parent / "near.j2"]]] * 4
        assert not [path for path in folder.rglob("*") if path.suffix == ".new"]


@pytest.mark.parametrize("content", [b"policy: [", b"\xff\x00", b"policy: p\nroutes: 5\n", b""])
def test_invalid_policies_have_a_digest_too_and_stay_invalid(files: list[Path], tmp_path: Path, content: bytes) -> None:
    good = snapshot(files)
    files[0].write_bytes(content)
    bad = snapshot(files)
    assert bad.digest not in (good.digest, snapshot(files[1:]).digest)
    unpacked = unpack(bad, tmp_path / "there")
    assert unpacked[0].read_bytes() == content
    with pytest.raises(Invalid):
        load_policies(unpacked)


def test_a_file_that_cannot_be_read_makes_no_snapshot(files: list[Path]) -> None:
    files[0].unlink()
    with pytest.raises(Invalid, match=r"the policy file .*one\.yaml cannot be read: no such file or directory"):
        snapshot(files)


def test_files_that_were_changed_after_unpacking_are_mended(files: list[Path], tmp_path: Path) -> None:
    made = snapshot(files)
    first = unpack(made, tmp_path / "there")[0]
    text = first.read_text()
    first.write_text("policy: changed")
    assert unpack(made, tmp_path / "there")[0].read_text() == text


@pytest.mark.parametrize("name", ["/etc/x", "../x", "0/../../x"])
def test_nothing_is_unpacked_outside_the_folder(files: list[Path], tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid, match="damaged"):
        unpack(replace(snapshot(files), files={name: "eA=="}), tmp_path / "there")
