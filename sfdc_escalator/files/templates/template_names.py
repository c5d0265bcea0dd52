"""The names that a template uses, from its syntax tree: fields of the case, texts of the route, unknown names.

It looks at the names of jinja2's node classes, so that only `templates` imports jinja2.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sfdc_escalator.files.text.fault import Fault, shown, unknown
from sfdc_escalator.files.values.sources import field_path

CONTEXT = ("case", "policy", "route", "parts", "findings", "now", "due")
FORBIDDEN = {
    "Include": "include", "Import": "import", "FromImport": "import", "Extends": "extends", "Macro": "macro",
    "CallBlock": "call", "Block": "block",
}  # fmt: skip
ASKS_WHETHER_THERE = {("Test", "defined"), ("Test", "undefined"), ("Filter", "default"), ("Filter", "d")}

Chain = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Reads:
    """`texts`: the route's own texts that the template uses; `needed`: those that it cannot be rendered without."""

    paths: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    needed: frozenset[str] = frozenset()


def need_of(tree: Any) -> tuple[Reads, list[tuple[int, Fault]]]:
    """The names that the template uses, and their faults by line."""
    reader = Reader(frozenset(own_names(tree)))
    reader.visit(tree)
    paths = {path for path, _ in reader.paths if not any(other.startswith(f"{path}.") for other, _ in reader.paths)}
    for path, line in reader.paths:
        if path in paths:
            reader.check(path, line)
    needs = Reads(frozenset(paths), frozenset(reader.texts), frozenset(reader.texts - reader.asked))
    once = {(line, fault.message): (line, fault) for line, fault in reader.faults}
    return needs, sorted(once.values(), key=lambda fault: fault[0])


def own_names(node: Any) -> Iterator[str]:
    """The names that the template sets itself."""
    if kind(node) == "Name" and node.ctx != "load":
        yield node.name
    for child in node.iter_child_nodes():
        yield from own_names(child)


def kind(node: Any) -> str:
    return type(node).__name__


def chain(node: Any) -> Chain | None:
    """`case.Account["Name"]` as (case, (Account, Name)); None for anything else."""
    if kind(node) == "Name":
        return (node.name, ()) if node.name in ("case", "route", "policy") else None
    if kind(node) == "Getattr" and (inner := chain(node.node)):
        return inner[0], (*inner[1], node.attr)
    if kind(node) == "Getitem" and isinstance(getattr(node.arg, "value", None), str) and (inner := chain(node.node)):
        return inner[0], (*inner[1], *node.arg.value.split("."))
    return None


@dataclass(slots=True)
class Reader:
    own: frozenset[str]
    paths: list[tuple[str, int]] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    faults: list[tuple[int, Fault]] = field(default_factory=list)

    def visit(self, node: Any) -> None:
        if (statement := FORBIDDEN.get(kind(node))) is not None:
            self.faults.append((node.lineno, Fault(f"`{statement}` is not allowed", expected="a template in one file")))
        elif kind(node) == "For" and node.recursive:
            self.faults.append((node.lineno, Fault("`recursive` is not allowed", expected="a plain loop")))
        elif kind(node) == "Name" and node.name not in ("case", "route", "policy"):
            self.name(node)
        elif (found := chain(node)) is not None:
            self.chain(found, node)
        elif kind(node) == "Getitem" and (found := chain(node.node)) and found[0] == "case":
            self.item(node, found)
        elif kind(node) == "Call" and kind(node.node) == "Getattr" and (found := chain(node.node.node)):
            self.chain(found, node)
            self.children(node, but=node.node)
        else:
            self.asks(node)
            self.children(node)

    def children(self, node: Any, but: Any = None) -> None:
        for child in node.iter_child_nodes():
            if child is not but:
                self.visit(child)

    def name(self, node: Any) -> None:
        if node.ctx != "load" and node.name in CONTEXT:
            self.faults.append((node.lineno, Fault(f"`{node.name}` cannot be set", expected="a name of your own")))
        elif node.ctx == "load" and node.name not in {*CONTEXT, *self.own, "range", "loop"}:
            self.faults.append((node.lineno, unknown("name", node.name, CONTEXT)))

    def chain(self, found: Chain, node: Any) -> None:
        root, parts = found
        if getattr(node, "ctx", "load") != "load":
            self.faults.append((node.lineno, Fault(f"`{root}` cannot be set", expected="a name of your own")))
        elif not parts:
            examples = {"case": "case.Subject", "route": "route.reason", "policy": "policy.name"}
            self.faults.append(
                (node.lineno, Fault(f"`{root}` alone is not a text", found=root, expected=examples[root]))
            )
        elif root == "case":
            self.paths.append((".".join(parts), node.lineno))
        elif root == "policy" and parts[0] != "name":
            self.faults.append((node.lineno, unknown("name", f"policy.{parts[0]}", ["policy.name"])))
        elif root == "route" and parts[0] not in ("name", "reason"):
            self.texts.add(parts[0])

    def item(self, node: Any, found: Chain) -> None:
        """Allow a slice or one letter of a field's text; refuse a field that is chosen while rendering, which cannot
        be polled."""
        if kind(node.arg) == "Slice" or isinstance(getattr(node.arg, "value", None), int):
            self.chain(found, node.node)
            self.children(node, but=node.node)
        else:
            expected = "a field by its name, such as case.Subject"
            self.faults.append(
                (node.lineno, Fault("a field cannot be chosen while rendering", found="case[...]", expected=expected))
            )

    def asks(self, node: Any) -> None:
        if (kind(node), getattr(node, "name", None)) in ASKS_WHETHER_THERE and (found := chain(node.node)):
            self.asked.update(found[1][:1] if found[0] == "route" else ())

    def check(self, path: str, line: int) -> None:
        try:
            field_path(path)
        except Fault as fault:
            self.faults.append((line, fault.but(found=f"case.{shown(path)}")))
