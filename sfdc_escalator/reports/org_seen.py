"""What `validate --org` saw of an org: who we are there, what it is, what it honours, what a run will cost."""

from collections.abc import Sequence
from typing import Any, Protocol

from sfdc_escalator.escalation.world.org import OrgFacts


class Rollback(Protocol):
    @property
    def state(self) -> str: ...
    @property
    def because(self) -> str: ...
    @property
    def words(self) -> str: ...


class Seen(Protocol):
    @property
    def org_facts(self) -> OrgFacts: ...
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
    org_facts, caller = seen.org_facts, seen.org_facts.caller
    return {
        "org": org,
        "instance_url": caller.instance_url,
        "organization_id": caller.organization_id,
        "name": org_facts.name,
        "sandbox": org_facts.is_sandbox,
        "user_id": caller.user_id,
        "username": seen.username,
        "api_left": org_facts.api_left,
        "open_cases": org_facts.open_cases,
        "level": org_facts.level,
        "guard": seen.guard,
        "all_or_nothing": seen.rollback.state,
        "because": seen.rollback.because,
        "remarks": list(seen.remarks),
        "rehearsal": seen.rehearsal,
    }


def org_text(seen: Seen) -> str:
    org_facts, caller = seen.org_facts, seen.org_facts.caller
    kind = "sandbox" if org_facts.is_sandbox else "production"
    left = "an unknown number of" if org_facts.api_left is None else f"{org_facts.api_left:,}"
    lines = [
        f"You are {seen.username} in {org_facts.name} ({caller.organization_id}, {kind}, {caller.instance_url}), "
        f"{left} API calls left.",
        f"Level {org_facts.level}, guard {seen.guard}, all-or-nothing {seen.rollback.words}.",
        *([f"Rehearsed {seen.rehearsal}."] if seen.rehearsal else []),
        *seen.remarks,
    ]
    return "\n".join(lines)
