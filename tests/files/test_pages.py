"""What the pages show is true: entries of orgs, the README's policy and commands, the map of the house."""

import json
import re
from pathlib import Path

import pytest

from sfdc_escalator.cli.door import COMMANDS
from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.files.orgs.channel_checks import Used, channel_problems
from sfdc_escalator.files.orgs.orgs import read_orgs
from sfdc_escalator.files.text.yaml_document import parse
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


CHANNELS = ROOT / "config" / "channels"
OF_CHANNELS = [
    (page, parse(page.name, found[2]).value)
    for page in sorted(CHANNELS.glob("*.md"))
    for found in ENTRY.finditer(page.read_text(encoding="utf-8"))
]
LOGIN = {"instance_url": "https://acme.my.salesforce.com", "access_token": "env:TOKEN"}


def test_each_kind_of_channel_has_a_page_and_a_row_in_the_table() -> None:
    table = (CHANNELS / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\| `(\w+)` \| \[[^]]+\]\((\w+)\.md\)", table)) == sorted((one, one) for one in KINDS)
    assert {page.stem for page in CHANNELS.glob("*.md")} == {*KINDS, "README"}


def test_the_lines_for_orgs_on_the_pages_of_channels_are_valid_for_their_kinds(tmp_path: Path) -> None:
    kinds = {"alarm": "slack", "mail": "email", "desk": "webhook", "bell": "salesforce"}
    entries = 0
    for page, value in OF_CHANNELS:
        for name, entry in value.items() if "channels" not in value else ():
            path = tmp_path / "orgs.yaml"
            path.write_text(json.dumps({name: {**LOGIN, **entry}}), encoding="utf-8")
            found, problems = read_orgs(path)
            assert problems == [], page
            kind_of = kinds if page.stem == "README" else dict.fromkeys(entry.get("channels", {}), page.stem)
            used = [Used(one, kind) for one, kind in kind_of.items() if one in {**entry.get("channels", {})}]
            assert list(channel_problems(found[name], used, ALL_SET, sandbox=False)) == [], page
            entries += bool(used)
    assert entries >= 10


def test_the_lines_for_policies_on_the_pages_of_channels_name_known_kinds() -> None:
    policies = [value for _, value in OF_CHANNELS if "channels" in value]
    assert {kind for one in policies for kind in one["channels"].values()} >= KINDS.keys() - {"chatter"}
    assert {kind for one in policies for kind in one["channels"].values()} <= KINDS.keys()


class AllSet(dict[str, str]):
    """An environment in which every variable is set, to an address that may be a secret."""

    def get(self, _name: str, _default: object = None) -> str:
        return "https://chat.example/x"


ALL_SET = AllSet()


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


def headings(page: Path) -> set[str]:
    """The headings as GitHub links to them."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in found}


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("config/**/*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    for link in (one for one in links if not one.startswith("http")):
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not heading or heading in headings(target), link
