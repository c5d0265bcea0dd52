"""What a policy demands of an org, and the org does not have: fields, queues, picklist values."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from sfdc_escalator.errors import Severity
from sfdc_escalator.escalation.evidence import Turns
from sfdc_escalator.escalation.fitness import business_hours, queues_of, unusable, values
from sfdc_escalator.escalation.org import Survey
from sfdc_escalator.escalation.policy import Policy
from sfdc_escalator.escalation.quick_texts import chosen_text, unknown_placeholders
from sfdc_escalator.salesforce.poll import reads, related, unreadable_path, unreadable_records

DID_YOU_MEAN = "; did you mean "
FIELD_KEYS = ("field", "age", "text", "from")


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that the org lacks; the policy says `subject` under one of the `keys`."""

    subject: str
    keys: tuple[str, ...]
    message: str
    nearest: str | None
    severity: Severity = "error"


def lacks(policy: Policy, survey: Survey) -> Iterator[Lack]:
    yield from _fields(policy, survey)
    yield from _records(policy, survey)
    yield from _queues(policy, survey)
    yield from _hours(policy, survey)
    yield from _quick_texts(policy, survey)
    yield from _tracking(policy, survey)
    for path, key in (("Status", "status"), ("Priority", "priority")):
        yield from _values(policy, survey, path, key)


def _fields(policy: Policy, survey: Survey) -> Iterator[Lack]:
    readers: dict[str, list[str]] = {}
    for route in policy.routes:
        for path in reads(policy, route):
            readers.setdefault(path, []).append(route.name)
    for path, routes in sorted(readers.items()):
        if why := unreadable_path(path, survey.describe):
            message, near = _apart(why)
            yield Lack(path, FIELD_KEYS, f"{message} (read by {_listed(routes)})", near)


def _records(policy: Policy, survey: Survey) -> Iterator[Lack]:
    for route in policy.routes:
        for one in related(policy, route):
            if why := unreadable_records(one, survey.describe):
                message, near = _apart(why)
                yield Lack(one.relation, ("related", "milestone"), f"{message} (read by route {route.name})", near)


def _hours(policy: Policy, survey: Survey) -> Iterator[Lack]:
    named = {name for route in policy.routes for name in business_hours(policy.condition(route))}
    for name in sorted(named - survey.calendars.keys()):
        yield Lack(name, ("business_hours",), f"this org has no active business hours {name!r}", None)


def _quick_texts(policy: Policy, survey: Survey) -> Iterator[Lack]:
    """One of a list is enough; without any the template serves. A Quick Text that cannot be filled holds every case."""
    missing: dict[str, list[str]] = {}
    for route in policy.routes:
        note = route.escalate.note if route.escalate else None
        if note is None or not note.quick_texts:
            continue
        message = chosen_text(note.quick_texts, survey.quick_texts)
        if message is None:
            missing.setdefault(note.quick_texts[-1], []).append(route.name)
            continue
        parts = [part.name for part in note.parts]
        for placeholder in unknown_placeholders(message[1], parts, note.texts):
            said = f"the Quick Text {message[0]!r} holds {placeholder}, which stands for nothing in a note"
            written = message[0].replace(route.name, "{route}")
            yield Lack(written, ("quick_text",), f"{said} (route {route.name})", None)
    for name, routes in sorted(missing.items()):
        said = f"this org has no Quick Text {name}, nor one before it in its list: the template serves"
        yield Lack(name, ("quick_text",), f"{said} ({_listed(routes)})", None, "warning")


def _tracking(policy: Policy, survey: Survey) -> Iterator[Lack]:
    """A field without history has been in no state for any time that could be told."""
    if survey.tracked is None:
        return
    tracked = {path.lower() for path in survey.tracked}
    for path in sorted({one.path for one in policy.reads() if isinstance(one, Turns)}):
        if path.lower() not in tracked:
            yield Lack(path, ("in_state", "field"), f"this org does not track the history of {path}", None)


def _queues(policy: Policy, survey: Survey) -> Iterator[Lack]:
    users: dict[str, list[str]] = {}
    for route in policy.routes:
        for queue in queues_of(policy.condition(route), route):
            if queue not in survey.queues:
                users.setdefault(queue, []).append(route.name)
    for queue, routes in sorted(users.items()):
        folded = {name.casefold(): name for name in survey.queues}
        close = get_close_matches(queue.casefold(), folded, n=1, cutoff=0.5)
        message = f"this org has no queue {queue} for cases (wanted by {_listed(routes)})"
        yield Lack(queue, ("queue", "in"), message, folded[close[0]] if close else None)


def _values(policy: Policy, survey: Survey, path: str, key: str) -> Iterator[Lack]:
    """A restricted picklist takes no other values; any other one takes them, but shows them nowhere."""
    said = (value for route in policy.routes for name, value in values(route) if name == path)
    severities: tuple[tuple[bool, Severity], ...] = ((True, "error"), (False, "warning"))
    for value in sorted(set(said)):
        for restricted, severity in severities:
            if why := unusable(path, value, survey, restricted=restricted):
                message, near = _apart(why)
                yield Lack(value, (key,), message, near, severity)


def _apart(why: str) -> tuple[str, str | None]:
    """The message, and the nearest name that stands at its end."""
    message, _, near = why.partition(DID_YOU_MEAN)
    return message, near.removesuffix("?").strip("'\"") or None


def _listed(routes: list[str]) -> str:
    return f"route {routes[0]}" if len(routes) == 1 else f"routes {', '.join(routes)}"
