"""Guards: a plan that is unsafe withholds the routes that make it so. A guard that cannot check refuses."""

from collections import Counter
from collections.abc import Sequence

from sfdc_escalator.escalation.decisions.decision import Decision, RouteName, State, name_of
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.org import Survey

CHUNK = 200
LOOK_UP = 2000


def guard_reasons(decisions: Sequence[Decision], survey: Survey) -> dict[RouteName, str]:
    """Why a guard withholds a route: only the offenders. The price of the whole counts once none is too large."""
    planned = [decision for decision in decisions if decision.state is State.PLANNED]
    counts = Counter(name_of(decision) for decision in planned)
    guarded = {name_of(one): one.policy for one in planned if not one.route.over_guards}
    found = {name: too_many(policy, counts[name], survey) for name, policy in guarded.items()}
    if not any(found.values()):
        found = {name: too_dear(policy, len(planned), survey) for name, policy in guarded.items()}
    return {name: reason for name, reason in found.items() if reason}


def too_many(policy: Policy, count: int, survey: Survey) -> str | None:
    guards = policy.guards
    if count > guards.most_cases:
        return f"{count} cases at once is more than most_cases: {guards.most_cases}"
    if count >= guards.share_from and count > guards.most_share_of_open * survey.open_cases:
        share = float(guards.most_share_of_open)
        return f"{count} of {survey.open_cases} open cases is more than most_share_of_open: {share:.0%}"
    return None


def too_dear(policy: Policy, planned: int, survey: Survey) -> str | None:
    """Chunks and read-backs against the share of the API calls that are left."""
    calls = -(-planned // CHUNK) + -(-planned // LOOK_UP)
    share = policy.guards.api_budget
    if survey.api_left is None:
        return "the org does not say how many API calls are left, so api_budget cannot be checked"
    if calls > share * survey.api_left:
        return f"about {calls} API calls are more than api_budget: {float(share):.0%} of the {survey.api_left} left"
    return None
