"""The acts of people on escalated cases: only cases on which something happened are read. Reads only."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sfdc_escalator.escalation.decisions.on_ladder import OnLadder
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.ladder.acknowledgement import acknowledgement, may_hold_by_value
from sfdc_escalator.escalation.policy.proof_needs import lookups_of_proof, needs_of_proof
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import MESSAGES, Lookup, Need
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.preparing.recover import Settled
from sfdc_escalator.pipeline.preparing.second_look import common_paths

MARGIN = timedelta(minutes=2)
"""Records may become visible a little later than their CreatedDate says."""
Waiting = tuple[PolicyInOrg, OnLadder]
"""An escalation on which nobody acted yet."""


def acknowledged(
    org: Org,
    policies_in_org: Sequence[PolicyInOrg],
    ladders: Sequence[OnLadder],
    us: frozenset[str],
    news: Container[str],
) -> tuple[Settled, ...]:
    """The escalations on which a person acted. `news` are the keys of those whose start was not known until now: an act
    may be older than the last run."""
    waiting = list(waiting_of(policies_in_org, ladders))
    return acts_on(org, worth_a_look(org, waiting, news), us)


def waiting_of(policies_in_org: Iterable[PolicyInOrg], ladders: Sequence[OnLadder]) -> Iterator[Waiting]:
    """The escalations on which nobody acted yet, and in which a rung takes part."""
    for in_org in policies_in_org:
        for one in ladders:
            is_ours = one.start.policy == in_org.policy.name
            if is_ours and one.started and not one.facts.acknowledged and len(one.aside) < len(one.route.ladder.rungs):
                yield in_org, one


def worth_a_look(org: Org, waiting: Sequence[Waiting], news: Container[str]) -> list[Waiting]:
    """Those on whose case something happened since the last run that looked at all of them."""
    since = last_look([in_org for in_org, _ in waiting])
    lookups = frozenset[Lookup]().union(*(lookups_of_proof(one.route.ladder.acknowledged) for _, one in waiting))
    touched = org.touched(since - MARGIN, lookups) if since and lookups else None
    if touched is None:
        return list(waiting)
    return [
        (in_org, one)
        for in_org, one in waiting
        if one.case.id in touched or one.start.key in news or one.start.is_found or is_acted_on(in_org, one)
    ]


def last_look(policies_in_org: Sequence[PolicyInOrg]) -> datetime | None:
    """The time since when something may have happened unseen on open escalations of these policies. None where no run
    has looked at all of them yet."""
    used = [in_org.history.policy_uses.get(in_org.policy.name) for in_org in policies_in_org]
    looks = [one.watched for one in used if one and one.watched]
    return min(looks) if looks and len(looks) == len(used) else None


def is_acted_on(in_org: PolicyInOrg, one: OnLadder) -> bool:
    """True where the fields of the case alone suggest an act."""
    escalated, acted = one.escalated, one.route.ladder.acknowledged
    return escalated is not None and may_hold_by_value(acted, one.case, escalated, in_org.circumstances)


def acts_on(org: Org, waiting: Sequence[Waiting], us: frozenset[str]) -> tuple[Settled, ...]:
    """The acts on these, each read with all that shows one."""
    needs = frozenset[Need]().union(*(needs_of_proof(one.route.ladder.acknowledged) for _, one in waiting))
    read = {case.id: case for case in complete(org, [one.case for _, one in waiting], needs, us)}
    return tuple(found for in_org, one in waiting if (found := act_on(in_org, one, read[one.case.id])))


def act_on(in_org: PolicyInOrg, one: OnLadder, case: Case) -> Settled | None:
    escalated = one.escalated
    assert escalated is not None
    found = acknowledgement(one.route.ladder.acknowledged, case, escalated, in_org.circumstances)
    if found is None:
        return None
    return Settled("acknowledged", replace(one.start, ladder=replace(one.facts, acknowledged=found)))


def complete(org: Org, cases: Iterable[Case], needs: frozenset[Need], us: frozenset[str]) -> Sequence[Case]:
    """The cases, each once, with these needs. Messages are read anew, all of them."""
    if not MESSAGES.isdisjoint(needs):
        needs, cases = needs | MESSAGES, (replace(case, comments=()) for case in cases)
    by_id = {case.id: case for case in cases}
    missing = needs - common_paths(list(by_id.values()))
    return org.complete(list(by_id.values()), missing, us) if missing and by_id else tuple(by_id.values())
