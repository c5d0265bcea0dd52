"""One case, looked at with everything that the policies read of it. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass

from sfdc_escalator.errors import PlanRefused
from sfdc_escalator.escalation.decisions.decide import NoMatch, decide
from sfdc_escalator.escalation.decisions.decision import Decision, State
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.needs import Need
from sfdc_escalator.escalation.world.org import Caller
from sfdc_escalator.pipeline.ports import Org
from sfdc_escalator.pipeline.prepare import check_found, policy_in_org, prepare


@dataclass(frozen=True, slots=True)
class Examined:
    """The case, and for each policy what its decisions rest on and what a run would decide."""

    case: Case
    policies_in_org: tuple[PolicyInOrg, ...]
    decisions: tuple[Decision | NoMatch, ...]


def examine(org: Org, caller: Caller, history: History, policies: Sequence[Policy], case: str) -> Examined:
    """Raises Invalid for a case that the org does not show, or where no route could be asked for."""
    org_facts = org.facts(caller, policies)
    poll = org.poll(policies, org_facts, case)
    check_found(case, poll, policies)
    policies_in_org = tuple(policy_in_org(policy, org_facts, history, caller.now, poll) for policy in policies)
    needs = frozenset[Need]().union(*(in_org.needs for in_org in policies_in_org))
    (complete,) = org.complete(poll.cases[:1], needs, history.users | {caller.user_id})
    decisions = tuple(decide(in_org, complete) for in_org in policies_in_org)
    return Examined(complete, policies_in_org, in_a_run(org, caller, history, policies, decisions))


def in_a_run(
    org: Org, caller: Caller, history: History, policies: Sequence[Policy], decisions: tuple[Decision | NoMatch, ...]
) -> tuple[Decision | NoMatch, ...]:
    """What is planned for the case as the plan of a whole run has it: there a guard may hold it back."""
    planned = [one for one in decisions if isinstance(one, Decision) and one.state is State.PLANNED]
    if not planned:
        return decisions
    try:
        plan = prepare(org, caller, history, policies, RunOptions(backlog="escalate")).plan
        found = {one.identity: one for one in plan.decisions}
    except PlanRefused as error:
        found = {one.identity: one.ended(State.WITHHELD, error.message) for one in planned}
    return tuple(found.get(one.identity, one) if one in planned else one for one in decisions)
