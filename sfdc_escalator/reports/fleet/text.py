"""The state of a fleet as text."""

from collections.abc import Iterator

from sfdc_escalator.escalation.fleet.rollout import Rollout
from sfdc_escalator.escalation.fleet.status import FleetStatus, OrgSeen
from sfdc_escalator.reports.fleet.json import interval
from sfdc_escalator.reports.page import PLAIN, Page
from sfdc_escalator.reports.values import counted, instant, visible

URGENT = ("failing", "behind")
STYLES = {"ok": "green", "running": "green", "behind": "red", "failing": "red", "paused": "yellow"}
DIGITS = 12


def fleet_text(status: FleetStatus, page: Page = PLAIN) -> str:
    """The page. A quiet one holds only what needs a person, and is empty where nothing does."""
    return "\n".join(urgent_lines(status, page) if page.is_quiet else lines(status, page))


def lines(status: FleetStatus, page: Page) -> Iterator[str]:
    yield f"Fleet of {counted(len(status.orgs), 'org')} in {visible(status.where)}, {instant(status.now)}"
    if not status.workers:
        yield page.paint("! no worker is at work", "red")
    for one in status.workers:
        busy = f", serves {', '.join(map(visible, one.jobs))}" if one.jobs else ""
        yield f"Worker {visible(one.name)}, process {one.pid}{busy}"
    yield from rollout_lines(status.rollout, page)
    for org in status.orgs:
        yield from org_lines(org, page)


def urgent_lines(status: FleetStatus, page: Page) -> Iterator[str]:
    if status.rollout and status.rollout.state == "halted":
        yield from rollout_lines(status.rollout, page)
    for org in status.orgs:
        if org.condition in URGENT:
            yield from org_lines(org, page)


def rollout_lines(rollout: Rollout | None, page: Page) -> Iterator[str]:
    if rollout is None:
        yield "Policies: none yet; `sfdc-escalator fleet schedule` reads them"
        return
    digest = (rollout.digest or "")[:DIGITS]
    why = f": {visible(rollout.why)}" if rollout.why else ""
    if rollout.state == "everywhere":
        yield f"Policies {digest} are used by all orgs{why}"
        return
    runs = ", ".join(
        f"{visible(org)} {rollout.runs.get(org, 0)} of {rollout.needed}" for org in sorted(rollout.canaries)
    )
    if rollout.state == "canary":
        tried = f"are tried by canaries: {runs}" if rollout.canaries else f"wait{why}"
        yield f"Policies {digest} {tried}; the others use {(rollout.stable or '')[:DIGITS]}"
        return
    yield page.paint(f"! Policies {digest} are halted{why}", "red")
    stable = (rollout.stable or "")[:DIGITS]
    if rollout.digest in rollout.refused:
        yield f"  All orgs use {stable}. Next: change the policy files, or fleet promote {digest}"
    else:
        yield f"  The others use {stable}. Next: fleet rollback {digest}, or fleet promote {digest}"


def org_lines(one: OrgSeen, page: Page) -> Iterator[str]:
    mark = "! " if one.condition in URGENT else ""
    canary = ", canary" if one.canary else ""
    used = f", policies {one.policies[:DIGITS]}" if one.policies else ""
    next_at = f", next {instant(one.next_at)}" if one.next_at else ""
    state = page.paint(f"{mark}{one.condition}", STYLES[one.condition])
    yield f"{visible(one.org)}: {state}, every {interval(one.every)}{next_at}{used}{canary}"
    if one.last:
        code = "killed" if one.last.code is None else f"exit code {one.last.code}"
        why = f": {visible(one.last.reason)}" if one.last.reason else ""
        times = f"{instant(one.last.started)} to {instant(one.last.ended)}"
        failures = f", {counted(one.failures, 'failure')} in a row" if one.failures else ""
        yield f"  last run {times}, {code}{failures}{why}"
    elif one.condition == "behind" and one.next_at is None:
        yield "  no schedule has seen it; `sfdc-escalator fleet schedule` queues its runs"
