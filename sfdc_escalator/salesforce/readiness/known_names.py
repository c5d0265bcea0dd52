"""The names that an org has, asked only where the policies name something that it does not have."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sfdc_escalator.escalation.readiness.gap import GapKind
from sfdc_escalator.escalation.readiness.inspection import KnownNames
from sfdc_escalator.salesforce.line.shapes import objects
from sfdc_escalator.salesforce.schema.values import flag, given, needed, text

QUEUES = "SELECT DeveloperName FROM Group WHERE Type = 'Queue'"
HOURS = "SELECT Name, IsActive FROM BusinessHours"
QUICK_TEXTS = "SELECT Name FROM QuickText ORDER BY Name LIMIT 2000"
ASKED_FOR = {GapKind.QUEUE: QUEUES, GapKind.HOURS: HOURS, GapKind.QUICK_TEXT: QUICK_TEXTS}


def questions(missing: Collection[GapKind]) -> tuple[str, ...]:
    return tuple(query for kind, query in ASKED_FOR.items() if kind in missing)


def known_names(answers: Mapping[str, Any]) -> KnownNames:
    """From the first page of each answer; an org that refuses a query has no names to offer."""
    hours = {needed(one, "Name", text): given(one, "IsActive", flag) is True for one in records(answers.get(HOURS))}
    return KnownNames(
        frozenset(needed(one, "DeveloperName", text) for one in records(answers.get(QUEUES))),
        hours,
        tuple(needed(one, "Name", text) for one in records(answers.get(QUICK_TEXTS))),
    )


def records(answer: Any) -> Iterator[Mapping[str, Any]]:
    yield from given(answer, "records", objects) or () if isinstance(answer, dict) else ()
