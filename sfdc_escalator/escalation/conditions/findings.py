"""A finding in words: the leaves that made it what it is."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sfdc_escalator.escalation.conditions.clocks import Age, Idle, InState, Left
from sfdc_escalator.escalation.conditions.comparison import as_text, options
from sfdc_escalator.escalation.conditions.facts import Field, Owner, Soql, TableIs
from sfdc_escalator.escalation.conditions.related import Milestone, Related
from sfdc_escalator.escalation.conditions.speech import Spoke, Text
from sfdc_escalator.escalation.conditions.stopped_clock import Clock
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Finding, Leaf, Not
from sfdc_escalator.escalation.time.calendars import BusinessDays, Limit
from sfdc_escalator.escalation.time.durations import in_words
from sfdc_escalator.escalation.world.case import Value


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
    assert not isinstance(leaf, (All, AnyOf, Not))
    if isinstance(leaf, Text):
        return str(seen) if finding.holds else f"none of the words in {', '.join(leaf.sources)}"
    if isinstance(leaf, Soql):
        return f"the org says {'yes' if finding.holds else 'no'} to {shown(leaf.fragment)}"
    if isinstance(leaf, (Field, TableIs)) and leaf.operator in ("is", "in", "is_empty") and finding.holds:
        return f"{subject(leaf)} is {shown(seen)}"
    said = clock_in_words(leaf, seen) if isinstance(leaf, Clock) else f"{subject(leaf)} {predicate(leaf, seen)}"
    return f"{said} ({asked(leaf, finding.limit)}{verdict(finding)})"


def subject(leaf: Leaf) -> str:
    if isinstance(leaf, Related):
        through = f" through {leaf.records.through}" if leaf.records.through else ""
        same = f" with the same {' and '.join(leaf.records.same)}" if leaf.records.same else ""
        return f"{leaf.records.relation}{through}{same}:"
    if isinstance(leaf, TableIs):
        return f"the table {leaf.table.name}" if leaf.table.name else f"the table by {', '.join(leaf.table.by)}"
    if isinstance(leaf, Milestone):
        return f"the milestone {leaf.name}" if leaf.name else "the next milestone"
    if isinstance(leaf, Spoke):
        return f"the {leaf.who}"
    return "the owner" if isinstance(leaf, Owner) else leaf.path if isinstance(leaf, Field) else ""


def predicate(leaf: Leaf, seen: Value | timedelta) -> str:
    if isinstance(leaf, Related):
        return "cannot be read" if seen is None else shown(seen)
    if isinstance(leaf, Milestone):
        return "does not exist" if seen is None else f"has its target at {shown(seen)}"
    if isinstance(leaf, Spoke):
        return "never spoke" if seen is None else f"spoke at {shown(seen)}"
    return f"is {shown(seen)}"


def clock_in_words(leaf: Clock, seen: Value | timedelta) -> str:
    time = time_in_words(seen, leaf) if isinstance(seen, timedelta) else "unknown"
    if isinstance(leaf, Age):
        return f"{leaf.path} was {time} ago" + (", pauses left out" if leaf.except_while else "")
    if isinstance(leaf, Left):
        return f"{leaf.path} is {time} away"
    if isinstance(leaf, InState):
        return f"{' and '.join(leaf.paths)} held for {time}"
    assert isinstance(leaf, Idle)
    who = "nobody has" if leaf.who == "anyone" else f"the {leaf.who} has not"
    waiting = f" after a word of the {leaf.after_word_of}" if leaf.after_word_of else ""
    return f"{who} spoken for {time}{waiting}"


def asked(leaf: Leaf, limit: Limit | None) -> str:
    if isinstance(leaf, Clock):
        return f"{leaf.operator.replace('_', ' ')} {limit_in_words(limit, days=leaf.calendar is None)}"
    if isinstance(leaf, Related):
        return f"{leaf.operator.replace('_', ' ')} {leaf.count}"
    if isinstance(leaf, Milestone):
        return "violated" if leaf.state == "violated" else f"due within {in_words(leaf.within)}"
    if isinstance(leaf, Spoke):
        return f"asked for: since {leaf.since}" if leaf.since else "asked for: ever"
    if isinstance(leaf, Owner):
        word = {"user": "a user", "in_queue": "in queue", "member_of": "a member of"}[leaf.who]
        return f"asked for: {' '.join([word, ', '.join(leaf.queues)]).strip()}"
    assert isinstance(leaf, (Field, TableIs))
    operand = leaf.operand
    wanted = f"the table {operand.name}" if isinstance(operand, Table) else ", ".join(map(as_text, options(operand)))
    word = {"is": "asked for", "in": "one of", "not_in": "none of"}.get(leaf.operator, leaf.operator.replace("_", " "))
    return f"{word} {wanted}"


def time_in_words(time: timedelta, clock: Clock) -> str:
    return in_words(time) if clock.calendar is None else in_words(time, days=False) + " of open time"


def limit_in_words(limit: Limit | None, *, days: bool = True) -> str:
    if isinstance(limit, BusinessDays):
        return f"{limit.count} business day{'' if limit.count == 1 else 's'}"
    return in_words(limit, days=days) if limit is not None else "a limit that its table does not give"


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
