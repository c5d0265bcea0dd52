"""Second looks: long text and lookups, read only for the cases that could still match."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.decisions.policy_in_org import NONE, PolicyInOrg
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import Need
from sfdc_escalator.pipeline.ports.org import Org


@dataclass(frozen=True, slots=True)
class Look:
    """Cases of a poll, and by their ids the needs without which they were read."""

    cases: tuple[Case, ...] = ()
    missing: Mapping[str, frozenset[Need]] = field(default_factory=lambda: MappingProxyType({}))

    def unread(self, case_id: str) -> frozenset[Need]:
        return self.missing.get(case_id, NONE)


def second_look(org: Org, policies_in_org: Sequence[PolicyInOrg], cases: Sequence[Case], us: frozenset[str]) -> Look:
    """The long text and lookups of the cases that could still match."""
    missing = missing_of(policies_in_org, cases)
    chosen = [case for case in cases if is_survivor(policies_in_org, case, missing)] if missing else []
    complete = {case.id: case for case in org.complete(chosen, missing, us)} if chosen else {}
    left = {case.id: missing for case in cases if missing and case.id not in complete}
    return Look(tuple(complete.get(case.id, case) for case in cases), left)


def missing_of(policies_in_org: Sequence[PolicyInOrg], cases: Sequence[Case]) -> frozenset[Need]:
    """The needs of the policies without which these cases were read."""
    needs = frozenset[Need]().union(*(in_org.needs for in_org in policies_in_org))
    return needs - common_paths(cases)


def common_paths(cases: Sequence[Case]) -> frozenset[str]:
    """The paths that every case has been read with."""
    return frozenset(cases[0].fields).intersection(*(case.fields for case in cases)) if cases else frozenset()


def is_survivor(policies_in_org: Sequence[PolicyInOrg], case: Case, unread: frozenset[Need]) -> bool:
    """True where a route could still match."""
    return any(
        answer(case, here) is not False
        for in_org in policies_in_org
        if not in_org.is_outside(case, unread)
        for route, answer in in_org.policy.answers(unread).of(case)
        if route.name not in in_org.unpolled
        for here in now_and_then(in_org.circumstances_of(route, case), route)
    )


def now_and_then(now: Circumstances, route: Route) -> Iterator[Circumstances]:
    """The circumstances of this run, and those at the time that `warn` looks ahead to."""
    yield now
    if route.warn:
        yield replace(now, now=now.now + route.warn.before)
