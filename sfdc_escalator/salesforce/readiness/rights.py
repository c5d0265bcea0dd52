"""What the inspection means for a policy: what its steps may not do here, and what is worth knowing of the org."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sfdc_escalator.errors import Severity
from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.policy.fitness import values
from sfdc_escalator.escalation.policy.policy import Escalate, Policy, Route
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS
from sfdc_escalator.escalation.world.needs import Answered
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.salesforce.readiness.inspection import OrgInspection
from sfdc_escalator.salesforce.readiness.known_names import users
from sfdc_escalator.salesforce.readiness.requirements import RESULTS, Gap, listed
from sfdc_escalator.salesforce.schema.describe import standard_describe
from sfdc_escalator.salesforce.soql.narrowing import route_is_scan

OPEN_TO_ALL = frozenset({"ReadWrite", "ReadWriteTransfer", "FullAccess"})
MOST_NAMED = 10
RUNS_A_DAY = 24 * 6  # every ten minutes, as `init` sets cron up
AUTOMATION = (
    ("assignment rule", "assignment_rules", "switched off in our writes (Sforce-Auto-Assign)"),
    ("validation rule", "validation_rules", "one that refuses a step makes the case `rejected`"),
    ("record-triggered flow", "flows", "a run reads back what they changed and says `bounced`"),
)
TOGETHER = "say `fields: together` under `defaults`, add the user to the queue, or give it Modify All on Case"
NO_NOTE = "this user may not create case comments, which hold the notes: give it Edit on Case"
NO_POST = "this user may not post in feeds, which `also_on` does: Chatter is off, or its permission is missing"


def lacks(policy: Policy, org_facts: OrgFacts, seen: OrgInspection) -> Iterator[Gap]:
    """What the policy demands and these answers deny."""
    yield from rights(policy, org_facts, seen)
    yield from lost_rights(policy, org_facts, seen)
    yield from types_without(policy, seen)
    yield from refusals(policy, seen)
    for route in policy.routes:
        if not route.scan and is_scan_here(policy, route, org_facts):
            message = f"route {route.name} reads every open case: this org can filter by no field in its `when`"
            yield Gap(route.name, (), message, severity="warning", routes=(route.name,))


def refusals(policy: Policy, seen: OrgInspection) -> Iterator[Gap]:
    for route in policy.routes:
        if why := seen.refused.get((policy.name, route.name)):
            raw = [one.fragment for one in policy.needs([route]) if isinstance(one, Answered)]
            subject = raw[0] if len(raw) == 1 else ""
            told = f"route {route.name}: its part of the poll is refused: {why}"
            yield Gap(subject, ("soql",), told, routes=(route.name,))


def is_scan_here(policy: Policy, route: Route, org_facts: OrgFacts) -> bool:
    """What is a scan in any org is told without one."""
    return route_is_scan(policy, route, org_facts.describe) and not route_is_scan(policy, route, standard_describe())


def rights(policy: Policy, org_facts: OrgFacts, seen: OrgInspection) -> Iterator[Gap]:
    steps = {route.name: route.escalate for route in policy.routes if route.escalate}
    for step in FIELD_STEPS:
        routes = [name for name, one in steps.items() if one.values(step.key)]
        info = org_facts.describe.field_at(step.field)
        if routes and (info is None or not info.updateable):
            may = "edit" if info else "see"
            message = (
                f"this user may not {may} Case.{step.field}, which {listed(routes)} would set: give it edit access to"
            )
            yield Gap("", (step.key,), f"{message} the field in a permission set", routes=tuple(routes))
    if (posting := [name for name, one in steps.items() if one.note.also_on]) and not seen.may_post:
        yield Gap("", ("also_on",), f"{NO_POST} ({listed(posting)})", routes=tuple(posting))
    if steps and not seen.may_comment:
        yield Gap("", (), NO_NOTE, routes=tuple(steps))


def lost_rights(policy: Policy, org_facts: OrgFacts, seen: OrgInspection) -> Iterator[Gap]:
    """A case may be out of our hands once it is in the queue, before its status and priority are set."""
    moves = {route.name: queues_then_more(route.escalate) for route in policy.routes if route.escalate}
    for queue, routes in users(moves).items() if not policy.together else ():
        if loss := lost_in(queue, org_facts, seen):
            message = f"the move to {queue} {loss.words} before {listed(routes)} can go on ({loss.why}): {TOGETHER}"
            severity: Severity = "error" if loss.is_proved else "warning"
            yield Gap(queue, ("queue",), message, severity=severity, routes=tuple(routes))


class Loss(NamedTuple):
    """That this user may not edit a case any more once a queue has it."""

    why: str
    is_proved: bool

    @property
    def words(self) -> str:
        return "costs the right to edit the case" if self.is_proved else "may cost the right to edit the case"


def lost_in(name: str, org_facts: OrgFacts, seen: OrgInspection) -> Loss | None:
    """A case that the queue has already proves it; without one it is what the sharing model says."""
    queue, sample = org_facts.queues.get(name), seen.samples.get(name)
    if queue is None or seen.modifies_all or (sample and sample.editable):
        return None
    if sample:
        return Loss(f"UserRecordAccess says that this user may not edit its case {sample.number}", is_proved=True)
    if seen.sharing is None or seen.sharing in OPEN_TO_ALL or org_facts.caller.user_id in queue.members:
        return None
    return Loss(f"Case is {seen.sharing}, the user no member of the queue", is_proved=False)


def queues_then_more(steps: Escalate) -> list[str]:
    """The queues after whose step there is another one."""
    more = any(steps.values(step.key) for step in FIELD_STEPS if not step.names_team)
    return [team.queue for team in steps.teams] if more else []


def types_without(policy: Policy, seen: OrgInspection) -> Iterator[Gap]:
    """Values that some record type does not offer."""
    writers = users({route.name: sorted(set(values(route))) for route in policy.routes})
    for (path, value), routes in writers.items():
        without = [name for name, lists in seen.picklists.items() if path in lists and fold(value) not in lists[path]]
        if without:
            message = f"{path} {value!r} is not offered by the record type{named(without)}: cases of it may be rejected"
            yield Gap(value, (path.lower(), *RESULTS), message, severity="warning", routes=tuple(routes))


def named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")
    return f" {shown}" if len(names) == 1 else f"s {shown}"


def of_the_poll(seen: OrgInspection) -> Iterator[Gap]:
    """What is wrong with the query of all routes."""
    if seen.refused_poll:
        yield Gap("", (), f"the org refuses the poll: {seen.refused_poll}")
    for plan in seen.plans:
        if plan and plan.cost > 1:
            message = (
                f"the poll is not selective ({plan.operation} over {plan.cases:,} cases, relative cost {plan.cost:g}), "
                "which is slow from about 100,000 cases on, or refused: filter by an indexed field such as "
                "CreatedDate, or ask Salesforce for an index"
            )
            yield Gap("", (), message, severity="warning")


def remarks(seen: OrgInspection, org_facts: OrgFacts) -> Iterator[str]:
    """What is worth knowing and wrong with nothing."""
    left = "" if org_facts.api_left is None else f" ({org_facts.api_left:,} are left of this day's)"
    yield (
        f"A run that finds nothing costs about {seen.calls_per_run} API calls, each 200 cases escalated 3 more. "
        f"Every ten minutes that is {seen.calls_per_run * RUNS_A_DAY:,} a day{left}."
    )
    for plan in filter(None, seen.plans):
        cost = f"relative cost {plan.cost:g}"
        yield f"The poll: {plan.operation}, about {plan.returned:,} of {plan.cases:,} cases, {cost}."
    if seen.plans and not any(seen.plans):
        yield "The org does not tell how it would run the poll."
    found = ((what, getattr(seen, name), then) for what, name, then in AUTOMATION)
    unread = []
    for what, names, then in found:
        if names is None:
            unread.append(f"{what}s")
        elif names:
            yield f"Active {what}{named(names)} on Case: {then}."
    if unread:
        yield f"Active {' and '.join(unread)} on Case cannot be read by this user (View Setup and Configuration)."
    if seen.sharing is None:
        yield "The sharing model of Case cannot be read: the user may lose its edit right with the queue move."
