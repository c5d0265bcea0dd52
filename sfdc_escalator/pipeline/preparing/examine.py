"""One case, read with everything that the policies read. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

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
from sfdc_escalator.escalation.world.needs import Need
from sfdc_escalator.escalation.world.org import Caller
from sfdc_escalator.pipeline.polling.read_poll import in_this_org
from sfdc_escalator.pipeline.ports.ledger import HistoryReader
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.ports.recall import Recall
from sfdc_escalator.pipeline.preparing.case_ladders import CaseLadder, ladders_of_case
from sfdc_escalator.pipeline.preparing.prepare import Prepared, poll_one, prepare
from sfdc_escalator.pipeline.read_models.notices import LastAndNext
from sfdc_escalator.pipeline.read_models.undone import UndoneOnCase
from sfdc_escalator.pipeline.run_clock import check_clock


@dataclass(frozen=True, slots=True)
class Examined:
    """The case, and for each policy the facts it judges by and the judgement of a run; where its open escalations
    stand, its last and next notices, and the undos that were written on it."""

    case: Case
    policies_in_org: tuple[PolicyInOrg, ...]
    judged: tuple[Match | NoMatch, ...]
    ladders: tuple[CaseLadder, ...] = ()
    notices: LastAndNext = field(default_factory=LastAndNext)
    undos: tuple[UndoneOnCase, ...] = ()


def examine(
    org: Org,
    caller: Caller,
    ledger: HistoryReader,
    policies: Sequence[Policy],
    case: str,
    render: Renderer,
    *,
    accepts_clock: bool,
) -> Examined:
    """Reads the case. Raises Invalid for a case that the org does not show, or where no route could be asked for, and
    OrgUnavailable for a clock that cannot be right."""
    history, recall = ledger.history(caller.organization_id), Recall(ledger, caller.organization_id)
    check_clock(caller.now, history.org_time, accept=accepts_clock)
    org_facts = org.facts(caller, policies)
    found, broken = poll_one(org, policies, org_facts, case)
    history = recall.cases(history, [found.id])
    policies_in_org = in_this_org(policies, org_facts, history, caller.now, broken)
    needs = frozenset[Need]().union(*(in_org.needs for in_org in policies_in_org))
    (complete,) = org.complete([found], needs, history.users | {caller.user_id})
    judged = [drafted(in_org, complete, render) for in_org in policies_in_org]
    if any(isinstance(one, Match) and one.state is State.PLANNED for one in judged):
        try:
            options = RunOptions(backlog="escalate", accept_clock=True)
            prepared = prepare(org, caller, ledger, policies, options, render)
        except PlanRefused as error:
            judged = [withheld(one, error.message) for one in judged]
        else:
            known = history.with_escalations(change.escalation for change in prepared.found)
            policies_in_org = [replace(in_org, history=known) for in_org in policies_in_org]
            judged = [in_plan(prepared, drafted(in_org, complete, render)) for in_org in policies_in_org]
    ladders = ladders_of_case(org, policies_in_org, complete, history.users | {caller.user_id})
    return Examined(complete, tuple(policies_in_org), tuple(judged), ladders)


def drafted(in_org: PolicyInOrg, case: Case, render: Renderer) -> Match | NoMatch:
    found = decide(in_org, case)
    return draft(in_org, found, render) if isinstance(found, Match) else found


def withheld(one: Match | NoMatch, reason: str) -> Match | NoMatch:
    """A planned match that the whole run refuses."""
    return one.ended(State.WITHHELD, reason) if isinstance(one, Match) and one.state is State.PLANNED else one


def in_plan(prepared: Prepared, one: Match | NoMatch) -> Match | NoMatch:
    """A planned match as in the plan of a whole run, where a guard may withhold it."""
    if not isinstance(one, Match) or one.state is not State.PLANNED:
        return one
    return next((match for match in prepared.plan.matches if match.identity == one.identity), one)
