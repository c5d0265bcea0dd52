"""The names that an org has, asked only where the policies name something that it does not have."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sfdc_escalator.escalation.readiness.gap import GapKind
from sfdc_escalator.escalation.readiness.inspection import KnownNames
from sfdc_escalator.salesforce.reading.records import pick

QUEUES = "SELECT DeveloperName FROM Group WHERE Type = 'Queue'"
HOURS = "SELECT Name, IsActive FROM BusinessHours"
QUICK_TEXTS = "SELECT Name FROM QuickText ORDER BY Name LIMIT 2000"
ASKED_FOR = {GapKind.QUEUE: QUEUES, GapKind.HOURS: HOURS, GapKind.QUICK_TEXT: QUICK_TEXTS}


def questions(missing: Collection[GapKind]) -> tuple[str, ...]:
    return tuple(query for kind, query in ASKED_FOR.items() if kind in missing)


def known_names(answers: Mapping[str, Any]) -> KnownNames:
    """From the first page of each answer; an org that refuses a query has no names to offer."""
    hours = {str(pick(one, "Name")): pick(one, "IsActive") is True for one in records(answers.get(HOURS))}
    return KnownNames(
        frozenset(str(pick(one, "DeveloperName")) for one in records(answers.get(QUEUES))),
        hours,
        tuple(str(pick(one, "Name")) for one in records(answers.get(QUICK_TEXTS))),
    )


def records(answer: Any) -> Iterator[Mapping[str, Any]]:
    yield from answer.get("records", ()) if isinstance(answer, dict) else ()
