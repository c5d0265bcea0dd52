"""The plan page: how many cases a run would escalate, by route and team, and each of them on a card."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.outcome import Outcome, State
from sfdc_escalator.escalation.ladder.times import team_of
from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.world.keys import FIRST_RUNG
from sfdc_escalator.pipeline.run import Result
from sfdc_escalator.reports.html.charts import Bar, bars
from sfdc_escalator.reports.html.page import html_page
from sfdc_escalator.reports.html.pictures import picture
from sfdc_escalator.reports.html.plan.cards import Card, Names, card
from sfdc_escalator.reports.html.plan.left_out import LeftOut, left_out
from sfdc_escalator.reports.html.procedure.ladder import RungRow, rung_rows
from sfdc_escalator.reports.html.words import title
from sfdc_escalator.reports.values import counted

NO_TEAM = "no team"
MOST_OTHERS = 100
STATES = {
    State.PLANNED: "to escalate",
    State.WITHHELD: "withheld",
    State.HELD: "held",
    State.ALREADY: "already escalated",
    State.REJECTED: "rejected",
    State.DEFERRED: "deferred",
    State.UNKNOWN: "not settled",
}


class Count(NamedTuple):
    """The escalations of a route that go to a team."""

    route: str
    team: str
    cases: int


class Section(NamedTuple):
    """The cards of one route, and its ladder."""

    name: str
    heading: str
    reason: str
    ladder: tuple[RungRow, ...]
    cards: tuple[Card, ...]


class Other(NamedTuple):
    """A message about something that happened since the last run."""

    about: str
    to: str


def plan_html(result: Result, org: str, warnings: Iterable[str] = ()) -> str:
    """The page of a rehearsal; `org` is the name that messages give to the org, `warnings` are about its policies."""
    plan, facts = result.prepared.plan, result.prepared.org_facts
    pairs = [(match, one) for match, one in zip(plan.matches, result.outcomes, strict=True)]
    planned = [(match, one) for match, one in pairs if one.state is State.PLANNED]
    counts = tuple(counts_of(match for match, _ in planned))
    return html_page(
        "plan.html.j2",
        org=facts.name,
        called=org,
        kind="sandbox" if facts.is_sandbox else "production",
        organization_id=plan.organization_id,
        now=f"{plan.now:%Y-%m-%d %H:%M:%S} UTC",
        policies=[(policy.name, policy.digest) for policy in plan.policies],
        digest=plan.digest,
        read=counted(result.prepared.poll.count, "case"),
        open_cases=facts.open_cases,
        warnings=[*warnings, *broken(result), *result.prepared.warnings],
        states=states_of(one for _, one in pairs),
        planned=len(planned),
        counts=counts,
        picture=counts_picture(counts),
        sections=tuple(sections(result, planned)),
        left_out=left_out_of(result, pairs),
        others=tuple(others_of(result))[:MOST_OTHERS],
        more_others=max(0, len(tuple(others_of(result))) - MOST_OTHERS),
    )


def broken(result: Result) -> Iterator[str]:
    for (policy, route), reason in sorted(result.prepared.broken.items()):
        yield f"{policy}/{route} cannot be carried out: {reason}"


def states_of(outcomes: Iterable[Outcome]) -> list[tuple[str, int]]:
    counts = Counter(one.state for one in outcomes)
    shown = [state for state in STATES if counts[state] or state is State.PLANNED]
    return [(STATES[state], counts[state]) for state in shown]


# -- how many ----------------------------------------------------------------------------------------------------------


def team_name(match: Match) -> str:
    """The team to which the case goes: that of the rung where it moves the case, else that of the route."""
    wanted = match.rung.escalate.teams if match.rung and match.rung.escalate else ()
    team = wanted[0].name if len(wanted) == 1 else team_of(match.route, match.case)
    return title(team) if team else NO_TEAM


def counts_of(matches: Iterable[Match]) -> Iterator[Count]:
    """The numbers by route and team, in the order of the plan."""
    counts = Counter((match.route.name, team_name(match)) for match in matches)
    yield from (Count(title(route), team, count) for (route, team), count in counts.items())


def counts_picture(counts: Sequence[Count]) -> str:
    if not counts:
        return ""
    return picture(bars([Bar(*one) for one in counts], "cases"), "by-route", "Cases to escalate, by route and team")


# -- the cases ---------------------------------------------------------------------------------------------------------


def sections(result: Result, planned: Sequence[tuple[Match, Outcome]]) -> Iterator[Section]:
    names = names_of(result)
    groups: dict[tuple[str, str], list[tuple[Match, Outcome]]] = {}
    for match, outcome in planned:
        groups.setdefault(match.name, []).append((match, outcome))
    several = len(result.prepared.plan.policies) > 1
    for (policy, name), some in groups.items():
        route = some[0][0].route
        heading = f"{title(name)} ({policy})" if several else title(name)
        cards = tuple(card(match, outcome, names) for match, outcome in some)
        yield Section(name, heading, route.reason, tuple(rung_rows(route)), cards)


def names_of(result: Result) -> Names:
    """The names of queues and the policies in the org that cards need."""
    prepared = result.prepared
    queues = {queue.id: queue.name for queue in prepared.org_facts.queues.values()}
    in_org: Mapping[str, object] = {one.policy.name: one for one in prepared.policies_in_org}
    return Names(prepared.org_facts.caller.instance_url, queues, in_org)  # type: ignore[arg-type]


# -- the others --------------------------------------------------------------------------------------------------------


def left_out_of(result: Result, pairs: Iterable[tuple[Match, Outcome]]) -> LeftOut:
    rest = [one for _, one in pairs if one.state is not State.PLANNED]
    return left_out(result, rest, {state: STATES.get(state, state.value) for state in State})


def others_of(result: Result) -> Iterator[Other]:
    """The messages that belong to no card: somebody acted, a case was closed, a warning."""
    for some in result.prepared.notices.values():
        for one in some:
            yield Other(about_notice(one), f"{one.recipient} by {one.channel}" if one.channel else one.recipient)


def about_notice(one: Notice) -> str:
    about = one.subject
    rung = "" if about.rung in ("", FIRST_RUNG) else f", {about.rung}"
    case = f", case {about.case_number}" if about.case_number else ""
    return f"{about.kind}: {title(about.route)}{rung}{case}"
