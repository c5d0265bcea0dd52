"""What is to be done with one case: which route fits first, and what the ledger remembers of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from sfdc_escalator.escalation.conditions.criteria import Finding, judge
from sfdc_escalator.escalation.conditions.findings import reasons
from sfdc_escalator.escalation.decisions.decision import Decision, State
from sfdc_escalator.escalation.decisions.own_steps import fits_without_us
from sfdc_escalator.escalation.decisions.view import View
from sfdc_escalator.escalation.note.note import Held, reason_of, write_note
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.steps import planned_steps
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.history import Memory, Past
from sfdc_escalator.escalation.world.keys import Identity

TELLS_ONLY = "it fits; this route only tells people, and takes no step"
TOLD_FIRST = "it fits; the route {} comes first, and only tells people"
OLD_WORDS = "nothing that was said since the last escalation makes it fit again"
OUR_VALUES = "it fits only because of the values that our own steps wrote"


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """A case that was read and that no route of the policy fits. Why is worked out only when somebody asks."""

    policy: str
    case: Case
    why: Callable[[], Mapping[str, str]] = field(compare=False, repr=False)

    @property
    def reasons(self) -> Mapping[str, str]:
        """The first thing missing for each route."""
        return self.why()


def decide(view: View, case: Case) -> Decision | LeftAlone:
    """The first route that fits, most serious first; what our own steps made fit does not count."""
    for route in fitting(view, case):
        if route.escalate is None:
            break
        finding = judge(view.policy.condition(route), case, view.scene_of(route, case))
        if ended := remembered(view, route, case, finding):
            return ended
        if has_newer_words(view, route, case):
            return fresh(view, route, case, finding)
    return LeftAlone(view.policy.name, case, partial(misses, view, case))


def misses(view: View, case: Case) -> dict[str, str]:
    """The first thing missing for each route."""
    found, first = dict[str, str](), ""
    for route in view.policy.routes:
        missing = why_not(view, route, case)
        if missing is None and route.escalate is None:
            first = first or route.name
        found[route.name] = missing or (TELLS_ONLY if route.escalate is None else TOLD_FIRST.format(first))
    for past in view.pasts(case):
        if past.is_open and past.route in found:
            found[past.route] = f"{ALREADY_WORDS.get(past.state, UNSETTLED)}; now {found[past.route]}"
    return found


def fitting(view: View, case: Case) -> Iterator[Route]:
    """The routes that fit, most serious first."""
    if not view.history.by_case.get(case.id):  # nearly all cases; nothing of ours is on them
        yield from (route for route, condition in view.judged if condition.holds(case, view.scene))
        return
    for route, condition in view.judged:
        if condition.holds(case, view.scene_of(route, case)) and not own_doing(view, route, case):
            yield route


def why_not(view: View, route: Route, case: Case) -> str | None:
    """The first thing missing; None where nothing is."""
    if route.name in view.unpolled:
        return view.unpolled[route.name]
    finding = judge(view.policy.condition(route), case, view.scene_of(route, case))
    if not finding.holds:
        return next(reasons(finding, holding=False), "it does not match")
    if own_doing(view, route, case):
        return OUR_VALUES
    return None if has_newer_words(view, route, case) else OLD_WORDS


def has_newer_words(view: View, route: Route, case: Case) -> bool:
    """Whether the route also fits by what was said since it last escalated the case."""
    scene = view.scene_of(route, case, newer_words=True)
    return scene.escalated_at is None or view.policy.condition(route).holds(case, scene)


def own_doing(view: View, route: Route, case: Case) -> bool:
    """Whether the route fits only because of what our own steps wrote; a route's own open episode is no doing of that
    kind: it is remembered."""
    pasts = view.pasts(case)
    if any(past.was_sent and past.route in route.names and not view.over(past, route, case) for past in pasts):
        return False
    every = view.history.by_case.get(case.id, ())
    return not fits_without_us(view.policy.condition(route), case, every, view.scene_of(route, case))


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
        rearm = route.rearm if isinstance(route.rearm, timedelta) else None
        rearmed = past.ended_at + rearm if past.ended_at and rearm else None
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
    decision = match(view, route, case, finding, State.PLANNED, reason_of(route, case))
    if route.name in view.unfit:
        return decision.ended(State.REJECTED, view.unfit[route.name])
    if route.escalate is None:
        return decision.ended(State.REJECTED, TELLS_ONLY)
    texts = view.survey.quick_texts
    note = write_note(view.policy, route, case, decision.identity, decision.findings, view.now, texts)
    if isinstance(note, Held):
        return replace(decision, state=State.HELD, reason=note.reason)
    steps = planned_steps(case, route.escalate, note, view.survey.queues, view.policy.priorities)
    if isinstance(steps, str):
        return replace(decision, state=State.HELD, reason=steps)
    pasts = view.pasts(case)
    same = next((past for past in pasts if past.key == decision.key), None)
    takes_over = tuple(
        past for past in pasts if past.is_open and past.key != decision.key and past.state is not Memory.UNKNOWN
    )
    return replace(decision, steps=steps, past=same, takes_over=takes_over)


def match(
    view: View, route: Route, case: Case, finding: Finding, state: State, reason: str, past: Past | None = None
) -> Decision:
    organization, number = view.survey.caller.organization_id, view.episode(route, case)
    identity = Identity(organization, view.policy.name, route.name, case.id, episode=number)
    own = finding.parts[-1]  # the route's `when`; the scope before it says nothing about this case in particular
    return Decision(view.policy, route, case, identity, state, reason, tuple(reasons(own)), past=past)
