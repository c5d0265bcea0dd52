"""What is to be done with one case: which route fits first, and what the ledger remembers of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sfdc_escalator.escalation.case import Case
from sfdc_escalator.escalation.criteria import Finding, judge
from sfdc_escalator.escalation.episodes import episode, is_over
from sfdc_escalator.escalation.findings import reasons
from sfdc_escalator.escalation.history import History, Memory, Past
from sfdc_escalator.escalation.keys import Identity
from sfdc_escalator.escalation.note import Held, write_note
from sfdc_escalator.escalation.org import Survey
from sfdc_escalator.escalation.own_steps import fits_without_us
from sfdc_escalator.escalation.policy import Policy, Route
from sfdc_escalator.escalation.steps import Kind, Step, steps_for

RouteName = tuple[str, str]
"""(policy, route)"""


class State(StrEnum):
    """What becomes of a match; every match ends as exactly one of these."""

    PLANNED = "planned"
    APPLIED = "applied"
    ALREADY = "already"
    HELD = "held"
    WITHHELD = "withheld"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy says of a case that matches. `takes_over` are the open escalations that it supersedes.

    `deferrals` counts how often in a row the org deferred it, this run included.
    """

    policy: Policy
    route: Route
    case: Case
    identity: Identity
    state: State
    reason: str
    findings: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    past: Past | None = None
    takes_over: tuple[Past, ...] = ()
    adopt: bool = False
    deferrals: int = 0

    @property
    def key(self) -> str:
        """The key of the escalation that the decision is about: an earlier one where that ended the matter."""
        return self.past.key if self.past and self.state in (State.ALREADY, State.UNKNOWN) else self.identity.key

    def ended(self, state: State, reason: str) -> "Decision":
        """The same match, come to another end: what was planned was not done."""
        return replace(self, state=state, reason=reason, steps=tuple(step.undone() for step in self.steps))


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """A case that was read and that no route of the policy fits, with the first thing missing for each route."""

    policy: str
    case: Case
    reasons: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class View:
    """What one policy's decisions rest on. `unfit` says of a route why this org cannot carry it out."""

    policy: Policy
    survey: Survey
    history: History
    now: datetime
    unpolled: Mapping[str, str]
    unfit: Mapping[str, str]

    def pasts(self, case: Case) -> tuple[Past, ...]:
        return self.history.of_case(case.id, self.policy.name)

    def over(self, past: Past, route: Route, case: Case) -> bool:
        """Whether the past's episode is over; that of another route ends for that route."""
        own = next((one for one in self.policy.routes if past.route in one.names), route)
        return is_over(past, own, self.pasts(case), self.now)


def decide(view: View, case: Case) -> Decision | LeftAlone:
    """The first route that fits, most serious first; what our own steps made fit does not count."""
    misses: dict[str, str] = {}
    for route in view.policy.routes:
        if route.name in view.unpolled:
            misses[route.name] = view.unpolled[route.name]
            continue
        finding = judge(view.policy.condition(route), case, view.now)
        if not finding.holds:
            misses[route.name] = first_miss(finding)
        elif own_doing(view, route, case):
            misses[route.name] = "it fits only because of the values that our own steps wrote"
        else:
            return remembered(view, route, case, finding) or fresh(view, route, case, finding)
    for past in view.pasts(case):
        if past.is_open and past.route in misses:
            misses[past.route] = f"{ALREADY_WORDS.get(past.state, UNSETTLED)}; now {misses[past.route]}"
    return LeftAlone(view.policy.name, case, misses)


def first_miss(finding: Finding) -> str:
    return next(reasons(finding, holding=False), "it does not match")


def own_doing(view: View, route: Route, case: Case) -> bool:
    """Whether the route fits only because of what our own steps wrote; a route's own open episode is no doing of that
    kind: it is remembered."""
    pasts = view.pasts(case)
    if any(past.was_sent and past.route in route.names and not view.over(past, route, case) for past in pasts):
        return False
    every = view.history.by_case.get(case.id, ())
    return not fits_without_us(view.policy.condition(route), case, every, view.now)


def remembered(view: View, route: Route, case: Case, finding: Finding) -> Decision | None:
    """What the ledger remembers of this case, as far as it ends the matter."""
    pasts = view.pasts(case)
    for past in pasts:
        if past.state in (Memory.UNKNOWN, Memory.SENDING):
            return match(view, route, case, finding, State.UNKNOWN, f"{past.key}: {past.message or UNSETTLED}", past)
    standing = [past for past in pasts if not view.over(past, route, case)]
    for past in standing:
        if past.route in route.names and (ended := refused_by(past, route, view.now)):
            return match(view, route, case, finding, *ended, past)
    above = next((past for past in standing if past.is_open and is_above(past, route, view.policy)), None)
    if above:
        reason = f"escalated by the route {above.route}, which comes first"
        return match(view, route, case, finding, State.ALREADY, reason, above)
    return None


def refused_by(past: Past, route: Route, now: datetime) -> tuple[State, str] | None:
    """How the route's own past ends the matter, if it does."""
    if past.state in ALREADY_WORDS:
        rearmed = past.ended_at + route.rearm if past.ended_at and route.rearm else None
        wait = f"; it may be again from {rearmed:%Y-%m-%d %H:%M} UTC" if rearmed else ""
        return State.ALREADY, ALREADY_WORDS[past.state] + wait
    again = past.try_again_at()
    if again is not None and now < again:
        reason = f"{past.message} (tried {past.attempts} times, next try at {again:%Y-%m-%d %H:%M} UTC)"
        return State.REJECTED, reason
    return None


UNSETTLED = "an earlier send has no known outcome; it is not sent again before that is settled"
ALREADY_WORDS = {
    Memory.APPLIED: "escalated by an earlier run",
    Memory.ADOPTED: "adopted with the backlog",
    Memory.SUPERSEDED: "escalated before, and taken over by a route above",
    Memory.GONE: "escalated before",
}


def is_above(past: Past, route: Route, policy: Policy) -> bool:
    """Whether the past escalation's route stands above; one that the policy no longer has stands above all."""
    ranks = {name: rank for rank, one in enumerate(policy.routes) for name in one.names}
    return ranks.get(past.route, -1) < ranks[route.name]


def fresh(view: View, route: Route, case: Case, finding: Finding) -> Decision:
    """A new escalation: its note and its steps; held where the note cannot be complete."""
    decision = match(view, route, case, finding, State.PLANNED, route.reason)
    if route.name in view.unfit:
        return decision.ended(State.REJECTED, view.unfit[route.name])
    note = write_note(view.policy, route, case, decision.identity, decision.findings, view.now)
    if isinstance(note, Held):
        return replace(decision, state=State.HELD, reason=note.reason)
    escalate = route.escalate
    queue = view.survey.queues[escalate.queue.queue] if escalate.queue else None
    steps = steps_for(case, escalate, note, queue, view.policy.priorities)
    pasts = view.pasts(case)
    same = next((past for past in pasts if past.key == decision.key), None)
    takes_over = tuple(
        past for past in pasts if past.is_open and past.key != decision.key and past.state is not Memory.UNKNOWN
    )
    return replace(decision, steps=steps, past=same, takes_over=takes_over)


def match(
    view: View, route: Route, case: Case, finding: Finding, state: State, reason: str, past: Past | None = None
) -> Decision:
    number = episode(route, view.pasts(case), view.now)
    identity = Identity(view.survey.caller.organization_id, view.policy.name, route.name, case.id, episode=number)
    own = finding.parts[-1]  # the route's `when`; the scope before it says nothing about this case in particular
    return Decision(view.policy, route, case, identity, state, reason, tuple(reasons(own)), past=past)


def note_of(decision: Decision) -> str:
    """The note's text; empty where none was written."""
    return next((step.after or "" for step in decision.steps if step.kind is Kind.NOTE), "")


def name_of(decision: Decision) -> RouteName:
    return decision.policy.name, decision.route.name
