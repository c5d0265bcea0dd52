"""config/policies/README.md: every YAML block of the page is valid, and every key of the language stands in one.

A block is a whole policy, or a part of one. Parts are put into the first policy of the page: keys of a policy are
merged into it, routes replace its routes, keys of a route change its route, a condition becomes the route's `when`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sfdc_escalator.backtest.history.mapping import load_mapping
from sfdc_escalator.files.first_hour.editor_schema import editor_schema
from sfdc_escalator.files.language.condition_shapes import CONDITIONS
from sfdc_escalator.files.language.shape import PolicyShape, RouteShape
from sfdc_escalator.files.text.yaml_document import parse
from tests.stories.world import World

PAGE = Path(__file__).parents[2] / "config" / "policies" / "README.md"
TEXT = PAGE.read_text(encoding="utf-8")
HEADING = re.compile(r"^(#{2,3}) (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KINDS = {tag.removeprefix("kind:"): set(shape.allowed()) for tag, shape in CONDITIONS.items()}
POLICY_KEYS, ROUTE_KEYS = set(PolicyShape.allowed()), set(RouteShape.allowed())
NAMED = ("calendars", "teams", "words", "tables")


class Block(NamedTuple):
    line: int
    chapter: str
    section: str
    value: Any

    @property
    def name(self) -> str:
        return f"{self.line} {self.section}"


def blocks() -> Iterator[Block]:
    for fence in FENCE.finditer(TEXT):
        above = [found for found in HEADING.finditer(TEXT) if found.start() < fence.start()]
        chapter = next(found[2] for found in reversed(above) if len(found[1]) == 2)
        yield Block(TEXT.count("\n", 0, fence.start()) + 2, chapter, above[-1][2], parse("page", fence[1]).value)


BLOCKS = list(blocks())
BASE: dict[str, Any] = BLOCKS[0].value


def is_mapping_file(value: Any) -> bool:
    return isinstance(value, dict) and "kind" in value


def is_condition(value: Any) -> bool:
    return isinstance(value, dict) and next(iter(value)) in KINDS


def with_route(change: Mapping[str, Any]) -> dict[str, Any]:
    return {**BASE, "routes": [{**BASE["routes"][0], **change}]}


def policies_of(value: Any) -> Iterator[dict[str, Any]]:
    """The block as whole policies: a list of conditions is one policy for each."""
    if isinstance(value, list) and all("name" in one for one in value):
        yield {**BASE, "routes": value}
    elif isinstance(value, list):
        for condition in value:
            assert is_condition(condition), condition
            yield with_route({"when": condition})
    elif is_condition(value):
        yield with_route({"when": value})
    elif value.keys() <= ROUTE_KEYS - POLICY_KEYS:
        yield with_route(value)
    else:
        assert value.keys() <= POLICY_KEYS, value.keys() - POLICY_KEYS
        merged = {key: {**BASE[key], **value[key]} for key in NAMED if key in value}
        yield value if "policy" in value else {**BASE, **value, **merged}


def problems_of(policy: Mapping[str, Any], world: World) -> list[dict[str, Any]]:
    """What `validate` says; a template of the page is that of the checkout."""
    file = world.folder / "config" / "policies" / "page.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    notes = world.folder / "config" / "notes"
    if not notes.exists():
        notes.symlink_to(PAGE.parents[1] / "notes")
    file.write_text(json.dumps(policy), encoding="utf-8")  # JSON is YAML
    found: list[dict[str, Any]] = world.type("validate", "--format", "json", str(file)).json["problems"]
    return found


POLICY_BLOCKS = [block for block in BLOCKS if not is_mapping_file(block.value)]


@pytest.mark.parametrize("block", POLICY_BLOCKS, ids=[block.name for block in POLICY_BLOCKS])
def test_every_block_of_the_page_is_valid(block: Block, world: World) -> None:
    for policy in policies_of(block.value):
        found = problems_of(policy, world)
        assert found == []


@pytest.mark.parametrize("block", [one for one in BLOCKS if is_mapping_file(one.value)], ids=lambda one: one.name)
def test_every_mapping_file_of_the_page_is_valid(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(json.dumps(block.value), encoding="utf-8")
    assert load_mapping(path).kind == block.value["kind"]


def test_every_recipe_with_routes_has_examples_that_match_and_most_have_one_that_does_not() -> None:
    recipes = [block for block in BLOCKS if block.chapter == "Recipes" and "routes" in block.value]
    expected = {block.name: [one["expect"] for one in block.value.get("examples", ())] for block in recipes}
    assert len(recipes) > 20
    assert [name for name, routes in expected.items() if not any(route != "none" for route in routes)] == []
    assert sum("none" in routes for routes in expected.values()) > 0.8 * len(recipes)


def keys_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from keys_in(inner)


def test_every_key_of_the_language_stands_in_a_block_of_the_page() -> None:
    schema = editor_schema()
    language = {key for node in (schema, *schema["$defs"].values()) for key in node.get("properties", ())}
    shown = {key for block in BLOCKS for key in keys_in(block.value)}
    assert sorted(language - shown) == []


def test_every_kind_of_condition_shows_each_of_its_operators_in_its_own_section() -> None:
    of_kinds = [block for block in BLOCKS if block.chapter == "Conditions"]
    shown = {
        kind: {key for block in of_kinds if f"`{kind}`" in block.section for key in keys_in(block.value)}
        for kind in KINDS
    }
    assert {kind: sorted(keys - shown[kind]) for kind, keys in KINDS.items() if keys - shown[kind]} == {}


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_link_inside_the_page_leads_to_a_heading_and_every_heading_is_linked() -> None:
    outside = re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    headings = [anchor(found[2]) for found in HEADING.finditer(outside)]
    linked = set(re.findall(r"\]\(#([^)]+)\)", outside))
    assert len(headings) == len(set(headings))
    assert sorted(linked - set(headings)) == []
    unlinked = set(headings) - linked - {"contents"}
    assert sorted(unlinked) == ["parts-and-their-sources", "required-fields"]
