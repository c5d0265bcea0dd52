"""`.env` holds literal values and is never executed."""

import os
from pathlib import Path

import pytest

from sfdc_escalator.files.text.fault import Fault
from sfdc_escalator.files.values.env_file import settings_of


def file(tmp_path: Path, content: bytes, mode: int = 0o600) -> str:
    path = tmp_path / ".env"
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=x", "x"), ("export A=x", "x"), ("  A=x  ", "x"), ("A=x\r\n", "x"), ("A=", ""), ("A=''", ""),
        ("A=b=c==", "b=c=="), ("A='x y'", "x y"), ('A="x"  # why', "x"), ("A='x' # it's", "x"), ("A=x #1", "x #1"),
        ("A=$(touch pwned)`id`$HOME", "$(touch pwned)`id`$HOME"), ("# B=1\n\nA=x", "x"), ("A=1\nA=x", "x"),
        ("\ufeffA=x", "x"), ("A='", "'"), ("A=\\n", "\\n"), ("A=\u00e9", "\u00e9"),
    ],
)  # fmt: skip
def test_a_value_is_taken_as_it_is(line: str, value: str, tmp_path: Path) -> None:
    assert settings_of(file(tmp_path, line.encode())) == {"A": value}


def test_names_of_the_scripts_and_of_shells_are_plain_settings(tmp_path: Path) -> None:
    names = ["number", "log", "program", "UID", "PATH", "BASH_ENV"]
    found = settings_of(file(tmp_path, "\n".join(f"{name}=PATH[$(touch x)]" for name in names).encode()))
    assert found == dict.fromkeys(names, "PATH[$(touch x)]")


@pytest.mark.parametrize(
    "line", [b"hush hush", b"1A=hush", b"A[0]=hush", b"A B=hush", b"=hush", b"A=hu\0sh", b"A =hush"]
)
def test_what_is_no_setting_is_refused_with_its_line_alone(line: bytes, tmp_path: Path) -> None:
    with pytest.raises(Fault, match=r"\.env:2: this is not NAME=VALUE") as refusal:
        settings_of(file(tmp_path, b"A=1\n" + line))
    assert "hu" not in refusal.value.message


def test_what_others_may_read_and_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="others may read or write"):
        settings_of(file(tmp_path, b"A=1", 0o640))
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(Fault, match=r"is not a file|is a directory"):
            settings_of(str(path))
