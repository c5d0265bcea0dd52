"""The cases of a plan that it does not escalate, in short, each with the reason."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sfdc_escalator.escalation.decisions.outcome import Outcome, State
from sfdc_escalator.escalation.world.keys import FIRST_RUNG
from sfdc_escalator.pipeline.run import Result
from sfdc_escalator.reports.html.plan.cards import Link, case_link
from sfdc_escalator.reports.html.words import title

MOST_CASES = 12


class Group(NamedTuple):
    """Matches with one end and one reason; `more` are those whose numbers are not listed."""

    state: str
    route: str
    reason: str
    number: int
    cases: tuple[Link, ...]
    more: int


class LeftOut(NamedTuple):
    """The matches that are not escalated now, holds that last, and the reasons of the cases that no route matches."""

    groups: tuple[Group, ...]
    holds: tuple[tuple[str, str, str, str], ...]
    unmatched: int
    reasons: tuple[tuple[str, int], ...]


def left_out(result: Result, outcomes: Sequence[Outcome], states: Mapping[State, str]) -> LeftOut:
    url = result.prepared.org_facts.caller.instance_url
    found: dict[tuple[str, str, str], list[Outcome]] = {}
    for one in outcomes:
        rung = "" if one.rung == FIRST_RUNG else f", {one.rung}"
        found.setdefault((states[one.state], title(one.route) + rung, one.reason), []).append(one)
    groups = (
        Group(
            *facts, len(some), tuple(case_link(one, url) for one in some[:MOST_CASES]), max(0, len(some) - MOST_CASES)
        )
        for facts, some in found.items()
    )
    no_match = result.prepared.left_alone
    order = list(states.values())
    return LeftOut(
        tuple(sorted(groups, key=lambda one: order.index(one.state))),
        tuple(
            (
                one.case_number,
                title(one.route) if one.route else "every route",
                f"{one.by}: {one.why}",
                until(one.until),
            )
            for one in result.prepared.holds
        ),
        no_match.count,
        no_match.reasons,
    )


def until(at: object) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "no end"
