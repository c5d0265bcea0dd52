"""One case explained: each route of each policy with its conditions."""

from collections.abc import Iterator
from datetime import datetime

from sfdc_escalator.escalation.conditions.condition import Finding
from sfdc_escalator.escalation.conditions.findings import in_plain_words
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not
from sfdc_escalator.escalation.decisions.match import Match, NoMatch
from sfdc_escalator.escalation.explaining.explanation import Explained, explain
from sfdc_escalator.escalation.time.durations import in_words
from sfdc_escalator.pipeline.preparing.examine import Examined
from sfdc_escalator.pipeline.read_models.notices import LastAndNext
from sfdc_escalator.pipeline.read_models.undone import UndoneOnCase
from sfdc_escalator.reports.json.explain import group_name
from sfdc_escalator.reports.ladder_text import ladder_text
from sfdc_escalator.reports.page import PLAIN, Page
from sfdc_escalator.reports.terminal import cut, width_of
from sfdc_escalator.reports.text.notices import last_and_next_lines
from sfdc_escalator.reports.values import visible

MARKS = {True: "yes", False: "no "}
COLOURS = {True: "green", False: ""}


def explain_text(examined: Examined, page: Page = PLAIN) -> str:
    return "\n".join(lines(examined, page))


def lines(examined: Examined, page: Page) -> Iterator[str]:
    case, first = examined.case, examined.policies_in_org[0]
    yield f"case {visible(case.number)}  {first.org_facts.caller.instance_url}/{case.id}"
    account = f" ({cut(visible(case.account_name), page.width // 3)})" if case.account_name else ""
    if case.subject or account:
        yield (cut(visible(case.subject), page.width - width_of(account)) + account).strip()
    owner = case.owner_name or case.owner_id
    yield visible(f"status {case.status or 'empty'}, priority {case.priority or 'empty'}, owner {owner}")
    yield f"at {first.now:%Y-%m-%d %H:%M:%S} UTC"
    for in_org, judged in zip(examined.policies_in_org, examined.judged, strict=True):
        yield ""
        yield visible(f"policy {in_org.policy.name}: {match_text(judged)}")
        for one in explain(in_org, case, judged):
            yield from route_lines(one, in_org.now, page)
    for undone in examined.undos:
        yield ""
        yield visible(undone_text(undone))
    for ladder in examined.ladders:
        yield ""
        yield ladder_text(ladder.escalation, ladder.zone, ladder.now, ladder.until)
    if examined.notices != LastAndNext():
        yield ""
        yield from last_and_next_lines(examined.notices)


def undone_text(one: UndoneOnCase) -> str:
    """The person who took something back, when, and why."""
    undo = one.undo
    at = f" at {undo.tried_at:%Y-%m-%d %H:%M} UTC" if undo.tried_at else ""
    of = "" if undo.turn == 1 else ", one of its rungs"
    by, keys = one.by or "a person", f" ({', '.join(one.keys)})" if one.keys else ""
    why = one.why or "the reason stands in the note on the case"
    return f"{undo.policy}/{undo.route}{of}{keys} was undone by {by}{at}: {why}"


def match_text(judged: Match | NoMatch) -> str:
    if isinstance(judged, NoMatch):
        return "no match"
    steps = ", ".join(step.name for step in judged.outcome.steps if step.state == "planned")
    return f"{judged.state} by the route {judged.route.name}: {steps or judged.reason}"


def route_lines(one: Explained, now: datetime, page: Page) -> Iterator[str]:
    yield ""
    verdict = page.paint("matches" if one.matches else "does not match", COLOURS[one.matches])
    yield f"  {one.route.name}: {verdict}"
    yield from (f"    {line}" for line in finding_lines(one.finding, page))
    if one.missing:
        yield visible(f"    missing: {'; '.join(miss.text for miss in one.missing)}")
    if not one.matches:
        yield f"    {time_text(one.when, now)}"
    yield from (visible(f"    obstacle: {reason}") for reason in one.obstacles)


def time_text(when: datetime | None, now: datetime) -> str:
    if when is None:
        return "time alone will not make it match"
    return f"time alone will make it match at {when:%Y-%m-%d %H:%M} UTC, in {in_words(when - now)}"


def finding_lines(finding: Finding, page: Page) -> Iterator[str]:
    condition, mark = finding.condition, page.paint(MARKS[finding.holds], COLOURS[finding.holds])
    if isinstance(condition, (All, AnyOf, Not)):
        yield f"{mark}  {group_name(condition)}"
        yield from (f"  {line}" for part in finding.parts for line in finding_lines(part, page))
    else:
        yield f"{mark}  {visible(in_plain_words(finding))}"
