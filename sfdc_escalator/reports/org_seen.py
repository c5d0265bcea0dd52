"""What `validate --org` saw of an org: who we are there, what it is, what it honours."""

from typing import TYPE_CHECKING, Any

from sfdc_escalator.escalation.org import Survey

if TYPE_CHECKING:
    from sfdc_escalator.salesforce.probe import Probe


def org_json(org: str, survey: Survey, probe: "Probe") -> dict[str, Any]:
    caller = survey.caller
    return {
        "org": org,
        "instance_url": caller.instance_url,
        "organization_id": caller.organization_id,
        "name": survey.name,
        "sandbox": survey.is_sandbox,
        "user_id": caller.user_id,
        "username": probe.username,
        "api_left": survey.api_left,
        "open_cases": survey.open_cases,
        "level": survey.level,
        "guard": probe.guard,
        "all_or_nothing": probe.rollback.state,
        "because": probe.rollback.because,
    }


def org_text(survey: Survey, probe: "Probe") -> str:
    caller = survey.caller
    kind = "sandbox" if survey.is_sandbox else "production"
    left = "an unknown number of" if survey.api_left is None else f"{survey.api_left:,}"
    return (
        f"You are {probe.username} in {survey.name} ({caller.organization_id}, {kind}, {caller.instance_url}), "
        f"{left} API calls left.\n"
        f"Level {survey.level}, guard {probe.guard}, all-or-nothing {probe.rollback.words}."
    )
