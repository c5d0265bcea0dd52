"""The wrong-org guard: what an org must be before anything is asked of it or written to it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Expect:
    """The org that a person expects. None = not given. The id has 18 characters."""

    organization_id: str | None = None
    sandbox: bool | None = None


def wrong_organization(expect: Expect, organization_id: str) -> str | None:
    """The reason why this is not the expected organization; None where it is."""
    if expect.organization_id in (None, organization_id):
        return None
    return f"expected organization {expect.organization_id}, this is {organization_id}"


def wrong_kind(expect: Expect, is_sandbox: bool | None) -> str | None:
    """The reason why this is not the expected kind of org; an org of unknown kind (None) is the wrong one."""
    if expect.sandbox in (None, is_sandbox):
        return None
    return f"expected {kind(expect.sandbox)}, this is {kind(is_sandbox)}"


def kind(is_sandbox: bool | None) -> str:
    if is_sandbox is None:
        return "an org that does not say whether it is a sandbox"
    return "a sandbox" if is_sandbox else "a production org"
