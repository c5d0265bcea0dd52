"""The only module that puts concrete edges together. Edges are heavy: the function that needs one imports it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfdc_escalator.errors import Invalid, OrgUnavailable, Problem
from sfdc_escalator.escalation.org import Caller
from sfdc_escalator.pipeline.ports import HistoryReader

if TYPE_CHECKING:
    from sfdc_escalator.embedded_org import EmbeddedOrg
    from sfdc_escalator.files.policies import Loaded
    from sfdc_escalator.ledger.store import SqlHistory, SqlLedger
    from sfdc_escalator.salesforce.org import SalesforceOrg

POLICY_FOLDER = Path("config/policies")
TIME_BUDGET = 300.0
"""Seconds that a run may spend on waiting and trying again."""


def policy_paths(chosen: Sequence[Path]) -> list[Path]:
    """The files named, or all of the policy folder; Invalid when there are none."""
    found = list(chosen) or sorted(POLICY_FOLDER.glob("*.yaml"))
    if not found:
        raise Invalid(f"no policy: name one with --policy, or put it into {POLICY_FOLDER}/ as a .yaml file")
    return found


def policies(chosen: Sequence[Path]) -> Loaded:
    from sfdc_escalator.files.policies import load_policies

    return load_policies(policy_paths(chosen))


def check(chosen: Sequence[Path]) -> tuple[Problem, ...]:
    """Every problem of the policy files; and, where there is none, what the server cannot narrow for them."""
    from sfdc_escalator.files.policies import check_policies, load_policies

    problems = check_policies(chosen)
    if any(problem.severity == "error" for problem in problems):
        return problems
    from sfdc_escalator.salesforce.bounds import route_is_scan
    from sfdc_escalator.salesforce.describe import standard_describe

    scans = [
        Problem(
            f"route {route.name} reads every open case: nothing in its `when` can be filtered by the server; "
            "`scan: true` says that this is meant",
            file=policy.file,
            severity="warning",
        )
        for policy in load_policies(chosen).policies
        for route in policy.routes
        if not route.scan and route_is_scan(policy, route, standard_describe())
    ]
    return (*problems, *scans)


@contextmanager
def connect(
    org: str, now: datetime | None = None, deadline: float | None = None
) -> Iterator[tuple[SalesforceOrg, Caller]]:
    """The org and its first answer; `now` replaces its clock, `deadline` (seconds) bounds the time for trying again."""
    if org != "env":
        raise Invalid(f"no org {org!r}: this version knows `env` alone (SFDC_INSTANCE_URL and SFDC_ACCESS_TOKEN)")
    from sfdc_escalator.files.settings import login_from_env

    login = login_from_env(os.environ)
    from sfdc_escalator.salesforce.org import SalesforceOrg

    budget = min(TIME_BUDGET, deadline or TIME_BUDGET)
    with closing(SalesforceOrg(login.instance_url, login.access_token, budget=budget, sleep=wait)) as door:
        try:
            caller = door.identify()
        except OrgUnavailable as error:
            error.args = (f"{login.instance_url}: {error.message}",)
            raise
        yield door, replace(caller, now=now) if now else caller


def wait(seconds: float) -> None:
    time.sleep(seconds)


def history(ledger: str | None, caller: Caller) -> HistoryReader:
    from sfdc_escalator.ledger.place import default_path
    from sfdc_escalator.ledger.store import open_history

    return open_history(ledger or str(default_path(caller.organization_id)))


@contextmanager
def ledger(where: str | None, caller: Caller) -> Iterator[SqlLedger]:
    from sfdc_escalator.ledger.place import default_path
    from sfdc_escalator.ledger.store import open_ledger

    with open_ledger(where or str(default_path(caller.organization_id)), create=True) as book:
        yield book


@contextmanager
def trail(where: str | None) -> Iterator[SqlHistory]:
    """The ledger to look at: the one named, the only one there is, or that of the org in the environment."""
    from sfdc_escalator.ledger.place import default_path, only_ledger
    from sfdc_escalator.ledger.store import open_trail

    if where is None:
        try:
            where = str(only_ledger())
        except Invalid:
            if "SFDC_ACCESS_TOKEN" not in os.environ:
                raise
            with connect("env") as (_, caller):
                where = str(default_path(caller.organization_id))
    with open_trail(where) as found:
        yield found


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
