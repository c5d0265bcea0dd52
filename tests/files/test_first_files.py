"""What `init` writes beside the policy is sound as it stands, for every login."""

import configparser
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.files.first_hour.first_channels import channels_of
from sfdc_escalator.files.first_hour.first_files import LOGINS, Setup, first_files
from sfdc_escalator.files.first_hour.scaffold import SCHEMA, procedures, scaffold
from sfdc_escalator.files.orgs.channel_checks import Used, channel_problems
from sfdc_escalator.files.orgs.org_logins import FLOWS
from sfdc_escalator.files.orgs.orgs import read_orgs

HOME = Path('/srv/support team\'s 50% of "$x"')
PROGRAM = "/opt/x y/bin/sfdc-escalator"


def setup(login: str = "jwt", **more: str) -> Setup:
    return Setup("onboarding", more.get("org", "sandbox"), login, more.get("ledger"), HOME, PROGRAM)


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
        scaffold(tmp_path / "new", setup(ledger="postgresql://u:secret@host/db"))
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


def test_the_crontab_line_is_one_command_of_a_shell_and_names_its_org() -> None:
    """A setting for runs by hand never leads the cron job to another org."""
    line = first_files(setup(org="prod"))[Path("deploy/crontab")].splitlines()[-1]
    assert line.startswith("*/10 * * * * ")
    assert "%" not in line.replace("\\%", "")  # cron takes a bare one for a line end
    assert shlex.split(line.removeprefix("*/10 * * * * ").replace("\\%", "%")) == command("prod")


def test_the_systemd_unit_says_folder_and_command() -> None:
    service = unit(first_files(setup())[Path("deploy/systemd/sfdc-escalator.service")])
    assert service["WorkingDirectory"] == str(HOME).replace("%", "%%")
    first, rest = service["ExecStart"].split(" --program ")
    assert "$$" not in first  # systemd replaces no variable there
    assert shlex.split(f"{first} --program {rest}".replace("%%", "%").replace("$$", "$")) == command("sandbox")


@pytest.mark.parametrize("name", ["schedule", "worker@"])
def test_the_units_of_a_fleet_start_the_program_in_the_folder(name: str) -> None:
    service = unit(first_files(setup())[Path(f"deploy/systemd/sfdc-escalator-{name}.service")])
    assert service["WorkingDirectory"] == str(HOME).replace("%", "%%")
    assert shlex.split(service["ExecStart"])[:3] == [PROGRAM, "fleet", name.rstrip("@")]


def command(org: str) -> list[str]:
    words = [str(HOME / "bin" / "cron-run"), "--program", PROGRAM, "--log", "run.log"]
    return [*words, "--org", org, "--deadline", "8m"]


def unit(text: str) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser["Service"]


@pytest.mark.parametrize("name", ["env", "a b", "", "sf:x"])
def test_a_name_that_no_org_can_have_is_refused_before_anything_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be an org's name"):
        scaffold(tmp_path / "new", setup(org=name))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("ending", ["\udcff", "\n*/5 * * * * touch x", "\x1b[31m"])
@pytest.mark.parametrize("what", ["folder", "ledger"])
def test_a_path_that_no_crontab_can_hold_is_refused_before_anything_is_written(
    what: str, ending: str, tmp_path: Path
) -> None:
    path = str(tmp_path / f"new{ending}")
    chosen = setup(ledger=path) if what == "ledger" else replace(setup(), folder=Path(path))
    with pytest.raises(Invalid, match=f"the {what} .* cannot stand in files for cron and systemd"):
        scaffold(tmp_path / "new", chosen)
    assert not (tmp_path / "new").exists()


def test_files_that_somebody_changed_are_kept(tmp_path: Path) -> None:
    scaffold(tmp_path, setup())
    for name in ("config/orgs.yaml", ".env.example", "deploy/crontab", "docs/logins/jwt.md"):
        (tmp_path / name).write_text("mine\n")
    again = scaffold(tmp_path, setup())
    assert [
        again[Path(name)] for name in ("config/orgs.yaml", ".env.example", "deploy/crontab", "docs/logins/jwt.md")
    ] == ["kept: it differs"] * 4
    assert (tmp_path / "config/orgs.yaml").read_text() == "mine\n"
    assert again[Path("config/policies/onboarding.yaml")] == "as it was"


def test_the_generated_schema_is_renewed(tmp_path: Path) -> None:
    scaffold(tmp_path, setup())
    schema = tmp_path / "config/policy.schema.json"
    whole = schema.read_text()
    schema.write_text("{}")
    again = scaffold(tmp_path, setup())
    assert again[SCHEMA] == "renewed"
    assert schema.read_text() == whole
