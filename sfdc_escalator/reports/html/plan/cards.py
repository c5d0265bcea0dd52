"""The card of one case on the plan page."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.clauses.wording import label
from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.outcome import Outcome
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.ladder.ahead import rungs_ahead
from sfdc_escalator.escalation.ladder.times import zone_of_due
from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.policy.steps import FIELD_OF, Step, StepState
from sfdc_escalator.reports.html.page import web_address
from sfdc_escalator.reports.html.procedure.ladder import rung_name
from sfdc_escalator.reports.html.words import title
from sfdc_escalator.reports.ladder_text import clock


class Names(NamedTuple):
    """The facts that every card needs: the org's address, queues by id, and the policies in the org by name."""

    instance_url: str
    queues: Mapping[str, str]
    in_org: Mapping[str, PolicyInOrg]


class Link(NamedTuple):
    text: str
    url: str


class Move(NamedTuple):
    """A step: the field, its value before and after. `stays` says why nothing changes."""

    step: str
    before: str
    after: str
    stays: str


class Mark(NamedTuple):
    """A point on the time line."""

    at: str
    what: str
    is_due: bool = False


class Card(NamedTuple):
    """One case: what is found, what is done, and who is notified. Empty texts are unknown, or not there."""

    case: Link
    subject: str
    account: str
    owner: str
    key: str
    rung: str
    reason: str
    why: tuple[str, ...]
    moves: tuple[Move, ...]
    note: str
    beside: str
    line: tuple[Mark, ...]
    people: tuple[str, ...]
    links: tuple[Link, ...]


def card(match: Match, outcome: Outcome, names: Names) -> Card:
    return Card(
        case=case_link(outcome, names.instance_url),
        subject=outcome.subject,
        account=outcome.account,
        owner=outcome.owner_name or match.case.owner_id,
        key=outcome.key,
        rung=match.rung.id if match.rung else "",
        reason="" if outcome.reason == match.route.reason else outcome.reason,
        why=outcome.findings,
        moves=tuple(moves(outcome, names)),
        note=outcome.note,
        beside=outcome.beside,
        line=tuple(time_line(match, names.in_org.get(match.policy.name))),
        people=tuple(addressed(one) for one in match.order.notices) if match.order else (),
        links=tuple(links(match)),
    )


def case_link(outcome: Outcome, instance_url: str) -> Link:
    url = f"{instance_url}/lightning/r/Case/{outcome.case_id}/view" if instance_url else ""
    return Link(outcome.case_number, web_address(url))


def links(match: Match) -> Iterator[Link]:
    """The values of the policy's link fields that are http(s) addresses."""
    for path in match.policy.notices.links:
        url = web_address((match.case.text_of(path) or "").strip())
        if url:
            yield Link(label(path), url)


def moves(outcome: Outcome, names: Names) -> Iterator[Move]:
    for step in outcome.steps:
        if not step.is_note:
            yield Move(label(FIELD_OF[step.name]), *values(step, outcome, names), stays(step))


def stays(step: Step) -> str:
    """The reason why the field keeps its value; empty where it changes."""
    if step.state is StepState.PLANNED:
        return ""
    return step.reason or "already so"


def values(step: Step, outcome: Outcome, names: Names) -> tuple[str, str]:
    """Before and after, with the names of queues and of the owner in place of ids."""
    known = dict(names.queues)
    if step.name == "queue" and step.before and outcome.owner_name:
        known[step.before] = outcome.owner_name
    before, after = (known.get(value or "", value or "empty") for value in (step.before, step.after))
    return before, after


# -- time --------------------------------------------------------------------------------------------------------------


def time_line(match: Match, in_org: PolicyInOrg | None) -> Iterator[Mark]:
    """The start, the rungs of the ladder and the due time, as clocks of the responsible team show them."""
    if in_org is None or match.rung or not (match.route.ladder or match.due):
        return
    circumstances = in_org.circumstances_of(match.route, match.case)
    now = circumstances.now
    zone = zone_of_due(match.policy, match.route, match.case, circumstances)
    rungs = {rung.id: rung_name(rung.id) or title(rung.id) for rung in match.route.ladder.rungs}
    ahead = rungs_ahead(match.route.ladder, match.case, circumstances, match.due)
    marks = [(now, Mark(clock(now, zone, now), "start"))]
    marks += [(one.at, Mark(clock(one.at, zone, now), rungs[one.rung])) for one in ahead]
    marks += [(match.due, Mark(match.due_text, "due", True))] if match.due else []
    yield from (mark for _, mark in sorted(marks, key=lambda one: one[0]))


# -- people ------------------------------------------------------------------------------------------------------------


def addressed(one: Notice) -> str:
    """`Supervisors by desk, urgent`"""
    if one.missing:
        return f"nobody: {one.missing}"
    to = f" ({one.to})" if one.to and one.to != one.recipient else ""
    by = f" by {one.channel}" if one.channel else ""
    instead = f", instead of {one.instead_of}" if one.instead_of else ""
    name = one.recipient if to else title(one.recipient)
    return name + to + by + instead + ", urgent" * one.urgent + ", in the digest" * one.digest
