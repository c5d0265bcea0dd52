"""The org as `validate --org` found it: the user, what the org guarantees, what a run costs."""

from collections.abc import Iterator, Sequence
from typing import Any

from sfdc_escalator.escalation.readiness.inspection import OrgInspection
from sfdc_escalator.escalation.readiness.sentences import listed
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.pipeline.ports.inspector import Rehearsal, Rollback
from sfdc_escalator.pipeline.readiness import Readiness
from sfdc_escalator.reports.values import counted

IN_PRODUCTION = "this is production, where validate writes nothing"
IN_SANDBOX = "--probe tries it out in a sandbox"
RUNS_A_DAY = 24 * 6
"""Every ten minutes, as `init` sets cron up."""
AUTOMATION = (
    ("assignment rule", "assignment_rules", "switched off in our writes (Sforce-Auto-Assign)"),
    ("validation rule", "validation_rules", "where one refuses a step, the case is `rejected`"),
    ("record-triggered flow", "flows", "a run reads back what they changed and reports it as `bounced`"),
)


def org_json(org: str, found: Readiness, unasked: Sequence[str]) -> dict[str, Any]:
    org_facts, caller, rollback = found.org_facts, found.org_facts.caller, rollback_of(found)
    return {
        "org": org,
        "instance_url": caller.instance_url,
        "organization_id": caller.organization_id,
        "name": org_facts.name,
        "sandbox": org_facts.is_sandbox,
        "user_id": caller.user_id,
        "username": found.inspection.username,
        "api_left": org_facts.api_left,
        "open_cases": org_facts.open_cases,
        "level": org_facts.level,
        "guard": found.inspection.guard,
        "all_or_nothing": rollback.state,
        "reason": rollback.reason,
        "remarks": [*remarks(found.inspection, org_facts, unasked)],
        "rehearsal": rehearsed(found.rehearsal) if found.rehearsal else None,
    }


def rollback_of(found: Readiness) -> Rollback:
    if found.rehearsal:
        return found.rehearsal.rollback
    return Rollback("not_probed", IN_SANDBOX if found.org_facts.is_sandbox else IN_PRODUCTION)


def rehearsed(found: Rehearsal) -> str:
    """The steps that were tried out, and the result."""
    tried = ["rolled back on a case"] if found.rolled_back else []
    if found.marked:
        tried.append(f"carried out on {counted(found.marked, 'marked case')}, deleted again")
    if not tried:
        return "nothing: there is no step that could be tried"
    kept = f" (not with {', '.join(found.kept_from)}: this user could not delete such cases)" if found.kept_from else ""
    result = f"{found.failed} failed" if found.failed else "every step as the policy says"
    rest = f"; only the first {found.tried} of {found.variants} variants were tried"
    more = rest if found.variants > found.tried else ""
    return f"the steps of {counted(found.routes, 'route')}, {', then '.join(tried)}{kept}: {result}{more}"


def remarks(inspection: OrgInspection, org_facts: OrgFacts, unasked: Sequence[str]) -> Iterator[str]:
    """Facts of the org that are not problems."""
    if unasked:
        yield f"Not checked in the org, as they have errors: {', '.join(unasked)}."
    left = (
        ""
        if org_facts.api_left is None
        else f" ({org_facts.api_left:,} {'is' if org_facts.api_left == 1 else 'are'} left of this day's)"
    )
    calls = counted(inspection.calls_per_run, "API call")
    yield (
        f"A run that finds nothing costs about {calls}, each 200 cases escalated 3 more. "
        f"Every ten minutes that is {inspection.calls_per_run * RUNS_A_DAY:,} a day{left}."
    )
    for plan in filter(None, inspection.plans):
        cost = f"relative cost {plan.cost:g}"
        yield f"The poll: {plan.operation}, about {plan.returned:,} of {counted(plan.cases, 'case')}, {cost}."
    if inspection.plans and not any(inspection.plans):
        yield "The org does not say how it would run the poll."
    yield from automation(inspection)
    if inspection.sharing is None:
        yield "The sharing model of Case cannot be read: the user may lose its edit right with the queue move."


def automation(inspection: OrgInspection) -> Iterator[str]:
    found = [(kind, getattr(inspection, name), effect) for kind, name, effect in AUTOMATION]
    for kind, names, effect in found:
        if names:
            yield f"Active {kind}{'s' if len(names) > 1 else ''} {listed(names)} on Case: {effect}."
    if unread := [f"{kind}s" for kind, names, _ in found if names is None]:
        yield f"Active {' and '.join(unread)} on Case cannot be read by this user (View Setup and Configuration)."
