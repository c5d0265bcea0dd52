"""The plan: every match with its decision, in the order in which it is carried out. It can refuse itself."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.decisions.decide import NoMatch
from sfdc_escalator.escalation.decisions.decision import Decision, RouteName, State, name_of
from sfdc_escalator.escalation.planning.guards import guard_reasons
from sfdc_escalator.escalation.planning.run_options import (
    BACKLOG,
    RunOptions,
    adopt,
    backlog_routes,
    limited,
    one_per_case,
    sort_out,
)
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.policy.steps import Kind
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.org import OrgFacts


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the plan withholds a route."""

    policy: str
    route: str
    reason: str
    cases: int


@dataclass(frozen=True, slots=True)
class Plan:
    """`complete` holds the routes that this run deals with in full: they have run live once it is carried out."""

    organization_id: str
    now: datetime
    policies: tuple[Policy, ...]
    decisions: tuple[Decision, ...]
    no_match: tuple[NoMatch, ...]
    refusals: tuple[Refusal, ...]
    complete: frozenset[RouteName]

    @property
    def planned(self) -> tuple[Decision, ...]:
        return tuple(decision for decision in self.decisions if decision.state is State.PLANNED)

    @property
    def adopted(self) -> tuple[Decision, ...]:
        return tuple(decision for decision in self.decisions if decision.adopt)

    @property
    def digest(self) -> str:
        """SHA-256 of what is planned: no texts, ages or times."""
        escalations = [
            {
                "key": decision.key,
                "steps": [
                    [step.kind, None, None] if step.kind is Kind.NOTE else [step.kind, step.before, step.after]
                    for step in decision.steps
                ],
            }
            for decision in sorted(self.planned, key=lambda decision: decision.key)
        ]
        content = {
            "escalations": escalations,
            "organization_id": self.organization_id,
            "policies": [policy.digest for policy in self.policies],
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def build_plan(
    policies: Sequence[Policy],
    org_facts: OrgFacts,
    history: History,
    now: datetime,
    judged: Iterable[Decision | NoMatch],
    options: RunOptions,
    broken: Iterable[RouteName] = (),
) -> Plan:
    """The plan of one run. Choices and guards act in this order: route, one per case, backlog, limit, guards."""
    decisions, no_match = sort_out(judged, options)
    decisions.sort(key=order(policies))
    backlog = backlog_routes(decisions, history)
    why: dict[RouteName, str] = {}
    if options.backlog is None and not options.is_trial:
        why = dict.fromkeys(sorted(backlog), BACKLOG)
    elif options.backlog == "adopt":
        decisions = [adopt(decision) if name_of(decision) in backlog else decision for decision in decisions]
    while True:
        refusals: list[Refusal] = []
        left = limited(one_per_case(withhold(decisions, why, refusals)), backlog, options)
        offenders = guard_reasons(left, org_facts)
        if not offenders:
            break
        why |= offenders  # what they took from the others is the others' again
    decisions = left
    left_out = {*broken, *why, *(backlog if options.backlog is None else ())}
    complete = frozenset(options.routes(policies) - left_out) if not options.is_trial else frozenset[RouteName]()
    organization_id = org_facts.caller.organization_id
    return Plan(organization_id, now, tuple(policies), tuple(decisions), no_match, tuple(refusals), complete)


def order(policies: Sequence[Policy]) -> Callable[[Decision], tuple[int, int, int, datetime, str]]:
    """By policy, route, priority (highest first), longest wait."""
    places = {policy.name: place for place, policy in enumerate(policies)}
    routes = {(policy.name, route.name): place for policy in policies for place, route in enumerate(policy.routes)}
    ranks = {policy.name: {fold(name): rank for rank, name in enumerate(policy.priorities)} for policy in policies}

    def place(decision: Decision) -> tuple[int, int, int, datetime, str]:
        case, policy = decision.case, decision.policy.name
        rank = ranks[policy].get(fold(case.priority or ""), -1)
        return places[policy], routes[name_of(decision)], -rank, case.created, case.id

    return place


def withhold(decisions: Sequence[Decision], why: dict[RouteName, str], refusals: list[Refusal]) -> list[Decision]:
    """Keeps back what these routes plan, and notes one refusal for each."""
    counts = Counter(name_of(one) for one in decisions if one.state is State.PLANNED and name_of(one) in why)
    refusals.extend(Refusal(*name, why[name], count) for name, count in counts.items())
    return [
        decision.ended(State.WITHHELD, why[name_of(decision)])
        if decision.state is State.PLANNED and name_of(decision) in why
        else decision
        for decision in decisions
    ]
