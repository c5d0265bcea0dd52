"""The ladders of one case, as they stand now. Reads only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sfdc_escalator.escalation.decisions.on_ladder import OnLadder, on_ladder
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.ladder.standing import standing
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Standing, StandingState
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.preparing.acts import acts_on, waiting_of
from sfdc_escalator.pipeline.preparing.ladders import open_ladders, read_starts, with_history
from sfdc_escalator.pipeline.read_models.open_escalation import OpenEscalation, climbed_of, open_escalation


@dataclass(frozen=True, slots=True)
class CaseLadder:
    """An open escalation of the case. Its times are shown in `zone`; `until` that of the rung that comes next."""

    escalation: OpenEscalation
    zone: ZoneInfo
    now: datetime
    until: str = ""


def ladders_of_case(
    org: Org, policies_in_org: Sequence[PolicyInOrg], case: Case, us: frozenset[str]
) -> tuple[CaseLadder, ...]:
    """The open escalations of the case by these policies. Starts and acts that no run has read yet are read."""
    if case.fields.get("IsClosed") is True:
        return ()
    cases = {case.id: case}
    starts = read_starts(org, open_ladders(policies_in_org, cases), us)
    known = with_history(policies_in_org, (one.escalation for one in starts))
    seen = acts_on(org, list(waiting_of(known, open_ladders(known, cases))), us)
    known = with_history(known, (one.escalation for one in seen))
    return tuple(found for in_org in known for found in of_policy(in_org, case))


def of_policy(in_org: PolicyInOrg, case: Case) -> Iterator[CaseLadder]:
    routes = {name: route for route in in_org.policy.routes for name in route.names}
    for start in in_org.history.of_case(case.id, in_org.policy.name):
        if start.state is EscalationState.APPLIED:
            yield case_ladder(in_org, start, routes.get(start.route), case)


def case_ladder(in_org: PolicyInOrg, start: Escalation, route: Route | None, case: Case) -> CaseLadder:
    if route is None or not route.ladder:
        state = StandingState.NO_LADDER if route else StandingState.REMOVED
        climbed = climbed_of(in_org.history.rungs_of(start, {start.route}))
        return CaseLadder(open_escalation(start, Standing(state), climbed, ()), in_org.policy.zone, in_org.now)
    one = on_ladder(in_org, start, route, case)
    now = standing_of(one)
    held = [one.held_by] if one.held_by else []
    found = open_escalation(start, now, climbed_of(one.rungs), held)
    until = next((rung.until for rung in route.ladder.rungs if rung.id == now.rung), "")
    return CaseLadder(found, one.zone, in_org.now, until)


def standing_of(one: OnLadder) -> Standing:
    progress = one.progress
    found = standing(one.times, progress, one.now) if progress else Standing(StandingState.RUNNING)
    return replace(found, route=one.route.name)
