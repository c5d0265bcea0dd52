"""Many conditions at once: most of them fail by the value of a plain field, and fields have few values."""

from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar

from sfdc_escalator.escalation.conditions.answering.answers import NONE, Answer, answer_of, conjuncts, plain_of
from sfdc_escalator.escalation.conditions.comparison import ORDERED, Test
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.tree import All, Not
from sfdc_escalator.escalation.world.case import Case, Value
from sfdc_escalator.escalation.world.needs import Need

T = TypeVar("T")
OF_FEW_VALUES = frozenset({"is", "is_not", "in", "not_in", "is_empty", *ORDERED})
MOST_VALUES = 10_000
MOST_COUNTED = 4


class Sieve:
    """The plain fields of many conditions. Each value of a field is tried once, and the conditions that fail by it are
    kept as the bits of a number: bit n is the condition at place n."""

    def __init__(self, conditions: Sequence[Condition], unread: frozenset[Need] = NONE) -> None:
        self.every = (1 << len(conditions)) - 1
        tests = dict[str, list[tuple[int, Test]]]()
        for place, condition in enumerate(conditions):
            for one in conjuncts(condition):
                if is_sieved(one, unread) and (plain := plain_of(one)):
                    tests.setdefault(plain[0], []).append((1 << place, plain[1]))
        self._paths = [(path, given, dict[Any, int]()) for path, given in tests.items()]

    def failing(self, case: Case) -> Iterator[int]:
        """For each field, the conditions that fail by it."""
        fields = case.fields
        for path, tests, known in self._paths:
            value = fields.get(path)
            key = value if type(value) is str else (type(value), value)  # True and 1 are two values
            fails = known.get(key)
            if fails is None:
                if len(known) >= MOST_VALUES:
                    known.clear()
                fails = known[key] = failing_by(value, tests)
            if fails:
                yield fails

    def passing(self, case: Case) -> Iterator[int]:
        """The places of the conditions that fail by no field."""
        failed = 0
        for fails in self.failing(case):
            failed |= fails
        return places(self.every & ~failed)

    def nearly(self, case: Case, most: int) -> Iterator[tuple[int, int]]:
        """The places of the conditions that fail by no more than `most` fields, each with the number of these fields:
        that number or a few less."""
        failed = [0] * min(most + 1, MOST_COUNTED)  # at n, those that fail by more than n fields
        for fails in self.failing(case):
            for level in range(len(failed) - 1, 0, -1):
                failed[level] |= failed[level - 1] & fails
            failed[0] |= fails
        kept = self.every & ~failed[most] if most < MOST_COUNTED else self.every
        first, *further = failed
        for place in places(kept):
            bit = 1 << place
            yield place, (1 + sum(bool(level & bit) for level in further) if first & bit else 0)


def is_sieved(condition: Condition, unread: frozenset[Need]) -> bool:
    if isinstance(condition, Not):
        return is_sieved(condition.part, unread)
    few = isinstance(condition, Field) and condition.operator in OF_FEW_VALUES and condition.plain is not None
    return few and unread.isdisjoint(condition.needs)


def failing_by(value: Value, tests: Sequence[tuple[int, Test]]) -> int:
    fails = 0
    for bit, test in tests:
        if not test(value):
            fails |= bit
    return fails


def places(bits: int) -> Iterator[int]:
    """The places of the bits, the lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


class Answers(Generic[T]):
    """The answer of each condition, with the thing that it belongs to."""

    def __init__(self, conditions: Sequence[tuple[T, Condition]], unread: frozenset[Need] = NONE) -> None:
        self._sieve = Sieve([condition for _, condition in conditions], unread)
        rest = ([one for one in conjuncts(condition) if not is_sieved(one, unread)] for _, condition in conditions)
        others = (answer_of(All(tuple(parts)), unread) for parts in rest)
        self._answers = [(thing, answer) for (thing, _), answer in zip(conditions, others, strict=True)]

    def of(self, case: Case) -> Iterator[tuple[T, Answer]]:
        """Those whose condition may hold, in their order, each with the answer for this case. The others fail."""
        return map(self._answers.__getitem__, self._sieve.passing(case))
