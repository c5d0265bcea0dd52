"""What a policy demands of an org, and the org does not have: fields, queues, picklist values, Quick Texts, hours."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from sfdc_escalator.errors import Severity
from sfdc_escalator.escalation.conditions import registry
from sfdc_escalator.escalation.note.quick_texts import (
    PLACEHOLDER,
    case_path,
    possible_texts,
    quick_text_paths,
    unknown_placeholders,
)
from sfdc_escalator.escalation.policy.fitness import unusable, values
from sfdc_escalator.escalation.policy.policy import NoteSpec, Policy
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS
from sfdc_escalator.escalation.world.needs import FieldChanges
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.salesforce.readiness.known_names import (
    KnownNames,
    missing_hours,
    missing_queues,
    missing_texts,
    users,
)
from sfdc_escalator.salesforce.reading.poll import needs, related, unreadable_path, unreadable_records

DID_YOU_MEAN = "; did you mean "
FIELD_KEYS = (*registry.FIELD_KEYS, "from", "requires", "by")
MOST_NAMED = 12
TRACK = "switch it on in Setup, Object Manager, Case, Set History Tracking"
POSTED = ("AccountId", "ContactId")
RESULTS = ("values", "rows", "else")  # of a table


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that the org lacks; the policy says `subject` under one of the `keys`.

    Where it does not, the keys `instead` stand for it, or the names of the `routes`. Without a subject it is about the
    keys themselves.
    """

    subject: str
    keys: tuple[str, ...]
    message: str
    nearest: str | None = None
    severity: Severity = "error"
    routes: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    expected: str | None = None


def lacks(policy: Policy, org_facts: OrgFacts, nearby: KnownNames) -> Iterator[Gap]:
    yield from _fields(policy, org_facts)
    yield from _records(policy, org_facts)
    yield from _queues(policy, org_facts, nearby)
    yield from _hours(policy, org_facts, nearby)
    yield from _missing_texts(policy, org_facts, nearby)
    yield from _unfilled_texts(policy, org_facts)
    yield from _tracking(policy, org_facts)
    for step in FIELD_STEPS:
        if not step.names_team:
            yield from _values(policy, org_facts, step.field, (step.key, *RESULTS))


def _fields(policy: Policy, org_facts: OrgFacts) -> Iterator[Gap]:
    readers = users({route.name: sorted(needs(policy, route)) for route in policy.routes})
    for path, routes in readers.items():
        if why := unreadable_path(path, org_facts.describe):
            message, near = _apart(why)
            told, of = f"{message} (read by {listed(routes)})", tuple(routes)
            yield Gap(path, FIELD_KEYS, told, near, routes=of, instead=("also_on" if path in POSTED else "template",))


def _records(policy: Policy, org_facts: OrgFacts) -> Iterator[Gap]:
    for route in policy.routes:
        for one in related(policy, route):
            if why := unreadable_records(one, org_facts.describe):
                message, near = _apart(why)
                told = f"{message} (read by route {route.name})"
                yield Gap(one.relation, ("related", "milestone"), told, near, routes=(route.name,))


def _queues(policy: Policy, org_facts: OrgFacts, nearby: KnownNames) -> Iterator[Gap]:
    for queue, routes in missing_queues(policy, org_facts).items():
        if queue in nearby.queues:
            message = f"the queue {queue} does not serve cases: add Case to its supported objects (Setup, Queues)"
            near = None
        else:
            message, near = f"this org has no queue {queue} for cases", nearest(queue, org_facts.queues)
        told, allowed = f"{message} (wanted by {listed(routes)})", one_of(org_facts.queues)
        yield Gap(queue, ("queue", "in"), told, near, routes=tuple(routes), expected=allowed)


def _hours(policy: Policy, org_facts: OrgFacts, nearby: KnownNames) -> Iterator[Gap]:
    for name, routes in missing_hours(policy, org_facts).items():
        if nearby.hours.get(name) is False:
            message, near = f"the business hours {name!r} of this org are not active", None
        else:
            active = [one for one, is_active in nearby.hours.items() if is_active]
            message, near = f"this org has no business hours {name!r}", nearest(name, active)
        told = f"{message} (wanted by {listed(routes)})"
        allowed = one_of(one for one, is_active in nearby.hours.items() if is_active)
        yield Gap(name, ("business_hours",), told, near, routes=tuple(routes), expected=allowed)


def _missing_texts(policy: Policy, org_facts: OrgFacts, nearby: KnownNames) -> Iterator[Gap]:
    """One of a list is enough; without any the template serves."""
    for name, routes in missing_texts(policy, org_facts).items():
        message = f"this org has no Quick Text {name}, nor one before it in its list: the template serves"
        near = nearest(name, nearby.quick_texts)
        told, of = f"{message} ({listed(routes)})", tuple(routes)
        yield Gap(name, ("quick_text", *RESULTS), told, near, "warning", of, instead=("quick_text",))


def _unfilled_texts(policy: Policy, org_facts: OrgFacts) -> Iterator[Gap]:
    """A Quick Text that cannot be filled holds every case."""
    wrong: dict[str, list[tuple[str, str]]] = {}
    for route in policy.routes:
        note = route.escalate.note if route.escalate else None
        texts = possible_texts(note.quick_texts, org_facts.quick_texts).items() if note else ()
        wrong[route.name] = [(name, why) for name, text in texts if note for why in unfilled(text, note, org_facts)]
    for (name, why), routes in users(wrong).items():
        message, near = _apart(f"the Quick Text {name!r} holds {why}")
        told, of = f"{message} ({listed(routes)})", tuple(routes)
        keys = ("quick_text", *RESULTS)  # `HIP {route}` stands there as it is
        yield Gap(name, keys, told, near, routes=of, instead=("quick_text",))


def unfilled(message: str, note: NoteSpec, org_facts: OrgFacts) -> Iterator[str]:
    for placeholder in unknown_placeholders(message, (part.name for part in note.parts), note.texts):
        yield f"{placeholder}, which stands for nothing in a note"
    for path in sorted(quick_text_paths(message)):
        if why := unreadable_path(path, org_facts.describe):
            written = next(one[0] for one in PLACEHOLDER.finditer(message) if case_path(one[1], one[2]) == path)
            yield f"{written}: {why.partition(': ')[2]}"


def _tracking(policy: Policy, org_facts: OrgFacts) -> Iterator[Gap]:
    """A field without history has been in no state for any time that could be told."""
    if org_facts.tracked is None:
        return
    tracked = {path.lower() for path in org_facts.tracked}
    turned = {
        route.name: sorted({one.path for one in policy.needs([route]) if isinstance(one, FieldChanges)})
        for route in policy.routes
    }
    for path, routes in users(turned).items():
        if path.lower() not in tracked:
            told = f"this org does not track the history of {path} (read by {listed(routes)}): {TRACK}"
            yield Gap(path, ("in_state", "field"), told, routes=tuple(routes))


def _values(policy: Policy, org_facts: OrgFacts, path: str, keys: tuple[str, ...]) -> Iterator[Gap]:
    """A restricted picklist takes no other values. Any other one takes them as they are: then a case holds a value that
    nobody can choose, filter or report on."""
    info = org_facts.describe.field_at(path)
    writers = users({route.name: [value for name, value in values(route) if name == path] for route in policy.routes})
    for value, routes in writers.items():
        for restricted in (True, False):
            if info and (why := unusable(path, value, org_facts, restricted=restricted)):
                message, near = _apart(why)
                told, of = f"{message} (written by {listed(routes)})", tuple(routes)
                yield Gap(value, keys, told, near, routes=of, expected=one_of(info.values))


def _apart(why: str) -> tuple[str, str | None]:
    """The message, and the nearest name that stands at its end."""
    message, _, near = why.partition(DID_YOU_MEAN)
    return message, near.removesuffix("?").strip("'\"") or None


def nearest(name: str, names: Collection[str]) -> str | None:
    folded = {one.casefold(): one for one in sorted(names, reverse=True)}
    close = get_close_matches(name.casefold(), folded, n=1)
    return folded[close[0]] if close else None


def one_of(names: Iterable[str]) -> str | None:
    """What may stand there, where that is not too much to read."""
    allowed = list(names)
    return f"one of {', '.join(allowed)}" if 0 < len(allowed) <= MOST_NAMED else None


def listed(routes: Sequence[str]) -> str:
    return f"route {routes[0]}" if len(routes) == 1 else f"routes {', '.join(routes)}"
