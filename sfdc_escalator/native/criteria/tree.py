"""Criteria as a tree of conditions, in which a part may be unknown: it cannot be said in the policy language."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sfdc_escalator.escalation.conditions.comparison import Operand, Operator
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.owner import Owner
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not

DEEPEST = 14
"""The most alternations of `any`, `all` and `not` that a policy file takes."""
USER_OWNS = Owner("user")
ALWAYS, NEVER = All(()), AnyOf(())


@dataclass(frozen=True, slots=True)
class Unknown:
    """A part that cannot be judged."""


@dataclass(frozen=True, slots=True)
class Join:
    """All of the parts, or any of them."""

    every: bool
    parts: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Negation:
    part: "Tree"


Tree = Unknown | Join | Negation | Field | Owner
HOLDS, FAILS, UNKNOWN = Join(True, ()), Join(False, ()), Unknown()


def both(*parts: Tree) -> Tree:
    return Join(True, parts)


def either(*parts: Tree) -> Tree:
    return Join(False, parts)


def fails(part: Tree) -> Tree:
    return Negation(part)


def choice(asked: Tree, then: Tree, otherwise: Tree) -> Tree:
    """One or the other, as `asked` says; where that cannot be judged, what both agree on stands."""
    agreed = () if is_known(asked) else (both(then, otherwise),)
    return either(both(asked, then), both(fails(asked), otherwise), *agreed)


def is_known(tree: Tree) -> bool:
    if isinstance(tree, Join):
        return all(map(is_known, tree.parts))
    return is_known(tree.part) if isinstance(tree, Negation) else not isinstance(tree, Unknown)


def bounded(tree: Tree, *, met: bool = True) -> Condition:
    """The condition; what cannot be judged counts as met, under a negation as not met. So every case that might meet
    the criteria meets the condition."""
    if isinstance(tree, Unknown):
        return ALWAYS if met else NEVER
    if isinstance(tree, Negation):
        return negated(bounded(tree.part, met=not met))
    if isinstance(tree, Join):
        return joined(tree.every, (bounded(part, met=met) for part in tree.parts))
    return tree


def joined(every: bool, parts: Iterable[Condition]) -> Condition:
    """The parts together, flat, each once, without those that decide nothing."""
    kind, decides = (All, NEVER) if every else (AnyOf, ALWAYS)
    flat: dict[Condition, None] = {}
    for part in parts:
        if part == decides:
            return decides
        flat.update(dict.fromkeys(part.parts if isinstance(part, kind) else (part,)))
    return next(iter(flat)) if len(flat) == 1 else kind(tuple(flat))


def negated(part: Condition) -> Condition:
    if part in (ALWAYS, NEVER):
        return NEVER if part == ALWAYS else ALWAYS
    if isinstance(part, Not):
        return part.part
    if isinstance(part, Field) and part.operator == "is_empty":
        return Field(part.path, "is_empty", not part.operand)
    return Not(part)


def depth(condition: Condition) -> int:
    if isinstance(condition, (All, AnyOf)):
        return 1 + max(map(depth, condition.parts), default=0)
    return 1 + depth(condition.part) if isinstance(condition, Not) else 0


# -- as the policy file says it ----------------------------------------------------------------------------------------


def said_list(condition: Condition) -> list[dict[str, Any]]:
    """The conditions of `when`: all of them together mean this one."""
    if condition == ALWAYS:
        return [{"field": "CaseNumber", "is_empty": False}]
    if condition == NEVER:
        return [{"field": "CaseNumber", "is_empty": True}]
    parts = condition.parts if isinstance(condition, All) else (condition,)
    return list(map(said, parts))


def said(condition: Condition) -> dict[str, Any]:
    if isinstance(condition, Field):
        return {"field": condition.path, condition.operator: plain(condition.operand)}
    if isinstance(condition, (All, AnyOf)):
        return {"all" if isinstance(condition, All) else "any": list(map(said, condition.parts))}
    if isinstance(condition, Not):
        inner = said_list(condition.part)
        return {"not": inner[0] if len(inner) == 1 else inner}
    assert isinstance(condition, Owner)
    return {"owner": condition.who}


def plain(operand: Any) -> Any:
    return list(operand) if isinstance(operand, tuple) else operand


Positive = Literal["is", "in", "contains_any", "starts_with", "is_empty"]
OPPOSITE: dict[Operator, Operator] = {"is_not": "is", "not_in": "in"}


def guarded(guard: Tree | None, path: str, operator: Operator, operand: Operand) -> Tree:
    """The comparison of a field that only some cases have, such as the name of the queue that owns a case: elsewhere
    the field is empty."""
    if guard is None:
        return Field(path, operator, operand)
    if operator in OPPOSITE:
        return fails(both(guard, Field(path, OPPOSITE[operator], operand)))
    if operator == "is_empty" and operand is True:
        return fails(both(guard, Field(path, "is_empty", False)))
    return both(guard, Field(path, operator, operand))


def fields_of(condition: Condition) -> Iterator[str]:
    if isinstance(condition, (All, AnyOf)):
        for part in condition.parts:
            yield from fields_of(part)
    elif isinstance(condition, Not):
        yield from fields_of(condition.part)
    elif isinstance(condition, Field):
        yield condition.path
