"""Guards: an unsafe plan withholds the routes that make it unsafe. A guard that cannot check refuses."""

from collections import Counter
from collections.abc import Mapping, Sequence

from sfdc_escalator.errors import counted
from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.policy.policy import Guards
from sfdc_escalator.escalation.world.keys import RouteName
from sfdc_escalator.escalation.world.org import OrgFacts

CHUNK = 200
LOOK_UP = 2000


def guard_reasons(matches: Sequence[Match], org_facts: OrgFacts) -> dict[RouteName, str]:
    """The reason of each route that a guard withholds. The API calls are checked once no route is too large."""
    planned = [match for match in matches if match.state is State.PLANNED and match.writes]
    guarded = {one.name: one.policy.guards for one in planned if not one.route.bypass_guards}
    return withheld_by(guarded, Counter(match.name for match in planned), org_facts)


def withheld_by(
    guarded: Mapping[RouteName, Guards], counts: Mapping[RouteName, int], org_facts: OrgFacts
) -> dict[RouteName, str]:
    """The reason of each route that a guard withholds. `counts` are the cases to write by route, those of routes
    without a guard included."""
    found = {name: too_many(guards, counts[name], org_facts) for name, guards in guarded.items()}
    if not any(found.values()):
        found = {name: too_dear(guards, sum(counts.values()), org_facts) for name, guards in guarded.items()}
    return {name: reason for name, reason in found.items() if reason}


def too_many(guards: Guards, count: int, org_facts: OrgFacts) -> str | None:
    if count > guards.max_cases:
        return f"{counted(count, 'case')} at once is more than max_cases: {guards.max_cases}"
    if count >= guards.share_from and count > guards.max_share_of_open * org_facts.open_cases:
        share = float(guards.max_share_of_open)
        return f"{count} of {counted(org_facts.open_cases, 'open case')} is more than max_share_of_open: {share:.0%}"
    return None


def too_dear(guards: Guards, planned: int, org_facts: OrgFacts) -> str | None:
    """Compares the calls for chunks and read-backs with the allowed share of the API calls that are left."""
    calls = -(-planned // CHUNK) + -(-planned // LOOK_UP)
    share = guards.api_budget
    if org_facts.api_left is None:
        return "the org does not say how many API calls are left, so api_budget cannot be checked"
    if calls > share * org_facts.api_left:
        about = f"about {counted(calls, 'API call')} {'is' if calls == 1 else 'are'}"
        return f"{about} more than api_budget: {float(share):.0%} of the {org_facts.api_left} left"
    return None
