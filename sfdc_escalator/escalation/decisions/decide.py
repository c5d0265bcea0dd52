"""The first route that matches a case, and what the ledger records about it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from sfdc_escalator.errors import counted
from sfdc_escalator.escalation.conditions.condition import Finding
from sfdc_escalator.escalation.conditions.findings import reasons, table_text
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.conditions.tree import judge, unclear
from sfdc_escalator.escalation.decisions.match import Match, NoMatch
from sfdc_escalator.escalation.decisions.on_ladder import held_by, hold_of_start, hold_text
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.decisions.own_steps import matches_without_us
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.note.note import reason_of
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import Identity

NOTIFIES_ONLY = "it matches; this route takes no step and notifies nobody"
NOTIFIED_FIRST = "it matches; the route {} comes first, and takes no step"
LEFT_OUT = "it matches the route {}, which this run leaves out"
OLD_MESSAGES = "no message since the last escalation makes it match again"
UNCLEAR = "a search that takes too long decides whether it matches"
OUR_VALUES = "it matches only because of the values that our own steps wrote"


def decide(in_org: PolicyInOrg, case: Case) -> Match | NoMatch:
    """The first route that matches, most serious first; a match that our own steps caused does not count.

    A route that takes no step and notifies nobody keeps its cases from the routes below: they are `already`. A case is
    held at the first route of which it cannot be said whether it matches, unless an escalation is open.
    """
    for route, unclear_because in candidates(in_org, case):
        finding = judge(in_org.policy.condition(route), case, in_org.circumstances_of(route, case))
        if not route.opens and unclear_because is None:
            return match(in_org, route, case, finding, State.ALREADY, NOTIFIES_ONLY)
        if ended := remembered(in_org, route, case, finding):
            return ended
        if unclear_because:
            held = match(in_org, route, case, finding, State.HELD, unclear_because)
            return replace(held, held_by="pattern")
        if has_newer_messages(in_org, route, case):
            return fresh(in_org, route, case, finding)
    return NoMatch(in_org.policy.name, case)


def no_match_reasons(in_org: PolicyInOrg, one: NoMatch) -> dict[str, str]:
    """The reason against each route; of a route that this run leaves out, that it is left out."""
    return {one.left_out: LEFT_OUT.format(one.left_out)} if one.left_out else reasons_against(in_org, one.case)


def reasons_against(in_org: PolicyInOrg, case: Case) -> dict[str, str]:
    """The first condition that is missing, by route."""
    found, first = dict[str, str](), ""
    for route in in_org.policy.routes:
        missing = reason_against(in_org, route, case)
        if missing is None and not route.opens:
            first = first or route.name
        found[route.name] = missing or (NOTIFIES_ONLY if not route.opens else NOTIFIED_FIRST.format(first))
    for escalation in in_org.escalations(case):
        if escalation.is_open and escalation.route in found:
            found[escalation.route] = f"{ALREADY_WORDS.get(escalation.state, UNSETTLED)}; now {found[escalation.route]}"
    return found


def matching(in_org: PolicyInOrg, case: Case) -> Iterator[Route]:
    """The routes that match, most serious first."""
    return (route for route, unclear_because in candidates(in_org, case) if unclear_because is None)


def candidates(in_org: PolicyInOrg, case: Case) -> Iterator[tuple[Route, str | None]]:
    """The routes that match, most serious first; among them, with the reason, those of which that cannot be said."""
    if in_org.is_outside(case):
        return
    new = not in_org.history.by_case.get(case.id)  # nearly all cases have no escalation of ours
    circumstances = in_org.circumstances
    for route, answer in in_org.policy.answers().of(case):
        if route.name in in_org.unpolled:
            continue
        if not new:
            circumstances = in_org.circumstances_of(route, case)
        found = answer(case, circumstances)
        if found is None:
            yield route, unclear(in_org.policy.condition(route), case, circumstances) or UNCLEAR
        elif found and (new or not own_doing(in_org, route, case)):
            yield route, None


def reason_against(in_org: PolicyInOrg, route: Route, case: Case) -> str | None:
    """The first condition that is missing; None where the route matches."""
    if route.name in in_org.unpolled:
        return in_org.unpolled[route.name]
    finding = judge(in_org.policy.condition(route), case, in_org.circumstances_of(route, case))
    if not finding.holds:
        return next(reasons(finding, holding=False), "it does not match")
    if own_doing(in_org, route, case):
        return OUR_VALUES
    return None if has_newer_messages(in_org, route, case) else OLD_MESSAGES


def has_newer_messages(in_org: PolicyInOrg, route: Route, case: Case) -> bool:
    """True where the route also matches with only the messages since it last escalated the case."""
    circumstances = in_org.circumstances_of(route, case, newer_messages=True)
    return circumstances.escalated_at is None or in_org.policy.condition(route).holds(case, circumstances)


def own_doing(in_org: PolicyInOrg, route: Route, case: Case) -> bool:
    """True where the route matches only by values that our own steps wrote. An open episode of the route itself does
    not count: it is remembered."""
    escalations = in_org.escalations(case)
    if any(
        escalation.was_sent and escalation.route in route.names and not in_org.over(escalation, route, case)
        for escalation in escalations
    ):
        return False
    every = in_org.history.by_case.get(case.id, ())
    condition, circumstances = in_org.policy.condition(route), in_org.circumstances_of(route, case)
    return not matches_without_us(condition, case, every, circumstances, in_org.in_doubt(case))


def remembered(in_org: PolicyInOrg, route: Route, case: Case, finding: Finding) -> Match | None:
    """The match that an earlier escalation ends; None if no earlier one does."""
    escalations = in_org.escalations(case)
    for escalation in (*escalations, *(one for one in in_org.every(case) if one.is_undo)):
        if escalation.state in (EscalationState.UNKNOWN, EscalationState.SENDING):
            reason = f"{escalation.key}: {escalation.message or UNSETTLED}"
            return match(in_org, route, case, finding, State.UNKNOWN, reason, escalation)
    standing = [escalation for escalation in escalations if not in_org.over(escalation, route, case)]
    for escalation in sorted(standing, key=is_superseded):
        if escalation.route in route.names and (ended := refused_by(escalation, route, in_org.now)):
            return match(in_org, route, case, finding, *ended, escalation)
    above = next(
        (escalation for escalation in standing if escalation.is_open and is_above(escalation, route, in_org.policy)),
        None,
    )
    if above:
        reason = f"escalated by the route {above.route}, which comes first"
        return match(in_org, route, case, finding, State.ALREADY, reason, above)
    return None


def refused_by(escalation: Escalation, route: Route, now: datetime) -> tuple[State, str] | None:
    """The state and the reason that an earlier escalation by this route gives the match; None if it gives none."""
    if escalation.state in ALREADY_WORDS:
        rearm = route.rearm if isinstance(route.rearm, timedelta) else None
        rearmed = escalation.ended_at + rearm if escalation.ended_at and rearm else None
        wait = f"; it may be escalated again from {rearmed:%Y-%m-%d %H:%M} UTC" if rearmed else ""
        return State.ALREADY, ALREADY_WORDS[escalation.state] + wait
    again = escalation.try_again_at()
    if again is not None and now < again:
        tried = counted(escalation.attempts, "time")
        reason = f"{escalation.message} (tried {tried}, next try at {again:%Y-%m-%d %H:%M} UTC)"
        return State.REJECTED, reason
    return None


def is_superseded(escalation: Escalation) -> bool:
    """True for one that another escalation ended: where both are on this case, the other one says more."""
    return escalation.state is EscalationState.SUPERSEDED


UNSETTLED = "an earlier send has no known outcome; it is not sent again before that is settled"
ALREADY_WORDS = {
    EscalationState.APPLIED: "escalated by an earlier run",
    EscalationState.ADOPTED: "adopted with the backlog",
    EscalationState.SUPERSEDED: "escalated before, and taken over by a route above",
    EscalationState.GONE: "escalated before",
    EscalationState.UNDONE: "escalated before, and undone by a person",
}


def is_above(escalation: Escalation, route: Route, policy: Policy) -> bool:
    """True where the escalation's route comes first; one that the policy no longer has comes before all."""
    ranks = {name: rank for rank, one in enumerate(policy.routes) for name in one.names}
    return ranks.get(escalation.route, -1) < ranks[route.name]


def fresh(in_org: PolicyInOrg, route: Route, case: Case, finding: Finding) -> Match:
    """A new escalation; held where a person or a field says so, rejected where this org or this route cannot carry it
    out."""
    found = match(in_org, route, case, finding, State.PLANNED, reason_of(route, case))
    if hold := hold_of_start(in_org, route, case):
        return found.held(hold_text(hold), by=held_by(hold))
    if route.name in in_org.unfit:
        return found.ended(State.REJECTED, in_org.unfit[route.name])
    return found if route.opens else found.ended(State.REJECTED, NOTIFIES_ONLY)


def match(
    in_org: PolicyInOrg,
    route: Route,
    case: Case,
    finding: Finding,
    state: State,
    reason: str,
    escalation: Escalation | None = None,
) -> Match:
    organization, number = in_org.org_facts.caller.organization_id, in_org.episode(route, case)
    identity = Identity(organization, in_org.policy.name, route.name, case.id, episode=number)
    own = finding.parts[-1]  # the route's `when`; the scope before it holds for every case
    return Match(in_org.policy, route, case, identity, state, reason, findings_of(own, route, case), escalation)


def findings_of(own: Finding, route: Route, case: Case) -> tuple[str, ...]:
    """The texts of the conditions that hold, and what tables gave for the steps, each of these once."""
    found = list(reasons(own))
    for key, source in (route.escalate.steps if route.escalate else {}).items():
        given = table_text(source.looked_up(case)) if isinstance(source, Table) else ""
        if given and not any(given in text for text in found):
            found.append(f"{key} by {given}")
    return tuple(found)
