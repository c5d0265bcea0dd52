"""Conditions on what a case is: a field's value, a table's answer, its owner, what the org says to a raw filter."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.comparison import TESTS, Literal_, Operand, Operator, Test, test_of
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.world.case import Case, Value
from sfdc_escalator.escalation.world.needs import Answered, Need

USER_PREFIX = "005"


@dataclass(frozen=True, slots=True)
class Fact:
    """A condition that time alone never changes."""

    def crossings(self, case: Case, circumstances: Circumstances) -> Iterator[datetime]:
        yield from ()


@dataclass(frozen=True, slots=True)
class Field(Fact):
    """The value of a field, against an operand; the operand may come out of a table."""

    path: str
    operator: Operator
    operand: Operand | Table[Literal_]
    _test: Test | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        test = None if isinstance(self.operand, Table) else test_of(self.operator, self.operand)
        object.__setattr__(self, "_test", test)

    def look(self, case: Case, circumstances: Circumstances) -> Value:
        return case.fields.get(self.path)

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        value, test = case.fields.get(self.path), self._test
        if test is not None:
            return test(value)
        operand = self.operand.value(case) if isinstance(self.operand, Table) else self.operand
        return operand is not None and TESTS[self.operator](value, operand)

    @property
    def needs(self) -> frozenset[Need]:
        by = self.operand.by if isinstance(self.operand, Table) else ()
        return frozenset({self.path, *by})


@dataclass(frozen=True, slots=True)
class TableIs(Fact):
    """What a table says of the case, against an operand."""

    table: Table[Literal_]
    operator: Operator
    operand: Operand

    def look(self, case: Case, circumstances: Circumstances) -> Value:
        return self.table.value(case)

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        return TESTS[self.operator](self.table.value(case), self.operand)

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset(self.table.by)


@dataclass(frozen=True, slots=True)
class Owner(Fact):
    """Whose the case is: any user's, one of the queues', or a member's of one of them. Queues by DeveloperName."""

    who: Literal["user", "in_queue", "member_of"]
    queues: tuple[str, ...] = ()

    def look(self, case: Case, circumstances: Circumstances) -> Value:
        return case.owner_name or case.owner_id

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        if self.who == "user":
            return case.owner_id.startswith(USER_PREFIX)
        known = [circumstances.queues[name] for name in self.queues if name in circumstances.queues]
        if self.who == "in_queue":
            return any(case.owner_id == queue.id for queue in known)
        return any(case.owner_id in queue.members for queue in known)

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset({"OwnerId"})


@dataclass(frozen=True, slots=True)
class Soql(Fact):
    """A raw SOQL fragment: only the org can judge it."""

    fragment: str

    def look(self, case: Case, circumstances: Circumstances) -> Value:
        return case.answers.get(self.fragment)

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        return case.answers.get(self.fragment, False)

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset({Answered(self.fragment)})
