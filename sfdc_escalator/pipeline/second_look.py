"""Second looks: what a poll does not read, for those cases alone that could still match."""

from collections.abc import Sequence
from dataclasses import dataclass

from sfdc_escalator.escalation.conditions.criteria import could_hold
from sfdc_escalator.escalation.decisions.view import View
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.evidence import Read
from sfdc_escalator.pipeline.ports import Org


@dataclass(frozen=True, slots=True)
class Look:
    """The cases of a poll; those that are not `complete` lack what `missing` names."""

    cases: tuple[Case, ...]
    missing: frozenset[Read]
    complete: frozenset[str] = frozenset()

    def unread(self, case_id: str) -> frozenset[Read]:
        return frozenset() if case_id in self.complete else self.missing


def second_look(org: Org, views: Sequence[View], cases: Sequence[Case], us: frozenset[str]) -> Look:
    """Long text and evidence, read for those cases alone that could still match."""
    reads = frozenset[Read]().union(*(view.reads for view in views))
    missing = reads - common_paths(cases)
    if not missing or not cases:
        return Look(tuple(cases), frozenset())
    chosen = {case.id for view in views for case in cases if is_survivor(view, case, missing)}
    complete = {case.id: case for case in org.complete([case for case in cases if case.id in chosen], missing, us)}
    return Look(tuple(complete.get(case.id, case) for case in cases), missing, frozenset(complete))


def common_paths(cases: Sequence[Case]) -> frozenset[str]:
    """The paths that every case has been read with."""
    return frozenset(cases[0].fields).intersection(*(case.fields for case in cases)) if cases else frozenset()


def is_survivor(view: View, case: Case, unread: frozenset[Read]) -> bool:
    routes = (route for route in view.policy.routes if route.name not in view.unpolled)
    return any(could_hold(view.policy.condition(route), case, view.scene_of(route, case), unread) for route in routes)
