"""What the pages show is true: entries of orgs, the README's policy and commands, the map of the house."""

import re
from pathlib import Path

import pytest

from sfdc_escalator.cli.door import COMMANDS
from sfdc_escalator.files.orgs.orgs import read_orgs
from tests.stories.world import World

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "sfdc_escalator"
README = (ROOT / "README.md").read_text(encoding="utf-8")
ENTRY = re.compile(r"^( *)```yaml\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
ENTRIES = [
    (page.name, found[2])
    for page in sorted((ROOT / "config" / "logins").glob("*.md"))
    for found in ENTRY.finditer(page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("page", "text"), ENTRIES, ids=[page for page, _ in ENTRIES])
def test_every_entry_of_an_org_on_a_login_page_is_valid(page: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "orgs.yaml"
    path.write_text(text, encoding="utf-8")
    entries, problems = read_orgs(path)
    assert [str(one) for one in problems if one.severity == "error"] == []
    assert len(entries) == 2  # `env` is always one


def test_each_login_has_a_page_with_an_entry() -> None:
    assert len({page for page, _ in ENTRIES}) == 7


def test_the_policy_of_the_readme_is_valid(world: World) -> None:
    (found,) = ENTRY.findall(README)
    world.policy(found[1])
    answer = world.type("validate", "--format", "json")
    assert (answer.code, answer.json["problems"]) == (0, [])
    assert len([line for line in found[1].splitlines() if line.strip()]) <= 21


def test_the_readme_lists_every_command() -> None:
    table = README.partition("\n## Commands\n")[2].partition("\n## ")[0]
    assert sorted({row.split()[0] for row in re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)}) == sorted(COMMANDS)


def test_the_readme_names_every_exit_code() -> None:
    table = README.partition("\n## Exit codes\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| (\d+) \|", table, re.MULTILINE) == ["0", "1", "2", "3", "4", "5", "6", "10"]


def test_every_folder_of_the_package_stands_in_the_map() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    on_map = set(re.findall(r"\w+", text.partition("## The map")[2].partition("\n## ")[0]))
    folders = {path.parent.name for path in PACKAGE.rglob("__init__.py")} - {PACKAGE.name}
    assert sorted(folders - on_map) == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
    links = [one for one in re.findall(r"\]\(([^)]+)\)", text) if not one.startswith("http")]
    missing = [one for one in links if one.startswith("#") and one[1:] not in headings]
    assert missing + [one for one in links if not one.startswith("#") and not (ROOT / one).exists()] == []
