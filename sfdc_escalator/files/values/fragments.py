"""A raw SOQL filter as one value of the policy file. Its form is checked here; its meaning only the org knows."""

import re
from typing import Any

from sfdc_escalator.files.text.fault import Fault, shown
from sfdc_escalator.files.values.texts import text

FRAGMENT_LENGTH = 4_000
LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'")
INNER = re.compile(r"\(\s*SELECT\b[^()]*\)", re.IGNORECASE)
CLAUSE = re.compile(r";|\b(SELECT|FROM|WHERE|ORDER\s+BY|GROUP\s+BY|LIMIT|OFFSET|HAVING|FOR\s+UPDATE)\b", re.IGNORECASE)
COMPARISON = re.compile(r"[=<>]|\b(LIKE|IN|INCLUDES|EXCLUDES)\b", re.IGNORECASE)


def fragment(value: Any) -> str:
    """A raw SOQL filter: one expression, as written after WHERE."""
    given = text(value).strip()
    if len(given) > FRAGMENT_LENGTH:
        raise Fault("the filter is too long", found=f"{len(given)} characters", expected=f"{FRAGMENT_LENGTH} at most")
    bare = LITERAL.sub("''", given)
    if bare.count("'") % 2 or not balanced(bare):
        raise Fault("quotes or parentheses do not match", found=shown(given), expected="each one closed")
    if clause := CLAUSE.search(INNER.sub("()", bare)):
        message = f"`{clause[0]}` cannot be used in a filter"
        raise Fault(message, found=shown(given), expected="an expression as behind WHERE, such as Amount__c > 100")
    if not COMPARISON.search(bare):
        raise Fault("this compares nothing", found=shown(given), expected="an expression such as Amount__c > 100")
    return given


def balanced(bare: str) -> bool:
    depth = 0
    for char in bare:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return False
    return depth == 0
