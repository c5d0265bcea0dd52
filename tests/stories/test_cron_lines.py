"""The very lines that `init` writes for cron and systemd, beside a `.env` that somebody tampered with."""

import json
import shlex
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from sfdc_escalator.files.first_hour.first_files import Setup, first_files
from tests.stories.watched import CASE, POLICY
from tests.stories.world import World
from tests.warm import cron_run, program

CRON = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "LOGNAME": "somebody"}
HOSTILE = """\
number=PATH[$(touch pwned)]
log=
home=/nowhere
program=
UID=5
PATH=$(touch pwned)
IFS=x
BASH_ENV=$(touch pwned)
A=`touch pwned`; touch pwned
B='x'; touch pwned
export C="$(touch pwned)"
SFDC_ESCALATOR_BACKLOG=adopt
"""


@pytest.fixture
def setup(world: World) -> Setup:
    """A team's folder with an org named sandbox, whose token stands in `.env`."""
    org, home = world.org(Case=[CASE]), world.folder / "a team's 5% of $x"
    (home / "config" / "policies").mkdir(parents=True)
    (home / "config" / "policies" / "p.yaml").write_text(POLICY)
    (home / "config" / "orgs.yaml").write_text(
        f"sandbox: {{flow: token, instance_url: '{org.instance_url}', access_token: env:HUSH, ledger: state.db}}"
    )
    (home / "bin").mkdir()
    shutil.copy2(cron_run(), home / "bin")
    write_env(home, f"HUSH='{org.access_token}'\n{HOSTILE}")
    return Setup("onboarding", "sandbox", "token", None, home, str(program()))


def write_env(home: Path, text: str) -> None:
    (home / ".env").write_text(text)
    (home / ".env").chmod(0o600)


def line_of(setup: Setup) -> list[str]:
    """The words by which cron starts the line."""
    line = first_files(setup)[Path("deploy/crontab")].splitlines()[-1]
    return ["/bin/sh", "-c", line.removeprefix("*/10 * * * * ").replace("\\%", "%")]


def unit_of(setup: Setup) -> ConfigParser:
    unit = ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(first_files(setup)[Path("deploy/systemd/sfdc-escalator.service")])
    return unit


def test_the_crontab_line_takes_the_env_file_and_executes_nothing(world: World, setup: Setup) -> None:
    done = world.spawn(*line_of(setup), env=CRON | {"HOME": str(world.folder)}, cwd=world.folder)
    log = setup.folder / "run.log"
    assert (done.out, done.err) == ("", "")
    assert (json.loads(log.read_text())["exit"], log.stat().st_mode & 0o777) == (0, 0o600)
    assert [*world.folder.rglob("*pwned*")] == []


@pytest.mark.parametrize(
    "line", ["$(touch pwned)", "touch pwned", "A[$(touch pwned)]=1", "5$(touch pwned)=1", "A;touch pwned=1", "A$B=1"]
)
def test_a_line_of_the_env_file_without_a_name_is_refused_with_its_number(
    world: World, setup: Setup, line: str
) -> None:
    write_env(setup.folder, f"A=1\n{line}\n{HOSTILE}")
    done = world.spawn(*line_of(setup), env=CRON | {"HOME": str(world.folder)}, cwd=world.folder)
    assert "exit code 2" in done.err
    error = json.loads((setup.folder / "run.log").read_text())["error"]
    assert error["message"] == ".env:2: this is not NAME=VALUE"
    assert [*world.folder.rglob("*pwned*")] == []


def test_the_systemd_unit_leaves_the_env_file_to_the_program(world: World, setup: Setup) -> None:
    """systemd reads such a file by rules of its own, and starts nothing when it is missing."""
    service = unit_of(setup)["Service"]
    assert [key for key in service if "nvironment" in key] == []
    words = shlex.split(service["ExecStart"].replace("%%", "%").replace("$$", "$"))
    folder = service["WorkingDirectory"].replace("%%", "%")
    done = subprocess.run(words, env=CRON, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done
    assert [*world.folder.rglob("*pwned*")] == []
