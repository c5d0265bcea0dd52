"""The open escalations: how many, due soon, coming next, held, and those that no run will change."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from heapq import nsmallest
from zoneinfo import ZoneInfo

from sfdc_escalator.escalation.world.ladder_facts import Hold, StandingState
from sfdc_escalator.pipeline.read_models.ledger_status import LedgerStatus
from sfdc_escalator.pipeline.read_models.open_escalation import OpenEscalation
from sfdc_escalator.reports.ladder_text import UTC, clock, held_text, named, state_words, zone_of
from sfdc_escalator.reports.page import Page
from sfdc_escalator.reports.values import counted, visible

MOST_LISTED = 20
NOT_GOING_ON = {
    StandingState.EXHAUSTED: "exhausted: nobody acted, and no rung is left",
    StandingState.REMOVED: "left by their policy: it no longer has the route",
}
"""The states whose escalations are listed: no run will do anything about them."""


def open_lines(status: LedgerStatus, page: Page) -> Iterator[str]:
    """The lists that follow the summary."""
    yield from due_soon(status, page)
    yield from coming(status, page)
    yield from holds(status, page)
    for state, words in NOT_GOING_ON.items():
        yield from listed(words, [one for one in status.escalations if one.state is state], page)


def summary(status: LedgerStatus) -> Iterator[str]:
    """The number of open escalations by state, and of each route where there are several."""
    states = by_state(status.escalations)
    yield counted(status.open, "open escalation") + (f": {states}" if states else "")
    routes: dict[str, list[OpenEscalation]] = {}
    for one in status.escalations:
        routes.setdefault(one.route, []).append(one)
    for route, found in sorted(routes.items()):
        yield visible(f"  {route}: {by_state(found)}")


def by_state(found: Iterable[OpenEscalation]) -> str:
    """`7 running, 1 held`"""
    count = Counter(one.state for one in found)
    return ", ".join(f"{count[state]:,} {state_words(state)}" for state in StandingState if count[state])


def due_soon(status: LedgerStatus, page: Page) -> Iterator[str]:
    """The due list of the next 24 hours, by team."""
    teams = status.due_soon
    if teams:
        yield f"{sum(map(len, teams.values())):,} due within 24 hours:"
    for team, found in teams.items():
        yield visible(f"  team {team}:" if team else "  without a team:")
        yield from (f"    {due_line(one, status, page)}" for one in page.first(found, MOST_LISTED))
        yield from more(len(found), "    ", page)


def due_line(one: OpenEscalation, status: LedgerStatus, page: Page) -> str:
    late = status.now and one.due and one.due < status.now
    overdue = "  " + page.paint("overdue", "red") if late else ""
    return visible(f"{at(one.due, one, status)}  {subject(one)}") + overdue


def coming(status: LedgerStatus, page: Page) -> Iterator[str]:
    """The next turns of rungs, the nearest first."""
    found = [(one.standing.at, one) for one in status.escalations if one.standing.at and one.hold is None]
    if found:
        yield f"{counted(len(found), 'rung')} to come if nobody acts:"
        shown = len(found) if page.everything else MOST_LISTED
        for _, one in nsmallest(shown, found, key=lambda entry: entry[0]):
            yield visible(f"  {next_line(one, status)}")
        yield from more(len(found), "  ", page)


def next_line(one: OpenEscalation, status: LedgerStatus) -> str:
    rung = named(one.standing.rung, one.standing.turn)
    return f"{at(one.standing.at, one, status)}  {subject(one)}: {rung}"


def holds(status: LedgerStatus, page: Page) -> Iterator[str]:
    """The cases that are held."""
    if status.holds:
        yield f"{counted(len(status.holds), 'hold')}:"
        yield from (visible(f"  {hold_line(one, status)}") for one in page.first(status.holds, MOST_LISTED))
        yield from more(len(status.holds), "  ", page)


def hold_line(hold: Hold, status: LedgerStatus) -> str:
    of = "/".join(filter(None, [hold.policy, hold.route]))
    zone = zone_of_policy(hold.policy, status)
    return f"case {hold.case_number}{f' {of}' if of else ''}: {held_text(hold, zone, status.now)}"


def listed(words: str, found: Sequence[OpenEscalation], page: Page) -> Iterator[str]:
    if found:
        yield page.paint(f"{len(found):,} {words}:", "yellow")
        yield from (visible(f"  {subject(one)}") for one in page.first(found, MOST_LISTED))
        yield from more(len(found), "  ", page)


def more(count: int, indent: str, page: Page, command: str = "status") -> Iterator[str]:
    """The number of entries that a list leaves out, and the way to them."""
    if count > MOST_LISTED and not page.everything:
        yield f"{indent}... and {count - MOST_LISTED:,} more: sfdc-escalator {command} --all"


def subject(one: OpenEscalation) -> str:
    return f"case {one.start.case_number} {one.route}"


def at(time: datetime | None, one: OpenEscalation, status: LedgerStatus) -> str:
    """A time of an open escalation, in its zone."""
    zone = zone_of(one.standing.zone) if one.standing.zone else zone_of_policy(one.start.policy, status)
    return clock(time, zone, status.now) if time else "some time"


def zone_of_policy(policy: str, status: LedgerStatus) -> ZoneInfo:
    """The zone in which the policy shows its times; without a policy that of all of them, UTC where they differ."""
    uses = status.policy_uses
    zones = {one.zone for name, one in uses.items() if name == policy or policy not in uses}
    return zone_of(*zones) if len(zones) == 1 else UTC
