"""The ways in which a policy's routes may take their steps, where tables choose the values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sfdc_escalator.escalation.policy.policy import Escalate, Policy, Route
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS
from sfdc_escalator.escalation.world.case import FieldValues
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.pipeline.ports.writing import Write
from sfdc_escalator.salesforce.readiness.requirements import Gap

WORDS = "sfdc-escalator rehearses its steps in this sandbox. The case and this note are deleted again."


@dataclass(frozen=True, slots=True)
class StepVariant:
    """One way of one route; `which` says it where there are several."""

    policy: Policy
    route: Route
    queue: str | None
    values: FieldValues
    which: str = ""

    @property
    def name(self) -> str:
        return f"route {self.route.name}{self.which}"

    @property
    def is_split(self) -> bool:
        """True where something is saved after the move to the queue."""
        return self.queue is not None and len(self.values) > 1 and not self.policy.together

    def write(self, case_id: str) -> Write:
        return Write("", case_id, WORDS, False, self.values)

    def problem(self, words: str) -> Gap:
        return Gap("", (), f"{self.name}: {words}", routes=(self.route.name,))


def ways_of(policies: Sequence[Policy], org_facts: OrgFacts) -> list[StepVariant]:
    """Every value that a step may give stands in one of them; without queues that are missing."""
    return [
        way
        for policy in policies
        for route in policy.routes
        if route.escalate
        for way in ways(policy, route, route.escalate, org_facts)
    ]


def ways(policy: Policy, route: Route, steps: Escalate, org_facts: OrgFacts) -> Iterator[StepVariant]:
    wanted = {step: list(dict.fromkeys(steps.values(step.key))) for step in FIELD_STEPS if steps.values(step.key)}
    names = {
        step: [team.queue for team in values if team.queue in org_facts.queues] if step.names_team else values
        for step, values in wanted.items()
    }
    if not all(names.values()):
        return
    count = max(map(len, names.values()), default=1)
    for place in range(count):
        here = {step: some[place % len(some)] for step, some in names.items()}
        choice = ", ".join(name for step, name in here.items() if len(names[step]) > 1)
        queue = next((name for step, name in here.items() if step.names_team), None)
        values = {step.field: org_facts.queues[name].id if step.names_team else name for step, name in here.items()}
        yield StepVariant(policy, route, queue, values, f" ({choice})" if count > 1 else "")
