"""Why a route matches a case or not, and what comes of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sfdc_escalator.escalation.conditions.criteria import Finding, judge
from sfdc_escalator.escalation.decisions.decide import (
    ALREADY_WORDS,
    OLD_WORDS,
    OUR_VALUES,
    TELLS_ONLY,
    UNSETTLED,
    LeftAlone,
    fitting,
    own_doing,
)
from sfdc_escalator.escalation.decisions.decide import has_newer_words as newer_words
from sfdc_escalator.escalation.decisions.decision import Decision, State
from sfdc_escalator.escalation.decisions.view import View
from sfdc_escalator.escalation.explaining.misses import Miss, matches_at, misses
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.escalation.world.case import Case

COMES_FIRST = "the route {} comes first"
FIRST_LIVE_RUN = "it has never run live in this org: its first matches wait for --backlog adopt or --backlog escalate"


@dataclass(frozen=True, slots=True)
class Explained:
    """One route and one case. `when` is the first instant at which time alone makes it match, now included."""

    route: Route
    finding: Finding
    missing: tuple[Miss, ...]
    when: datetime | None
    held_back: tuple[str, ...]

    @property
    def matches(self) -> bool:
        return self.finding.holds


def explain(view: View, case: Case, decision: Decision | LeftAlone) -> tuple[Explained, ...]:
    """Every route of the policy, most serious first; `decision` is what a run would make of the case."""
    return tuple(explained(view, route, case, decision) for route in view.policy.routes)


def explained(view: View, route: Route, case: Case, decision: Decision | LeftAlone) -> Explained:
    condition, scene = view.policy.condition(route), view.scene_of(route, case)
    finding = judge(condition, case, scene)
    why = dict.fromkeys(held_back(view, route, case, finding.holds))
    if finding.holds:
        why |= dict.fromkeys(outdone(view, route, case, decision))
    return Explained(route, finding, tuple(misses(finding)), matches_at(condition, case, scene), tuple(why))


def outdone(view: View, route: Route, case: Case, decision: Decision | LeftAlone) -> Iterator[str]:
    """What a run would rather do with a case that the route matches: another route, a guard, a note with a gap."""
    if isinstance(decision, LeftAlone):
        first = next(fitting(view, case), route)
        if first.escalate is None and first != route:
            yield f"{COMES_FIRST.format(first.name)}, and only tells people"
    elif decision.route == route:
        remembered = decision.past is not None and decision.past.route in route.names
        if decision.state is State.REJECTED or (decision.state is not State.PLANNED and not remembered):
            yield decision.reason
    elif view.policy.routes.index(decision.route) < view.policy.routes.index(route):
        yield COMES_FIRST.format(decision.route.name)


def held_back(view: View, route: Route, case: Case, matches: bool) -> Iterator[str]:
    """What the ledger and the org know that stands in the way of a match, or would."""
    for why in (view.unpolled.get(route.name), view.unfit.get(route.name)):
        if why:
            yield why
    for past in view.pasts(case):
        if past.route in route.names and not view.over(past, route, case):
            at = f" at {past.tried_at:%Y-%m-%d %H:%M} UTC" if past.tried_at else ""
            yield f"{ALREADY_WORDS.get(past.state, past.message or UNSETTLED)}: {past.key}{at}"
    if not matches:
        return
    if route.escalate is None:
        yield TELLS_ONLY
    if own_doing(view, route, case):
        yield OUR_VALUES
    elif not newer_words(view, route, case):
        yield OLD_WORDS
    if view.history.live.isdisjoint((view.policy.name, name) for name in route.names):
        yield FIRST_LIVE_RUN
