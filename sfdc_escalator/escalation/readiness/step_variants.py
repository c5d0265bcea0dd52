"""The variants of the steps of routes and rungs, where tables choose the values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sfdc_escalator.escalation.policy.escalate import Escalate
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS
from sfdc_escalator.escalation.world.case import FieldValues
from sfdc_escalator.escalation.world.org import OrgFacts


@dataclass(frozen=True, slots=True)
class StepVariant:
    """The steps of a route, or of a rung, with one value each, by field; `which` names the values where there are
    several variants."""

    policy: Policy
    route: Route
    queue: str | None
    values: FieldValues
    which: str = ""
    rung: str = ""

    @property
    def name(self) -> str:
        rung = f", rung {self.rung}" if self.rung else ""
        return f"route {self.route.name}{rung}{self.which}"

    @property
    def saves_after_move(self) -> bool:
        """True where a save follows the one that moves the case to the queue."""
        return self.queue is not None and len(self.values) > 1 and not self.policy.together


def step_variants(policies: Sequence[Policy], org_facts: OrgFacts) -> list[StepVariant]:
    """Variants that together contain every value that a step may give. Missing queues and users are left out."""
    return [
        variant
        for policy in policies
        for route in policy.routes
        for rung, steps in steps_by_rung(route)
        for variant in variants_of(policy, route, rung, steps, org_facts)
    ]


def steps_by_rung(route: Route) -> Iterator[tuple[str, Escalate]]:
    """The steps of the route, then those of each rung that changes a field. A note alone was tried with the route."""
    if route.escalate:
        yield "", route.escalate
    for rung in route.ladder.rungs:
        if rung.escalate and (rung.escalate.steps or not route.escalate):
            yield rung.id, rung.escalate


def variants_of(policy: Policy, route: Route, rung: str, steps: Escalate, org_facts: OrgFacts) -> Iterator[StepVariant]:
    names, targets = dict[str, list[str]](), org_facts.targets
    for step in FIELD_STEPS:
        if wanted := steps.values(step.key):
            found = [one.target for one in wanted if one.target in targets] if step.names_team else wanted
            names[step.field] = list(dict.fromkeys(found))
    if not all(names.values()):
        return
    teams = {step.field for step in FIELD_STEPS if step.names_team}
    count = max(map(len, names.values()), default=1)
    for place in range(count):
        here = {path: some[place % len(some)] for path, some in names.items()}
        choice = ", ".join(name for path, name in here.items() if len(names[path]) > 1)
        queue = next((name for path, name in here.items() if path in teams), None)
        values = {path: targets[name].id if path in teams else name for path, name in here.items()}
        yield StepVariant(policy, route, queue, values, f" ({choice})" if count > 1 else "", rung)
