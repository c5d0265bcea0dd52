"""The rights that the steps and the notices of a route need, and that this user or the org does not give."""

from collections.abc import Iterable, Iterator, Mapping

from sfdc_escalator.errors import Severity
from sfdc_escalator.escalation.notices.channel_kinds import BELL_TYPE
from sfdc_escalator.escalation.notices.channels_used import channels_of_team, channels_used, everybody, teams_told
from sfdc_escalator.escalation.policy.escalate import Escalate
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS
from sfdc_escalator.escalation.readiness.gap import Gap, GapKind
from sfdc_escalator.escalation.readiness.inspection import OrgInspection, Telling
from sfdc_escalator.escalation.readiness.spelling import nearest
from sfdc_escalator.escalation.world.org import OrgFacts

BELL, MAIL = "salesforce", "email"
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
    for queue in dict.fromkeys(team.queue for team in steps.teams if team.queue):
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


# -- notices -----------------------------------------------------------------------------------------------------------


def silent_channels(
    policy: Policy, route: Route, org_facts: OrgFacts, found: Telling, bells: Mapping[str, str]
) -> Iterator[Gap]:
    """The channels by which the notices of the route do not arrive. An error where no other channel is left, but not in
    a sandbox, whose notices go to the log."""
    kinds = policy.notices.channels
    used = channels_used(policy, everybody(policy, route)) & kinds.keys()
    for name in sorted(one for one in used if kinds[one] == BELL):
        wanted, others = bells.get(name, BELL_TYPE), any(kinds[one] != BELL for one in used)
        facts = {"channel": name, "type": wanted}
        if found.bell_types is not None and wanted not in found.bell_types:
            near, severity = nearest(wanted, found.bell_types), worst(others, org_facts)
            yield Gap(GapKind.BELL_TYPE, BELL, ("channels",), facts, near, tuple(sorted(found.bell_types)), severity)
        if found.may_ring is False:
            severity = worst(others, org_facts) if found.asks_right else "warning"
            yield Gap(GapKind.BELL_RIGHT, BELL, ("channels",), {"channel": name}, severity=severity)
    for name in dict.fromkeys(teams_mailed(policy, route)):
        mails = [one for one in channels_of_team(policy, name) if kinds.get(one) == MAIL]
        queue, others = policy.teams[name].queue, len(mails) < len(channels_of_team(policy, name))
        if found.mails.get(queue) == "":
            facts = {"channel": mails[0], "team": name}
            yield Gap(GapKind.QUEUE_MAIL, queue, ("queue",), facts, severity=worst(others, org_facts))


def worst(others: bool, org_facts: OrgFacts) -> Severity:
    return "warning" if others or org_facts.is_sandbox else "error"


def teams_mailed(policy: Policy, route: Route) -> Iterator[str]:
    """The teams that are notified by the e-mail address of their queue."""
    for name in teams_told(policy, route):
        team = policy.teams.get(name)
        by_mail = (policy.notices.channels.get(one) == MAIL for one in channels_of_team(policy, name))
        if team and team.queue and not team.list and not team.person and any(by_mail):
            yield name


def queues_mailed(policies: Iterable[Policy]) -> frozenset[str]:
    """The queues of these teams, by DeveloperName."""
    each = ((policy, name) for policy in policies for route in policy.routes for name in teams_mailed(policy, route))
    return frozenset(policy.teams[name].queue for policy, name in each)


def ring(policies: Iterable[Policy]) -> bool:
    """True where a notice may go by the bell."""
    each = ((policy, channels_used(policy, everybody(policy, route))) for policy in policies for route in policy.routes)
    return any(policy.notices.channels.get(name) == BELL for policy, used in each for name in used)
