"""A finding in words: the leaves that made it what it is."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sfdc_escalator.escalation.case import Value
from sfdc_escalator.escalation.clock import in_words
from sfdc_escalator.escalation.comparison import as_text, options
from sfdc_escalator.escalation.criteria import Age, All, AnyOf, Field, Finding, Not, Text


def reasons(finding: Finding, holding: bool = True) -> Iterator[str]:
    """The leaves that made the finding what it is, in words."""
    if finding.holds != holding:
        return
    if isinstance(finding.condition, Not):
        yield from reasons(finding.parts[0], not holding)
    elif finding.parts or isinstance(finding.condition, (All, AnyOf)):
        for part in finding.parts:
            yield from reasons(part, holding)
    else:
        yield in_plain_words(finding)


def in_plain_words(finding: Finding) -> str:
    """One leaf in words: what is seen, and what it was held against."""
    leaf, seen = finding.condition, finding.seen
    if isinstance(leaf, Text):
        return str(seen) if finding.holds else f"none of the words in {', '.join(leaf.sources)}"
    if isinstance(leaf, Age):
        age = in_words(seen) if isinstance(seen, timedelta) else "unknown"
        return f"{leaf.path} was {age} ago ({leaf.operator.replace('_', ' ')} {in_words(leaf.limit)}{verdict(finding)})"
    assert isinstance(leaf, Field)
    if leaf.operator in ("is", "in", "is_empty") and finding.holds:
        return f"{leaf.path} is {shown(seen)}"
    return f"{leaf.path} is {shown(seen)} ({asked(leaf)}{verdict(finding)})"


def asked(leaf: Field) -> str:
    wanted = ", ".join(map(as_text, options(leaf.operand)))
    word = {"is": "asked for", "in": "one of", "not_in": "none of"}.get(leaf.operator, leaf.operator.replace("_", " "))
    return f"{word} {wanted}"


def verdict(finding: Finding) -> str:
    return "" if finding.holds else ": no"


def shown(seen: Value | timedelta) -> str:
    if isinstance(seen, frozenset):
        return "; ".join(sorted(seen)) or "empty"
    if isinstance(seen, datetime):
        return f"{seen:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(seen, float) and seen.is_integer():
        return str(int(seen))
    text = " ".join(str(seen).lower().split() if isinstance(seen, bool) else str(seen).split())
    return "empty" if seen is None or not text else text if len(text) <= 60 else text[:59] + "\N{HORIZONTAL ELLIPSIS}"
