"""A run as a process of its own: its end, its deadline, and the end of its worker."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from sfdc_escalator.fleet.child import Child, Ended

HANGS = ("org", "serve", "--data", ".")
"""A command that goes on until a signal comes."""
STARTER = f"""
import asyncio, os
from pathlib import Path
from sfdc_escalator.fleet.child import Child
async def start():
    child = await Child.start({HANGS!r}, dict(os.environ), Path(), 60)
    print(child.pid, flush=True)
    await child.ended(60)
asyncio.run(start())
"""


def run(folder: Path, *words: str, deadline: float) -> Ended:
    async def started() -> Ended:
        child = await Child.start(words, dict(os.environ), folder, deadline)
        return await child.ended(deadline)

    return asyncio.run(started())


def test_a_run_is_the_program_itself(tmp_path: Path) -> None:
    done = run(tmp_path, "--version", deadline=60)
    assert (done.code, done.out.split()[0], done.overdue) == (0, b"sfdc-escalator,", False)


def test_a_run_that_hangs_is_killed_at_its_deadline(tmp_path: Path) -> None:
    (tmp_path / "Case.csv").write_text("CaseNumber\n1\n")
    done = run(tmp_path, *HANGS, deadline=0.1)
    assert (done.code, done.overdue) == (-signal.SIGKILL, True)


def test_a_run_ends_soon_when_its_worker_is_killed(tmp_path: Path) -> None:
    (tmp_path / "Case.csv").write_text("CaseNumber\n1\n")
    with subprocess.Popen([sys.executable, "-c", STARTER], cwd=tmp_path, stdout=subprocess.PIPE) as worker:
        assert worker.stdout
        pid = int(worker.stdout.readline())
        worker.kill()
    until = time.monotonic() + 60
    while Path(f"/proc/{pid}/cmdline").exists() and b"serve" in Path(f"/proc/{pid}/cmdline").read_bytes():
        assert time.monotonic() < until, "the run goes on without its worker"
        time.sleep(0.05)
