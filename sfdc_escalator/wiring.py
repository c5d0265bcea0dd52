"""The only module that puts concrete edges together. Edges are heavy: the function that needs one imports it."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from sfdc_escalator.errors import EscalatorError, Invalid, LoginRefused, OrgUnavailable, Problem
from sfdc_escalator.escalation.examples import failures
from sfdc_escalator.escalation.expect import wrong_kind, wrong_organization
from sfdc_escalator.escalation.org import Caller, Survey
from sfdc_escalator.escalation.policy import Example, Policy, Route
from sfdc_escalator.pipeline.brakes import Stop
from sfdc_escalator.pipeline.ports import HistoryReader

if TYPE_CHECKING:
    from sfdc_escalator.channels.heartbeat import Heartbeat
    from sfdc_escalator.embedded_org import EmbeddedOrg
    from sfdc_escalator.files.orgs import OrgEntry
    from sfdc_escalator.files.policies import Loaded
    from sfdc_escalator.files.settings import OrgLogin
    from sfdc_escalator.ledger.store import SqlHistory, SqlLedger
    from sfdc_escalator.salesforce.demands import Lack
    from sfdc_escalator.salesforce.org import SalesforceOrg
    from sfdc_escalator.salesforce.probe import Rollback

POLICY_FOLDER = Path("config/policies")
ORGS_FILE = Path("config/orgs.yaml")
TIME_BUDGET = 300.0
"""Seconds that a run may spend on waiting and trying again."""
READS_ALL = "reads every open case: nothing in its `when` can be filtered by the server"
READS_APART = "needs a query of its own: a subquery alone filters it, and that cannot stand beside other routes"
MEANT = "`scan: true` says that this is meant"
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


def check(chosen: Sequence[Path], *, in_org: bool = False) -> tuple[Problem, ...]:
    """Every problem of the policy files; where there is no error, also the examples that come out otherwise, and what
    the server cannot narrow. `in_org`: an org is asked for the fields as well, so that nothing is guessed of them."""
    from sfdc_escalator.files.policies import check_policies, load_policies

    problems = check_policies(chosen)
    if any(problem.severity == "error" for problem in problems):
        return problems

    sound = load_policies(chosen).policies
    costs = [warning for policy in sound for route in policy.routes for warning in cost_warnings(policy, route)]
    slips = [] if in_org else [problem for policy in sound for problem in slips_of(policy.file)]
    now = datetime.now(UTC)
    failed = [
        Problem(
            f"the example does not come out as expected: {why}", policy.file, *example.place, expected=expected(example)
        )
        for policy in sound
        for example, why in failures(policy, now)
    ]
    return in_order((*problems, *slips, *failed, *costs), chosen)


def slips_of(file: str) -> Iterator[Problem]:
    """Standard fields that are probably misspelt, and checkboxes that are compared with a text."""
    from sfdc_escalator.files.said_fields import said_fields
    from sfdc_escalator.salesforce.describe import standard_describe
    from sfdc_escalator.salesforce.offline import is_no_checkbox_value, misspelt

    describe, meant = standard_describe(), {"yes": "true", "on": "true", "no": "false", "off": "false"}
    for said in said_fields(file):
        if near := misspelt(said.path, describe):
            message = f"no standard field is called `{said.path}`"
            yield Problem(message, file, *said.place, said.path, None, near, severity="warning")
        for text, place in said.texts:
            if is_no_checkbox_value(said.path, text, describe):
                message, near = f"`{said.path}` is a checkbox", meant.get(text.lower())
                yield Problem(message, file, *place, text, "true or false", near)


def cost_warnings(policy: Policy, route: Route) -> Iterator[Problem]:
    """What the poll costs more for this route; not where `scan: true` says that it is known."""
    from sfdc_escalator.files.places import places_of
    from sfdc_escalator.salesforce.bounds import route_is_apart, route_is_scan
    from sfdc_escalator.salesforce.describe import standard_describe

    asked = policy, route, standard_describe()
    why = READS_ALL if route_is_scan(*asked) else READS_APART if route_is_apart(*asked) else ""
    if why and not route.scan:
        line, column = next(iter(places_of(policy.file, "", (), routes=[route.name])), (None, None))
        yield Problem(f"route {route.name} {why}; {MEANT}", policy.file, line, column, severity="warning")


def expected(example: Example) -> str:
    said = {"queue": example.queue, "status": example.status, "priority": example.priority}
    steps = " and ".join(f"{name} {value}" for name, value in said.items() if value)
    return f"the route {example.expect}{' with ' if steps else ''}{steps}" if example.expect else "no route"


class Asked(NamedTuple):
    """What an org says to the policies: what it lacks, what it is, what it honours, and what is worth knowing."""

    problems: tuple[Problem, ...]
    survey: Survey
    username: str
    guard: str
    rollback: Rollback
    remarks: tuple[str, ...]
    rehearsal: str | None = None


Trial = Callable[[], AbstractContextManager[Stop]]
"""While steps are tried out in a sandbox: what tells that somebody wants it to end."""


def check_in_org(chosen: Sequence[Path], org: str, problems: Sequence[Problem], trial: Trial | None = None) -> Asked:
    """Asks the org for what the policies demand; with a `trial` also tries their steps out, in a sandbox alone.
    `problems` are known without it, and an error among them is told even when the org cannot be asked."""
    from sfdc_escalator.files.policies import read_policies

    policies, _ = read_policies(chosen)
    unasked = sorted({str(path) for path in chosen} - {policy.file for policy in policies})
    try:
        entry, warnings = entry_of(org)
        with reach(entry) as (door, caller):
            asked = asked_of(door, door.survey(caller, policies), policies, trial)
    except EscalatorError as error:
        if any(problem.severity == "error" for problem in problems):
            raise Invalid(error.message, [*problems, *error.problems]) from error
        raise
    later = [f"Not asked about, until its errors are mended: {', '.join(unasked)}."] if unasked else []
    return asked._replace(problems=(*warnings, *asked.problems), remarks=(*later, *asked.remarks))


def asked_of(door: SalesforceOrg, survey: Survey, policies: Sequence[Policy], trial: Trial | None) -> Asked:
    from sfdc_escalator.salesforce import demands, verdicts
    from sfdc_escalator.salesforce.probe import not_asked

    if trial:
        door.refuse_production(survey)
    seen = door.inspect(survey, policies)
    found: list[tuple[str | None, Lack]] = [
        (policy.file, lack)
        for policy in policies
        for lack in (*demands.lacks(policy, survey, seen.nearby), *verdicts.lacks(policy, survey, seen))
    ]
    alone = policies[0].file if len(policies) == 1 else None  # a poll is that of all of them
    found += ((alone, lack) for lack in verdicts.of_the_poll(seen))
    remarks = tuple(verdicts.remarks(seen, survey))
    asked = Asked(in_places(found), survey, seen.username, door.guard, not_asked(survey), remarks)
    if trial is None:
        return asked
    with trial() as stop:
        played = door.rehearse(survey, policies, seen, lambda: stop.reason)
    found += played.problems
    return asked._replace(problems=in_places(found), rollback=played.rollback, rehearsal=played.words)


def in_places(found: Sequence[tuple[str | None, Lack]]) -> tuple[Problem, ...]:
    """Each once at each place where a policy says it."""
    return tuple(dict.fromkeys(problem for file, lack in found for problem in problems_of(file, lack)))


def in_order(problems: Sequence[Problem], files: Sequence[Path]) -> tuple[Problem, ...]:
    """By file, as they were named, and place; first what stands in other files, last what stands in none."""
    ranks = {str(path): rank for rank, path in enumerate(files)}
    ranked = ((len(ranks) if one.file is None else ranks.get(one.file, -1), one) for one in problems)
    return tuple(one for _, one in sorted(ranked, key=lambda both: (both[0], both[1].line or 0, both[1].column or 0)))


def problems_of(file: str | None, lack: Lack) -> list[Problem]:
    from sfdc_escalator.files.places import places_of

    places = places_of(file, lack.subject, lack.keys, lack.instead, lack.routes) if file else ()
    return [
        Problem(lack.message, file, line, column, lack.subject or None, lack.expected, lack.nearest, lack.severity)
        for line, column in places or [(None, None)]
    ]


def entry_of(org: str) -> tuple[OrgEntry, tuple[Problem, ...]]:
    """The org of this name, and the warnings of the file in which it stands. Raises Invalid."""
    from sfdc_escalator.files.orgs import org_entry

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
    from sfdc_escalator.salesforce.login import line_of, login
    from sfdc_escalator.salesforce.org import SalesforceOrg
    from sfdc_escalator.salesforce.retry import Patience
    from sfdc_escalator.salesforce.token import Grant

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
    from sfdc_escalator.ledger.place import default_path

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
    from sfdc_escalator.ledger.place import default_path, only_ledger

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
