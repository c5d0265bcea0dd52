"""What `validate --org` saw of an org: who we are there, what it is, what it honours, what a run will cost."""

from collections.abc import Sequence
from typing import Any, Protocol

from sfdc_escalator.escalation.world.org import Survey


class Rollback(Protocol):
    @property
    def state(self) -> str: ...
    @property
    def because(self) -> str: ...
    @property
    def words(self) -> str: ...


class Seen(Protocol):
    @property
    def survey(self) -> Survey: ...
    @property
    def username(self) -> str: ...
    @property
    def guard(self) -> str: ...
    @property
    def rollback(self) -> Rollback: ...
    @property
    def remarks(self) -> Sequence[str]: ...
    @property
    def rehearsal(self) -> str | None: ...


def org_json(org: str, seen: Seen) -> dict[str, Any]:
    survey, caller = seen.survey, seen.survey.caller
    return {
        "org": org,
        "instance_url": caller.instance_url,
        "organization_id": caller.organization_id,
        "name": survey.name,
        "sandbox": survey.is_sandbox,
        "user_id": caller.user_id,
        "username": seen.username,
        "api_left": survey.api_left,
        "open_cases": survey.open_cases,
        "level": survey.level,
        "guard": seen.guard,
        "all_or_nothing": seen.rollback.state,
        "because": seen.rollback.because,
        "remarks": list(seen.remarks),
        "rehearsal": seen.rehearsal,
    }


def org_text(seen: Seen) -> str:
    survey, caller = seen.survey, seen.survey.caller
    kind = "sandbox" if survey.is_sandbox else "production"
    left = "an unknown number of" if survey.api_left is None else f"{survey.api_left:,}"
    lines = [
        f"You are {seen.username} in {survey.name} ({caller.organization_id}, {kind}, {caller.instance_url}), "
        f"{left} API calls left.",
        f"Level {survey.level}, guard {seen.guard}, all-or-nothing {seen.rollback.words}.",
        *([f"Rehearsed {seen.rehearsal}."] if seen.rehearsal else []),
        *seen.remarks,
    ]
    return "\n".join(lines)
