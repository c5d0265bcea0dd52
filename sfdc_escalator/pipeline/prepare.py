"""From the org and the ledger to a plan: survey, recover, poll, judge, look for keys. Reads only."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from sfdc_escalator.errors import Invalid, PlanRefused
from sfdc_escalator.escalation.conditions.tree import paths_of
from sfdc_escalator.escalation.decisions.decide import NoMatch, decide
from sfdc_escalator.escalation.decisions.decision import Decision, RouteName, State
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.explaining.misses import NearMiss
from sfdc_escalator.escalation.planning.plan import Plan, build_plan
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.readiness.fitness import doubts, unfit_routes
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.needs import Need
from sfdc_escalator.escalation.world.org import Caller, OrgFacts
from sfdc_escalator.pipeline.changes import escalation_found
from sfdc_escalator.pipeline.nearest import near_misses
from sfdc_escalator.pipeline.ports import KeyedNote, Org, Poll
from sfdc_escalator.pipeline.recover import Settled, recover, watch
from sfdc_escalator.pipeline.second_look import second_look


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan and what it rests on. `settled` and `found` became known by reading; only a live run stores them.

    `near` reads on for the cases that came nearest to a match.
    """

    plan: Plan
    org_facts: OrgFacts
    poll: Poll
    history: History
    settled: tuple[Settled, ...]
    found: tuple[Decision, ...]
    broken: Mapping[RouteName, str]
    doubts: tuple[str, ...]
    near: Callable[[], tuple[NearMiss, ...]] = field(default=tuple, compare=False, repr=False)

    @property
    def recovered(self) -> int:
        """How many outcomes that were unknown are settled now."""
        return sum(one.event in ("recovered", "absent") for one in self.settled)


def prepare(org: Org, caller: Caller, remembered: History, policies: Sequence[Policy], options: RunOptions) -> Prepared:
    """The plan of this run. Raises Invalid for a route or case that does not exist, PlanRefused for a lost ledger."""
    check_route(policies, options)
    org_facts = org.facts(caller, policies)
    us = remembered.users | {caller.user_id}
    needs = frozenset[Need]().union(*(policy.needs() for policy in policies))
    settled = recover(org, remembered, paths_of(needs), us, caller.now)
    history = remembered.with_escalations(one.escalation for one in settled)
    poll = org.poll(policies, org_facts, options.case)
    if options.case is not None:
        check_found(options.case, poll, policies)
    policies_in_org = [policy_in_org(policy, org_facts, history, caller.now, poll) for policy in policies]
    look = second_look(org, policies_in_org, poll.cases, us)
    if options.case is None:
        watched = watch(org, history, policies_in_org, look, needs, complete=not poll.broken)
        settled, history = (*settled, *watched), history.with_escalations(one.escalation for one in watched)
        policies_in_org = [replace(in_org, history=history) for in_org in policies_in_org]
    cases = look.cases
    judged = judge_all(policies_in_org, cases)
    found = look_for_keys(org, judged, us)
    if found:
        refuse_if_lost(history, found)
        history = history.with_escalations(decision.escalation for decision in found if decision.escalation)
        judged = judge_all([replace(in_org, history=history) for in_org in policies_in_org], cases)
    broken = dict(poll.broken)
    for in_org in policies_in_org:
        for name, why in in_org.unfit.items():
            told = broken.get((in_org.policy.name, name))
            broken[in_org.policy.name, name] = f"{told}; {why}" if told else why
    plan = build_plan(policies, org_facts, history, caller.now, judged, options, broken)
    wonders = tuple(doubt for policy in policies for doubt in doubts(policy, org_facts))
    near = partial(near_misses, org, policies_in_org, look, us, options)
    return Prepared(plan, org_facts, poll, history, settled, found, broken, wonders, near)


def check_route(policies: Sequence[Policy], options: RunOptions) -> None:
    names = sorted({route.name for policy in policies for route in policy.routes})
    if options.route is not None and options.route not in names:
        raise Invalid(f"no policy has a route {options.route!r}; there are: {', '.join(names)}")


def check_found(case: str, poll: Poll, policies: Sequence[Policy]) -> None:
    """Raises Invalid for a case that the org does not show, and where no route could be asked for."""
    if poll.cases:
        return
    if len(poll.broken) == sum(len(policy.routes) for policy in policies):
        told = "; ".join(f"{policy}/{route}: {why}" for (policy, route), why in sorted(poll.broken.items()))
        raise Invalid(f"case {case} was not looked for, as no route can be read in this org: {told}")
    raise Invalid(f"case {case} is not in this org, or this user cannot see it")


def policy_in_org(policy: Policy, org_facts: OrgFacts, history: History, now: datetime, poll: Poll) -> PolicyInOrg:
    unpolled = {route: why for (name, route), why in poll.broken.items() if name == policy.name}
    return PolicyInOrg(policy, org_facts, history, now, unpolled, unfit_routes(policy, org_facts))


def judge_all(policies_in_org: Iterable[PolicyInOrg], cases: Sequence[Case]) -> list[Decision | NoMatch]:
    return [decide(in_org, case) for in_org in policies_in_org for case in cases]


def look_for_keys(org: Org, judged: Iterable[Decision | NoMatch], us: frozenset[str]) -> tuple[Decision, ...]:
    """The planned escalations whose note already stands on the case, under the route's present or a former name; each
    with what the note proves of its past."""
    new = (State.PLANNED, State.HELD)
    planned = {one.case.id: one for one in judged if isinstance(one, Decision) and one.state in new}
    if not planned:
        return ()
    notes = org.keyed_notes(sorted(planned), us)
    strange = sorted({note.case_id for note in notes} - {one.case_id for one in notes if fits(one, planned, {})})
    losers = org.merged_into(strange) if strange else {}
    found = {note.case_id: note.at for note in reversed(notes) if fits(note, planned, losers)}
    return tuple(
        replace(planned[case_id], escalation=escalation_found(planned[case_id], found[case_id])) for case_id in found
    )


def fits(note: KeyedNote, planned: Mapping[str, Decision], losers: Mapping[str, frozenset[str]]) -> bool:
    """Whether the note's key is that of the planned escalation, or was that of a case merged into this one: a merge
    moves the notes, and they count for both."""
    decision = planned.get(note.case_id)
    if decision is None:
        return False
    cases = (note.case_id, *losers.get(note.case_id, ()))
    identities = [replace(decision.identity, route=name, case_id=one) for name in decision.route.names for one in cases]
    return note.key in {identity.key for identity in identities}


def refuse_if_lost(history: History, found: Sequence[Decision]) -> None:
    """An empty ledger beside keys in the org is a lost ledger, not a first run."""
    if history.empty:
        raise PlanRefused(
            f"the ledger is empty, but {len(found)} of the cases to escalate already carry a note with our key "
            f"(the first: {found[0].identity.key} on case {found[0].case.number}): the ledger was lost, or is another "
            "one. Name the right one with --ledger, restore it from a backup, or read the keys back from the org with "
            "`ledger rebuild`"
        )
