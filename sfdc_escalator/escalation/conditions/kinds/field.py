"""`field`: the value of a field of the case, or of a record that it refers to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clauses.wording import CASE, Clause, comparison
from sfdc_escalator.escalation.conditions.comparison import (
    TESTS,
    Literal_,
    Operand,
    Operator,
    Test,
    as_text,
    matches,
    options,
    test_of,
)
from sfdc_escalator.escalation.conditions.condition import Condition, Finding
from sfdc_escalator.escalation.conditions.declaration import Given, Key, Kind, ListOf, Takes, Terms
from sfdc_escalator.escalation.conditions.findings import comparison_in_brief, comparison_text
from sfdc_escalator.escalation.conditions.leaf import ByTable, Comparison, Demand, Lack, Leaf, Miss, asked_of, share_of
from sfdc_escalator.escalation.conditions.narrowing import EVERYTHING, Compared, Narrowing, some
from sfdc_escalator.escalation.conditions.samples import samples_of
from sfdc_escalator.escalation.conditions.shared_keys import comparisons, needs_operator, side_keys
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.conditions.tree import together
from sfdc_escalator.escalation.world.case import Case, Value
from sfdc_escalator.escalation.world.needs import Need

TOO_SLOW = "the search for the pattern `{}` in {} takes too long; `validate` shows which patterns need another form"


@dataclass(frozen=True, slots=True)
class Field(Leaf):
    """The value of a field, compared with an operand; the operand may come from a table."""

    kind: ClassVar[str] = "field"
    path: str
    operator: Operator
    operand: Operand | Table[Literal_]
    _test: Test | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        test = None if isinstance(self.operand, Table) else test_of(self.operator, self.operand)
        object.__setattr__(self, "_test", test)

    @property
    def needs(self) -> frozenset[Need]:
        by = self.operand.by if isinstance(self.operand, Table) else ()
        return frozenset({self.path, *by})

    def look(self, case: Case, circumstances: Circumstances) -> Value:
        return case.fields.get(self.path)

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        value, test = case.fields.get(self.path), self._test
        if test is not None:
            return test(value)
        operand = self.operand.value(case) if isinstance(self.operand, Table) else self.operand
        return operand is not None and TESTS[self.operator](value, operand)

    @property
    def plain(self) -> tuple[str, Test] | None:
        return (self.path, self._test) if self._test and not self.searches else None

    @property
    def searches(self) -> bool:
        return self.operator == "matches"

    def unclear(self, case: Case, circumstances: Circumstances) -> str | None:
        slow = self.too_slow(case.fields.get(self.path))
        return TOO_SLOW.format(self.operand, self.path) if slow else None

    def too_slow(self, value: object) -> bool:
        """True where the search for its pattern in this value takes too long."""
        return self.operator == "matches" and matches(value, str(self.operand)) is None

    def narrowed(self, want: bool, circumstances: Circumstances) -> Narrowing:
        if not isinstance(self.operand, Table):
            return Compared(self.path, self.operator, self.operand, want)
        if not want:
            return EVERYTHING
        return some(Compared(self.path, self.operator, value) for value in self.operand.values)

    @property
    def tables(self) -> tuple[Table[Any], ...]:
        return (self.operand,) if isinstance(self.operand, Table) else ()

    def comparisons(self) -> Iterator[Comparison]:
        table = isinstance(self.operand, Table)
        yield Comparison(self.path, self.operator, self.operand.values if table else options(self.operand))  # type: ignore
        yield from Leaf.comparisons(self)

    def named_for(self, path: str) -> Iterator[Literal_]:
        if path == self.path and not isinstance(self.operand, Table):
            yield from options(self.operand)
        yield from Leaf.named_for(self, path)

    def parts_named(self, path: str, text: str) -> Iterator[str]:
        if path == self.path and self.operator in ("starts_with", "contains_any"):
            asked = () if isinstance(self.operand, Table) else options(self.operand)
            yield from (as_text(one).strip() for one in asked if TESTS[self.operator](text, one))

    def described(self, finding: Finding) -> str:
        text = comparison_text(self.path, self.operator, self.operand, finding)
        return f"{text.removesuffix(': no)')}: the search takes too long)" if self.too_slow(finding.seen) else text

    def missed(self, finding: Finding) -> Miss:
        return Miss(self.described(finding), share=share_of(finding.seen, self.operand))

    def lack(self, case: Case, circumstances: Circumstances) -> Lack:
        return Lack(share=share_of(case.fields.get(self.path), self.operand))

    @property
    def brief(self) -> str:
        return f"{self.path}{comparison_in_brief(self.operator, self.operand)}"

    def clause(self, holds: bool = True, subject: str = CASE) -> Clause:
        return Clause(comparison(self.path, self.operator, self.operand, holds, subject))

    @property
    def subject(self) -> object:
        return "field", self.path.lower()

    def possible(self, demands: Sequence[Demand]) -> bool:
        """Only samples are tried. Where they could miss a value (words inside a text, patterns), the demand is left
        out, so that False is always right."""
        asked = asked_of(Field, demands)
        sure = [(one, holds) for one, holds in asked if not loose(one, asked)]
        filled = any(holds for one, holds in asked if (one, holds) not in sure)
        samples = samples_of([one.operand for one, _ in sure if not isinstance(one.operand, Table)])
        return any(
            all(one.meets(value) == holds for one, holds in sure)
            for value in samples
            if not filled or not TESTS["is_empty"](value, True)
        )

    def meets(self, value: Value) -> bool:
        """True where this value satisfies it; False where its operand comes from a table."""
        return not isinstance(self.operand, Table) and TESTS[self.operator](value, self.operand)

    def by_table(self) -> ByTable | None:
        if not isinstance(self.operand, Table):
            return None
        return ByTable(self.operand, lambda value: value is not None and Field(self.path, self.operator, value))


def loose(leaf: Field, asked: Sequence[tuple[Field, bool]]) -> bool:
    """True where samples are not a proof: parts of a text, unless the whole text is asked for as well."""
    if isinstance(leaf.operand, Table) or leaf.operator == "matches":
        return True
    if leaf.operator not in ("starts_with", "contains_any"):
        return False
    operands = (one.operand for one, _ in asked if not isinstance(one.operand, Table))
    plain = all(as_text(literal).isascii() for operand in operands for literal in options(operand))
    whole = any(holds and one.operator in ("is", "in") for one, holds in asked)
    return not plain or (leaf.operator == "contains_any" and not whole)


COMPARED = "The value is {}: a number, a date, a time with its zone, or a table."
OPERATORS = (
    Key("is", Takes.VALUE_OR_TABLE, "Equal to; texts in any case."),
    Key("is_not", Takes.VALUE_OR_TABLE, "Not equal to; an empty field is not equal either."),
    Key("in", ListOf(Takes.VALUE), "One of these."),
    Key("not_in", ListOf(Takes.VALUE), "Not one of these; an empty field matches."),
    *side_keys(Takes.BOUNDARY_OR_TABLE, COMPARED),
    Key("starts_with", Takes.BEGINNING, "The text starts with this, in any case, with any apostrophe and hyphen."),
    Key("contains_any", ListOf(Takes.CHOICE), "One of these is in the text, or chosen in the multi-picklist."),
    Key("matches", Takes.PATTERN, "A regular expression that is found in the text, in any case."),
    Key("is_empty", Takes.FLAG, "`true`: the field is empty. `false`: it is not."),
)


def build(given: Given, terms: Terms) -> Condition:
    path = given["field"]
    asked = comparisons(given, ids=path.endswith("Id"))
    return together([Field(path, operator, operand) for operator, operand in asked])


KIND = Kind(
    about="The value of a field of the case, or of a record that it refers to.",
    keys=(
        Key("field", Takes.FIELD, "A field of the case, or of a record that it refers to, such as Account.Type.", True),
        *OPERATORS,
    ),
    build=build,
    examples=(
        "{field: Status, is: New}",
        "{field: Priority, not_in: [Low, Medium]}",
        "{field: Subject, contains_any: [urgent, call]}",
        "{field: Account.Type, is_empty: false}",
        "{field: Origin, is: {by: Status, values: {New: Phone}, else: Web}}",
    ),
    refusals=lambda given: needs_operator(OPERATORS, given),
)
