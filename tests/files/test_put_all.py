"""Many files are written all or none, and nothing that somebody changed is touched."""

import errno
import os
import stat
from pathlib import Path

import pytest

from sfdc_escalator.errors import Invalid
from sfdc_escalator.files.first_hour.put_all import put_all
from sfdc_escalator.files.text.plain_file import umask

FILES = {
    Path("docs/a.md"): "a\n",
    Path("docs/deep/b.md"): "b\n",
    Path("bin/start"): "#!/bin/sh\n",
    Path("c.json"): "{}",
}


def there(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_each_file_is_written_and_a_script_can_be_started(tmp_path: Path) -> None:
    assert set(put_all(tmp_path / "new", FILES, ()).values()) == {"written"}
    assert {path: (tmp_path / "new" / path).read_text() for path in FILES} == FILES
    modes = {path.name: stat.S_IMODE((tmp_path / "new" / path).stat().st_mode) & 0o111 for path in FILES}
    assert modes == {"a.md": 0, "b.md": 0, "start": 0o111 & ~umask(), "c.json": 0}
    assert len(there(tmp_path / "new")) == len(FILES) + 3  # and no temporary file


def test_a_changed_file_is_kept_and_a_generated_one_renewed(tmp_path: Path) -> None:
    put_all(tmp_path, FILES, ())
    for name in ("docs/a.md", "c.json"):
        (tmp_path / name).write_text("mine")
    (tmp_path / "bin/start").unlink()
    again = put_all(tmp_path, FILES, [Path("c.json")])
    assert list(again.values()) == ["kept: it differs", "as it was", "written", "renewed"]
    assert (tmp_path / "docs/a.md").read_text() == "mine"
    assert (tmp_path / "c.json").read_text() == "{}"


def test_everything_that_is_in_the_way_is_named_once_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "docs").write_text("mine")
    (tmp_path / "bin").symlink_to("nowhere")
    with pytest.raises(Invalid) as refusal:
        put_all(tmp_path, FILES, ())
    assert refusal.value.message == f"{tmp_path} cannot be set up; nothing was written"
    assert [str(one) for one in refusal.value.problems] == [
        f"{tmp_path / name} cannot be written: it is not a folder" for name in ("docs", "bin")
    ]
    assert there(tmp_path) == ["bin", "docs"]


def test_a_folder_that_cannot_be_written_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, _mode: path != tmp_path)  # the tests may run as root
    with pytest.raises(Invalid) as refusal:
        put_all(tmp_path / "new", FILES, ())
    assert refusal.value.message == f"{tmp_path} cannot be written: permission denied"
    assert there(tmp_path) == []


@pytest.mark.parametrize("which", range(4))
def test_a_disk_that_is_full_in_the_middle_leaves_what_was_there(
    which: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/mine.md").write_text("mine")
    real, count = os.link, iter(range(10))

    def full(name: str, path: Path) -> None:
        if next(count) == which:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(name, path)

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(Invalid, match="cannot be written: no space left on device"):
        put_all(tmp_path, FILES, ())
    assert there(tmp_path) == ["docs", "docs/mine.md"]
