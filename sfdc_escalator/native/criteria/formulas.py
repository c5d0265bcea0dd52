"""Formulas as conditions. A part that cannot be said is unknown, and reported; the rest of the formula stands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sfdc_escalator.escalation.conditions.comparison import Operator
from sfdc_escalator.native.criteria.fields import FieldPath, Fields
from sfdc_escalator.native.criteria.formula_parts import (
    FLIPPED,
    OTHER,
    SAME,
    Constant,
    arguments,
    asked_for,
    constant,
    constants,
    is_condition,
    not_mappable,
    refuses,
    text_of,
)
from sfdc_escalator.native.criteria.grammar import Node, NotParsed, Parsed, Word, line_in, parse
from sfdc_escalator.native.criteria.tree import (
    FAILS,
    HOLDS,
    UNKNOWN,
    USER_OWNS,
    Join,
    Tree,
    choice,
    fails,
    guarded,
)
from sfdc_escalator.native.criteria.values import NotMappable
from sfdc_escalator.native.remark import Remark
from sfdc_escalator.native.source.element import Element

MOST_PARTS = 3_000
QUEUES, USERS = ("00g",), ("005",)


def formula_tree(element: Element, fields: Fields, remarks: list[Remark]) -> Tree:
    """The condition of the formula; the parts that cannot be said are added to the remarks, each once."""
    first = element.text_line or element.line
    try:
        formula = Formula(fields)
        tree = formula.condition(parse(element.raw, "formula").children[0])
    except NotParsed as error:
        remarks.append(Remark(first + error.line - 1, element.name, f"the formula cannot be read: {error.why}"))
        return UNKNOWN
    except NotMappable as error:
        remarks.append(Remark(first, error.construct, error.why, error.nearest))
        return UNKNOWN
    told = (Remark(first + line - 1, one.construct, one.why, one.nearest) for line, one in formula.found.values())
    remarks += told
    return tree


@dataclass(slots=True)
class Formula:
    """`found` are the parts that cannot be said, by construct, with their lines."""

    fields: Fields
    found: dict[str, tuple[int, NotMappable]] = field(default_factory=dict)
    parts: int = 0

    def condition(self, node: Node) -> Tree:
        """The node as a condition."""
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise NotMappable("formula", f"it is too large: more than {MOST_PARTS:,} parts")
        try:
            return self.read(node)
        except NotMappable as error:
            if error.construct == "formula":
                raise
            self.found.setdefault(error.construct, (line_in(node), error))
            return UNKNOWN

    def read(self, node: Node) -> Tree:
        assert not isinstance(node, Word)
        if node.data in ("some", "every"):
            return Join(node.data == "every", tuple(map(self.condition, node.children)))
        if node.data == "negation":
            return fails(self.condition(node.children[0]))
        if node.data == "compared":
            left, operator, right = node.children
            return self.compared(left, str(operator), right)
        if node.data == "call":
            return self.call(node)
        if node.data == "path":
            value = constant(node)
            return self.leaf(self.path(node), "is", True) if value is None else HOLDS if value else FAILS
        raise not_mappable(node)

    # -- comparisons

    def compared(self, left: Node, operator: str, right: Node) -> Tree:
        for one, other, sign in ((left, right, operator), (right, left, FLIPPED.get(operator, operator))):
            if len(sides := arguments(one, "IF")) == 3:
                asked = self.condition(sides[0])
                then, otherwise = (self.try_compared(part, sign, other) for part in sides[1:])
                return choice(asked, then, otherwise)
            if isinstance(value := constant(other), bool) and operator in (*SAME, *OTHER) and is_condition(one):
                return self.condition(one) if value is (operator in SAME) else fails(self.condition(one))
        for one, other, sign in ((left, right, operator), (right, left, FLIPPED.get(operator, operator))):
            value = constant(other)
            if value is not None and constant(one) is None:
                return self.leaf(self.operand(one), *asked_for(sign, value))
        return constants(left, operator, right)

    def try_compared(self, left: Node, operator: str, right: Node) -> Tree:
        try:
            return self.compared(left, operator, right)
        except NotMappable as error:
            self.found.setdefault(error.construct, (line_in(left), error))
            return UNKNOWN

    def operand(self, node: Node) -> FieldPath:
        """The field that is compared: a path, or `TEXT(path)`."""
        inner = arguments(node, "TEXT")
        return self.path(inner[0] if len(inner) == 1 else node)

    def path(self, node: Node) -> FieldPath:
        if isinstance(node, Word) or node.data != "path" or constant(node) is not None:
            raise not_mappable(node)
        written = str(node.children[0])
        if refuses(node):
            raise not_mappable(node)
        return self.fields.of_formula(written)

    def leaf(self, path: FieldPath, operator: Operator, value: Constant) -> Tree:
        if path.is_id and operator != "is_empty":
            raise NotMappable(path.path, "an Id differs from org to org", "the name of the record")
        if isinstance(value, str) and not value.strip():
            raise NotMappable(path.path, "a text of blanks cannot be compared", "is_empty")
        path.check(operator, value, path.path)
        several = operator == "contains_any"
        return guarded(path.guard, path.path, operator, (value,) if several else value)

    # -- functions

    def call(self, node: Parsed) -> Tree:
        name, given = str(node.children[0]).upper(), node.children[1:]
        known = CALLS.get(name)
        if known is None or (known[0] is not None and len(given) != known[0]):
            raise not_mappable(node)
        return known[1](self, given)

    def chosen(self, given: Sequence[Node]) -> Tree:
        asked, then, otherwise = map(self.condition, given)
        return choice(asked, then, otherwise)

    def picked(self, given: Sequence[Node]) -> Tree:
        value = text_of(given[1])
        return self.leaf(self.path(given[0]), *asked_for("=", value))

    def blank(self, given: Sequence[Node]) -> Tree:
        return self.leaf(self.operand(given[0]), "is_empty", True)

    def part(self, given: Sequence[Node]) -> Tree:
        value = text_of(given[1])
        if ";" in value:
            raise NotMappable("CONTAINS", "`;` separates the values of a multi-picklist", "`matches`, a pattern")
        return self.leaf(self.operand(given[0]), "contains_any", value)

    def begins(self, given: Sequence[Node]) -> Tree:
        path, value = self.operand(given[0]), text_of(given[1])
        if path.path.lower() == "ownerid" and value.lower() in (*QUEUES, *USERS):
            return USER_OWNS if value.lower() in USERS else fails(USER_OWNS)
        return self.leaf(path, "starts_with", value)

    def included(self, given: Sequence[Node]) -> Tree:
        path, value = self.path(given[0]), text_of(given[1])
        if ";" in value or (path.info is not None and path.info.type != "multipicklist"):
            raise NotMappable("INCLUDES", "it asks for one value of a multi-picklist")
        return self.leaf(path, "contains_any", value)


CALLS: Mapping[str, tuple[int | None, Callable[[Formula, Sequence[Node]], Tree]]] = {
    "AND": (None, lambda formula, given: Join(True, tuple(map(formula.condition, given)))),
    "OR": (None, lambda formula, given: Join(False, tuple(map(formula.condition, given)))),
    "NOT": (1, lambda formula, given: fails(formula.condition(given[0]))),
    "TRUE": (0, lambda *_: HOLDS),
    "FALSE": (0, lambda *_: FAILS),
    "IF": (3, Formula.chosen),
    "ISPICKVAL": (2, Formula.picked),
    "ISBLANK": (1, Formula.blank),
    "ISNULL": (1, Formula.blank),
    "CONTAINS": (2, Formula.part),
    "BEGINS": (2, Formula.begins),
    "INCLUDES": (2, Formula.included),
}
"""The functions by name: how many arguments each takes, None for any number, and what it says."""
