"""The parts of a formula: constants, calls, and the reason why a part cannot be said."""

from collections.abc import Sequence
from typing import cast

from sfdc_escalator.escalation.conditions.comparison import Operator
from sfdc_escalator.native.criteria.grammar import Node, Parsed, Word
from sfdc_escalator.native.criteria.tree import FAILS, HOLDS, Tree
from sfdc_escalator.native.criteria.values import MOST_DIGITS, NotMappable, number

ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
SAME, OTHER = ("=", "=="), ("<>", "!=")
SIZES: dict[str, Operator] = {"<": "less_than", ">": "more_than", "<=": "at_most", ">=": "at_least"}
FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
CONDITIONS = frozenset(
    {"AND", "OR", "NOT", "TRUE", "FALSE", "ISPICKVAL", "ISBLANK", "ISNULL", "CONTAINS", "BEGINS", "INCLUDES"}
)
KNOWN = CONDITIONS | {"IF", "TEXT"}
"""The functions that can be said."""
Constant = str | int | float | bool


def arguments(node: Node, function: str) -> Sequence[Node]:
    """The arguments where the node calls this function; none otherwise."""
    called = not isinstance(node, Word) and node.data == "call" and str(node.children[0]).upper() == function
    return cast("Parsed", node).children[1:] if called else ()


def is_condition(node: Node) -> bool:
    """True for what is true or false by itself, a field left out."""
    if isinstance(node, Word):
        return False
    if node.data == "call":
        return str(node.children[0]).upper() in CONDITIONS
    return node.data in ("some", "every", "negation", "compared")


def constant(node: Node) -> Constant | None:
    """The value of a text, a number, TRUE or FALSE; None for anything else."""
    if isinstance(node, Word):
        return None
    if node.data == "text":
        return unescaped(str(node.children[0])[1:-1])
    if node.data == "number":
        written = str(node.children[0])
        return number(written) if len(written) <= MOST_DIGITS else None
    if node.data == "negative" and isinstance(value := constant(node.children[0]), (int, float)):
        return -value
    if node.data == "path":
        return {"TRUE": True, "FALSE": False}.get(str(node.children[0]).upper())
    return None


def unescaped(text: str) -> str:
    parts, rest = list[str](), iter(text)
    for char in rest:
        escaped = next(rest, "") if char == "\\" else None
        parts.append(char if escaped is None else ESCAPES.get(escaped, escaped))
    return "".join(parts)


def text_of(node: Node) -> str:
    value = constant(node)
    if not isinstance(value, str):
        raise not_mappable(node)
    return value


def asked_for(operator: str, value: Constant) -> tuple[Operator, Constant]:
    if operator in SIZES:
        if isinstance(value, (str, bool)):
            raise NotMappable(operator, "only numbers are compared by size")
        return SIZES[operator], value
    if value == "" and isinstance(value, str):
        return "is_empty", operator in SAME
    return ("is" if operator in SAME else "is_not"), value


def constants(left: Node, operator: str, right: Node) -> Tree:
    """Two constants; a comparison of two fields cannot be said."""
    one, other = constant(left), constant(right)
    if one is None or other is None:
        foreign = next((node for node in (left, right) if refuses(node)), None)
        raise not_mappable(foreign or (left if one is None else right), "two fields are not compared with each other")
    if type(one) is not type(other) and isinstance(one, str) | isinstance(other, str):
        raise NotMappable(operator, "a text and a number are not compared with each other")
    if operator in (*SAME, *OTHER):
        return HOLDS if (one == other) is (operator in SAME) else FAILS
    if isinstance(one, str) or isinstance(other, str):
        raise NotMappable(operator, "only numbers are compared by size")
    found = {"<": one < other, ">": one > other, "<=": one <= other, ">=": one >= other}[operator]
    return HOLDS if found else FAILS


def not_mappable(node: Node, why: str = "it is not a condition") -> NotMappable:
    """The part of the formula that has no counterpart, by the first name in it."""
    if isinstance(node, Word):
        return NotMappable(str(node), why)
    if node.data == "call":
        name = str(node.children[0]).upper()
        inner = next((one for one in node.children[1:] if name in KNOWN and refuses(one)), None)
        if inner is not None:
            return not_mappable(inner)
        why = "used so, it cannot be said" if name in KNOWN else "this function has no counterpart"
        return NotMappable(str(node.children[0]), why, NEAREST.get(name))
    if node.data == "path" and refuses(node):
        return NotMappable(str(node.children[0]), "a poll does not know it")
    if node.data == "computed":
        return NotMappable(sign_of(node), "this program does not calculate with fields")
    if node.children:
        return not_mappable(node.children[0], why)
    return NotMappable("formula", why)


NEAREST = {"ISNEW": "a limit of `age`", "ISCHANGED": "in_state", "NOW": "age", "TODAY": "age", "REGEX": "matches"}


def refuses(node: Node) -> bool:
    """True for a part that is never mappable: an unknown function, arithmetic, what only Salesforce knows."""
    if isinstance(node, Word):
        return False
    if node.data == "call":
        return str(node.children[0]).upper() not in KNOWN
    return node.data == "computed" or (node.data == "path" and str(node.children[0]).startswith("$"))


def sign_of(node: Parsed) -> str:
    return next((str(one) for one in node.children if isinstance(one, Word)), "-")
