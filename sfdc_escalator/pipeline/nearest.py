"""Which cases came nearest to a match, where a rehearsal found none. Reads only."""

from collections.abc import Sequence
from dataclasses import replace

from sfdc_escalator.escalation.decisions.view import View
from sfdc_escalator.escalation.explaining.misses import NearMiss, nearest_misses
from sfdc_escalator.escalation.planning.choices import Choices
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.pipeline.ports import Org
from sfdc_escalator.pipeline.second_look import Look, second_look

MOST_READ = 2_000
"""So many cases are looked through: one page of a query."""


def near_misses(
    org: Org, views: Sequence[View], look: Look, us: frozenset[str], choices: Choices
) -> tuple[NearMiss, ...]:
    """The poll leaves out what does not match, so the cases that wait longest are read besides."""
    polled = {case.id for case in look.cases}
    waiting = org.longest_waiting(readable(views), views[0].survey, MOST_READ) if choices.case is None else ()
    wide = second_look(org, views, [case for case in waiting if case.id not in polled], us)
    unread = {case.id: one.unread(case.id) for one in (look, wide) for case in one.cases}
    return nearest_misses(views, (*look.cases, *wide.cases)[:MOST_READ], unread, choices.route)


def readable(views: Sequence[View]) -> list[Policy]:
    """The policies with the routes that this org can be asked for."""
    kept = [(view.policy, [one for one in view.policy.routes if one.name not in view.unpolled]) for view in views]
    return [replace(policy, routes=tuple(routes)) for policy, routes in kept if routes]
