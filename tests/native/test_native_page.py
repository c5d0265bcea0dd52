"""The page about native rules is true: its rule becomes its policy, with its report."""

import re
from pathlib import Path

from tests.stories.world import World

PAGE = (Path(__file__).parents[2] / "config" / "native" / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found, language
    return found[1]


def test_the_rule_of_the_page_becomes_the_policy_of_the_page(world: World) -> None:
    path = world.folder / "escalationRules" / "Case.escalationRules-meta.xml"
    path.parent.mkdir()
    path.write_text(block("xml"), encoding="utf-8")
    found = world.type("import", "escalationRules", "--out", "out")
    assert (found.code, found.out) == (3, block("text"))
    assert (world.folder / "out" / "escalation-pump-support.yaml").read_text(encoding="utf-8") == block("yaml")
    assert world.type("validate", "out/escalation-pump-support.yaml").code == 0
