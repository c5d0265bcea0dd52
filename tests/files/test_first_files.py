"""What `init` writes beside the policy is sound as it stands, for every login."""

import configparser
import re
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.files.first_hour.first_channels import channels_of
from sfdc_escalator.files.first_hour.first_files import LOGINS, Setup, first_files
from sfdc_escalator.files.first_hour.scaffold import procedures, scaffold
from sfdc_escalator.files.orgs.channel_checks import Used, channel_problems
from sfdc_escalator.files.orgs.org_logins import FLOWS
from sfdc_escalator.files.orgs.orgs import read_orgs

HOME = Path('/srv/support team\'s 50% of "$x"')
SCRIPT = ("/opt/x y/scripts/cron-run", "--home", str(HOME))
INSTALLED = ("/usr/bin/sfdc-escalator", "run", "--json")


def setup(login: str = "jwt", program: tuple[str, ...] = SCRIPT, **more: str) -> Setup:
    return Setup("onboarding", more.get("org", "sandbox"), login, more.get("ledger"), HOME, program)


def test_every_login_can_be_chosen_and_is_described() -> None:
    assert set(LOGINS) == set(FLOWS)


@pytest.mark.parametrize("login", FLOWS)
def test_the_orgs_file_is_sound_and_names_each_secret_of_the_environment(login: str, tmp_path: Path) -> None:
    files = first_files(setup(login))
    (tmp_path / "orgs.yaml").write_text(files[Path("config/orgs.yaml")], encoding="utf-8")
    entries, problems = read_orgs(tmp_path / "orgs.yaml")
    assert [one for one in problems if one.severity == "error"] == []
    assert entries["sandbox"].expect.sandbox is True
    said = {value.where for value in entries["sandbox"].given.values() if not isinstance(value, str)}
    names = {line.partition("=")[0] for line in files[Path(".env.example")].splitlines() if not line.startswith("#")}
    assert {one for one in said if "/" not in one} <= names


@pytest.mark.parametrize(
    "ledger", ["state/l.db", "~/l.db", "/var/my: ledger #1.db", "%a", "5", "postgresql://u@host/db?sslmode=require"]
)
def test_a_ledger_that_was_chosen_stands_in_the_orgs_file(ledger: str, tmp_path: Path) -> None:
    (tmp_path / "orgs.yaml").write_text(first_files(setup(ledger=ledger))[Path("config/orgs.yaml")])
    entries, problems = read_orgs(tmp_path / "orgs.yaml")
    assert [one for one in problems if one.severity == "error"] == []
    assert entries["sandbox"].ledger == ledger


def test_a_password_in_the_ledgers_address_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="the ledger holds a password; expected no password here") as refusal:
        list(scaffold(tmp_path / "new", setup(ledger="postgresql://u:secret@host/db")))
    assert "secret" not in str(refusal.value)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("procedure", procedures())
def test_the_channels_in_the_comments_of_the_orgs_file_are_valid_for_the_policy_of_the_procedure(
    procedure: str, tmp_path: Path
) -> None:
    files = first_files(replace(setup(), procedure=procedure))
    lines = files[Path("config/orgs.yaml")].splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("  # channels:"))
    (tmp_path / "orgs.yaml").write_text(
        "\n".join([*lines[:start], *(one.replace("# ", "", 1) for one in lines[start:])])
    )
    entries, problems = read_orgs(tmp_path / "orgs.yaml")
    used = [Used(*one) for one in channels_of(procedure).items()]
    named = re.findall(r"^# (\w+)=''$", files[Path(".env.example")], re.MULTILINE)
    environ = dict.fromkeys(named, "https://chat.example/x")
    assert problems == []
    assert len(used) >= 3
    assert set(entries["sandbox"].channels) == {name for name, kind in used if KINDS[kind].needed[0]}
    for sandbox in (True, False):
        assert list(channel_problems(entries["sandbox"], used, environ, sandbox=sandbox)) == []


@pytest.mark.parametrize("program", [SCRIPT, INSTALLED])
def test_the_crontab_line_is_one_command_of_a_shell(program: tuple[str, ...]) -> None:
    line = first_files(setup(program=program))[Path("config/cron/crontab")].splitlines()[-1]
    assert line.startswith("*/10 * * * * ")
    assert "%" not in line.replace("\\%", "")  # cron takes a bare one for a line end
    words = shlex.split(line.removeprefix("*/10 * * * * ").replace("\\%", "%"))
    assert program[0] in words
    assert str(HOME) in words


@pytest.mark.parametrize(
    ("code", "reported"),
    [
        (0, "/a home/run.log\n"),
        (5, "/a home/run.log\n"),
        (10, "/a home/run.log\n"),
        (
            127,
            "/a home/run.log\n"
            "sfdc-escalator: the run was killed, or did not start; its output, if any, is in run.log\n",
        ),
    ],
)
def test_the_crontab_line_of_an_installed_program_reports_a_failure_to_cron(
    code: int, reported: str, tmp_path: Path
) -> None:
    """It mails what stands on stderr: the program's own report, and what the program could not report."""
    home = tmp_path / "a home"
    home.mkdir()
    program = home / "sfdc escalator"
    program.write_text(f"#!/bin/sh\necho '{{}}'\necho $SFDC_ESCALATOR_RUN_LOG >&2\nexit {code}\n")
    program.chmod(0o755)
    files = first_files(replace(setup(program=(str(program), "run", "--json")), folder=home))
    line = files[Path("config/cron/crontab")].splitlines()[-1].removeprefix("*/10 * * * * ")
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr.replace(str(tmp_path), "")) == ("", reported)
    assert (home / "run.log").read_text() == "{}\n"


@pytest.mark.parametrize("program", [SCRIPT, INSTALLED])
def test_the_crontab_line_names_its_org(program: tuple[str, ...]) -> None:
    """A setting for runs by hand never leads the cron job to another org."""
    line = first_files(setup(program=program, org="prod"))[Path("config/cron/crontab")].splitlines()[-1]
    assert " --org prod " in line


@pytest.mark.parametrize("program", [SCRIPT, INSTALLED])
def test_the_systemd_unit_says_folder_command_and_environment(program: tuple[str, ...]) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(first_files(setup(program=program))[Path("config/cron/sfdc-escalator.service")])
    assert unit["Service"]["WorkingDirectory"] == str(HOME).replace("%", "%%")
    words = shlex.split(unit["Service"]["ExecStart"].replace("%%", "%").replace("$$", "$"))
    assert words == [*program, "--org", "sandbox", "--deadline", "8m"]


@pytest.mark.parametrize("name", ["env", "a b", "", "sf:x"])
def test_a_name_that_no_org_can_have_is_refused_before_anything_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be an org's name"):
        list(scaffold(tmp_path / "new", setup(org=name)))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("ending", ["\udcff", "\n*/5 * * * * touch x", "\x1b[31m"])
@pytest.mark.parametrize("what", ["folder", "ledger"])
def test_a_path_that_no_crontab_can_hold_is_refused_before_anything_is_written(
    what: str, ending: str, tmp_path: Path
) -> None:
    path = str(tmp_path / f"new{ending}")
    chosen = setup(ledger=path) if what == "ledger" else replace(setup(), folder=Path(path))
    with pytest.raises(Invalid, match=f"the {what} .* cannot stand in files for cron and systemd"):
        list(scaffold(tmp_path / "new", chosen))
    assert not (tmp_path / "new").exists()


def test_files_that_somebody_changed_are_kept(tmp_path: Path) -> None:
    list(scaffold(tmp_path, setup()))
    for name in ("config/orgs.yaml", ".env.example", "config/cron/crontab"):
        (tmp_path / name).write_text("mine\n")
    again = {path.relative_to(tmp_path): outcome for path, outcome in scaffold(tmp_path, setup())}
    assert [again[Path(name)] for name in ("config/orgs.yaml", ".env.example", "config/cron/crontab")] == [
        "kept: it differs"
    ] * 3
    assert (tmp_path / "config/orgs.yaml").read_text() == "mine\n"
    assert again[Path("config/policies/onboarding.yaml")] == "as it was"


def test_the_generated_schema_is_renewed(tmp_path: Path) -> None:
    list(scaffold(tmp_path, setup()))
    schema = tmp_path / "config/policy.schema.json"
    whole = schema.read_text()
    schema.write_text("{}")
    again = dict(scaffold(tmp_path, setup()))
    assert again[schema] == "renewed"
    assert schema.read_text() == whole
