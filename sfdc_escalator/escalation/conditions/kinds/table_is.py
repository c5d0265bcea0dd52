"""`table`: the value that a look-up table gives for the case."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clauses.wording import CASE, Clause, compared, field_words, listed, quoted
from sfdc_escalator.escalation.conditions.comparison import TESTS, Literal_, Operand, Operator, options
from sfdc_escalator.escalation.conditions.condition import Condition, Finding
from sfdc_escalator.escalation.conditions.declaration import Given, Key, Kind, ListOf, Takes, Terms
from sfdc_escalator.escalation.conditions.findings import comparison_in_brief, comparison_text
from sfdc_escalator.escalation.conditions.leaf import ByTable, Demand, Leaf
from sfdc_escalator.escalation.conditions.narrowing import EVERYTHING, Compared, Narrowing, every, some
from sfdc_escalator.escalation.conditions.shared_keys import comparisons, needs_operator, side_keys
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.conditions.tree import together
from sfdc_escalator.escalation.world.case import Case, Value
from sfdc_escalator.escalation.world.needs import Need


@dataclass(frozen=True, slots=True)
class TableIs(Leaf):
    """The value that a table gives for the case, compared with an operand."""

    kind: ClassVar[str] = "table"
    table: Table[Literal_]
    operator: Operator
    operand: Operand

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset(self.table.by)

    def look(self, case: Case, circumstances: Circumstances) -> Value:
        return self.table.value(case)

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        return TESTS[self.operator](self.table.value(case), self.operand)

    def narrowed(self, want: bool, circumstances: Circumstances) -> Narrowing:
        """The cells of the rows whose value is asked for. An earlier row may match first; that only removes cases."""
        test = TESTS[self.operator]
        if not want or test(self.table.otherwise, self.operand):
            return EVERYTHING
        return some(
            every(Compared(path, "in", options(cell)) for path, cell in zip(self.table.by, row.cells, strict=True))
            for row in self.table.rows
            if test(row.value, self.operand)
        )

    @property
    def tables(self) -> tuple[Table[Any], ...]:
        return (self.table,)

    def described(self, finding: Finding) -> str:
        subject = f"the table {self.table.name}" if self.table.name else f"the table by {', '.join(self.table.by)}"
        return comparison_text(subject, self.operator, self.operand, finding)

    @property
    def brief(self) -> str:
        return f"{f'table {self.table.name}'.strip()}{comparison_in_brief(self.operator, self.operand)}"

    def clause(self, holds: bool = True, subject: str = CASE) -> Clause:
        name = f"the table {quoted(self.table.name)}" if self.table.name else "the table"
        by = listed([field_words(path) for path in self.table.by], "and")
        if self.operator in ("is", "in"):
            value = listed([quoted(one) for one in options(self.operand)])
            return Clause(f"{name} {'gives' if holds else 'does not give'} {value} for {by}")
        return Clause(f"what {name} gives for {by} {compared(self.operator, self.operand, holds)}")

    def possible(self, demands: Sequence[Demand]) -> bool:
        """Demands on the table itself are decided by its rows (see `by_table`), where a proof can look at each."""
        given = (*self.table.values, self.table.otherwise)
        return any(TESTS[self.operator](one, self.operand) for one in given) or not any(one.holds for one in demands)

    def by_table(self) -> ByTable | None:
        return ByTable(self.table, lambda value: TESTS[self.operator](value, self.operand), decides=True)


OPERATORS = (
    Key("is", Takes.VALUE, "Equal to; texts in any case."),
    Key("is_not", Takes.VALUE, "Not equal to; no value is not equal either."),
    Key("in", ListOf(Takes.VALUE), "One of these."),
    Key("not_in", ListOf(Takes.VALUE), "Not one of these; an empty value matches."),
    *side_keys(Takes.BOUNDARY, "The value is {}: a number, a date, or a time with its zone."),
)


def build(given: Given, terms: Terms) -> Condition:
    table = given["table"]
    return together([TableIs(table, operator, operand) for operator, operand in comparisons(given)])  # type: ignore[arg-type]


KIND = Kind(
    about="The value that a look-up table gives for the case.",
    keys=(Key("table", Takes.TABLE, "A table by its name, or in place.", True), *OPERATORS),
    build=build,
    examples=("{table: {by: Status, values: {New: 1, Working: 2}, else: 3}, at_most: 2}",),
    refusals=lambda given: needs_operator(OPERATORS, given),
)
