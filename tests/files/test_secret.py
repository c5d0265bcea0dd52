"""Where a secret may come from, and what happens when it does not come."""

import os
import shlex
import sys
import time
from pathlib import Path

import pytest

from sfdc_escalator.files.text.fault import Fault
from sfdc_escalator.files.values import secret
from sfdc_escalator.files.values.secret import reference

SECRET = "00D000000000001!AQEAQ"
PYTHON = shlex.quote(sys.executable)


def read(value: str, environ: dict[str, str] | None = None) -> str:
    return reference(value).secret(environ or {})


def command(*lines: str) -> str:
    return f"cmd:{PYTHON} -c {shlex.quote(chr(10).join(lines))}"


def test_a_secret_comes_from_a_variable_a_file_or_a_command(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"  {SECRET}\n")
    file.chmod(0o600)
    assert read("env:T", {"T": f"{SECRET}\n"}) == SECRET
    assert read(f"file:{file}") == SECRET
    assert read(command(f"print('{SECRET}')")) == SECRET


def test_a_reference_does_not_show_what_it_names() -> None:
    assert SECRET not in repr(reference(f"file:{SECRET}"))


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    assert read("cmd:echo $HOME; echo 'a  b' > x") == "$HOME; echo a  b > x"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o666])
def test_a_file_that_others_may_read_or_write_is_refused(mode: int, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(SECRET)
    file.chmod(mode)
    with pytest.raises(Fault, match="others may read or write") as wrong:
        read(f"file:{file}")
    assert (wrong.value.found, wrong.value.expected) == (f"mode {mode:04o}", f"mode 0600: chmod 600 {file}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"x" * 200_000, "is too long"),
    ],
)
def test_a_file_without_a_secret(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(Fault, match=message):
        read(f"file:{file}")


def test_what_is_not_a_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name, message in (("pipe", "is not a file"), ("", "is not a file|is a directory"), ("none", "no such file")):
        with pytest.raises(Fault, match=message):
            read(f"file:{tmp_path / name}")
    with pytest.raises(Fault, match="null byte"):
        read("file:a\0b")


@pytest.mark.parametrize(
    ("lines", "message", "found"),
    [
        ([f"print('{SECRET}')", "raise SystemExit(3)"], "failed", "exit code 3"),
        (["import os; os.kill(os.getpid(), 9)"], "failed", "signal 9"),
        (["pass"], "is empty", None),
        (["import sys; sys.stdout.buffer.write(b'\\xff')"], "is not UTF-8", None),
    ],
)
def test_a_command_that_fails_is_reported_without_its_output(lines: list[str], message: str, found: str | None) -> None:
    with pytest.raises(Fault, match=message) as wrong:
        read(command(*lines))
    assert wrong.value.found == found
    assert SECRET not in str(vars(wrong.value))


def test_a_command_that_is_not_there_is_reported_by_its_name_alone() -> None:
    with pytest.raises(Fault, match="the command `no-such-vault` cannot be started: no such file") as wrong:
        read(f"cmd:no-such-vault --password {SECRET}")
    assert SECRET not in str(vars(wrong.value))


def test_what_a_command_says_on_stderr_is_not_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Fault):
        read(command("import sys", f"print('{SECRET}', file=sys.stderr)", "sys.exit(1)"))
    assert capfd.readouterr() == ("", "")


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child would hold the pipe open and outlive its parent."""
    monkeypatch.setattr(secret, "TIMEOUT", 0.5)
    began, pid = time.monotonic(), tmp_path / "pid"
    hang = command(
        "import pathlib, subprocess, sys",
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])",
        f"pathlib.Path({str(pid)!r}).write_text(str(child.pid))",
        "child.wait()",
    )
    with pytest.raises(Fault, match=r"did not end within 0\.5 seconds"):
        read(hang)
    assert time.monotonic() - began < 300
    if pid.exists():
        assert ended(int(pid.read_text()))


def ended(pid: int) -> bool:
    """Whether the process is gone, or a zombie that its new parent has not yet looked after."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        os.sched_yield()
    return False
