"""Whether this org can carry out what a route says: its queue, its status, its priority."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches

from sfdc_escalator.escalation.comparison import fold
from sfdc_escalator.escalation.org import Survey
from sfdc_escalator.escalation.policy import Policy, Route


def unfit_routes(policy: Policy, survey: Survey) -> dict[str, str]:
    """Why a route cannot be carried out in this org, by route name."""
    found = {route.name: next(lacks(route, survey), None) for route in policy.routes}
    return {name: reason for name, reason in found.items() if reason}


def lacks(route: Route, survey: Survey) -> Iterator[str]:
    team = route.escalate.queue
    if team and team.queue not in survey.queues:
        yield f"this org has no queue {team.queue!r} for cases{nearest(team.queue, survey.queues)}"
    for path, value in (("Status", route.escalate.status), ("Priority", route.escalate.priority)):
        if value is not None and (reason := unusable(path, value, survey, restricted=True)):
            yield reason


def doubts(policy: Policy, survey: Survey) -> Iterator[str]:
    """What the org takes but does not list: a value that its picklist does not have."""
    for route in policy.routes:
        for path, value in (("Status", route.escalate.status), ("Priority", route.escalate.priority)):
            if value is not None and (reason := unusable(path, value, survey, restricted=False)):
                yield f"route {route.name}: {reason}"


def unusable(path: str, value: str, survey: Survey, *, restricted: bool) -> str | None:
    info = survey.describe.field_at(path)
    if not info or not info.values or info.restricted != restricted:
        return None
    if fold(value) in {fold(one) for one in info.values}:
        return None
    return f"{path} {value!r} is not a value of this org's picklist{nearest(value, info.values)}"


def nearest(name: str, names: Collection[str]) -> str:
    close = get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
