"""Second looks: long text and lookups, read only for the cases that could still match."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import Need
from sfdc_escalator.pipeline.ports.org import Org


@dataclass(frozen=True, slots=True)
class Look:
    """The cases of a poll; those that are not `complete` were read without the needs in `missing`."""

    cases: tuple[Case, ...]
    missing: frozenset[Need]
    complete: frozenset[str] = frozenset()

    def unread(self, case_id: str) -> frozenset[Need]:
        return frozenset() if case_id in self.complete else self.missing


def second_look(org: Org, policies_in_org: Sequence[PolicyInOrg], cases: Sequence[Case], us: frozenset[str]) -> Look:
    """The long text and lookups of the cases that could still match."""
    needs = frozenset[Need]().union(*(in_org.needs for in_org in policies_in_org))
    missing = needs - common_paths(cases)
    if not missing or not cases:
        return Look(tuple(cases), frozenset())
    chosen = {case.id for in_org in policies_in_org for case in cases if is_survivor(in_org, case, missing)}
    complete = {case.id: case for case in org.complete([case for case in cases if case.id in chosen], missing, us)}
    return Look(tuple(complete.get(case.id, case) for case in cases), missing, frozenset(complete))


def common_paths(cases: Sequence[Case]) -> frozenset[str]:
    """The paths that every case has been read with."""
    return frozenset(cases[0].fields).intersection(*(case.fields for case in cases)) if cases else frozenset()


def is_survivor(in_org: PolicyInOrg, case: Case, unread: frozenset[Need]) -> bool:
    return not in_org.is_outside(case, unread) and any(
        answer(case, here) is not False
        for route, answer in in_org.policy.answers(unread).of(case)
        if route.name not in in_org.unpolled
        for here in now_and_then(in_org.circumstances_of(route, case), route)
    )


def now_and_then(now: Circumstances, route: Route) -> Iterator[Circumstances]:
    """The circumstances of this run, and those at the time that `warn` looks ahead to."""
    yield now
    if route.warn:
        yield replace(now, now=now.now + route.warn.before)
