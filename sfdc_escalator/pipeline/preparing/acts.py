"""The acts of people on escalated cases: only cases on which something happened are read. Reads only."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.decisions.on_ladder import OnLadder
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.ladder.acknowledgement import acknowledgement, may_hold_by_value
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.escalation.policy.proof_needs import lookups_of_proof, needs_of_proof, shown
from sfdc_escalator.escalation.readiness.fields import unreadable_field, unreadable_records
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import MESSAGES, Answered, Lookup, Need, Records
from sfdc_escalator.pipeline.polling.second_look import common_paths
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.preparing.recover import Settled

MARGIN = timedelta(minutes=2)
"""Records may become visible a little later than their CreatedDate says."""


class Waiting(NamedTuple):
    """An escalation on which nobody acted yet, and the proof of an act that this org can show."""

    in_org: PolicyInOrg
    ladder: OnLadder
    proof: Condition


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
                proof = shown(one.route.ladder.acknowledged, refused_needs(in_org, one.route))
                if proof:
                    yield Waiting(in_org, one, proof)


def refused_needs(in_org: PolicyInOrg, route: Route) -> frozenset[Need]:
    """The needs of the proof that the org refuses. Its route is reported as broken, so this is not said again."""
    if route.name not in in_org.unpolled:
        return frozenset()
    needs, describe = needs_of_proof(route.ladder.acknowledged), in_org.org_facts.describe
    return frozenset(
        one
        for one in needs
        if isinstance(one, Answered)
        or (isinstance(one, Records) and unreadable_records(one, describe))
        or (isinstance(one, str) and unreadable_field(one, describe))
    )


def worth_a_look(org: Org, waiting: Sequence[Waiting], news: Container[str]) -> list[Waiting]:
    """Those on whose case something happened since the last run that looked at all of them."""
    since = last_look([one.in_org for one in waiting])
    lookups = frozenset[Lookup]().union(*(lookups_of_proof(one.proof) for one in waiting))
    touched = org.touched(since - MARGIN, lookups) if since and lookups else None
    if touched is None:
        return list(waiting)
    return [one for one in waiting if one.ladder.case.id in touched or is_new(one, news) or is_acted_on(one)]


def is_new(one: Waiting, news: Container[str]) -> bool:
    start = one.ladder.start
    return start.key in news or start.is_found


def last_look(policies_in_org: Sequence[PolicyInOrg]) -> datetime | None:
    """The time since when something may have happened unseen on open escalations of these policies. None where no run
    has looked at all of them yet."""
    used = [in_org.history.policy_uses.get(in_org.policy.name) for in_org in policies_in_org]
    looks = [one.watched for one in used if one and one.watched]
    return min(looks) if looks and len(looks) == len(used) else None


def is_acted_on(one: Waiting) -> bool:
    """True where the fields of the case alone suggest an act."""
    escalated = one.ladder.escalated
    return escalated is not None and may_hold_by_value(one.proof, one.ladder.case, escalated, one.in_org.circumstances)


def acts_on(org: Org, waiting: Sequence[Waiting], us: frozenset[str]) -> tuple[Settled, ...]:
    """The acts on these, each read with all that shows one."""
    needs = frozenset[Need]().union(*(needs_of_proof(one.proof) for one in waiting))
    read = {case.id: case for case in complete(org, [one.ladder.case for one in waiting], needs, us)}
    return tuple(found for one in waiting if (found := act_on(one, read[one.ladder.case.id], us)))


def act_on(one: Waiting, case: Case, us: frozenset[str]) -> Settled | None:
    start, facts, escalated = one.ladder.start, one.ladder.facts, one.ladder.escalated
    assert escalated is not None
    found = acknowledgement(one.proof, case, replace(escalated, us=us), one.in_org.circumstances)
    return Settled("acknowledged", replace(start, ladder=replace(facts, acknowledged=found))) if found else None


def complete(org: Org, cases: Iterable[Case], needs: frozenset[Need], us: frozenset[str]) -> Sequence[Case]:
    """The cases, each once, with these needs. Messages are read anew, all of them."""
    if not MESSAGES.isdisjoint(needs):
        needs, cases = needs | MESSAGES, (replace(case, comments=()) for case in cases)
    by_id = {case.id: case for case in cases}
    missing = needs - common_paths(list(by_id.values()))
    return org.complete(list(by_id.values()), missing, us) if missing and by_id else tuple(by_id.values())
