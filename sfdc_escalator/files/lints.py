"""What a sound policy says in vain: rows and routes that are never reached, tables with no last word."""

from collections.abc import Iterator
from typing import Any

from sfdc_escalator.escalation.comparison import Operand, as_text, fold, options
from sfdc_escalator.escalation.findings import limit_in_words
from sfdc_escalator.escalation.implication import contradictions, implies
from sfdc_escalator.escalation.policy import Policy
from sfdc_escalator.files.cross_checks import Cross
from sfdc_escalator.files.table_values import RawTable, raw_table
from sfdc_escalator.files.wrong import Wrong, shown
from sfdc_escalator.files.yaml_document import Document, Path

Cells = tuple[Operand, ...]


def table_lints(document: Document) -> Iterator[Cross]:
    """Of every table, wherever it stands; those whose form is wrong are told elsewhere."""
    for path, value in mappings(document.value, ()):
        if "by" in value and ("rows" in value or "values" in value):
            try:
                table = raw_table(value)
            except Wrong:
                continue
            yield from shadowed_rows(path, value, table)
            if table.otherwise is None and not is_total(table):
                message = "the table says nothing where no row fits"
                expected = "`else: ...`, or a row for every value"
                yield Cross(path, Wrong(message, expected=expected, severity="warning"))


def mappings(value: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from mappings(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from mappings(inner, (*path, place))


def shadowed_rows(path: Path, value: dict[str, Any], table: RawTable) -> Iterator[Cross]:
    """A row that another one above leaves no case for."""
    for place, (cells, _) in enumerate(table.rows):
        above = next((n for n, (other, _) in enumerate(table.rows[:place]) if covers(other, cells)), None)
        if above is not None:
            found = ", ".join("|".join(map(as_text, options(cell))) for cell in cells)
            message = f"row {place + 1} of the table is never reached: row {above + 1} takes its cases"
            inside = (*path, "rows", place) if isinstance(value.get("rows"), list) else path
            yield Cross(inside, Wrong(message, found=shown(found), expected="each case in one row"))


def covers(above: Cells, below: Cells) -> bool:
    return all(folded(one) <= folded(other) for other, one in zip(above, below, strict=True))


def folded(cell: Operand) -> frozenset[str]:
    return frozenset(fold(as_text(one)) for one in options(cell))


def is_total(table: RawTable) -> bool:
    """Whether the rows say something for both values of a checkbox."""
    said = frozenset[str]().union(*(folded(cells[0]) for cells, _ in table.rows))
    return len(table.by) == 1 and said == {"true", "false"}


def route_lints(policy: Policy, document: Document) -> Iterator[Cross]:
    for place, route in enumerate(policy.routes):
        path: Path = ("routes", place, "name")
        if clash := next(contradictions(policy.condition(route)), None):
            one, other = map(in_few_words, clash)
            message = f"route `{route.name}` can never match: {other} and {one} exclude each other"
            yield Cross(path, Wrong(message, found=route.name, severity="warning"))
        above = [one for one in policy.routes[:place] if implies(policy.condition(route), policy.condition(one))]
        if above:
            line = document.place(("routes", policy.routes.index(above[0]), "name"))[0]
            message = f"route `{route.name}` is never reached: every case of it matches `{above[0].name}` (line {line})"
            expected = "the narrower route first, or another condition"
            yield Cross(path, Wrong(message, found=route.name, expected=expected, severity="warning"))


def in_few_words(condition: Any) -> str:
    operator, limit = condition.operator.replace("_", " "), getattr(condition, "limit", None)
    subject = getattr(condition, "path", None) or type(condition).__name__.lower()
    said = limit_in_words(limit) if limit is not None else ", ".join(map(as_text, options(condition.operand)))
    return f"{subject} {operator} {said}"
