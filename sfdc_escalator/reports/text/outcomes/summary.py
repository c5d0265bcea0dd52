"""The first line of a run's page: how many cases, by state and route."""

from collections import Counter
from collections.abc import Sequence

from sfdc_escalator.escalation.decisions.outcome import Outcome, State
from sfdc_escalator.pipeline.preparing.prepare import Prepared
from sfdc_escalator.reports.page import PLAIN, Page
from sfdc_escalator.reports.values import counted, visible

WORDS = {
    State.PLANNED: "to escalate",
    State.APPLIED: "escalated",
    State.ALREADY: "already escalated",
    State.UNKNOWN: "with an unknown outcome",
}
"""The states that need more than their own word."""
BY_ROUTE = (State.PLANNED, State.APPLIED)


def summary(prepared: Prepared, outcomes: Sequence[Outcome], page: Page = PLAIN) -> str:
    """`2 to escalate (1 urgent, 1 old), 3 held; 4,980 of 5,000 cases match no route`"""
    read, unmatched = prepared.poll.count, prepared.left_alone.cases
    cases = counted(read, "case")
    rest = f"{unmatched:,} of {cases} match{'es' if unmatched == 1 else ''} no route" if unmatched else f"{cases} read"
    return f"{states_text(outcomes, page)}; {rest}"


def states_text(outcomes: Sequence[Outcome], page: Page = PLAIN) -> str:
    """The number of outcomes in each state, the main ones also by route."""
    counts = Counter(one.state for one in outcomes)
    parts = [state_text(state, outcomes, page) for state in State if counts[state]]
    return ", ".join(parts) or "nothing to do"


def state_text(state: State, outcomes: Sequence[Outcome], page: Page) -> str:
    routes = Counter(one.route for one in outcomes if one.state is state)
    words = f"{sum(routes.values()):,} {WORDS.get(state, state.value)}"
    shown = page.state(state.value, words)
    if state not in BY_ROUTE:
        return shown
    return f"{shown} ({', '.join(f'{count:,} {visible(route)}' for route, count in routes.items())})"


def question(prepared: Prepared, org: str) -> str:
    """`Escalate 12 cases in prod (production)?`"""
    cases = {order.case_id for order in prepared.plan.orders if order.writes}
    facts = prepared.org_facts
    name, kind = facts.name if org == "env" else org, "sandbox" if facts.is_sandbox else "production"
    return visible(f"Escalate {counted(len(cases), 'case')} in {name} ({kind})?")
