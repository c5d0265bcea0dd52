"""The open escalations of a policy that have a ladder, each with its progress."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sfdc_escalator.escalation.conditions.findings import reasons
from sfdc_escalator.escalation.conditions.tree import All, judge
from sfdc_escalator.escalation.decisions.outcome import HeldBy
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.ladder.acknowledgement import Escalated
from sfdc_escalator.escalation.ladder.held_time import merged
from sfdc_escalator.escalation.ladder.progress import Progress, Times, Turn
from sfdc_escalator.escalation.ladder.standing import standing
from sfdc_escalator.escalation.ladder.times import due_of, times_of, zone_of_due
from sfdc_escalator.escalation.policy.ladder import Ladder
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.ladder_facts import Hold, Interval, LadderFacts, StandingState, longest

IN_FLIGHT = frozenset({EscalationState.UNKNOWN, EscalationState.SENDING})
NOT_DONE = frozenset({EscalationState.PLANNED, EscalationState.SUPERSEDED})
"""A turn in such a state does not count as climbed: it was never sent, or belongs to a case that was merged away."""


@dataclass(frozen=True, slots=True)
class OnLadder:
    """One open escalation. `rungs` are the turns that the ledger has; `times` those of the ladder for this case.

    Its times are shown in `zone`. `started` is None until the note was read back in the org: nothing is climbed before.
    """

    organization_id: str
    start: Escalation
    route: Route
    case: Case
    facts: LadderFacts
    started: datetime | None
    times: tuple[Times, ...]
    rungs: tuple[Escalation, ...]
    aside: frozenset[str]
    holds: tuple[Hold, ...]
    now: datetime
    zone: ZoneInfo

    @property
    def is_held(self) -> bool:
        return self.held_by is not None

    @property
    def held_by(self) -> Hold | None:
        return lasting(self.holds, self.now)

    @property
    def in_flight(self) -> Escalation | None:
        """A turn whose outcome is not known."""
        return next((one for one in self.rungs if one.state in IN_FLIGHT), None)

    @property
    def progress(self) -> Progress | None:
        """The progress, once the start is known."""
        if self.started is None:
            return None
        held = merged(Interval(hold.begin, hold.end(self.now)) for hold in self.holds)
        return Progress(
            self.started,
            self.facts.due,
            self.facts.acknowledged,
            frozenset(self.turn_of(one) for one in self.rungs if one.state not in NOT_DONE),
            self.facts.moved,
            self.aside,
            held,
            self.is_held,
        )

    @property
    def is_exhausted(self) -> bool:
        """True where a rung was climbed or skipped, none is left, and nobody acted."""
        progress = None if self.in_flight else self.progress
        return (
            progress is not None
            and bool(progress.done)
            and standing(self.times, progress, self.now).state is StandingState.EXHAUSTED
        )

    @property
    def escalated(self) -> Escalated | None:
        """The escalation as its acknowledgement sees it."""
        if self.started is None:
            return None
        return Escalated(self.started, (self.start.wrote or {}).get("OwnerId"), frozenset(self.facts.proved))

    def turn_of(self, one: Escalation) -> Turn:
        """The rung, by its id of today, and the turn."""
        return next((rung.id for rung in self.route.ladder.rungs if one.rung in rung.ids), one.rung), one.turn


def on_ladders(in_org: PolicyInOrg, cases: Mapping[str, Case]) -> list[OnLadder]:
    """The open escalations of this policy whose route has a ladder and whose case was read."""
    routes = {name: route for route in in_org.policy.routes if route.ladder for name in route.names}
    found = (
        start
        for start in in_org.history.starts()
        if start.policy == in_org.policy.name and start.state is EscalationState.APPLIED and start.route in routes
    )
    return [
        on_ladder(in_org, start, routes[start.route], cases[start.case_id]) for start in found if start.case_id in cases
    ]


def on_ladder(in_org: PolicyInOrg, start: Escalation, route: Route, case: Case) -> OnLadder:
    facts = start.ladder or LadderFacts()
    started = facts.started or (start.tried_at if start.is_found else None)
    if start.is_found and started and facts.due is None:  # the ledger that knew it was lost
        facts = replace(facts, due=due_of(route.due, case, replace(in_org.circumstances, now=started)))
    seen = seen_rungs(in_org.history, in_org.policy, route)
    return OnLadder(
        organization_id=in_org.org_facts.caller.organization_id,
        start=start,
        route=route,
        case=case,
        facts=facts,
        started=started,
        times=times_of(route.ladder, case, in_org.circumstances),
        rungs=(*in_org.history.rungs_of(start, route.names), *undos_in_flight(in_org.history, start)),
        aside=aside(route.ladder, seen, started or start.tried_at),
        holds=holds_of(in_org, route, case),
        now=in_org.now,
        zone=zone_of_due(in_org.policy, route, case, in_org.circumstances),
    )


def undos_in_flight(history: History, start: Escalation) -> Iterator[Escalation]:
    """The undos of which it is not known whether they were written: until then nothing is climbed."""
    return (one for one in history.undos_of(start) if one.state in IN_FLIGHT)


def seen_rungs(history: History, policy: Policy, route: Route) -> Mapping[str, datetime]:
    """The time of the live run that first saw each rung of the route, by its id of today."""
    by_name = [history.rungs.get((policy.name, name), {}) for name in route.names]
    found = {rung.id: [seen[one] for seen in by_name for one in rung.ids if one in seen] for rung in route.ladder.rungs}
    return {rung: min(times) for rung, times in found.items() if times}


def aside(ladder: Ladder, seen: Mapping[str, datetime], started: datetime | None) -> frozenset[str]:
    """The rungs that came into the policy after the start. One that no live run has seen comes only now."""
    return frozenset(
        rung.id for rung in ladder.rungs if started is None or rung.id not in seen or started < seen[rung.id]
    )


def holds_of(in_org: PolicyInOrg, route: Route, case: Case) -> tuple[Hold, ...]:
    """The holds of the case for this route, past and present, also those that name it as it was called before;
    `hold_while` as this run sees it."""
    policy, known = in_org.policy.name, in_org.history.holds_of(case.id)
    stored = [hold for hold in known if any(hold.covers(policy, name) for name in route.names)]
    return tuple(changed_by_field(in_org, case, stored))


def changed_by_field(in_org: PolicyInOrg, case: Case, stored: Iterable[Hold]) -> Iterator[Hold]:
    """The holds of a person, and those by `hold_while`: one begins, or ends, with what the case says now."""
    holds_now, lasting = is_held_by_field(in_org, case), False
    for hold in stored:
        if hold.kind == "field" and hold.released is None:
            lasting = True
            yield hold if holds_now else ended(hold, in_org.now)
        else:
            yield hold
    if holds_now and not lasting:
        yield field_hold(in_org, case)


def lasting(holds: Iterable[Hold], now: datetime) -> Hold | None:
    """The hold that lasts now; of several the one that ends last."""
    return longest(hold for hold in holds if hold.lasts(now))


def hold_of_start(in_org: PolicyInOrg, route: Route, case: Case) -> Hold | None:
    """The hold that keeps this route from starting an escalation. A route that bypasses guards starts all the same."""
    return None if route.bypass_guards else lasting(holds_of(in_org, route, case), in_org.now)


def hold_text(hold: Hold) -> str:
    until = f" until {hold.until:%Y-%m-%d %H:%M} UTC" if hold.until else ""
    return f"held{until} by {hold.by}: {hold.why}"


def held_by(hold: Hold) -> HeldBy:
    return "field" if hold.kind == "field" else "hold"


def is_held_by_field(in_org: PolicyInOrg, case: Case) -> bool:
    conditions = in_org.policy.hold_while
    return bool(conditions) and All(conditions).holds(case, in_org.circumstances)


def field_hold(in_org: PolicyInOrg, case: Case) -> Hold:
    finding = judge(All(in_org.policy.hold_while), case, in_org.circumstances)
    why = "; ".join(reasons(finding))
    return Hold(case.id, case.number, in_org.now, None, why, "hold_while", "field", in_org.policy.name)


def ended(hold: Hold, now: datetime) -> Hold:
    return replace(hold, released=max(now, hold.begin))
