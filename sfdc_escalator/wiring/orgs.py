"""Orgs by name: their entries in `orgs.yaml`, the login, and the check that it is the expected org."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sfdc_escalator.errors import Invalid, OrgUnavailable, Problem
from sfdc_escalator.escalation.world.expect import wrong_kind, wrong_organization
from sfdc_escalator.escalation.world.org import Caller
from sfdc_escalator.pipeline.ports.progress import Progress, unseen
from sfdc_escalator.wiring.logins import Logins
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.embedded_org import EmbeddedOrg
    from sfdc_escalator.files.orgs.orgs import OrgEntry
    from sfdc_escalator.salesforce.org import SalesforceOrg

TIME_BUDGET = 300.0
"""Seconds that a run may spend on waiting and on repeated calls."""
CONNECTING = "connecting"


def entry_of(surroundings: Surroundings, org: str) -> tuple[OrgEntry, tuple[Problem, ...]]:
    """The org of this name, and the warnings of its file. Raises Invalid."""
    from sfdc_escalator.files.orgs.orgs import org_entry

    return org_entry(org, surroundings.orgs_file)


def only_org(surroundings: Surroundings) -> str:
    """The org of a command that names none: `env` when its login is set, else the only one of the file.

    Raises Invalid when the file has several.
    """
    from sfdc_escalator.files.orgs.entry_faults import ENV
    from sfdc_escalator.files.orgs.orgs import read_orgs
    from sfdc_escalator.files.orgs.settings import TOKEN, URL

    if surroundings.environ.get(URL) or surroundings.environ.get(TOKEN):
        return ENV
    names = sorted(read_orgs(surroundings.orgs_file)[0].keys() - {ENV})
    if len(names) > 1:
        raise Invalid(f"name an org with --org: {surroundings.orgs_file} has {', '.join(names)}")
    return names[0] if names else ENV


@contextmanager
def connect(
    surroundings: Surroundings,
    org: str,
    now: datetime | None = None,
    deadline: float | None = None,
    progress: Progress = unseen,
) -> Iterator[tuple[SalesforceOrg, Caller]]:
    """The org and its first answer; `now` replaces its clock, `deadline` (seconds) limits the time for repeated calls.
    `progress` sees the login and the reading of cases.

    Raises WrongOrg for another org than `expect` names, before anything else is asked of it.
    """
    entry, warnings = entry_of(surroundings, org)
    for warning in warnings:
        logging.getLogger(__name__).warning("%s", warning)
    with reach(surroundings, entry, now, deadline, progress) as found:
        yield found


@contextmanager
def reach(
    surroundings: Surroundings,
    entry: OrgEntry,
    now: datetime | None = None,
    deadline: float | None = None,
    progress: Progress = unseen,
) -> Iterator[tuple[SalesforceOrg, Caller]]:
    """The org of this entry and its first answer, as `connect` does."""
    from sfdc_escalator.salesforce.line.bounds import until_deadline

    budget = min(TIME_BUDGET, deadline or TIME_BUDGET)
    progress(CONNECTING, 0, 0)
    with until_deadline(deadline), closing(logged_in(surroundings, entry, budget, progress)) as door:
        try:
            asked = datetime.now(UTC)
            caller = door.identify()
            skew = skew_of(caller.now, asked, datetime.now(UTC))
            refuse_wrong_org(entry, door, caller)
        except OrgUnavailable as error:
            error.args = (f"{door.instance_url}: {error.message}",)
            raise
        progress(CONNECTING, 1, 1)
        yield door, replace(caller, now=now) if now else replace(caller, skew=skew)


def skew_of(there: datetime, asked: datetime, answered: datetime) -> timedelta:
    """The time by which the org's clock is ahead of ours: its answer was made between our two readings."""
    return there - min(max(there, asked), answered)


def logged_in(surroundings: Surroundings, entry: OrgEntry, budget: float, progress: Progress = unseen) -> SalesforceOrg:
    """The org after a login. Raises what a login raises."""
    from sfdc_escalator.salesforce.line.retry import Patience
    from sfdc_escalator.salesforce.login.login import line_of
    from sfdc_escalator.salesforce.org import SalesforceOrg

    first, logins = entry.login(surroundings.environ, surroundings.folder), Logins(surroundings, entry)
    try:
        grant = Patience(budget, surroundings.wait).reading("login", lambda: logins.first(first))
    except (Invalid, OrgUnavailable) as error:
        if isinstance(error, Invalid) and entry.file and not error.problems:  # about a value of the file: at its place
            key = "alias" if first.flow == "cli" else "private_key"
            error.problems = (entry.problem(key, Problem(error.message)),)
        error.args = (f"org {entry.name}: {error.message}",)
        raise
    line = line_of(first.values)
    return SalesforceOrg(
        grant.instance_url,
        grant.access_token,
        login=logins.again,
        identity=grant.identity,
        line=line,
        budget=budget,
        sleep=surroundings.wait,
        progress=progress,
    )


def refuse_wrong_org(entry: OrgEntry, door: SalesforceOrg, caller: Caller) -> None:
    if reason := wrong_organization(entry.expect, caller.organization_id):
        raise entry.refusal("organization_id", reason)
    if entry.expect.sandbox is not None and (reason := wrong_kind(entry.expect, is_sandbox(door))):
        raise entry.refusal("sandbox", reason)


def is_sandbox(door: SalesforceOrg) -> bool | None:
    """True for a sandbox; None where the org does not say."""
    rows = door.rows("SELECT IsSandbox FROM Organization")
    found = rows[0].get("IsSandbox") if len(rows) == 1 else None
    return found if isinstance(found, bool) else None


@contextmanager
def embedded_org(**settings: Any) -> Iterator[EmbeddedOrg]:
    """The embedded org, started. Its errors become ours."""
    from sfdc_escalator.embedded_org import EmbeddedOrg, InvalidData

    try:
        org = EmbeddedOrg(**settings)
    except InvalidData as error:
        problems = [
            Problem(one.message, one.file, one.line, one.column, one.found, one.expected, one.nearest)
            for one in error.problems
        ]
        raise Invalid("the embedded org cannot start", problems) from error
    with org:
        yield org
