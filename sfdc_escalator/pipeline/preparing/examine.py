"""One case, read with everything that the policies read. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass

from sfdc_escalator.errors import PlanRefused
from sfdc_escalator.escalation.decisions.decide import decide
from sfdc_escalator.escalation.decisions.draft import draft
from sfdc_escalator.escalation.decisions.match import Match, NoMatch
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.note.note import Renderer
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.needs import Need
from sfdc_escalator.escalation.world.org import Caller
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.preparing.prepare import check_found, policy_in_org, prepare


@dataclass(frozen=True, slots=True)
class Examined:
    """The case, and for each policy the facts it judges by and the judgement of a run."""

    case: Case
    policies_in_org: tuple[PolicyInOrg, ...]
    judged: tuple[Match | NoMatch, ...]


def examine(
    org: Org, caller: Caller, history: History, policies: Sequence[Policy], case: str, render: Renderer
) -> Examined:
    """Reads the case. Raises Invalid for a case that the org does not show, or where no route could be asked for."""
    org_facts = org.facts(caller, policies)
    poll = org.poll(policies, org_facts, case)
    check_found(case, poll, policies)
    policies_in_org = tuple(policy_in_org(policy, org_facts, history, caller.now, poll) for policy in policies)
    needs = frozenset[Need]().union(*(in_org.needs for in_org in policies_in_org))
    (complete,) = org.complete(poll.cases[:1], needs, history.users | {caller.user_id})
    judged = tuple(drafted(in_org, complete, render) for in_org in policies_in_org)
    return Examined(complete, policies_in_org, in_a_run(org, caller, history, policies, judged, render))


def drafted(in_org: PolicyInOrg, case: Case, render: Renderer) -> Match | NoMatch:
    found = decide(in_org, case)
    return draft(in_org, found, render) if isinstance(found, Match) else found


def in_a_run(
    org: Org,
    caller: Caller,
    history: History,
    policies: Sequence[Policy],
    judged: tuple[Match | NoMatch, ...],
    render: Renderer,
) -> tuple[Match | NoMatch, ...]:
    """The planned matches as in the plan of a whole run, where a guard may withhold them."""
    planned = [one for one in judged if isinstance(one, Match) and one.state is State.PLANNED]
    if not planned:
        return judged
    try:
        plan = prepare(org, caller, history, policies, RunOptions(backlog="escalate"), render).plan
        found = {one.identity: one for one in plan.matches}
    except PlanRefused as error:
        found = {one.identity: one.ended(State.WITHHELD, error.message) for one in planned}
    return tuple(found.get(one.identity, one) if one in planned else one for one in judged)
