"""Everybody whom a route may notify, and the channels by which it does."""

from collections.abc import Iterable, Iterator

from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.policy.policy import Policy, Route, notes_of
from sfdc_escalator.escalation.policy.telling import Recipient

LOG = "log"
"""The channel of a policy that names none."""
OWNER = Recipient("person", "Owner")


def everybody(policy: Policy, route: Route) -> Iterator[Recipient]:
    """Everybody who may be notified about cases of the route: the owner of an incomplete note and the accountable
    team, too."""
    yield from route.recipients
    if any(part.if_missing == "tell_owner" for note in notes_of(route) for part in note.parts):
        yield OWNER
    if policy.owner.accountable:
        yield Recipient("team", policy.owner.accountable)


def teams_told(policy: Policy, route: Route) -> Iterator[str]:
    """The teams that are notified, also by a table; the accountable one among them."""
    for one in everybody(policy, route):
        if isinstance(one.name, Table):
            yield from one.name.values
        elif one.kind == "team":
            yield one.name


def people_told(policy: Policy, route: Route) -> list[str]:
    """The paths to the users who are notified, by themselves or as the one person of a team."""
    own = [str(one.name) for one in everybody(policy, route) if one.kind == "person"]
    of_teams = [policy.teams[name].person for name in teams_told(policy, route) if name in policy.teams]
    return sorted({path for path in (*own, *of_teams) if path and "@" not in path})


def channels_used(policy: Policy, recipients: Iterable[Recipient]) -> frozenset[str]:
    """The names of the channels by which these are notified."""
    found: set[str] = set()
    for one in recipients:
        match one.kind:
            case "channel":
                found.add(str(one.name))
            case "person":
                found.update(default_channels(policy))
            case _:
                names = one.name.values if isinstance(one.name, Table) else (one.name,)
                found.update(channel for name in names for channel in channels_of_team(policy, name))
    return frozenset(found)


def channels_of_team(policy: Policy, name: str) -> tuple[str, ...]:
    team = policy.teams.get(name)
    return (team.tell if team else ()) or default_channels(policy)


def default_channels(policy: Policy) -> tuple[str, ...]:
    """The channels of persons, and of a team that names none."""
    if not policy.notices.channels:
        return (LOG,)
    return (policy.notices.people,) if policy.notices.people else ()
