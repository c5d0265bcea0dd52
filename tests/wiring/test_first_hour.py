"""What a command takes when nobody names it, and what `init` says."""

from pathlib import Path

import pytest

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.policy.escalate import Template
from sfdc_escalator.files.orgs.entry_faults import heartbeat_address
from sfdc_escalator.files.templates.templates import compiled, render
from sfdc_escalator.files.text.fault import Fault
from sfdc_escalator.reports.text.backtest_csv import as_text
from sfdc_escalator.wiring.env_file import with_env_file
from sfdc_escalator.wiring.orgs import only_org
from sfdc_escalator.wiring.surroundings import Surroundings
from tests.stories.world import World

ENTRY = "{}: {{flow: cli, alias: dev}}\n"


def here(folder: Path, **environ: str) -> Surroundings:
    (folder / "config").mkdir(exist_ok=True)
    return Surroundings(environ, folder, lambda _seconds: None)


def test_without_a_name_the_only_org_is_taken_and_several_are_listed(tmp_path: Path) -> None:
    place = here(tmp_path)
    assert only_org(place) == "env"
    place.orgs_file.write_text(ENTRY.format("acme"))
    assert only_org(place) == "acme"
    assert only_org(here(tmp_path, SFDC_INSTANCE_URL="https://x.example", SFDC_ACCESS_TOKEN="x")) == "env"
    place.orgs_file.write_text(ENTRY.format("acme") + ENTRY.format("prod"))
    with pytest.raises(Invalid, match="acme, prod"):
        only_org(place)


def test_the_environment_wins_over_the_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=file\nB=file\n")
    (tmp_path / ".env").chmod(0o600)
    assert with_env_file(here(tmp_path, A="typed")).environ == {"A": "typed", "B": "file"}


def test_an_env_file_of_another_project_is_not_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("no setting")
    assert with_env_file(Surroundings({}, tmp_path, lambda _seconds: None)).environ == {}


def test_init_says_what_it_kept_and_which_policies_run_together(world: World) -> None:
    folder = world.folder / "mine"
    (folder / "config/policies").mkdir(parents=True)
    (folder / "config/policies/member-support.yaml").write_text("# other\n")
    first = world.type("init", str(folder), "--procedure", "member-support")
    assert "is not the policy of the procedure member-support" in first.out
    second = world.type("init", str(folder), "--procedure", "onboarding")
    assert "2 policies, together: member-support.yaml, onboarding.yaml" in second.out


@pytest.mark.parametrize(
    "value",
    ["env:OTHER", "file:/x", "ftp://localhost/x", "//localhost", "http://x.example", "https://[", "https://h:x"],
)
def test_a_heartbeat_is_an_address(value: str) -> None:
    with pytest.raises(Fault, match="not an address that can be pinged"):
        heartbeat_address(value)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", " =x", "\uff1dx"])
def test_a_spreadsheet_carries_out_no_text_of_ours(text: str) -> None:
    assert as_text(text) == "'" + text
    assert as_text("a" + text) == "a" + text
    assert as_text(-1) == -1


@pytest.mark.parametrize("text", [r"{{ '\ud800' }}", r"{{ 'a' ~ '\udfff' }}"])
def test_half_of_a_surrogate_pair_in_a_template_is_refused(text: str) -> None:
    (problem,) = compiled("t.j2", "\n" + text).problems
    assert (problem.line, "surrogate" in problem.message) == (2, True)
    with pytest.raises(ValueError, match="cannot be rendered"):
        render(Template("t.j2", text), {})
