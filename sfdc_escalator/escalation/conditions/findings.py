"""The text of a finding, from the leaves that decided it; and values as messages show them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sfdc_escalator.errors import counted
from sfdc_escalator.escalation.conditions.comparison import Literal_, Operand, Operator, as_text, options
from sfdc_escalator.escalation.conditions.condition import Finding
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.tables import LookedUp, Table
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not
from sfdc_escalator.escalation.time import durations
from sfdc_escalator.escalation.time.calendars import BusinessDays, Limit
from sfdc_escalator.escalation.world.case import Value

ASKED = {"is": "asked for", "in": "one of", "not_in": "none of"}


def reasons(finding: Finding, holding: bool = True) -> Iterator[str]:
    """The texts of the leaves that decided the finding."""
    return map(in_plain_words, deciding(finding, holding))


def deciding(finding: Finding, holding: bool = True) -> Iterator[Finding]:
    """The findings of the leaves that decided it."""
    if finding.holds != holding:
        return
    if isinstance(finding.condition, Not):
        yield from deciding(finding.parts[0], not holding)
    elif finding.parts or isinstance(finding.condition, (All, AnyOf)):
        for part in finding.parts:
            yield from deciding(part, holding)
    else:
        yield finding


def in_plain_words(finding: Finding) -> str:
    """The text of one leaf's finding: the value that was seen, what it was compared with, and what tables gave."""
    assert isinstance(finding.condition, Leaf)
    return finding.condition.described(finding) + by_tables(finding)


def by_tables(finding: Finding) -> str:
    """`, by Impact Company, Urgency High: P1`; nothing where no table was asked."""
    days = getattr(finding.condition, "calendar", None) is None
    return "".join(f", by {table_text(one, days=days)}" for one in finding.looked_up)


def table_text(found: LookedUp, *, days: bool = True) -> str:
    """`Impact Company, Urgency High: P1`: the fields that a table was asked by, and what it gave."""
    inputs = ", ".join(f"{path.replace('__c', '')} {shown(value)}" for path, value in found.inputs)
    return f"{inputs}: {given(found.value, days=days)}"


def given(value: Any, *, days: bool) -> str:
    """The value of a table: a limit, a literal, or something with a name, such as a calendar or a team."""
    if value is None:
        return "no value"
    if isinstance(value, (timedelta, BusinessDays)):
        return limit_in_words(value, days=days)
    return as_text(value) if isinstance(value, (str, int, float, bool)) else str(getattr(value, "name", value))


def compared(seen: str, asked: str, finding: Finding) -> str:
    """`CreatedDate was 3 h ago (at least 4 h: no)`."""
    return f"{seen} ({asked}{'' if finding.holds else ': no'})"


def in_words(operator: str) -> str:
    return operator.replace("_", " ")


def time_in_words(time: timedelta, *, open_time: bool) -> str:
    return f"{durations.in_words(time, days=False)} of open time" if open_time else durations.in_words(time)


def limit_in_words(limit: Limit | None, *, days: bool = True) -> str:
    if isinstance(limit, BusinessDays):
        return counted(limit.count, "business day")
    return durations.in_words(limit, days=days) if limit is not None else "a limit that its table does not give"


def shown(seen: Value | timedelta) -> str:
    """The value on one line, of a bounded length."""
    if isinstance(seen, frozenset):
        return "; ".join(sorted(seen)) or "empty"
    if isinstance(seen, datetime):
        return f"{seen:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(seen, float) and seen.is_integer():
        return str(int(seen))
    text = " ".join(str(seen).lower().split() if isinstance(seen, bool) else str(seen).split())
    return "empty" if seen is None or not text else text if len(text) <= 60 else text[:59] + "\N{HORIZONTAL ELLIPSIS}"


def comparison_text(subject: str, operator: Operator, operand: Operand | Table[Literal_], finding: Finding) -> str:
    """The text of a comparison: the value that was seen, and the expected one where it differs."""
    seen = f"{subject} is {shown(finding.seen)}"
    if operator in ("is", "in", "is_empty") and finding.holds:
        return seen
    wanted = f"the table {operand.name}" if isinstance(operand, Table) else ", ".join(map(as_text, options(operand)))
    return compared(seen, f"{ASKED.get(operator, in_words(operator))} {wanted}", finding)


def comparison_in_brief(operator: Operator, operand: Operand | Table[Literal_]) -> str:
    if isinstance(operand, Table):
        return ""
    return f" {in_words(operator)} {', '.join(map(as_text, options(operand)))}"
