"""The only module that puts concrete edges together."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from sfdc_escalator.embedded_org import EmbeddedOrg, InvalidData
from sfdc_escalator.errors import Invalid, Problem
from sfdc_escalator.escalation.org import Caller
from sfdc_escalator.files import Loaded, check_policies, load_policies, login_from_env
from sfdc_escalator.ledger import SqlLedger, default_path, open_history, open_ledger
from sfdc_escalator.pipeline.ports import HistoryReader
from sfdc_escalator.salesforce import SalesforceOrg

POLICY_FOLDER = Path("config/policies")
TIME_BUDGET = 900.0
"""Seconds that a run may spend on waiting and trying again."""


def policy_paths(chosen: Sequence[Path]) -> list[Path]:
    """The files named, or all of the policy folder; Invalid when there are none."""
    found = list(chosen) or sorted(POLICY_FOLDER.glob("*.yaml"))
    if not found:
        raise Invalid(f"no policy: name one with --policy, or put it into {POLICY_FOLDER}/ as a .yaml file")
    return found


def policies(chosen: Sequence[Path]) -> Loaded:
    return load_policies(policy_paths(chosen))


def check(chosen: Sequence[Path]) -> tuple[Problem, ...]:
    return check_policies(chosen)


def log_warnings(warnings: Sequence[Problem]) -> None:
    for problem in warnings:
        structlog.get_logger(__name__).warning(problem.message, place=f"{problem.file}:{problem.line}")


@contextmanager
def connect(org: str, now: datetime | None = None) -> Iterator[tuple[SalesforceOrg, Caller]]:
    """The org and its first answer; `now` replaces its clock."""
    if org != "env":
        raise Invalid(f"no org {org!r}: this version knows `env` alone (SFDC_INSTANCE_URL and SFDC_ACCESS_TOKEN)")
    login = login_from_env(os.environ)
    with SalesforceOrg(login.instance_url, login.access_token, budget=TIME_BUDGET) as door:
        caller = door.identify()
        yield door, replace(caller, now=now) if now else caller


def history(ledger: str | None, caller: Caller) -> HistoryReader:
    return open_history(ledger or str(default_path(caller.organization_id)))


@contextmanager
def ledger(where: str | None, caller: Caller) -> Iterator[SqlLedger]:
    book = open_ledger(where or str(default_path(caller.organization_id)), create=True)
    try:
        yield book
    finally:
        book.close()


@contextmanager
def embedded_org(**settings: Any) -> Iterator[EmbeddedOrg]:
    """The embedded org, started; its complaints become ours."""
    try:
        org = EmbeddedOrg(**settings)
    except InvalidData as error:
        problems = [
            Problem(one.message, one.file, one.line, one.column, one.found, one.expected, one.nearest)
            for one in error.problems
        ]
        raise Invalid(str(error) or "the data is invalid", problems) from error
    with org:
        yield org
