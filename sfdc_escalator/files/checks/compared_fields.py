"""Everything that a policy file compares a field with, each with its place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sfdc_escalator.escalation.conditions.clocks.stopped_clock import LIMITS
from sfdc_escalator.escalation.conditions.comparison import TESTS
from sfdc_escalator.escalation.conditions.leaf import Comparison
from sfdc_escalator.escalation.world.needs import Records
from sfdc_escalator.files.checks.cross_checks import mapping
from sfdc_escalator.files.checks.cutoffs import choices
from sfdc_escalator.files.language.table_values import raw_table
from sfdc_escalator.files.text.document import Document, Path
from sfdc_escalator.files.text.fault import Fault
from sfdc_escalator.files.values.sources import is_field


class Compared(NamedTuple):
    """A field against one value at most, and where the value stands: `on_key` where it is a key of a table."""

    asked: Comparison
    loc: Path
    on_key: bool = False


def compared_fields(document: Document) -> Iterator[Compared]:
    """Every comparison of the file, those in parts that are not carried out and in examples among them."""
    return CompareWalk(document).part(document.value, ())


@dataclass(slots=True)
class CompareWalk:
    """A walk through a valid file. `users` are the related records, or None for the case, that a named table is asked
    for."""

    document: Document
    tables: Mapping[str, Any] = field(init=False)
    users: dict[str, list[Records | None]] = field(init=False)

    def __post_init__(self) -> None:
        self.tables, self.users = mapping(self.document.value, "tables"), {}
        self.note_users(self.document.value, None)

    def note_users(self, value: Any, records: Records | None) -> None:
        for _, inner, of in steps_into(value, (), records):
            name = inner.get("table") if isinstance(inner, dict) else None
            if isinstance(name, str) and of not in self.users.setdefault(name, []):
                self.users[name].append(of)
            self.note_users(inner, of)

    def part(self, value: Any, loc: Path, records: Records | None = None) -> Iterator[Compared]:
        if loc[:1] == ("examples",) and loc[2:] == ("case",):
            yield from self.example(value, loc)
            return
        named = loc[:1] == ("tables",) and len(loc) == 2
        for of in self.users.get(str(loc[1]), [None]) if named else [records]:
            if isinstance(value, dict):
                yield from self.condition(value, loc, of)
                yield from cells(value, loc, of)
            for at, inner, inside in steps_into(value, loc, of):
                yield from self.part(inner, at, inside)

    def condition(self, node: dict[str, Any], loc: Path, records: Records | None) -> Iterator[Compared]:
        kind = next(iter(node), "")
        subject = node.get(kind)
        if kind == "field" and isinstance(subject, str):
            for operator in TESTS.keys() & node.keys():
                for at, one in self.operands(node[operator], (*loc, operator)):
                    yield Compared(Comparison(subject, operator, (one,), records), at)
        elif kind in ("age", "left") and isinstance(subject, str) and LIMITS.keys() & node.keys():
            yield Compared(Comparison(subject, kind, (), records), (*loc, kind))
        elif kind == "text" and "mentions" in node:
            for at, one in entries(subject, (*loc, kind)):
                if isinstance(one, str) and is_field(one):
                    yield Compared(Comparison(one, kind, (), records), at)

    def operands(self, given: Any, loc: Path) -> Iterator[tuple[Path, Any]]:
        """The value, each of a list, or each that a table gives."""
        if isinstance(given, dict):
            yield from ((at if at[:1] == ("tables",) else (*loc, *at), one) for at, one in choices(given, self.tables))
        else:
            yield from entries(given, loc)

    def example(self, case: Any, loc: Path) -> Iterator[Compared]:
        for path, given in case.items() if isinstance(case, dict) else ():
            key = "chosen" if isinstance(given, list) else "example"
            for at, one in entries(given, (*loc, path)) if given is not None else ():
                yield Compared(Comparison(path, key, (one,)), at)


def steps_into(value: Any, loc: Path, records: Records | None) -> Iterator[tuple[Path, Any, Records | None]]:
    """The parts of a mapping or a list; inside `where` the related records are meant."""
    for key, inner in (
        value.items() if isinstance(value, dict) else entries(value, ()) if isinstance(value, list) else ()
    ):
        related = value.get("related") if key == "where" and isinstance(value, dict) else None
        at = (*loc, *(key if isinstance(key, tuple) else (key,)))
        yield at, inner, Records(related, through=value.get("through", "")) if isinstance(related, str) else records


def cells(node: dict[str, Any], loc: Path, records: Records | None) -> Iterator[Compared]:
    """The values that the rows of a table compare its fields with."""
    if "by" not in node or not {"rows", "values"} & node.keys():
        return
    try:
        by = raw_table(node).by
    except Fault:  # reported elsewhere
        return
    for key in node.get("values", ()):
        yield Compared(Comparison(by[0], "cell", (key,), records), (*loc, "values", key), on_key=True)
    for number, row in enumerate(node.get("rows", ())):
        for column, path in enumerate(by):
            for at, one in entries(row[column], (*loc, "rows", number, column)):
                yield Compared(Comparison(path, "cell", (one,), records), at)


def entries(given: Any, loc: Path) -> Iterator[tuple[Path, Any]]:
    """The entries of a list, or the one value in its place."""
    if isinstance(given, list):
        yield from (((*loc, place), one) for place, one in enumerate(given))
    else:
        yield loc, given
