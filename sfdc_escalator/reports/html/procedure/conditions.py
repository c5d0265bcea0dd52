"""Conditions laid out as nested lists of clauses."""

from typing import NamedTuple

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not


class Node(NamedTuple):
    """A clause with the phrases that it looks for and those that do not count; or, with `parts`, all or any of them."""

    text: str
    words: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    parts: tuple["Node", ...] = ()
    any: bool = False


def node(condition: Condition, holds: bool = True) -> Node:
    """The condition, or that it does not hold: a negation is said at the clauses."""
    if isinstance(condition, Not):
        return node(condition.part, not holds)
    if isinstance(condition, (All, AnyOf)):
        return joined([node(part, holds) for part in condition.parts], any_of=isinstance(condition, AnyOf) == holds)
    assert isinstance(condition, Leaf)
    return Node(*condition.clause(holds))


def joined(parts: list[Node], *, any_of: bool) -> Node:
    """One list of the parts; those that are such a list themselves are laid flat."""
    flat = [one for part in parts for one in (part.parts if part.parts and part.any == any_of else (part,))]
    return flat[0] if len(flat) == 1 else Node("", parts=tuple(flat), any=any_of)


def clauses(conditions: tuple[Condition, ...]) -> tuple[Node, ...]:
    """All of these conditions, each a clause or a list of clauses."""
    whole = joined([node(one) for one in conditions], any_of=False) if conditions else Node("")
    return (whole,) if whole.any or not whole.parts else whole.parts
