"""`booleanFilter`: the criteria by their numbers, joined by AND, OR and NOT."""

from collections.abc import Sequence

from sfdc_escalator.native.criteria.grammar import Node, NotParsed, Word, parse
from sfdc_escalator.native.criteria.tree import Join, Tree, fails
from sfdc_escalator.native.criteria.values import NotMappable


def filtered(text: str, items: Sequence[Tree]) -> Tree:
    """The criteria as the filter joins them. Raises NotMappable."""
    try:
        return joined(parse(text, "filter").children[0], items)
    except NotParsed as error:
        raise NotMappable(text, f"the filter cannot be read: {error.why}") from None


def joined(node: Node, items: Sequence[Tree]) -> Tree:
    assert not isinstance(node, Word)
    if node.data == "item":
        number = str(node.children[0])
        if len(number) > 6 or not 1 <= int(number) <= len(items):
            raise NotParsed(f"the criterion {number[:12]} does not exist")
        return items[int(number) - 1]
    parts = tuple(joined(child, items) for child in node.children)
    return fails(parts[0]) if node.data == "not" else Join(node.data == "all", parts)
