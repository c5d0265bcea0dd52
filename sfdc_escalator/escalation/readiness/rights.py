"""The rights that the steps of a route or a rung need and this user does not have in the org."""

from collections.abc import Iterator

from sfdc_escalator.escalation.policy.escalate import Escalate
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS
from sfdc_escalator.escalation.readiness.gap import Gap, GapKind
from sfdc_escalator.escalation.readiness.inspection import OrgInspection
from sfdc_escalator.escalation.world.org import OrgFacts

OPEN_TO_ALL = frozenset({"ReadWrite", "ReadWriteTransfer", "FullAccess"})


def denied_rights(steps: Escalate, org_facts: OrgFacts, inspection: OrgInspection) -> Iterator[Gap]:
    for step in FIELD_STEPS:
        info = org_facts.describe.field_at(step.field)
        if steps.values(step.key) and (info is None or not info.updateable):
            kind = GapKind.FIELD_READ_ONLY if info else GapKind.FIELD_HIDDEN
            yield Gap(kind, keys=(step.key,), values={"field": step.field})
    if steps.note.also_on and not inspection.may_post:
        yield Gap(GapKind.POSTS, keys=("also_on",))
    if not inspection.may_comment:
        yield Gap(GapKind.NOTES)


def lost_rights(policy: Policy, steps: Escalate, org_facts: OrgFacts, inspection: OrgInspection) -> Iterator[Gap]:
    """The user may lose the right to edit a case with the move to the queue, before its other fields are set."""
    if policy.together:
        return
    if not any(steps.values(step.key) for step in FIELD_STEPS if not step.names_team):
        return
    for queue in dict.fromkeys(team.queue for team in steps.teams):
        if gap := right_lost_in(queue, org_facts, inspection):
            yield gap


def right_lost_in(name: str, org_facts: OrgFacts, inspection: OrgInspection) -> Gap | None:
    """The gap for one queue. A case that the queue already owns proves it; without one the sharing model decides."""
    queue, sample = org_facts.queues.get(name), inspection.samples.get(name)
    if queue is None or inspection.modifies_all or (sample and sample.editable):
        return None
    if sample:
        return Gap(GapKind.RIGHT_LOST, name, ("queue",), {"case": sample.number})
    sharing, is_member = inspection.sharing, org_facts.caller.user_id in queue.members
    if sharing is None or sharing in OPEN_TO_ALL or is_member:
        return None
    return Gap(GapKind.RIGHT_AT_RISK, name, ("queue",), {"sharing": sharing}, severity="warning")
