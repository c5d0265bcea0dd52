"""The plan: every match, in the order in which it is carried out, and the orders. It can refuse itself."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.decisions.outcome import BACKLOG, State
from sfdc_escalator.escalation.planning.guards import guard_reasons
from sfdc_escalator.escalation.planning.run_options import (
    RunOptions,
    adopt,
    backlog_routes,
    limited,
    one_per_case,
)
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.keys import RouteName
from sfdc_escalator.escalation.world.org import OrgFacts


@dataclass(frozen=True, slots=True)
class Refusal:
    """A route that the plan withholds, with the reason."""

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
    matches: tuple[Match, ...]
    refusals: tuple[Refusal, ...]
    complete: frozenset[RouteName]

    @property
    def orders(self) -> tuple[Order, ...]:
        """The escalations to carry out, in plan order."""
        return tuple(match.order for match in self.matches if match.order and match.state is State.PLANNED)

    @property
    def taken_over(self) -> frozenset[str]:
        """The keys of the escalations that these orders take over: nothing is climbed or skipped on their ladders."""
        return frozenset(one.key for order in self.orders for one in order.takes_over)

    @property
    def adopted(self) -> tuple[Match, ...]:
        return tuple(match for match in self.matches if match.adopt)

    @property
    def digest(self) -> str:
        """SHA-256 of what is planned: no texts, ages or times."""
        escalations = [
            {
                "key": order.key,
                "steps": [
                    [step.name, None, None] if step.is_note else [step.name, step.before, step.after]
                    for step in order.steps
                ],
            }
            for order in sorted(self.orders, key=lambda order: order.key)
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
    found: Iterable[Match],
    options: RunOptions,
    broken: Iterable[RouteName] = (),
) -> Plan:
    """The plan of one run, from the matches of the routes that it deals with. Options and guards act in this order: one
    per case, backlog, limit, guards."""
    matches = sorted(found, key=place_in(policies))
    backlog = backlog_routes(matches, history)
    reasons: dict[RouteName, str] = {}
    if options.backlog is None and not options.is_trial:
        reasons = dict.fromkeys(sorted(backlog), BACKLOG)
    elif options.backlog == "adopt":
        matches = [adopt(match) if match.name in backlog else match for match in matches]
    while True:
        refusals: list[Refusal] = []
        left = limited(one_per_case(withhold(matches, reasons, refusals)), backlog, options)
        offenders = guard_reasons(left, org_facts)
        if not offenders:
            break
        reasons |= offenders  # their part of the budget is free for the other routes again
    left_out = {*broken, *reasons, *(backlog if options.backlog is None else ())}
    complete = frozenset(options.routes(policies) - left_out) if not options.is_trial else frozenset[RouteName]()
    organization_id = org_facts.caller.organization_id
    return Plan(organization_id, now, tuple(policies), tuple(left), tuple(refusals), complete)


Place = tuple[bool, datetime, int, int, int, datetime, str]
FIRST = datetime.min.replace(tzinfo=UTC)


def place_in(policies: Sequence[Policy]) -> Callable[[Match], Place]:
    """The sort key of a match: by policy, route, priority (highest first), longest wait. Rungs follow all starts, by
    their moment."""
    places = {policy.name: place for place, policy in enumerate(policies)}
    routes = {(policy.name, route.name): place for policy in policies for place, route in enumerate(policy.routes)}
    ranks = {policy.name: {fold(name): rank for rank, name in enumerate(policy.priorities)} for policy in policies}

    def place(match: Match) -> Place:
        case, policy = match.case, match.policy.name
        rank = ranks[policy].get(fold(case.priority or ""), -1)
        moment = match.moment or FIRST
        return match.rung is not None, moment, places[policy], routes[match.name], -rank, case.created, case.id

    return place


def withhold(matches: Sequence[Match], reasons: Mapping[RouteName, str], refusals: list[Refusal]) -> list[Match]:
    """Withholds what these routes plan, and adds one refusal for each."""
    found = [(match, reason_to_withhold(match, reasons)) for match in matches]
    counts = Counter(match.name for match, reason in found if reason)
    refusals.extend(Refusal(*name, reasons[name], count) for name, count in counts.items())
    return [match.ended(State.WITHHELD, reason) if reason else match for match, reason in found]


def reason_to_withhold(match: Match, reasons: Mapping[RouteName, str]) -> str | None:
    """The reason for which a planned match is withheld. A rung belongs to no backlog: its escalation was started. One
    that writes nothing moves nothing."""
    reason = reasons.get(match.name) if match.state is State.PLANNED else None
    return None if match.rung and (reason == BACKLOG or not match.writes) else reason
