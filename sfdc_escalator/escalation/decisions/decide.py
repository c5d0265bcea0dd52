"""What is to be done with one case: which route fits first, and what the ledger remembers of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from sfdc_escalator.escalation.conditions.condition import Finding
from sfdc_escalator.escalation.conditions.findings import reasons
from sfdc_escalator.escalation.conditions.tree import judge
from sfdc_escalator.escalation.decisions.decision import Decision, State
from sfdc_escalator.escalation.decisions.own_steps import matches_without_us
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.note.note import Held, reason_of, write_note
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.steps import planned_steps
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.history import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import Identity

TELLS_ONLY = "it fits; this route only tells people, and takes no step"
TOLD_FIRST = "it fits; the route {} comes first, and only tells people"
OLD_WORDS = "nothing that was said since the last escalation makes it fit again"
OUR_VALUES = "it fits only because of the values that our own steps wrote"


@dataclass(frozen=True, slots=True)
class NoMatch:
    """A case that was read and that no route of the policy fits. Why is worked out only when somebody asks."""

    policy: str
    case: Case
    why: Callable[[], Mapping[str, str]] = field(compare=False, repr=False)

    @property
    def reasons(self) -> Mapping[str, str]:
        """The first thing missing for each route."""
        return self.why()


def decide(in_org: PolicyInOrg, case: Case) -> Decision | NoMatch:
    """The first route that fits, most serious first; what our own steps made fit does not count."""
    for route in fitting(in_org, case):
        if route.escalate is None:
            break
        finding = judge(in_org.policy.condition(route), case, in_org.circumstances_of(route, case))
        if ended := remembered(in_org, route, case, finding):
            return ended
        if has_newer_words(in_org, route, case):
            return fresh(in_org, route, case, finding)
    return NoMatch(in_org.policy.name, case, partial(misses, in_org, case))


def misses(in_org: PolicyInOrg, case: Case) -> dict[str, str]:
    """The first thing missing for each route."""
    found, first = dict[str, str](), ""
    for route in in_org.policy.routes:
        missing = why_not(in_org, route, case)
        if missing is None and route.escalate is None:
            first = first or route.name
        found[route.name] = missing or (TELLS_ONLY if route.escalate is None else TOLD_FIRST.format(first))
    for escalation in in_org.escalations(case):
        if escalation.is_open and escalation.route in found:
            found[escalation.route] = f"{ALREADY_WORDS.get(escalation.state, UNSETTLED)}; now {found[escalation.route]}"
    return found


def fitting(in_org: PolicyInOrg, case: Case) -> Iterator[Route]:
    """The routes that fit, most serious first."""
    if not in_org.history.by_case.get(case.id):  # nearly all cases; nothing of ours is on them
        yield from (route for route, condition in in_org.judged if condition.holds(case, in_org.circumstances))
        return
    for route, condition in in_org.judged:
        if condition.holds(case, in_org.circumstances_of(route, case)) and not own_doing(in_org, route, case):
            yield route


def why_not(in_org: PolicyInOrg, route: Route, case: Case) -> str | None:
    """The first thing missing; None where nothing is."""
    if route.name in in_org.unpolled:
        return in_org.unpolled[route.name]
    finding = judge(in_org.policy.condition(route), case, in_org.circumstances_of(route, case))
    if not finding.holds:
        return next(reasons(finding, holding=False), "it does not match")
    if own_doing(in_org, route, case):
        return OUR_VALUES
    return None if has_newer_words(in_org, route, case) else OLD_WORDS


def has_newer_words(in_org: PolicyInOrg, route: Route, case: Case) -> bool:
    """Whether the route also fits by what was said since it last escalated the case."""
    circumstances = in_org.circumstances_of(route, case, newer_words=True)
    return circumstances.escalated_at is None or in_org.policy.condition(route).holds(case, circumstances)


def own_doing(in_org: PolicyInOrg, route: Route, case: Case) -> bool:
    """Whether the route fits only because of what our own steps wrote; a route's own open episode is no doing of that
    kind: it is remembered."""
    escalations = in_org.escalations(case)
    if any(
        escalation.was_sent and escalation.route in route.names and not in_org.over(escalation, route, case)
        for escalation in escalations
    ):
        return False
    every = in_org.history.by_case.get(case.id, ())
    return not matches_without_us(in_org.policy.condition(route), case, every, in_org.circumstances_of(route, case))


def remembered(in_org: PolicyInOrg, route: Route, case: Case, finding: Finding) -> Decision | None:
    """What the ledger remembers of this case, as far as it ends the matter."""
    escalations = in_org.escalations(case)
    for escalation in escalations:
        if escalation.state in (EscalationState.UNKNOWN, EscalationState.SENDING):
            reason = f"{escalation.key}: {escalation.message or UNSETTLED}"
            return match(in_org, route, case, finding, State.UNKNOWN, reason, escalation)
    standing = [escalation for escalation in escalations if not in_org.over(escalation, route, case)]
    for escalation in standing:
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
    """How the route's own past ends the matter, if it does."""
    if escalation.state in ALREADY_WORDS:
        rearm = route.rearm if isinstance(route.rearm, timedelta) else None
        rearmed = escalation.ended_at + rearm if escalation.ended_at and rearm else None
        wait = f"; it may be again from {rearmed:%Y-%m-%d %H:%M} UTC" if rearmed else ""
        return State.ALREADY, ALREADY_WORDS[escalation.state] + wait
    again = escalation.try_again_at()
    if again is not None and now < again:
        reason = f"{escalation.message} (tried {escalation.attempts} times, next try at {again:%Y-%m-%d %H:%M} UTC)"
        return State.REJECTED, reason
    return None


UNSETTLED = "an earlier send has no known outcome; it is not sent again before that is settled"
ALREADY_WORDS = {
    EscalationState.APPLIED: "escalated by an earlier run",
    EscalationState.ADOPTED: "adopted with the backlog",
    EscalationState.SUPERSEDED: "escalated before, and taken over by a route above",
    EscalationState.GONE: "escalated before",
}


def is_above(escalation: Escalation, route: Route, policy: Policy) -> bool:
    """Whether the past escalation's route stands above; one that the policy no longer has stands above all."""
    ranks = {name: rank for rank, one in enumerate(policy.routes) for name in one.names}
    return ranks.get(escalation.route, -1) < ranks[route.name]


def fresh(in_org: PolicyInOrg, route: Route, case: Case, finding: Finding) -> Decision:
    """A new escalation: its note and its steps; held where the note cannot be complete."""
    decision = match(in_org, route, case, finding, State.PLANNED, reason_of(route, case))
    if route.name in in_org.unfit:
        return decision.ended(State.REJECTED, in_org.unfit[route.name])
    if route.escalate is None:
        return decision.ended(State.REJECTED, TELLS_ONLY)
    texts = in_org.org_facts.quick_texts
    note = write_note(in_org.policy, route, case, decision.identity, decision.findings, in_org.now, texts)
    if isinstance(note, Held):
        return replace(decision, state=State.HELD, reason=note.reason)
    steps = planned_steps(case, route.escalate, note, in_org.org_facts.queues, in_org.policy.priorities)
    if isinstance(steps, str):
        return replace(decision, state=State.HELD, reason=steps)
    escalations = in_org.escalations(case)
    same = next((escalation for escalation in escalations if escalation.key == decision.key), None)
    takes_over = tuple(
        escalation
        for escalation in escalations
        if escalation.is_open and escalation.key != decision.key and escalation.state is not EscalationState.UNKNOWN
    )
    return replace(decision, steps=steps, escalation=same, takes_over=takes_over)


def match(
    in_org: PolicyInOrg,
    route: Route,
    case: Case,
    finding: Finding,
    state: State,
    reason: str,
    escalation: Escalation | None = None,
) -> Decision:
    organization, number = in_org.org_facts.caller.organization_id, in_org.episode(route, case)
    identity = Identity(organization, in_org.policy.name, route.name, case.id, episode=number)
    own = finding.parts[-1]  # the route's `when`; the scope before it says nothing about this case in particular
    return Decision(in_org.policy, route, case, identity, state, reason, tuple(reasons(own)), escalation=escalation)
