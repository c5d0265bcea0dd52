"""The only room that puts concrete edges together. Edges are heavy: the function that needs one imports it."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sfdc_escalator.errors import Invalid, LoginRefused, OrgUnavailable, Problem
from sfdc_escalator.escalation.world.expect import wrong_kind, wrong_organization
from sfdc_escalator.escalation.world.org import Caller
from sfdc_escalator.pipeline.ports.ledger import HistoryReader

if TYPE_CHECKING:
    from sfdc_escalator.channels.heartbeat import Heartbeat
    from sfdc_escalator.embedded_org import EmbeddedOrg
    from sfdc_escalator.escalation.note.note import Renderer
    from sfdc_escalator.files.orgs.orgs import OrgEntry
    from sfdc_escalator.files.orgs.settings import OrgLogin
    from sfdc_escalator.files.policies import Loaded
    from sfdc_escalator.ledger.store import SqlHistory, SqlLedger
    from sfdc_escalator.salesforce.org import SalesforceOrg

POLICY_FOLDER = Path("config/policies")
ORGS_FILE = Path("config/orgs.yaml")
TIME_BUDGET = 300.0
"""Seconds that a run may spend on waiting and trying again."""
secrets_in_use: set[str] = set()
"""Secrets that this process has read, for whoever must keep them out of the output."""


def policy_paths(chosen: Sequence[Path]) -> list[Path]:
    """The files named, or all of the policy folder; Invalid when there are none."""
    found = list(chosen) or sorted(POLICY_FOLDER.glob("*.yaml"))
    if not found:
        raise Invalid(f"no policy: name one with --policy, or put it into {POLICY_FOLDER}/ as a .yaml file")
    return found


def policies(chosen: Sequence[Path]) -> Loaded:
    from sfdc_escalator.files.policies import load_policies

    return load_policies(policy_paths(chosen))


def renderer() -> Renderer:
    """Renders the note templates of policies."""
    from sfdc_escalator.files.templates.templates import render

    return render


def entry_of(org: str) -> tuple[OrgEntry, tuple[Problem, ...]]:
    """The org of this name, and the warnings of the file in which it stands. Raises Invalid."""
    from sfdc_escalator.files.orgs.orgs import org_entry

    return org_entry(org, ORGS_FILE)


@contextmanager
def connect(
    org: str, now: datetime | None = None, deadline: float | None = None
) -> Iterator[tuple[SalesforceOrg, Caller]]:
    """The org and its first answer; `now` replaces its clock, `deadline` (seconds) bounds the time for trying again.

    Raises WrongOrg where it is not the org that `expect` says, before anything else is asked of it.
    """
    entry, warnings = entry_of(org)
    for warning in warnings:
        logging.getLogger(__name__).warning("%s", warning)
    with reach(entry, now, deadline) as found:
        yield found


@contextmanager
def reach(
    entry: OrgEntry, now: datetime | None = None, deadline: float | None = None
) -> Iterator[tuple[SalesforceOrg, Caller]]:
    budget = min(TIME_BUDGET, deadline or TIME_BUDGET)
    with closing(door_of(entry, budget)) as door:
        try:
            caller = door.identify()
            refuse_wrong_org(entry, door, caller)
        except OrgUnavailable as error:
            error.args = (f"{door.instance_url}: {error.message}",)
            raise
        yield door, replace(caller, now=now) if now else caller


def door_of(entry: OrgEntry, budget: float) -> SalesforceOrg:
    """The org, logged in to."""
    from sfdc_escalator.salesforce.line.retry import Patience
    from sfdc_escalator.salesforce.line.token import Grant
    from sfdc_escalator.salesforce.login.login import line_of, login
    from sfdc_escalator.salesforce.org import SalesforceOrg

    def log_in(said: OrgLogin) -> Grant:
        secrets_in_use.update(said.secrets)
        grant = login(said.flow, said.values)()
        secrets_in_use.add(grant.access_token)
        return grant

    def again() -> Grant:
        """References are read anew: a file or a command may have another secret by now."""
        try:
            return log_in(entry.login(os.environ))
        except Invalid as error:
            raise LoginRefused(error.message, error.problems) from None

    first = entry.login(os.environ)
    try:
        grant = Patience(budget, wait).reading("login", lambda: log_in(first))
    except (Invalid, OrgUnavailable) as error:
        if isinstance(error, Invalid) and entry.file:  # it is about a value of the file, so its place is told
            key = "alias" if first.flow == "cli" else "private_key"
            error.problems = (entry.problem(key, Problem(error.message)),)
        error.args = (f"org {entry.name}: {error.message}",)
        raise
    line = line_of(first.values)
    return SalesforceOrg(grant.instance_url, grant.access_token, login=again, line=line, budget=budget, sleep=wait)


def refuse_wrong_org(entry: OrgEntry, door: SalesforceOrg, caller: Caller) -> None:
    if why := wrong_organization(entry.expect, caller.organization_id):
        raise entry.refusal("organization_id", why)
    if entry.expect.sandbox is not None:
        rows = door.rows("SELECT IsSandbox FROM Organization")
        said = rows[0].get("IsSandbox") if len(rows) == 1 else None
        if why := wrong_kind(entry.expect, said if isinstance(said, bool) else None):
            raise entry.refusal("sandbox", why)


def heartbeat(org: str) -> Heartbeat | None:
    """Where the runs of this org are heard; None where nowhere, or where its address cannot be had, with a warning."""
    try:
        entry, _ = entry_of(org)
    except Invalid:
        return None  # the run itself says so
    try:
        url = entry.heartbeat_url(os.environ)
    except Invalid as error:
        for problem in error.problems:
            logging.getLogger(__name__).warning("no heartbeat: %s", problem)
        return None
    if url is None:
        return None
    from sfdc_escalator.channels.heartbeat import Heartbeat

    secrets_in_use.update((url, urlsplit(url).path))
    return Heartbeat(url)


def wait(seconds: float) -> None:
    time.sleep(seconds)


def place_of_ledger(where: str | None, caller: Caller, org: str) -> str:
    """The ledger that was named, else the one that the org's entry names, else the org's own in the state folder."""
    from sfdc_escalator.ledger.engines.place import default_path

    return where or entry_of(org)[0].ledger or str(default_path(caller.organization_id))


def history(ledger: str | None, caller: Caller, org: str = "env") -> HistoryReader:
    from sfdc_escalator.ledger.store import open_history

    return open_history(place_of_ledger(ledger, caller, org))


@contextmanager
def ledger(where: str | None, caller: Caller, org: str = "env") -> Iterator[SqlLedger]:
    from sfdc_escalator.ledger.store import open_ledger

    with open_ledger(place_of_ledger(where, caller, org), create=True) as book:
        yield book


@contextmanager
def trail(where: str | None, org: str = "env") -> Iterator[SqlHistory]:
    """The ledger to look at: the one named, or that of the org."""
    from sfdc_escalator.ledger.store import open_trail

    with open_trail(where or place_of_trail(org)) as found:
        yield found


@contextmanager
def known_ledger(where: str | None, org: str) -> Iterator[SqlLedger]:
    """The ledger to say something of: as `trail`, but to be written."""
    from sfdc_escalator.ledger.store import open_ledger

    with open_ledger(where or place_of_trail(org), create=False) as book:
        yield book


def place_of_trail(org: str) -> str:
    """The ledger that the org's entry names; for `env` the only one there is; else the org is asked who it is."""
    from sfdc_escalator.ledger.engines.place import default_path, only_ledger

    entry, _ = entry_of(org)
    if entry.ledger or entry.expect.organization_id:
        return entry.ledger or str(default_path(entry.expect.organization_id or ""))
    try:
        if org == "env":
            return str(only_ledger())
    except Invalid:
        if "SFDC_ACCESS_TOKEN" not in os.environ:
            raise
    with connect(org) as (_, caller):
        return str(default_path(caller.organization_id))


@contextmanager
def embedded_org(**settings: Any) -> Iterator[EmbeddedOrg]:
    """The embedded org, started; its complaints become ours."""
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
