"""The org as `validate --org` found it, as text."""

from collections.abc import Sequence

from sfdc_escalator.errors import counted
from sfdc_escalator.pipeline.readiness import Readiness
from sfdc_escalator.reports.json.org import rehearsed, remarks, rollback_of
from sfdc_escalator.reports.values import visible


def org_text(found: Readiness, unasked: Sequence[str]) -> str:
    org_facts, caller, rollback = found.org_facts, found.org_facts.caller, rollback_of(found)
    kind = "sandbox" if org_facts.is_sandbox else "production"
    left = "an unknown number of API calls" if org_facts.api_left is None else counted(org_facts.api_left, "API call")
    honoured = f"{rollback.state.replace('_', ' ')}: {rollback.reason}"
    lines = [
        f"You are {found.inspection.username} in {org_facts.name} ({caller.organization_id}, {kind}, "
        f"{caller.instance_url}), {left} left.",
        f"Level {org_facts.level}, guard {found.inspection.guard}, all-or-nothing {honoured}.",
        *([f"Rehearsed {rehearsed(found.rehearsal)}."] if found.rehearsal else []),
        *remarks(found.inspection, org_facts, unasked),
    ]
    return "\n".join(map(visible, lines))
