"""One case, looked at with everything that the policies read of it. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass

from sfdc_escalator.errors import PlanRefused
from sfdc_escalator.escalation.decisions.decide import LeftAlone, decide
from sfdc_escalator.escalation.decisions.decision import Decision, State
from sfdc_escalator.escalation.decisions.view import View
from sfdc_escalator.escalation.planning.choices import Choices
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.evidence import Read
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.org import Caller
from sfdc_escalator.pipeline.ports import Org
from sfdc_escalator.pipeline.prepare import check_found, prepare, view_of


@dataclass(frozen=True, slots=True)
class Examined:
    """The case, and for each policy what its decisions rest on and what a run would decide."""

    case: Case
    views: tuple[View, ...]
    decisions: tuple[Decision | LeftAlone, ...]


def examine(org: Org, caller: Caller, history: History, policies: Sequence[Policy], case: str) -> Examined:
    """Raises Invalid for a case that the org does not show, or where no route could be asked for."""
    survey = org.survey(caller, policies)
    poll = org.poll(policies, survey, case)
    check_found(case, poll, policies)
    views = tuple(view_of(policy, survey, history, caller.now, poll) for policy in policies)
    reads = frozenset[Read]().union(*(view.reads for view in views))
    (complete,) = org.complete(poll.cases[:1], reads, history.users | {caller.user_id})
    decisions = tuple(decide(view, complete) for view in views)
    return Examined(complete, views, in_a_run(org, caller, history, policies, decisions))


def in_a_run(
    org: Org, caller: Caller, history: History, policies: Sequence[Policy], decisions: tuple[Decision | LeftAlone, ...]
) -> tuple[Decision | LeftAlone, ...]:
    """What is planned for the case as the plan of a whole run has it: there a guard may hold it back."""
    planned = [one for one in decisions if isinstance(one, Decision) and one.state is State.PLANNED]
    if not planned:
        return decisions
    try:
        plan = prepare(org, caller, history, policies, Choices(backlog="escalate")).plan
        found = {one.identity: one for one in plan.decisions}
    except PlanRefused as error:
        found = {one.identity: one.ended(State.WITHHELD, error.message) for one in planned}
    return tuple(found.get(one.identity, one) if one in planned else one for one in decisions)
