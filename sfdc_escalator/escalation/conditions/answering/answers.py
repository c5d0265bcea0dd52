"""Conditions as functions that only answer: made once, and called for every route and case.

The meaning of a condition is in `judge`, which also says why. A test holds both to the same answers.
"""

from collections.abc import Callable, Iterator, Sequence

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.comparison import Test
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import Need

Answer = Callable[[Case, Circumstances], bool | None]
"""True or False; None where it cannot be said: a need was not read, or a search takes too long."""
NONE = frozenset[Need]()


def answer_of(condition: Condition, unread: frozenset[Need] = NONE) -> Answer:
    """The answer of the condition for cases that were read without these needs."""
    if isinstance(condition, Not):
        return denied(answer_of(condition.part, unread))
    if isinstance(condition, All):
        return every(list(conjuncts(condition)), unread)
    if isinstance(condition, AnyOf):
        return some([answer_of(part, unread) for part in condition.parts])
    if not unread.isdisjoint(condition.needs):
        return lambda *_: None
    if isinstance(condition, Leaf) and condition.searches:
        return searched(condition)
    return condition.holds


def conjuncts(condition: Condition) -> Iterator[Condition]:
    """The conditions that must all hold: those of lists inside lists too."""
    for part in condition.parts if isinstance(condition, All) else ():
        yield from conjuncts(part)
    if not isinstance(condition, All):
        yield condition


def plain_of(condition: Condition) -> tuple[str, Test] | None:
    """A field and the test of its value, where these alone decide, and at once."""
    if isinstance(condition, Not):
        inner = plain_of(condition.part)
        return (inner[0], opposite(inner[1])) if inner else None
    return condition.plain if isinstance(condition, Leaf) else None


def opposite(test: Test) -> Test:
    return lambda value: not test(value)


def every(parts: Sequence[Condition], unread: frozenset[Need]) -> Answer:
    """All of the parts. Plain fields are looked at first, because they are the cheapest."""
    tests, others = list[tuple[str, Test]](), list[Answer]()
    for part in parts:
        plain = plain_of(part) if unread.isdisjoint(part.needs) else None
        if plain:
            tests.append(plain)
        else:
            others.append(answer_of(part, unread))

    def answer(case: Case, circumstances: Circumstances) -> bool | None:
        fields = case.fields
        for path, test in tests:
            if not test(fields.get(path)):
                return False
        found: bool | None = True
        for other in others:
            if not (one := other(case, circumstances)):
                if one is False:
                    return False
                found = None
        return found

    return answer


def some(answers: Sequence[Answer]) -> Answer:
    """One of the parts."""

    def answer(case: Case, circumstances: Circumstances) -> bool | None:
        found: bool | None = False
        for part in answers:
            if one := part(case, circumstances):
                return True
            if one is None:
                found = None
        return found

    return answer


def denied(part: Answer) -> Answer:
    def answer(case: Case, circumstances: Circumstances) -> bool | None:
        found = part(case, circumstances)
        return None if found is None else not found

    return answer


def searched(leaf: Leaf) -> Answer:
    """A leaf whose search may take too long; it does not hold then."""

    def answer(case: Case, circumstances: Circumstances) -> bool | None:
        if leaf.holds(case, circumstances):
            return True
        return None if leaf.unclear(case, circumstances) is not None else False

    return answer
