"""Formulas and boolean filters, parsed by the grammar in formula.lark."""

from functools import cache
from importlib import resources

from lark import Lark, Token
from lark import Tree as LarkTree
from lark.exceptions import LarkError, UnexpectedInput

LONGEST, DEEPEST = 20_000, 60
"""Characters, and brackets in each other. Salesforce itself takes 3,900 characters."""
Word = Token
Parsed = LarkTree[Token]
Node = Parsed | Token


class NotParsed(Exception):
    """The text is not of the grammar; `line` counts from 1 in it."""

    def __init__(self, why: str, line: int = 1) -> None:
        super().__init__(why)
        self.why, self.line = why, line


@cache
def parser(start: str) -> Lark:
    text = resources.files("sfdc_escalator.native.criteria").joinpath("formula.lark").read_text("utf-8")
    return Lark(text, parser="lalr", start=start, maybe_placeholders=False)


def parse(text: str, start: str) -> Parsed:
    """The tree of a `formula` or a `filter`. Raises NotParsed."""
    if len(text) > LONGEST or deepest(text) > DEEPEST:
        raise NotParsed(f"it is too large: at most {LONGEST:,} characters and {DEEPEST} brackets in each other")
    try:
        return parser(start).parse(text)
    except UnexpectedInput as error:
        place = " ".join(text[error.pos_in_stream or 0 :][:20].split()) if error.pos_in_stream is not None else ""
        found = f"`{place}` is not understood" if place and place != "$END" else "it ends too early"
        raise NotParsed(found, max(1, getattr(error, "line", 1) or 1)) from None
    except LarkError as error:
        raise NotParsed(str(error)) from None


def deepest(text: str) -> int:
    """The most brackets and signs that are open at once."""
    level = most = run = 0
    for char in text:
        level += (char == "(") - (char == ")")
        run = run + 1 if char in "!-" else run if char.isspace() else 0
        most = max(most, level, run)
    return most


def line_in(node: Node) -> int:
    """The line on which the node begins."""
    if isinstance(node, Token):
        return node.line or 1
    return min((line_in(child) for child in node.children), default=1)
