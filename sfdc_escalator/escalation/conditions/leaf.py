"""The base of every kind of condition: the methods of a kind, most of them with a default."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple, TypeVar

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clauses.wording import CASE, Clause
from sfdc_escalator.escalation.conditions.comparison import Literal_, Test
from sfdc_escalator.escalation.conditions.condition import Condition, Finding
from sfdc_escalator.escalation.conditions.narrowing import EVERYTHING, Narrowing
from sfdc_escalator.escalation.conditions.tables import LookedUp, Table
from sfdc_escalator.escalation.world.case import Case, Value
from sfdc_escalator.escalation.world.needs import Need, Records

K = TypeVar("K")


class Leaf(ABC):
    """The base of every kind. A kind must define `kind`, `needs`, `holds`, `look`, `described`, `brief` and
    `clause`."""

    __slots__ = ()
    kind: ClassVar[str]
    """The key of a policy file that starts it."""
    starts_with_case: ClassVar[bool] = False
    """True where its clock starts with the case when nothing else starts it."""

    # -- judging

    @property
    @abstractmethod
    def needs(self) -> frozenset[Need]: ...

    @abstractmethod
    def holds(self, case: Case, circumstances: Circumstances) -> bool: ...

    @abstractmethod
    def look(self, case: Case, circumstances: Circumstances) -> Value | timedelta:
        """The value that it looks at."""

    def judged(self, case: Case, circumstances: Circumstances) -> Finding:
        finding = Finding(self, self.holds(case, circumstances), self.look(case, circumstances))
        return finding._replace(looked_up=self.looked_up(case)) if self.tables else finding

    def looked_up(self, case: Case) -> tuple[LookedUp, ...]:
        return tuple(table.looked_up(case) for table in self.tables)

    def crossings(self, case: Case, circumstances: Circumstances) -> Iterator[datetime]:
        yield from ()

    def narrowed(self, want: bool, circumstances: Circumstances) -> Narrowing:
        return EVERYTHING

    @property
    def plain(self) -> tuple[str, Test] | None:
        """A field and the test of its value, where these alone decide, and at once."""
        return None

    @property
    def searches(self) -> bool:
        """True where a search for a pattern may take too long, so that a case is `unclear`."""
        return False

    def unclear(self, case: Case, circumstances: Circumstances) -> str | None:
        """The reason why it cannot be said whether it holds; it does not hold then."""
        return None

    # -- what it refers to

    @property
    def tables(self) -> tuple[Table[Any], ...]:
        """The look-up tables that it uses."""
        return ()

    @property
    def queues_named(self) -> tuple[str, ...]:
        """The DeveloperNames of the queues that it asks about."""
        return ()

    @property
    def business_hours(self) -> tuple[str, ...]:
        """The names of the org's business hours that it counts by."""
        return ()

    def comparisons(self) -> "Iterator[Comparison]":
        """Everything that it compares a field with, also inside its own conditions."""
        for table in self.tables:
            yield from cells_compared(table)

    def named_for(self, path: str) -> Iterator[Literal_]:
        """The values that it compares the field with."""
        for table in self.tables:
            yield from table.cells_of(path)

    def parts_named(self, path: str, text: str) -> Iterator[str]:
        """The parts of the field's text that it looks for."""
        yield from ()

    # -- words

    @abstractmethod
    def described(self, finding: Finding) -> str:
        """The text of the finding: the value that was seen, and what it was compared with."""

    def missed(self, finding: Finding) -> "Miss":
        """The missing part of a finding that does not hold."""
        return Miss(self.described(finding))

    def lack(self, case: Case, circumstances: Circumstances) -> "Lack":
        """The missing time and share of `missed`, without words: many cases are asked, and few are explained."""
        return Lack()

    @property
    @abstractmethod
    def brief(self) -> str:
        """The condition in a few words, as a policy writes it."""

    @abstractmethod
    def clause(self, holds: bool = True, subject: str = CASE) -> Clause:
        """The condition, or that it does not hold, as people say it; `subject` is the record that it is about."""

    # -- proofs

    @property
    def subject(self) -> object:
        """Demands on one subject are looked at together."""
        return self

    def possible(self, demands: "Sequence[Demand]") -> bool:
        """False where it is certain that no value meets all the demands, which are on the subject of this one."""
        return True

    def implies(self, other: "Leaf") -> bool:
        """True where it is certain that the other holds when this one does."""
        return False

    def consequence(self) -> "Leaf | None":
        """A simpler condition that holds when this one does."""
        return None

    def by_table(self) -> "ByTable | None":
        """The table that it uses, and the condition that is left once the table has given its value."""
        return None

    # -- examples of a policy

    def in_example(self, counts: Mapping[str, int]) -> Condition:
        """The condition for a made-up case, which has counts of related records and no calendar."""
        return self


class Comparison(NamedTuple):
    """A field against values. `key` is the operator, the kind of a clock, `text`, `cell` of a table, or
    `example`; `chosen` is an entry of a list in an example.

    The field is one of the case, or of the related `records`.
    """

    path: str
    key: str
    values: tuple[Literal_, ...] = ()
    records: Records | None = None


def cells_compared(table: Table[Any]) -> "Iterator[Comparison]":
    """The fields of the table with the values that its rows have for each."""
    for path in dict.fromkeys(table.by):
        yield Comparison(path, "cell", tuple(table.cells_of(path)))


class Demand(NamedTuple):
    """A condition that must hold, or must not."""

    leaf: Leaf
    holds: bool = True


class ByTable(NamedTuple):
    """`then` gives the condition for a value of the table, or True or False where that value decides.

    With `decides` the value always decides: the condition is about the table itself.
    """

    table: Table[Any]
    then: Callable[[Any], "Leaf | bool"]
    decides: bool = False


class Lack(NamedTuple):
    """The time that is missing, where only time is missing; the missing share of a number, 1 where it is not one."""

    short: timedelta | None = None
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Miss:
    """One condition that does not hold, in words, and what it lacks."""

    text: str
    short: timedelta | None = None
    share: float = field(default=1.0, compare=False)


def asked_of(kind: type[K], demands: Sequence[Demand]) -> list[tuple[K, bool]]:
    """The demanded conditions of this kind, each with the answer that it must have."""
    return [(one.leaf, one.holds) for one in demands if isinstance(one.leaf, kind)]


def share_of(seen: object, wanted: object) -> float:
    """The missing share of a wanted number, at most 1."""
    if not isinstance(seen, (int, float)) or not isinstance(wanted, (int, float)):
        return 1.0
    return min(1.0, abs(wanted - seen) / (abs(wanted) or 1))
