"""Conditions and their one meaning: `judge`. The server's query only narrows; what matches is decided here."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sfdc_escalator.escalation.case import Case, Value
from sfdc_escalator.escalation.comparison import TESTS, Operand, Operator
from sfdc_escalator.escalation.words import Phrase, mentioned

COMMENTS = "comments"


@dataclass(frozen=True, slots=True)
class Field:
    """The value of a field, against an operand."""

    path: str
    operator: Operator
    operand: Operand


@dataclass(frozen=True, slots=True)
class Age:
    """The time since a datetime field, against a limit. An empty field has no age."""

    path: str
    operator: Operator
    limit: timedelta


@dataclass(frozen=True, slots=True)
class Text:
    """Words in text fields, or in comments that are not our own."""

    sources: tuple[str, ...]
    mentions: tuple[Phrase, ...]
    ignoring: tuple[Phrase, ...] = ()


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: "Condition"


Condition = Field | Age | Text | All | AnyOf | Not
Leaf = Field | Age | Text


class Finding(NamedTuple):
    """A judgement with its reasons: what was asked, what was seen, whether it holds, and the parts of it."""

    condition: Condition
    holds: bool
    seen: Value | timedelta
    parts: tuple["Finding", ...] = ()


def judge(condition: Condition, case: Case, now: datetime) -> Finding:
    """What the condition says of the case at that instant."""
    if isinstance(condition, All):
        parts = tuple(judge(part, case, now) for part in condition.parts)
        return Finding(condition, all(part.holds for part in parts), None, parts)
    if isinstance(condition, AnyOf):
        parts = tuple(judge(part, case, now) for part in condition.parts)
        return Finding(condition, any(part.holds for part in parts), None, parts)
    if isinstance(condition, Not):
        part = judge(condition.part, case, now)
        return Finding(condition, not part.holds, None, (part,))
    seen = look(condition, case, now)
    return Finding(condition, test(condition, seen), seen)


def holds(condition: Condition, case: Case, now: datetime) -> bool:
    """`judge(...).holds`, without the reasons: it stops as soon as the answer is known."""
    if isinstance(condition, All):
        return all(holds(part, case, now) for part in condition.parts)
    if isinstance(condition, AnyOf):
        return any(holds(part, case, now) for part in condition.parts)
    if isinstance(condition, Not):
        return not holds(condition.part, case, now)
    return test(condition, look(condition, case, now))


def look(leaf: Leaf, case: Case, now: datetime) -> Value | timedelta:
    """What a leaf looks at: a field's value, an age, or which text says which of the words."""
    if isinstance(leaf, Text):
        texts = ((source, text) for source in leaf.sources for text in texts_of(source, case))
        said = ((source, mentioned(text, leaf.mentions, leaf.ignoring)) for source, text in texts)
        return next((f'{source} says "{words}"' for source, words in said if words is not None), None)
    value = case.fields.get(leaf.path)
    if isinstance(leaf, Age):
        return now - value if isinstance(value, datetime) else None
    return value


def test(leaf: Leaf, seen: Value | timedelta) -> bool:
    if isinstance(leaf, Text):
        return seen is not None
    if isinstance(leaf, Age):
        return isinstance(seen, timedelta) and AGES[leaf.operator](seen, leaf.limit)
    assert not isinstance(seen, timedelta)
    return TESTS[leaf.operator](seen, leaf.operand)


AGES: Mapping[Operator, Callable[[timedelta, timedelta], bool]] = {
    "at_least": lambda age, limit: age >= limit,
    "at_most": lambda age, limit: age <= limit,
    "more_than": lambda age, limit: age > limit,
    "less_than": lambda age, limit: age < limit,
}


def texts_of(source: str, case: Case) -> Iterator[str]:
    if source == COMMENTS:
        yield from (comment.body for comment in case.comments)
    elif isinstance(text := case.fields.get(source), str):
        yield text


def could_hold(condition: Condition, case: Case, now: datetime, unread: frozenset[str], want: bool = True) -> bool:
    """Whether the condition could come out as `want` once the paths not yet read are known."""
    if isinstance(condition, Not):
        return could_hold(condition.part, case, now, unread, not want)
    if isinstance(condition, (All, AnyOf)):
        every = all if isinstance(condition, All) == want else any
        return every(could_hold(part, case, now, unread, want) for part in condition.parts)
    if not unread.isdisjoint(paths_of(condition)):
        return True
    return test(condition, look(condition, case, now)) == want


def paths_of(condition: Condition) -> frozenset[str]:
    """Every path that the condition reads; `comments` among them."""
    if isinstance(condition, (Field, Age)):
        return frozenset({condition.path})
    if isinstance(condition, Text):
        return frozenset(condition.sources)
    parts = (condition.part,) if isinstance(condition, Not) else condition.parts
    return frozenset[str]().union(*(paths_of(part) for part in parts))
