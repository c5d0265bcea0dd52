"""The teams of a policy, their hours, and the rules about messages."""

from collections.abc import Iterator, Mapping
from datetime import time, timedelta
from itertools import groupby
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.clauses.wording import field_words, label, listed, quoted, time_words
from sfdc_escalator.escalation.conditions.clocks.clock import Clock
from sfdc_escalator.escalation.conditions.clocks.stopped_clock import values
from sfdc_escalator.escalation.conditions.tree import leaves
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.policy.telling import EVERY_DAY, NoticeRules
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.time.opening_hours import Spans
from sfdc_escalator.reports.html.words import person, title

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
KINDS = {
    "salesforce": "the bell in Salesforce",
    "chatter": "Chatter",
    "slack": "Slack",
    "teams": "Teams",
    "email": "e-mail",
    "log": "the log of the run",
    "pagerduty": "PagerDuty",
    "sharepoint": "SharePoint",
    "clickup": "ClickUp",
    "webhook": "a webhook",
}


class TeamRow(NamedTuple):
    name: str
    queue: str
    reached: str
    hours: str
    facts: tuple[tuple[str, str], ...]


class Hours(NamedTuple):
    name: str
    days: tuple[tuple[str, str], ...]
    zone: str
    holidays: bool


def team_rows(policy: Policy) -> Iterator[TeamRow]:
    for name, team in policy.teams.items():
        hours = policy.hours.get(name)
        ways = [channel(one, policy.notices.channels) for one in team.tell]
        ways += [one for one in (team.list, person(team.person) if team.person else "") if one]
        facts = tuple((label(key).capitalize(), text) for key, text in team.facts.items())
        reached = ", ".join(ways)
        yield TeamRow(title(name), label(team.queue) if team.queue else "", reached, hours.name if hours else "", facts)


def channel(name: str, kinds: Mapping[str, str]) -> str:
    """The kind of the channel: `the bell in Salesforce`."""
    kind = kinds.get(name, "")
    return KINDS.get(kind) or (label(kind).capitalize() if kind else name)


# -- hours -------------------------------------------------------------------------------------------------------------


def hours_of(policy: Policy) -> Iterator[Hours]:
    """Every calendar that a team or a clock of the policy has, once."""
    clocks = (leaf for condition in policy.conditions for leaf in leaves(condition) if isinstance(leaf, Clock))
    given = (*policy.calendars, *(clock.calendar for clock in clocks))
    found = (*policy.hours.values(), *(one for some in given for one in values(some) if isinstance(one, Calendar)))
    for calendar in {one.name: one for one in found}.values():
        days = tuple(day_rows(calendar))
        yield Hours(calendar.name, days, calendar.zone.key or "UTC", calendar.holidays != frozenset())


def day_rows(calendar: Calendar) -> Iterator[tuple[str, str]]:
    """Days that follow each other and have the same hours, together."""
    for spans, days in groupby(range(7), key=lambda day: calendar.week[day]):
        first, *more = days
        last = more[-1] if more else first
        yield (DAYS[first] if first == last else f"{DAYS[first]}\u2013{DAYS[last]}"), spans_text(spans)


def spans_text(spans: Spans) -> str:
    return ", ".join(f"{at(opens)}\u2013{at(closes)}" for opens, closes in spans) or "closed"


def at(offset: timedelta) -> str:
    minutes = offset // timedelta(minutes=1)
    return f"{minutes // 60:02}:{minutes % 60:02}"


# -- messages ----------------------------------------------------------------------------------------------------------


def message_rules(rules: NoticeRules) -> Iterator[str]:
    """The rules that hold for every message, each a sentence."""
    if rules.opens_with:
        yield f"Every message begins with {quoted(rules.opens_with)}."
    if rules.must_say:
        names = [field_words(one) if one[:1].isupper() else f"the part {quoted(title(one))}" for one in rules.must_say]
        yield f"No message leaves out {listed(names, 'or')}."
    if rules.quiet:
        begin, end = clock(rules.quiet.begin), clock(rules.quiet.end)
        yield f"From {begin} to {end}, by the clock of the person, only urgent messages are sent. The others wait."
    yield f"The digest is sent at {clock(rules.digest.at)} {days_text(rules.digest.days)}."
    if rules.cap:
        most, within = rules.cap.most, time_words(rules.cap.within)
        yield f"One recipient gets at most {most} messages within {within}; what is over it comes as one message."


def clock(at_: time) -> str:
    return f"{at_:%H:%M}"


def days_text(days: frozenset[int]) -> str:
    """`every day`, `Mon to Fri`, `on Mon and Thu`"""
    if days == EVERY_DAY:
        return "every day"
    first, *_, last = sorted(days) * 2
    if len(days) > 2 and len(days) == last - first + 1:
        return f"{DAYS[first]} to {DAYS[last]}"
    return f"on {listed([DAYS[day] for day in sorted(days)], 'and')}"
