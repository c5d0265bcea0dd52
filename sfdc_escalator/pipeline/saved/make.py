"""A saved plan from the result of a rehearsal."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from sfdc_escalator.escalation.decisions.on_ladder import seen_rungs
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.ladder import After
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.saved.plan import (
    Adopted,
    PlannedStanding,
    PolicyOfPlan,
    SavedPlan,
    Withheld,
    WithheldCase,
)
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import RungName
from sfdc_escalator.escalation.world.ladder_facts import LadderFacts
from sfdc_escalator.pipeline.changes import escalation_of
from sfdc_escalator.pipeline.preparing.prepare import Prepared
from sfdc_escalator.pipeline.standings import of_started


def saved_plan(prepared: Prepared, org: str, made_by: str, choices: RunOptions) -> SavedPlan:
    """The plan, for its file. `org` is the name that the person gives to the org."""
    plan = prepared.plan
    return SavedPlan(
        org=org,
        organization_id=plan.organization_id,
        polled_at=prepared.poll.at,
        now=plan.now,
        made_by=made_by,
        policies=tuple(policy_of_plan(one) for one in plan.policies),
        plan_digest=plan.digest,
        guards={one.name: one.guards for one in plan.policies},
        choices=choices,
        orders=plan.orders,
        withheld=tuple(withheld(prepared)),
        adopted=tuple(Adopted(one.identity, one.case.number, one.policy.digest, one.findings) for one in plan.adopted),
        live=tuple(sorted(plan.complete)),
        bypassing=frozenset(
            (policy.name, route.name) for policy in plan.policies for route in policy.routes if route.bypass_guards
        ),
        rungs={name: seen for policy in plan.policies for name, seen in rungs(prepared, policy)},
        standings=dict(standings(prepared)),
        rules={one.name: one.notices for one in plan.policies},
    )


def policy_of_plan(policy: Policy) -> PolicyOfPlan:
    return PolicyOfPlan(policy.name, policy.digest)


def withheld(prepared: Prepared) -> Iterator[Withheld]:
    """Each route that is withheld, with its cases; those of a backlog beyond `--limit` by their own reason."""
    found: dict[tuple[str, str, str], list[WithheldCase]] = {}
    for match in prepared.plan.matches:
        if match.state is State.WITHHELD:
            case = WithheldCase(match.identity.key, match.case.id, match.case.number)
            found.setdefault((*match.name, match.reason), []).append(case)
    return (Withheld(policy, route, reason, tuple(cases)) for (policy, route, reason), cases in found.items())


def rungs(prepared: Prepared, policy: Policy) -> Iterator[tuple[RungName, datetime | None]]:
    """The rungs of the policy, each with the time at which a live run first saw it."""
    for route in policy.routes:
        known = seen_rungs(prepared.history, policy, route)
        for rung in route.ladder.rungs:
            yield (policy.name, route.name, rung.id), known.get(rung.id)


def standings(prepared: Prepared) -> Iterator[tuple[str, PlannedStanding]]:
    """The standing of each start, as if it were carried out now. The next run finds its exact moment."""
    made = tuple(started(prepared, one) for one in starts(prepared))
    for in_org in prepared.policies_in_org:
        rungs_of = {(route.name, rung.id): rung for route in in_org.policy.routes for rung in route.ladder.rungs}
        for key, standing in of_started(in_org, prepared, made):
            rung = rungs_of.get((standing.route, standing.rung))
            yield key, PlannedStanding(standing, rung is not None and not isinstance(rung.when, After))


def starts(prepared: Prepared) -> Iterator[Escalation]:
    for order in prepared.plan.orders:
        made = escalation_of(order, EscalationState.APPLIED, tried_at=prepared.plan.now)
        if made.is_start:
            yield replace(made, case_number=order.case_number)


def started(prepared: Prepared, made: Escalation) -> Escalation:
    facts = made.ladder or LadderFacts()
    return replace(made, ladder=replace(facts, started=facts.started or prepared.plan.now))
