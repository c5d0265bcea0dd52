"""The rooms of the package and the one direction of imports between them.

Every import counts, also those inside functions and under TYPE_CHECKING.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGE = "sfdc_escalator"
ROOT = Path(__file__).parents[2] / PACKAGE

EDGES = ("files", "salesforce", "ledger", "channels", "native", "fleet")
FLOORS = (  # from top to bottom; a module imports only from lower floors, or from its own room
    ("__main__",),
    ("cli",),
    ("wiring",),
    ("embedded_org", "sample"),
    ("backtest",),
    ("reports",),
    EDGES,
    ("pipeline",),
    ("escalation",),
    ("errors",),
)
ROOMS_WITHIN = {  # the same inside a room: its sub-packages and the modules beside them
    "cli": (
        ("process",),
        ("commands",),
        ("door",),
        ("confirming", "crashes"),
        ("output",),
        ("manner",),
        ("groups", "logs", "options", "stopping", "streams"),
    ),
    "wiring": (
        ("by_hand", "fleet", "looking", "plans", "watching"),
        ("errand",),
        ("channels", "ledgers", "listing", "native", "policies", "validation"),
        ("orgs",),
        ("logins",),
        ("env_file",),
        ("surroundings",),
        ("secrets",),
    ),
    "embedded_org": (("org",), ("http",), ("data", "rest"), ("records", "soql"), ("store",), ("basics",)),
    "backtest": (
        ("shadow", "listing"),
        ("backtest", "difference"),
        ("climbs", "segments"),
        ("fitness", "past_ladder", "replay"),
        ("acts", "polls"),
        ("history",),
    ),
    "files": (
        ("kept_policies", "snapshot"),
        ("first_hour", "kept_values", "named_fields", "policies", "saved_plan"),
        ("source_map",),
        ("assembly", "checks", "orgs"),
        ("language", "templates"),
        ("values",),
        ("text",),
    ),
    "salesforce": (
        ("org",),
        ("past",),
        ("readiness", "telling"),
        ("polling",),
        ("reading",),
        ("login", "schema", "writing"),
        ("line", "soql"),
    ),
    "native": (("translation",), ("imported",), ("rules",), ("policy",), ("criteria",), ("source",), ("remark",)),
    "ledger": (
        ("figures", "upkeep"),
        ("audit",),
        ("trail",),
        ("store",),
        ("happened", "past", "run_ends", "self_check"),
        ("writing",),
        ("pruned",),
        ("idle",),
        ("engines",),
        ("tables",),
    ),
    "reports": (
        ("audit_export", "fleet", "saved", "shadow"),
        ("html", "native", "text"),
        ("json",),
        ("ladder_text", "terminal", "whole_file"),
        ("page",),
        ("values",),
    ),
    "pipeline": (
        ("rebuild", "saved", "undoing"),
        ("run",),
        ("notify",),
        ("closing", "exhausted", "holding", "reporting", "waiting"),
        ("applying", "standings"),
        ("preparing", "readiness"),
        ("changes", "polling", "stop"),
        ("ports", "read_models", "run_clock"),
    ),
    "escalation": (
        ("fleet", "saved"),
        ("explaining", "figures", "planning", "shadow", "telling", "undoing"),
        ("decisions", "readiness"),
        ("ladder", "note", "outbox"),
        ("notices",),
        ("policy",),
        ("proof",),
        ("conditions",),
        ("world",),
        ("time",),
    ),
}
A_DOZEN = 12
"""The most modules in one folder: who opens a folder reads its list in one look."""
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
STANDS_ALONE = ("embedded_org", "sample")

ONE_MODULE_EACH = (
    "simple_salesforce", "alembic", "tenacity", "jinja2", "rich", "lark", "yaml", "structlog", "slack_sdk",
    "apprise", "vl_convert", "duckdb", "procrastinate",
)  # fmt: skip
ROOMS_OF = {
    "sqlalchemy": ("ledger",),
    "psycopg": ("ledger", "fleet"),
    "pydantic": ("files",),
    "requests": ("salesforce", "channels"),
    "click": ("cli",),
}
PURE_IMPORTS = {
    "__future__", "abc", "base64", "bisect", "collections", "dataclasses", "datetime", "decimal", "difflib", "enum",
    "fractions", "functools", "hashlib", "heapq", "itertools", "json", "math", "operator", "re", "string",
    "textwrap", "types", "typing", "unicodedata", "zoneinfo", PACKAGE,
}  # fmt: skip
INTERRUPTED = "conditions.patterns.search"
"""The module that ends a search by a signal: nothing else ends one, and nobody sees the signal outside."""
EFFECTS = {"open", "print", "input", "exec", "eval", "__import__"}
CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}


@dataclass(frozen=True)
class Module:
    name: str
    path: Path

    @cached_property
    def room(self) -> str:
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 else ""

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"))

    @cached_property
    def imports(self) -> list[tuple[str, int]]:
        nodes = [node for node in ast.walk(self.tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        return [(name, node.lineno) for node in nodes for name in imported(node, self)]

    @cached_property
    def calls(self) -> list[tuple[str, int]]:
        nodes = [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]
        return [(".".join(ast.unparse(node.func).split(".")[-2:]), node.lineno) for node in nodes]


def module_name(path: Path) -> str:
    return ".".join((PACKAGE, *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


def imported(node: ast.Import | ast.ImportFrom, module: Module) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    else:
        package = module.name.split(".") if module.path.stem == "__init__" else module.name.split(".")[:-1]
        above = package[: len(package) - node.level + 1] if node.level else []
        source = ".".join((*above, *filter(None, [node.module])))
        for alias in node.names:
            yield f"{source}.{alias.name}" if f"{source}.{alias.name}" in NAMES else source


PATHS = [path for path in sorted(ROOT.rglob("*.py")) if "__pycache__" not in path.parts]
NAMES = {module_name(path) for path in PATHS}
MODULES = [Module(module_name(path), path) for path in PATHS]


def top(name: str) -> str:
    return name.split(".")[0]


def ours(module: Module) -> list[tuple[str, int]]:
    return [(name, line) for name, line in module.imports if top(name) == PACKAGE]


def room_of(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


def may_import(module: Module, room: str) -> bool:
    if room in ("", module.room):  # the package itself holds only its version
        return True
    if module.room in STANDS_ALONE:
        return False
    return FLOOR_OF.get(module.room, 0) < FLOOR_OF.get(room, 0)


def importers(library: str) -> list[Module]:
    return [module for module in MODULES if any(top(name) == library for name, _ in module.imports)]


def test_every_module_stands_in_a_known_room() -> None:
    assert sorted({module.room for module in MODULES} - set(FLOOR_OF) - {""}) == []


def test_a_module_imports_only_from_rooms_below_it() -> None:
    wrong = [
        f"{module.name}:{line} imports {name}"
        for module in MODULES
        for name, line in ours(module)
        if not may_import(module, room_of(name))
    ]
    assert wrong == []


def part_of(name: str) -> str:
    """The sub-package or module of its room that a module belongs to; empty for the room itself."""
    return (name.split(".") + [""] * 2)[2]


def floors_within(room: str) -> dict[str, int]:
    return {part: floor for floor, parts in enumerate(ROOMS_WITHIN[room]) for part in parts}


def test_every_part_of_a_room_has_its_floor() -> None:
    parts = {room: {part_of(module.name) for module in MODULES if module.room == room} - {""} for room in ROOMS_WITHIN}
    assert parts == {room: set(floors_within(room)) for room in ROOMS_WITHIN}


def test_every_room_with_rooms_within_has_floors() -> None:
    deep = {module.room for module in MODULES if module.name.count(".") > 2}
    assert sorted(deep - set(ROOMS_WITHIN)) == []


def test_inside_a_room_imports_go_down_as_well() -> None:
    wrong = [
        f"{module.name}:{line} imports {name}"
        for room in ROOMS_WITHIN
        for floors in [floors_within(room)]
        for module in MODULES
        if module.room == room and part_of(module.name)
        for name, line in ours(module)
        if room_of(name) == room and part_of(name) != part_of(module.name)
        if floors.get(part_of(name), -1) <= floors[part_of(module.name)]
    ]
    assert wrong == []


def test_no_folder_holds_more_than_about_a_dozen_modules() -> None:
    held = Counter(path.parent for path in PATHS if path.name != "__init__.py")
    assert {str(folder.relative_to(ROOT)): count for folder, count in held.items() if count > A_DOZEN} == {}


def test_each_folder_says_what_belongs_there() -> None:
    silent = [m.name for m in MODULES if m.path.name == "__init__.py" and m.room and not ast.get_docstring(m.tree)]
    assert silent == []


def test_the_package_itself_imports_nothing_of_ours() -> None:
    assert [name for module in MODULES if module.room == "" for name, _ in ours(module)] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    needs = {module.name: {name for name, _ in ours(module)} & NAMES - {module.name} for module in MODULES}
    while ends := {name for name in needs if not needs[name] or not any(name in others for others in needs.values())}:
        needs = {name: others - ends for name, others in needs.items() if name not in ends}
    assert needs == {}


def test_only_the_wiring_puts_edges_together() -> None:
    wrong = {
        module.name: sorted(edges)
        for module in MODULES
        if len(edges := {room_of(name) for name, _ in ours(module)} & set(EDGES)) > 1 and module.room != "wiring"
    }
    assert wrong == {}


def test_decisions_are_pure() -> None:
    """No input or output, no clock, no chance: the escalation room may use only what computes."""
    pure = [module for module in MODULES if module.room == "escalation"]
    imports = [(m.name, line, name) for m in pure for name, line in m.imports]
    foreign = [
        f"{where}:{line} imports {name}"
        for where, line, name in imports
        if top(name) not in PURE_IMPORTS and not (where.endswith(INTERRUPTED) and top(name) in ("signal", "threading"))
    ]
    effects = [f"{m.name}:{line} calls {name}" for m in pure for name, line in m.calls if name in EFFECTS]
    assert foreign + effects == []


def test_the_time_of_a_run_is_handed_down() -> None:
    wrong = [
        f"{module.name}:{line} calls {name}"
        for module in MODULES
        if module.room in ("escalation", "pipeline")
        for name, line in module.calls
        if name in CLOCKS
    ]
    assert wrong == []


def test_each_heavy_library_is_imported_by_one_module() -> None:
    users = {
        (library, module.room in STANDS_ALONE): [
            one.name for one in importers(library) if (one.room in STANDS_ALONE) == (module.room in STANDS_ALONE)
        ]
        for library in ONE_MODULE_EACH
        for module in importers(library)
    }
    assert {library: names for library, names in users.items() if len(names) > 1} == {}


def test_each_foreign_world_stays_in_its_room() -> None:
    wrong = {
        library: strangers
        for library, rooms in ROOMS_OF.items()
        if (strangers := [module.name for module in importers(library) if module.room not in (*rooms, "__main__")])
    }
    assert wrong == {}


def test_modules_are_named_by_what_they_hold() -> None:
    drawers = {"utils", "util", "helpers", "helper", "manager", "managers", "base", "common", "misc"}
    assert [module.name for module in MODULES if drawers & set(module.name.split("."))] == []


def test_only_the_command_line_knows_of_dry_runs() -> None:
    """A dry run is a call not made, never a flag handed down."""
    word = re.compile(r"dry_?run", re.IGNORECASE)
    wrong = [m.name for m in MODULES if m.room != "cli" and word.search(m.path.read_text(encoding="utf-8"))]
    assert wrong == []


PROCESS = {"os.environ", "os.getenv", "os.getcwd", "Path.cwd", "Path.home", "time.sleep"}
CHANGES = {"append", "add", "update", "extend", "pop", "popitem", "remove", "discard", "clear", "setdefault"}


def test_only_the_outermost_door_knows_the_process() -> None:
    """The environment, the working folder and the time of waiting are handed in: see `wiring.surroundings`."""
    wrong = [
        f"{module.name}:{node.lineno} uses {ast.unparse(node)}"
        for module in MODULES
        if module.room not in ("__main__", *STANDS_ALONE)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in PROCESS
    ]
    assert wrong == []


def test_no_module_keeps_what_it_learns() -> None:
    """Two runs for two orgs can stand in one process: what a module holds is never changed after it is loaded."""
    wrong = [
        f"{module.name}:{node.lineno} changes {name}"
        for module in MODULES
        for held in [held_by(module)]
        for function in ast.walk(module.tree)
        if isinstance(function, ast.FunctionDef | ast.Lambda)
        for node, name in changed_in(function)
        if name in held or isinstance(node, ast.Global)
    ]
    assert wrong == []


def held_by(module: Module) -> set[str]:
    """The names that stand at the top of the module."""
    targets = [
        target
        for node in module.tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def changed_in(function: ast.FunctionDef | ast.Lambda) -> Iterator[tuple[ast.Global | ast.Name, str]]:
    """What a function changes without having made it."""
    own = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    arguments = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    for node in ast.walk(function):
        if isinstance(node, ast.Global):
            yield node, ", ".join(node.names)
        where: ast.expr | None = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGES:
            where = node.func.value
        elif isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
            where = node.value
        if isinstance(where, ast.Name) and where.id not in own | arguments:
            yield where, where.id


def test_the_rules_see_the_package() -> None:
    assert {"escalation", "errors"} <= {module.room for module in MODULES}
    assert any(ours(module) for module in MODULES)
