"""Guards: an unsafe plan withholds the routes that make it unsafe. A guard that cannot check refuses."""

from collections import Counter
from collections.abc import Sequence

from sfdc_escalator.errors import counted
from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.keys import RouteName
from sfdc_escalator.escalation.world.org import OrgFacts

CHUNK = 200
LOOK_UP = 2000


def guard_reasons(matches: Sequence[Match], org_facts: OrgFacts) -> dict[RouteName, str]:
    """The reason of each route that a guard withholds. The API calls are checked once no route is too large."""
    planned = [match for match in matches if match.state is State.PLANNED and match.writes]
    counts = Counter(match.name for match in planned)
    guarded = {one.name: one.policy for one in planned if not one.route.bypass_guards}
    found = {name: too_many(policy, counts[name], org_facts) for name, policy in guarded.items()}
    if not any(found.values()):
        found = {name: too_dear(policy, len(planned), org_facts) for name, policy in guarded.items()}
    return {name: reason for name, reason in found.items() if reason}


def too_many(policy: Policy, count: int, org_facts: OrgFacts) -> str | None:
    guards = policy.guards
    if count > guards.max_cases:
        return f"{counted(count, 'case')} at once is more than max_cases: {guards.max_cases}"
    if count >= guards.share_from and count > guards.max_share_of_open * org_facts.open_cases:
        share = float(guards.max_share_of_open)
        return f"{count} of {counted(org_facts.open_cases, 'open case')} is more than max_share_of_open: {share:.0%}"
    return None


def too_dear(policy: Policy, planned: int, org_facts: OrgFacts) -> str | None:
    """Compares the calls for chunks and read-backs with the allowed share of the API calls that are left."""
    calls = -(-planned // CHUNK) + -(-planned // LOOK_UP)
    share = policy.guards.api_budget
    if org_facts.api_left is None:
        return "the org does not say how many API calls are left, so api_budget cannot be checked"
    if calls > share * org_facts.api_left:
        about = f"about {counted(calls, 'API call')} {'is' if calls == 1 else 'are'}"
        return f"{about} more than api_budget: {float(share):.0%} of the {org_facts.api_left} left"
    return None
