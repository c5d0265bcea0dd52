"""The things that wait for a person: as `status` lists it, and in the mail of cron."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sfdc_escalator.escalation.world.waitlist import Waiting
from sfdc_escalator.reports.values import counted, visible

MOST_LISTED = 8
LONGEST = 300
"""Characters of a reason: the page stays one screen."""
TO_DO = {
    "held": "To do: fill in what is missing; the next run escalates the case.",
    "rejected": "To do: change the case, or what the org asks for. Runs try again: 15 min, 1 h, 6 h, then daily.",
    "unknown": "To do: wait; runs settle it. If it stays: sfdc-escalator resolve {key} --as applied|absent",
    "deferred": "To do: find out what locks the case. Every run tries again.",
    "bounced": "To do: look at the case, and at the assignment rules and flows of the org.",
    "withheld": "To do: see the cases: sfdc-escalator run --org {org} --dry-run --route {route}; if they are right, "
    "choose about the backlog, or raise the guard in the policy.",
    "broken": "To do: find out what the org lacks: sfdc-escalator validate --org {org}",
    "stopped": "To do: nothing, if somebody stopped it; the next run goes on with the rest.",
    "undelivered": "To do: see `sfdc-escalator notices show {key} --org {org}`; then notices retry, or notices drop "
    "--why W.",
    "forgotten": "To do: see the case, and `sfdc-escalator status --check --org {org}`. It is a defect of the program: "
    "keep the ledger, and report it.",
    "failed": "To do: see to the org and the login, if it happens again. The next run goes on with the rest.",
}


@dataclass(frozen=True, slots=True)
class Heading:
    """The run behind a mail. `log` is the file that holds its JSON; empty where there is none."""

    org: str
    run: str
    code: int
    log: str
    is_rehearsal: bool


def subject(one: Waiting) -> str:
    """`case 00000001, route support/high: held, missing 'Workaround__c'`."""
    case = f"case {one.case_number}" if one.case_number else ""
    route = f"route {one.policy}/{one.route}" if one.route else ""
    where = ", ".join(filter(None, [case, route])) or "the run"
    missing = f", missing {', '.join(map(repr, one.missing))}" if one.missing else ""
    count = f", {counted(one.cases, 'case')}" if one.cases else ""
    return visible(f"{where}: {one.state}{count}{missing}")


def reason(one: Waiting) -> str:
    text = visible(one.reason)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def waiting_lines(found: Sequence[Waiting], more: int, most: int) -> Iterator[str]:
    """A line for each of the first `most`; `more` counts those that are not in the list."""
    for one in found[:most]:
        yield f"  {subject(one)} ({reason(one)})"
    if hidden := more + max(0, len(found) - most):
        yield f"  ... and {hidden} more: sfdc-escalator status --json, run --dry-run"


def mail_text(heading: Heading, found: Sequence[Waiting], count: int) -> str:
    """One screen: each thing that waits, its reason, the next step; and where the rest is."""
    return "\n".join(mail_lines(heading, found, count))


def mail_lines(heading: Heading, found: Sequence[Waiting], count: int) -> Iterator[str]:
    org, code = visible(heading.org), f" (exit code {heading.code})" if heading.code else ""
    yield f"sfdc-escalator, org {org}: something needs a person{code}"
    for one in found[:MOST_LISTED]:
        yield ""
        yield subject(one)
        yield f"  {reason(one)}"
        yield f"  {visible(TO_DO[one.state].format(key=one.key, route=one.route, org=heading.org))}"
    yield ""
    if count > MOST_LISTED:
        yield f"... and {count - MOST_LISTED:,} more."
    yield f"All that waits at the moment: sfdc-escalator status --org {org}"
    if not heading.is_rehearsal:
        yield "This is reported when it begins, when it changes, and once a day."
    yield f"Run {heading.run}" + (f" in the log {visible(heading.log)}" if heading.log else "")
