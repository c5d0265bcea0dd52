"""The cases nearest to a match, for a rehearsal that found no match. Reads only."""

from collections.abc import Sequence
from dataclasses import replace

from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.explaining.misses import NearMiss, nearest_misses
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.needs import Need
from sfdc_escalator.pipeline.polling.second_look import Look, second_look
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.ports.recall import Recall

MOST_READ = 2_000
"""The largest number of cases that are examined: one page of a query."""


class Nearest:
    """The cases that lack the fewest conditions, a bounded number of them."""

    def __init__(self) -> None:
        self._by_count: dict[int, list[tuple[Case, frozenset[Need]]]] = {}
        self._left = MOST_READ
        self._is_open = True

    def offer(self, lacking: int, case: Case, unread: frozenset[Need]) -> None:
        if not self._left and self._is_open:
            farthest = max(self._by_count)
            if lacking >= farthest:
                return
            self._by_count[farthest].pop()
            if not self._by_count[farthest]:
                del self._by_count[farthest]
            self._left += 1
        if self._is_open:
            self._by_count.setdefault(lacking, []).append((case, unread))
            self._left -= 1

    def close(self) -> None:
        """Nobody asks for near misses where there is a match."""
        self._is_open = False
        self._by_count.clear()

    @property
    def look(self) -> Look:
        found = [one for _, some in sorted(self._by_count.items()) for one in some]
        return Look(tuple(case for case, _ in found), {case.id: unread for case, unread in found if unread})


def near_misses(
    org: Org,
    policies_in_org: Sequence[PolicyInOrg],
    history: History,
    looks: Sequence[Look],
    us: frozenset[str],
    options: RunOptions,
    recall: Recall,
) -> tuple[NearMiss, ...]:
    """The nearest misses among the cases of the poll. The poll leaves out cases without a match, so the longest-waiting
    ones are read as well."""
    polled = {case.id for look in looks for case in look.cases}
    waiting = (
        org.longest_waiting(readable(policies_in_org), policies_in_org[0].org_facts, MOST_READ)
        if options.case is None
        else ()
    )
    history = recall.cases(history, (case.id for case in waiting))
    policies_in_org = [replace(in_org, history=history) for in_org in policies_in_org]
    wide = second_look(org, policies_in_org, [case for case in waiting if case.id not in polled], us)
    unread = {case.id: one.unread(case.id) for one in (*looks, wide) for case in one.cases}
    cases = [case for one in (*looks, wide) for case in one.cases]
    return nearest_misses(policies_in_org, cases[:MOST_READ], unread, options.route)


def readable(policies_in_org: Sequence[PolicyInOrg]) -> list[Policy]:
    """The policies with the routes that this org can be asked for."""
    kept = [
        (in_org.policy, [one for one in in_org.policy.routes if one.name not in in_org.unpolled])
        for in_org in policies_in_org
    ]
    return [replace(policy, routes=tuple(routes)) for policy, routes in kept if routes]
