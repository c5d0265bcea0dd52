"""What a policy demands of an org, and the org does not have: fields, queues, picklist values."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from sfdc_escalator.errors import Severity
from sfdc_escalator.escalation.fitness import unusable
from sfdc_escalator.escalation.org import Survey
from sfdc_escalator.escalation.policy import Policy
from sfdc_escalator.salesforce.poll import reads, unreadable_path

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
    yield from _queues(policy, survey)
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


def _queues(policy: Policy, survey: Survey) -> Iterator[Lack]:
    users: dict[str, list[str]] = {}
    for route in policy.routes:
        if route.escalate.queue and route.escalate.queue.queue not in survey.queues:
            users.setdefault(route.escalate.queue.queue, []).append(route.name)
    for queue, routes in sorted(users.items()):
        folded = {name.casefold(): name for name in survey.queues}
        close = get_close_matches(queue.casefold(), folded, n=1, cutoff=0.5)
        message = f"this org has no queue {queue} for cases (wanted by {_listed(routes)})"
        yield Lack(queue, ("queue",), message, folded[close[0]] if close else None)


def _values(policy: Policy, survey: Survey, path: str, key: str) -> Iterator[Lack]:
    """A restricted picklist takes no other values; any other one takes them, but shows them nowhere."""
    said = (getattr(route.escalate, key) for route in policy.routes)
    severities: tuple[tuple[bool, Severity], ...] = ((True, "error"), (False, "warning"))
    for value in sorted({value for value in said if value is not None}):
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
