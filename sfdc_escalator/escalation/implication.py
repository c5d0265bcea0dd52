"""What conditions say of each other, as far as it can be proved by their form: never claims what may not be so."""

from collections.abc import Iterator
from datetime import timedelta

from sfdc_escalator.escalation.clocks import Clock
from sfdc_escalator.escalation.comparison import Literal_, as_text, compare, fold, options
from sfdc_escalator.escalation.criteria import All, AnyOf, Condition
from sfdc_escalator.escalation.facts import Field
from sfdc_escalator.escalation.speech import Text
from sfdc_escalator.escalation.tables import Table

LOWER, UPPER = ("at_least", "more_than"), ("at_most", "less_than")


def conjuncts(condition: Condition) -> tuple[Condition, ...]:
    """What must hold all together."""
    if isinstance(condition, All):
        return tuple(one for part in condition.parts for one in conjuncts(part))
    return (condition,)


def implies(one: Condition, other: Condition) -> bool:
    """Whether every match of the one is surely a match of the other."""
    given = conjuncts(one)
    return all(any(part_implies(part, wanted) for part in given) for wanted in conjuncts(other))


def part_implies(part: Condition, wanted: Condition) -> bool:
    if part == wanted:
        return True
    if isinstance(wanted, AnyOf):
        parts = part.parts if isinstance(part, AnyOf) else (part,)
        return all(any(implies(one, choice) for choice in wanted.parts) for one in parts)
    if isinstance(part, AnyOf):
        return bool(part.parts) and all(implies(one, wanted) for one in part.parts)
    if isinstance(part, Field) and isinstance(wanted, Field):
        return field_implies(part, wanted)
    if isinstance(part, Clock) and isinstance(wanted, Clock):
        return clock_implies(part, wanted)
    if isinstance(part, Text) and isinstance(wanted, Text):
        return text_implies(part, wanted)
    return False


def field_implies(part: Field, wanted: Field) -> bool:
    if part.path.lower() != wanted.path.lower() or isinstance(part.operand, Table) or isinstance(wanted.operand, Table):
        return False
    if part.operator in ("is", "in") and wanted.operator in ("is", "in"):
        return choices(part) <= choices(wanted)
    if part.operator == wanted.operator == "at_least":
        return ordered(part, wanted) in (0, 1)
    return part.operator == wanted.operator == "at_most" and ordered(part, wanted) in (0, -1)


def choices(field: Field) -> frozenset[str]:
    assert not isinstance(field.operand, Table)
    asked = options(field.operand) if field.operator == "in" else options(field.operand)[:1]
    return frozenset(fold(as_text(one)) for one in asked)


def ordered(part: Field, wanted: Field) -> int | None:
    first, second = part.operand, wanted.operand
    numbers = isinstance(first, (int, float)) and isinstance(second, (int, float))
    return compare(first, second) if numbers and not isinstance(second, (Table, tuple)) else None  # type: ignore[arg-type]


def clock_implies(part: Clock, wanted: Clock) -> bool:
    """The same clock with a narrower limit."""
    if not same_clock(part, wanted) or part.operator != wanted.operator:
        return False
    assert isinstance(part.limit, timedelta)
    assert isinstance(wanted.limit, timedelta)
    return part.limit >= wanted.limit if part.operator in LOWER else part.limit <= wanted.limit


def same_clock(one: Clock, other: Clock) -> bool:
    plain = isinstance(one.limit, timedelta) and isinstance(other.limit, timedelta)
    return plain and one.reads == other.reads and bare(one) == bare(other)


def bare(clock: Clock) -> tuple[object, ...]:
    """The clock without its limit."""
    names = (name for name in ("path", "paths", "who", "after_word_of", "except_while") if hasattr(clock, name))
    return type(clock), clock.calendar, *((name, getattr(clock, name)) for name in names)


def text_implies(part: Text, wanted: Text) -> bool:
    inside = set(part.sources) <= set(wanted.sources) and set(part.mentions) <= set(wanted.mentions)
    return inside and set(wanted.ignoring) <= set(part.ignoring)


def contradictions(condition: Condition) -> Iterator[tuple[Condition, Condition]]:
    """Two of its demands that no case can meet together."""
    parts = conjuncts(condition)
    for place, one in enumerate(parts):
        yield from ((one, other) for other in parts[:place] if excludes(one, other) or excludes(other, one))


def excludes(one: Condition, other: Condition) -> bool:
    if isinstance(one, Clock) and isinstance(other, Clock) and same_clock(one, other):
        assert isinstance(one.limit, timedelta)
        assert isinstance(other.limit, timedelta)
        strict = one.operator == "more_than" or other.operator == "less_than"
        beyond = one.limit > other.limit or (strict and one.limit == other.limit)
        return one.operator in LOWER and other.operator in UPPER and beyond
    if not isinstance(one, Field) or not isinstance(other, Field) or one.path.lower() != other.path.lower():
        return False
    if isinstance(one.operand, Table) or isinstance(other.operand, Table):
        return False
    return fields_exclude(one, other)


def fields_exclude(one: Field, other: Field) -> bool:
    if one.operator in ("is", "in"):
        if other.operator in ("is", "in"):
            return choices(one).isdisjoint(choices(other)) and not numeric(one, other)
        if other.operator == "is_not":
            return choices(one) <= frozenset({fold(as_text(options_of(other)[0]))})
        return other.operator == "is_empty" and options_of(other)[0] is True and False not in options_of(one)
    if one.operator in LOWER and other.operator in UPPER:
        first = ordered(one, other)
        strict = one.operator == "more_than" or other.operator == "less_than"
        return first == 1 or (first == 0 and strict)
    return False


def options_of(field: Field) -> tuple[Literal_, ...]:
    return () if isinstance(field.operand, Table) else options(field.operand)


def numeric(one: Field, other: Field) -> bool:
    """`5` and `5.0` are one number and two texts."""
    values = (*options_of(one), *options_of(other))
    return any(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
