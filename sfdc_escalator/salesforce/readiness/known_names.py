"""What an org has in place of something that it lacks: for the nearest name, and the reason where there is one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.escalation.note.quick_texts import possible_names, possible_texts
from sfdc_escalator.escalation.policy.fitness import business_hours, queues_of
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.salesforce.reading.records import pick

Name = TypeVar("Name", str, tuple[str, str])
QUEUES = "SELECT DeveloperName FROM Group WHERE Type = 'Queue'"
HOURS = "SELECT Name, IsActive FROM BusinessHours"
QUICK_TEXTS = "SELECT Name FROM QuickText ORDER BY Name LIMIT 2000"


@dataclass(frozen=True, slots=True)
class KnownNames:
    """Names of the org: all its queues, its business hours with whether they are active, its Quick Texts."""

    queues: frozenset[str] = frozenset()
    hours: Mapping[str, bool] = field(default_factory=dict)
    quick_texts: tuple[str, ...] = ()


def questions(policies: Sequence[Policy], org_facts: OrgFacts) -> tuple[str, ...]:
    """Asked only where something is missing."""
    missing = {
        QUEUES: any(missing_queues(policy, org_facts) for policy in policies),
        HOURS: any(missing_hours(policy, org_facts) for policy in policies),
        QUICK_TEXTS: any(missing_texts(policy, org_facts) for policy in policies),
    }
    return tuple(query for query, is_asked in missing.items() if is_asked)


def answered(answers: Mapping[str, Any]) -> KnownNames:
    """From the first page of each answer; an org that refuses one has no names to offer."""
    hours = {str(pick(one, "Name")): pick(one, "IsActive") is True for one in records(answers.get(HOURS))}
    return KnownNames(
        frozenset(str(pick(one, "DeveloperName")) for one in records(answers.get(QUEUES))),
        hours,
        tuple(str(pick(one, "Name")) for one in records(answers.get(QUICK_TEXTS))),
    )


def records(answer: Any) -> Iterator[Mapping[str, Any]]:
    if answer is not None and not isinstance(answer, OrgUnavailable):
        yield from answer.get("records", ()) if isinstance(answer, dict) else ()


def missing_queues(policy: Policy, org_facts: OrgFacts) -> dict[str, list[str]]:
    """Queues that do not serve cases here, with the routes that want them."""
    wanted = {route.name: queues_of(policy.condition(route), route) for route in policy.routes}
    return users({name: [one for one in queues if one not in org_facts.queues] for name, queues in wanted.items()})


def missing_hours(policy: Policy, org_facts: OrgFacts) -> dict[str, list[str]]:
    wanted = {route.name: list(business_hours(policy.condition(route))) for route in policy.routes}
    return users({name: [one for one in hours if one not in org_facts.calendars] for name, hours in wanted.items()})


def missing_texts(policy: Policy, org_facts: OrgFacts) -> dict[str, list[str]]:
    """The last of each list of Quick Texts of which the org has none."""
    return users({route.name: [texts[-1]] for route in policy.routes if (texts := absent(route, org_facts))})


def absent(route: Route, org_facts: OrgFacts) -> list[str]:
    names = route.escalate.note.quick_texts if route.escalate else ()
    return [] if possible_texts(names, org_facts.quick_texts) else possible_names(names)


def users(wanted: Mapping[str, Sequence[Name]]) -> dict[Name, list[str]]:
    """What each route wants, turned round: each name, in order, with the routes that want it."""
    found: dict[Name, list[str]] = {}
    for route, names in wanted.items():
        for name in dict.fromkeys(names):
            found.setdefault(name, []).append(route)
    return dict(sorted(found.items()))
