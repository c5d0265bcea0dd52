"""One route and one case explained: the findings, what is missing, and what a run does about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sfdc_escalator.escalation.conditions.condition import Finding
from sfdc_escalator.escalation.conditions.leaf import Miss
from sfdc_escalator.escalation.conditions.tree import judge
from sfdc_escalator.escalation.decisions.decide import (
    ALREADY_WORDS,
    NOTIFIES_ONLY,
    OLD_MESSAGES,
    OUR_VALUES,
    UNSETTLED,
    matching,
    own_doing,
)
from sfdc_escalator.escalation.decisions.decide import has_newer_messages as newer_messages
from sfdc_escalator.escalation.decisions.match import Match, NoMatch
from sfdc_escalator.escalation.decisions.outcome import BACKLOG, State
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.explaining.misses import matches_at, misses
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.escalation.world.case import Case

COMES_FIRST = "the route {} comes first"


@dataclass(frozen=True, slots=True)
class Explained:
    """One route and one case. `when` is the first instant, now included, at which time alone makes it match;
    `obstacles` are the reasons why a run does not escalate by this route although it matches."""

    route: Route
    finding: Finding
    missing: tuple[Miss, ...]
    when: datetime | None
    obstacles: tuple[str, ...]

    @property
    def matches(self) -> bool:
        return self.finding.holds


def explain(in_org: PolicyInOrg, case: Case, judged: Match | NoMatch) -> tuple[Explained, ...]:
    """Every route of the policy, most serious first; `judged` is the judgement of a run."""
    return tuple(explained(in_org, route, case, judged) for route in in_org.policy.routes)


def explained(in_org: PolicyInOrg, route: Route, case: Case, judged: Match | NoMatch) -> Explained:
    condition, circumstances = in_org.policy.condition(route), in_org.circumstances_of(route, case)
    finding = judge(condition, case, circumstances)
    reasons = dict.fromkeys(obstacles(in_org, route, case, finding.holds))
    if finding.holds:
        reasons |= dict.fromkeys(reason_not_escalated(in_org, route, case, judged))
    elif isinstance(judged, Match) and judged.route == route and judged.held_by == "pattern":
        reasons |= {judged.reason: None}
    return Explained(route, finding, tuple(misses(finding)), matches_at(condition, case, circumstances), tuple(reasons))


def reason_not_escalated(in_org: PolicyInOrg, route: Route, case: Case, judged: Match | NoMatch) -> Iterator[str]:
    """The reason why a run does not escalate a case that the route matches: another route, a guard, its note."""
    if isinstance(judged, NoMatch):
        first = next(matching(in_org, case), route)
        if not first.opens and first != route:
            yield f"{COMES_FIRST.format(first.name)}, and takes no step"
    elif judged.route == route:
        remembered = judged.escalation is not None and judged.escalation.route in route.names
        if judged.state is State.REJECTED or (judged.state is not State.PLANNED and not remembered):
            yield judged.reason
    elif in_org.policy.routes.index(judged.route) < in_org.policy.routes.index(route):
        yield COMES_FIRST.format(judged.route.name)


def obstacles(in_org: PolicyInOrg, route: Route, case: Case, matches: bool) -> Iterator[str]:
    """The reasons in the ledger and in the org that prevent an escalation, now or once the route matches."""
    yield from filter(None, (in_org.unpolled.get(route.name), in_org.unfit.get(route.name)))
    for escalation in in_org.escalations(case):
        if escalation.route in route.names and not in_org.over(escalation, route, case):
            at = f" at {escalation.tried_at:%Y-%m-%d %H:%M} UTC" if escalation.tried_at else ""
            yield f"{ALREADY_WORDS.get(escalation.state, escalation.message or UNSETTLED)}: {escalation.key}{at}"
    if not matches:
        return
    if not route.opens:
        yield NOTIFIES_ONLY
    if own_doing(in_org, route, case):
        yield OUR_VALUES
    elif not newer_messages(in_org, route, case):
        yield OLD_MESSAGES
    if in_org.history.live.isdisjoint((in_org.policy.name, name) for name in route.names):
        yield BACKLOG
