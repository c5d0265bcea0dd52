"""A ledger engine owns its dialect: a further one is a module and a line in the registry."""

import ast
import re
from pathlib import Path

LEDGER = Path(__file__).parents[2] / "sfdc_escalator" / "ledger"
ENGINES = LEDGER / "engines"
NEUTRAL = {"__init__.py", "database.py", "place.py", "registry.py"}
OWN_WORDS = re.compile(r"sqlite_master|pg_\w+|PRAGMA|BEGIN IMMEDIATE|CREATE TRIGGER|search_path|psycopg|FOR UPDATE")


def outside() -> list[Path]:
    inside = {path for path in ENGINES.glob("*.py") if path.name not in NEUTRAL}
    return [path for path in LEDGER.parent.rglob("*.py") if "embedded_org" not in path.parts and path not in inside]


def test_nobody_outside_the_engines_asks_which_engine_it_is() -> None:
    wrong = [
        f"{path.name}:{node.lineno}"
        for path in outside()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and ast.unparse(node).endswith("dialect.name"))
        or (isinstance(node, ast.ImportFrom) and re.search(r"engines\.(sqlite|postgresql)", node.module or ""))
    ]
    assert wrong == []


def test_the_words_of_one_engine_stand_in_that_engine() -> None:
    wrong = [
        f"{path.relative_to(LEDGER)}: {word}"
        for path in outside()
        if LEDGER in path.parents
        for word in OWN_WORDS.findall(path.read_text(encoding="utf-8"))
    ]
    assert wrong == []


def test_each_engine_of_the_registry_is_a_module_that_names_its_database() -> None:
    from sfdc_escalator.ledger.engines.registry import ENGINES as registered

    for module in registered.values():
        text = (ENGINES / f"{module}.py").read_text(encoding="utf-8")
        assert "def database_at(where: str)" in text, module
