"""Parts of a valid policy without effect: rows and routes that are never reached, tables without `else`."""

from collections.abc import Iterator, Sequence
from typing import Any

from sfdc_escalator.escalation.conditions.comparison import Operand, as_text, options
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.leaf import Demand
from sfdc_escalator.escalation.conditions.tree import All, AnyOf
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.proof.implication import contradiction, implies
from sfdc_escalator.files.checks.cross_checks import Cross
from sfdc_escalator.files.checks.rivals import MOST, rivals_of
from sfdc_escalator.files.language.table_values import RawTable, folded, is_total, raw_table
from sfdc_escalator.files.text.document import Document, Path, mappings
from sfdc_escalator.files.text.fault import Fault, shown

Cells = tuple[Operand, ...]


def table_lints(document: Document) -> Iterator[Cross]:
    """Check every table of the policy. Tables of a wrong form are reported elsewhere."""
    for path, value in mappings(document.value, ()):
        if "by" in value and ("rows" in value or "values" in value):
            try:
                table = raw_table(value)
            except Fault:
                continue
            yield from shadowed_rows(path, value, table)
            if not is_total(table):
                message = "the table gives no value when no row matches"
                expected = "`else: ...`, or a row for every value"
                yield Cross(path, Fault(message, expected=expected, severity="warning"))


def shadowed_rows(path: Path, value: dict[str, Any], table: RawTable) -> Iterator[Cross]:
    """Rows that no case reaches because of a row above."""
    column, rows = most_telling(table), dict[str, list[int]]()
    for place, (cells, _) in enumerate(table.rows):
        above = sorted({other for one in folded(cells[column]) for other in rows.get(one, ())})[:MOST]
        given = [table.rows[other][0] for other in above]
        for one in folded(cells[column]):
            rows.setdefault(one, []).append(place)
        taker = next(
            (
                n
                for n, other in zip(above, given, strict=True)
                if wider(other, cells) and covers(table.by, [other], cells)
            ),
            None,
        )
        several = any(len(options(cell)) > 1 for cell in cells)  # else it is one point, and one row has it or none
        if taker is not None or (several and covers(table.by, given, cells)):
            found = ", ".join("|".join(map(as_text, options(cell))) for cell in cells)
            takers = "the rows above take" if taker is None else f"row {taker + 1} takes"
            message = f"row {place + 1} of the table is never reached: {takers} its cases"
            inside = (*path, "rows", place) if isinstance(value.get("rows"), list) else path
            yield Cross(inside, Fault(message, found=shown(found), expected="each case in one row"))


def most_telling(table: RawTable) -> int:
    """The column with the most values: only rows that share one of them can take cases of each other."""
    columns = range(len(table.by))
    values = [frozenset[str]().union(*(folded(cells[place]) for cells, _ in table.rows)) for place in columns]
    return max(columns, key=lambda place: len(values[place]))


def wider(above: Cells, below: Cells) -> bool:
    """Find probable candidates quickly, before the proof."""
    return all(folded(one) <= folded(other) for other, one in zip(above, below, strict=True))


def covers(by: tuple[str, ...], above: Sequence[Cells], below: Cells) -> bool:
    return implies(fits(by, below), AnyOf(tuple(fits(by, other) for other in above)))


def fits(by: tuple[str, ...], cells: Cells) -> Condition:
    return All(tuple(Field(path, "in", options(cell)) for path, cell in zip(by, cells, strict=True)))


def route_lints(policy: Policy, document: Document) -> Iterator[Cross]:
    for place, route, rivals in rivals_of(policy):
        path: Path = ("routes", place, "name")
        if (clash := contradiction(policy.condition(route))) is not None:
            message = f"route `{route.name}` can never match: {never_together(clash)}"
            yield Cross(path, Fault(message, found=route.name, severity="warning"))
            continue
        if takers := taken_by(policy, route, rivals):
            lines = [document.place(("routes", policy.routes.index(one), "name"))[0] for one in takers]
            named = " or ".join(f"`{one.name}` (line {line})" for one, line in zip(takers, lines, strict=True))
            message = f"route `{route.name}` is never reached: every case of it matches {named}"
            expected = "the narrower route first, or another condition"
            yield Cross(path, Fault(message, found=route.name, expected=expected, severity="warning"))


def taken_by(policy: Policy, route: Route, above: Sequence[Route]) -> tuple[Route, ...]:
    """The route above, or the routes together, that take every case of this one."""
    condition = policy.condition(route)
    one = next((other for other in above if implies(condition, policy.condition(other))), None)
    if one is not None:
        return (one,)
    if len(above) < 2 or not implies(condition, any_of(policy, above)):
        return ()
    needed = tuple(above)
    for other in above:
        others = tuple(one for one in needed if one is not other)
        needed = others if implies(condition, any_of(policy, others)) else needed
    return needed


def any_of(policy: Policy, routes: Sequence[Route]) -> Condition:
    return AnyOf(tuple(policy.condition(route) for route in routes))


def never_together(clash: Sequence[Demand]) -> str:
    if not clash:
        return "a table that it asks gives nothing"
    given = list(dict.fromkeys(map(in_few_words, clash)))
    if len(given) == 1 and clash[0].leaf.by_table():
        return f"no row gives {given[0]}"
    return f"{' and '.join(given)} exclude each other" if len(given) > 1 else f"{given[0]} cannot be"


def in_few_words(demand: Demand) -> str:
    return demand.leaf.brief if demand.holds else f"not ({demand.leaf.brief})"
