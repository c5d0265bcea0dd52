"""The cases nearest to a match, for a rehearsal that found no match. Reads only."""

from collections.abc import Sequence
from dataclasses import replace

from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.explaining.misses import NearMiss, nearest_misses
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.preparing.second_look import Look, second_look

MOST_READ = 2_000
"""The largest number of cases that are examined: one page of a query."""


def near_misses(
    org: Org, policies_in_org: Sequence[PolicyInOrg], look: Look, us: frozenset[str], options: RunOptions
) -> tuple[NearMiss, ...]:
    """The nearest misses. The poll leaves out cases without a match, so the longest-waiting ones are read as well."""
    polled = {case.id for case in look.cases}
    waiting = (
        org.longest_waiting(readable(policies_in_org), policies_in_org[0].org_facts, MOST_READ)
        if options.case is None
        else ()
    )
    wide = second_look(org, policies_in_org, [case for case in waiting if case.id not in polled], us)
    unread = {case.id: one.unread(case.id) for one in (look, wide) for case in one.cases}
    return nearest_misses(policies_in_org, (*look.cases, *wide.cases)[:MOST_READ], unread, options.route)


def readable(policies_in_org: Sequence[PolicyInOrg]) -> list[Policy]:
    """The policies with the routes that this org can be asked for."""
    kept = [
        (in_org.policy, [one for one in in_org.policy.routes if one.name not in in_org.unpolled])
        for in_org in policies_in_org
    ]
    return [replace(policy, routes=tuple(routes)) for policy, routes in kept if routes]
