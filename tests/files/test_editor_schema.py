"""The JSON Schema for editors: sound, and of one mind with the checks about every key."""

import json
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from sfdc_escalator.escalation.conditions.registry import KINDS
from sfdc_escalator.files.first_hour.editor_schema import editor_schema
from sfdc_escalator.files.first_hour.hover import KEYS, KEYS_OF
from sfdc_escalator.files.first_hour.scaffold import files_of, procedures
from sfdc_escalator.files.language.condition_shapes import CONDITIONS
from sfdc_escalator.files.language.declared_names import NOTE_KEYS
from sfdc_escalator.files.language.shape import BY_NAME, MAPPINGS, keys_at
from sfdc_escalator.files.policies import check_policies
from sfdc_escalator.files.text.yaml_document import parse
from tests.files.test_policies import RICH

SCHEMA = editor_schema()
Node = Mapping[str, Any]

ANY_SCHEMA = ("items", "additionalProperties", "propertyNames", "not")
SCHEMAS_BY_NAME = ("properties", "$defs", "patternProperties")
LISTS_OF_SCHEMAS = ("anyOf", "oneOf", "allOf")
TEXTS = ("$schema", "$ref", "title", "description", "pattern", "format")
NUMBERS = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "minimum", "maximum")
TYPES = {"null", "boolean", "object", "array", "number", "string", "integer"}


def nodes(node: Any) -> Iterator[Any]:
    """Every schema inside this one, itself included."""
    yield node
    if not isinstance(node, dict):
        return
    for key in ANY_SCHEMA:
        if key in node:
            yield from nodes(node[key])
    for key in SCHEMAS_BY_NAME:
        for inner in node.get(key, {}).values():
            yield from nodes(inner)
    for key in LISTS_OF_SCHEMAS:
        for inner in node.get(key, ()):
            yield from nodes(inner)


def resolved(node: Node) -> Node:
    return SCHEMA["$defs"][node["$ref"].removeprefix("#/$defs/")] if "$ref" in node else node


def objects(node: Node) -> Iterator[Node]:
    """The mappings that may stand at this place, those of a list's entries included."""
    node = resolved(node)
    if "properties" in node:
        yield node
    for inner in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        yield from objects(inner)
    if "items" in node:
        yield from objects(node["items"])


# -- it is a JSON Schema -------------------------------------------------------------------------------------------


def test_it_is_a_json_schema_of_the_draft_that_it_declares() -> None:
    """Draft 2020-12: each keyword is one of its own, with a value of the right kind."""
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    for node in nodes(SCHEMA):
        if isinstance(node, bool):
            continue
        assert isinstance(node, dict), node
        for key, value in node.items():
            if key in ANY_SCHEMA:
                assert isinstance(value, (dict, bool)), (key, value)
            elif key in SCHEMAS_BY_NAME:
                assert isinstance(value, dict), (key, value)
            elif key in LISTS_OF_SCHEMAS:
                assert isinstance(value, list), (key, value)
                assert value, key
            elif key in TEXTS:
                assert isinstance(value, str), (key, value)
            elif key in NUMBERS:
                assert isinstance(value, (int, float)), (key, value)
            elif key == "type":
                assert value in TYPES
            elif key == "required":
                assert isinstance(value, list)
                assert value
                assert set(value) <= node["properties"].keys() if "properties" in node else value
            elif key == "enum":
                assert isinstance(value, list)
                assert value
            else:
                assert key == "const", f"no keyword of the draft: {key}"


def test_every_reference_leads_somewhere_and_every_definition_is_used() -> None:
    used = {node["$ref"] for node in nodes(SCHEMA) if isinstance(node, dict) and "$ref" in node}
    assert used == {f"#/$defs/{name}" for name in SCHEMA["$defs"]}


# -- it knows the keys of the checks, and no others ----------------------------------------------------------------


def at(path: tuple[str, ...]) -> list[Node]:
    """The mappings that may stand at this path of a policy; lists do not count as a step."""
    found: list[Node] = [SCHEMA]
    for step in path:
        found = [one for node in found if step in node["properties"] for one in objects(node["properties"][step])]
    return found


def keys(found: list[Node]) -> set[frozenset[str]]:
    return {frozenset(node["properties"]) for node in found}


@pytest.mark.parametrize("path", MAPPINGS, ids="/".join)
def test_each_mapping_has_the_keys_that_the_checks_allow_there(path: tuple[str, ...]) -> None:
    allowed = frozenset(keys_at(path))
    found = keys(at(path))
    assert allowed in found
    others = found - {allowed}
    assert path[-1:] == ("notify",) or not others  # a recipient may stand in place of `now` and `digest`


@pytest.mark.parametrize("key", BY_NAME)
def test_each_mapping_of_names_has_the_keys_that_the_checks_allow_there(key: str) -> None:
    named = SCHEMA["properties"][key]["additionalProperties"]
    assert keys(list(objects(named))) == {frozenset(keys_at((key, "any-name")))}


def test_every_kind_of_condition_is_there_with_its_keys_and_its_kind_is_required() -> None:
    whens = {next(iter(node["required"])): frozenset(node["properties"]) for node in at(("routes", "when"))}
    assert tuple(whens) == tuple(KINDS)
    assert whens == {tag.removeprefix("kind:"): frozenset(shape.allowed()) for tag, shape in CONDITIONS.items()}


@pytest.mark.parametrize(
    "path",
    [
        ("scope",),
        ("routes", "unless"),
        ("routes", "acknowledged"),
        ("routes", "when", "any"),
        ("routes", "when", "not"),
    ],
    ids="/".join,
)
def test_a_condition_is_the_same_wherever_it_stands(path: tuple[str, ...]) -> None:
    assert keys(at(path)) == keys(at(("routes", "when")))


def test_the_keys_of_a_note_are_those_that_are_no_texts_of_the_route() -> None:
    note, own = at(("defaults", "note"))[0], at(("routes", "escalate", "note"))[0]
    assert tuple(note["properties"]) == tuple(own["properties"]) == NOTE_KEYS
    assert note["additionalProperties"] is False
    assert own["additionalProperties"] is not False  # any other key is a text of the route's own


def test_no_mapping_but_a_routes_note_takes_a_key_that_it_does_not_know() -> None:
    loose = {
        name
        for name, node in SCHEMA["$defs"].items()
        if "properties" in node and node["additionalProperties"] is not False
    }
    assert (SCHEMA["additionalProperties"], loose) == (False, {"RouteNoteShape"})


# -- hover text ----------------------------------------------------------------------------------------------------


def test_every_key_has_a_hover_text() -> None:
    said = [
        (f"{name}.{key}", inner.get("description", ""))
        for name, node in [("policy", SCHEMA), *SCHEMA["$defs"].items()]
        for key, inner in node.get("properties", {}).items()
    ]
    assert [key for key, text in said if not text.endswith(".")] == []
    assert [key for key, text in said if len(text) > 120] == []


def test_no_hover_text_stands_for_a_key_that_does_not_exist() -> None:
    keys = {(name, key) for name, node in SCHEMA["$defs"].items() for key in node.get("properties", ())}
    keys |= {("PolicyShape", key) for key in SCHEMA["properties"]}
    assert KEYS.keys() == {key for name, key in keys if (name, key) not in KEYS_OF}
    assert KEYS_OF.keys() <= keys


@pytest.mark.parametrize("name", ["", *(name for name, node in SCHEMA["$defs"].items() if "properties" in node)])
def test_every_mapping_says_what_it_is_for_and_shows_no_name_of_the_code(name: str) -> None:
    node = SCHEMA["$defs"][name] if name else SCHEMA
    assert node.get("description", "").endswith((".", "`"))
    assert not node.get("title", "").endswith("Shape")


# -- it accepts what is sound --------------------------------------------------------------------------------------


def accepts(node: Any, value: Any) -> bool:
    """A judge of the keywords that the schema uses."""
    if isinstance(node, bool):
        return node
    own = "$ref" not in node or accepts(resolved(node), value)
    return own and all(check(value, node[key], node) for key, check in CHECKS.items() if key in node)


def known_keys(value: Any, properties: Mapping[str, Any], node: Node) -> bool:
    return not isinstance(value, dict) or all(
        accepts(properties[key], inner) for key, inner in value.items() if key in properties
    )


def other_keys(value: Any, other: Any, node: Node) -> bool:
    known = node.get("properties", {})
    return not isinstance(value, dict) or all(accepts(other, inner) for key, inner in value.items() if key not in known)


IS: Mapping[str, type | tuple[type, ...]] = {
    "null": type(None), "boolean": bool, "object": dict, "array": list, "string": str, "integer": int,
    "number": (int, float),
}  # fmt: skip
CHECKS: Mapping[str, Any] = {
    "type": lambda value, name, node: (
        isinstance(value, IS[name]) and (name == "boolean" or not isinstance(value, bool))
    ),
    "enum": lambda value, allowed, node: value in allowed,
    "const": lambda value, only, node: value == only,
    "required": lambda value, names, node: not isinstance(value, dict) or set(names) <= value.keys(),
    "properties": known_keys,
    "additionalProperties": other_keys,
    "items": lambda value, inner, node: not isinstance(value, list) or all(accepts(inner, one) for one in value),
    "minItems": lambda value, least, node: not isinstance(value, list) or len(value) >= least,
    "minProperties": lambda value, least, node: not isinstance(value, dict) or len(value) >= least,
    "minimum": lambda value, least, node: not isinstance(value, (int, float)) or value >= least,
    "anyOf": lambda value, inner, node: any(accepts(one, value) for one in inner),
    "oneOf": lambda value, inner, node: sum(accepts(one, value) for one in inner) == 1,
}


def test_the_judge_knows_every_keyword_that_the_schema_uses() -> None:
    used = {key for node in nodes(SCHEMA) if isinstance(node, dict) for key in node}
    assert used <= {*CHECKS, *TEXTS, "$defs", "propertyNames"}


def shipped(procedure: str) -> str:
    folder = resources.files("sfdc_escalator.files.first_hour").joinpath("procedures")
    return folder.joinpath(f"{procedure}.yaml").read_text("utf-8")


@pytest.mark.parametrize("procedure", procedures())
def test_it_accepts_every_shipped_policy(procedure: str) -> None:
    assert accepts(SCHEMA, parse("policy.yaml", shipped(procedure)).value)


ROUTE = "{name: r, reason: x, when: {field: A, is: 1}, escalate: {}}"
SOUND = {
    "rich": RICH,
    "one of each in place of a list": f"policy: a\nscope: {{field: A, is: 1}}\nwords: {{a: b}}\nroutes: [{ROUTE}]",
    "no steps": f"policy: a\nroutes: [{ROUTE.replace('{}', 'none')}]",
    "tables in place": "policy: a\nroutes: [{name: r, reason: x, when: {field: A, at_least: {by: B, values: {c: 1}, "
    "else: 2}}, escalate: {priority: {by: B, rows: [[c, Low]], else: High}}}]",
    "limits": "policy: a\ncalendars: {c: {timezone: UTC, open: {mon: 00:00-24:00}, holidays: [2026-01-01]}}\nroutes: [{"
    "name: r, reason: x, when: [{age: B, at_least: 2 business days, calendar: c}, {owner: user}], escalate: {}}]",
    "due out of a table": f"policy: a\nroutes: [{ROUTE[:-1]}, due: {{by: B, values: {{c: 1h}}, else: 2h}}}}]",
    "due at the end of the day": "policy: a\ncalendars: {c: {timezone: UTC, open: {mon: 00:00-24:00}}}\n"
    f"routes: [{ROUTE[:-1]}, due: {{end_of: business_day, calendar: c}}}}]",
    "telling": "policy: a\nteams: {t: {queue: Q}}\nroutes: [{name: r, reason: x, when: {owner: user}, escalate: {}, "
    "notify: [t, {person: Owner.Manager, urgent: true}], ladder: {after: 1h, notify: {now: t}, until: closed}}]",
}  # fmt: skip


@pytest.mark.parametrize("name", SOUND)
def test_it_accepts_what_the_checks_accept(name: str, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "hand-off.md.j2").write_text("{{ route.help_needed }}")
    path = tmp_path / "policy.yaml"
    path.write_text(SOUND[name])
    assert [one.message for one in check_policies([path]) if one.severity == "error"] == []
    assert accepts(SCHEMA, parse("policy.yaml", SOUND[name]).value)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("policy: a", "polcy: a"),
        ("reason: x", "reson: x"),
        ("is: 1", "iz: 1"),
        ("field: A", "feild: A"),
        ("escalate: {}", "escalate: {stat: x}"),
        ("escalate: {}", "escalate: nothing"),
        ("escalate: {}", "escalate: {note: {parts: {a: {form: x}}}}"),
        ("is: 1", "is_empty: maybe"),
        ("escalate: {}", "escalate: {}, due: {end_off: business_day, calendar: c}"),
        ("escalate: {}", "escalate: {}, due: 5"),
        ("policy: a", "policy: a\nchannels: {c: {kind: slak}}"),
        (f"[{ROUTE}]", "[]"),
    ],
)
def test_it_marks_what_the_checks_refuse(right: str, wrong: str, tmp_path: Path) -> None:
    text = f"policy: a\nroutes: [{ROUTE}]"
    assert right in text
    path = tmp_path / "policy.yaml"
    path.write_text(text.replace(right, wrong))
    assert any(one.severity == "error" for one in check_policies([path]))
    assert not accepts(SCHEMA, parse("policy.yaml", text.replace(right, wrong)).value)


def test_a_shipped_policy_names_the_schema_that_is_written_beside_it() -> None:
    for procedure in procedures():
        files = files_of(procedure)
        policy, schema = Path(f"config/policies/{procedure}.yaml"), Path("config/policy.schema.json")
        first = files[policy].splitlines()[0]
        named = (policy.parent / first.removeprefix("# yaml-language-server: $schema=")).as_posix()
        assert named == "config/policies/../policy.schema.json"
        assert json.loads(files[schema]) == SCHEMA
