"""One case, looked at with everything that the policies read of it. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass

from sfdc_escalator.escalation.case import Case
from sfdc_escalator.escalation.decide import LeftAlone, decide
from sfdc_escalator.escalation.decision import Decision
from sfdc_escalator.escalation.evidence import Read
from sfdc_escalator.escalation.history import History
from sfdc_escalator.escalation.org import Caller
from sfdc_escalator.escalation.policy import Policy
from sfdc_escalator.escalation.view import View
from sfdc_escalator.pipeline.ports import Org
from sfdc_escalator.pipeline.prepare import check_found, view_of


@dataclass(frozen=True, slots=True)
class Examined:
    """The case, and for each policy what its decisions rest on and what it would decide."""

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
    return Examined(complete, views, tuple(decide(view, complete) for view in views))
