"""In how many ways a policy's routes may take their steps, where tables choose queue and priority."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sfdc_escalator.escalation.policy.policy import Escalate, Policy, Route
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
    owner_id: str | None
    status: str | None
    priority: str | None
    which: str = ""

    @property
    def name(self) -> str:
        return f"route {self.route.name}{self.which}"

    @property
    def is_split(self) -> bool:
        """Whether something is saved after the move to the queue."""
        return bool(self.owner_id and (self.status or self.priority)) and not self.policy.together

    def write(self, case_id: str) -> Write:
        return Write("", case_id, WORDS, False, self.owner_id, self.status, self.priority)

    def problem(self, words: str) -> Gap:
        return Gap("", (), f"{self.name}: {words}", routes=(self.route.name,))


def ways_of(policies: Sequence[Policy], org_facts: OrgFacts) -> list[StepVariant]:
    """Every queue and every priority that a route may give stands in one of them; without queues that are missing."""
    return [
        way
        for policy in policies
        for route in policy.routes
        if route.escalate
        for way in ways(policy, route, route.escalate, org_facts)
    ]


def ways(policy: Policy, route: Route, steps: Escalate, org_facts: OrgFacts) -> Iterator[StepVariant]:
    wanted = list(dict.fromkeys(team.queue for team in steps.teams))
    queues = [queue for queue in wanted if queue in org_facts.queues]
    if wanted and not queues:
        return
    priorities = list(dict.fromkeys(steps.priorities))
    count = max(len(queues), len(priorities), 1)
    for place in range(count):
        queue = queues[place % len(queues)] if queues else None
        priority = priorities[place % len(priorities)] if priorities else None
        which = f" ({', '.join(filter(None, (queue, priority)))})" if count > 1 else ""
        owner_id = org_facts.queues[queue].id if queue else None
        yield StepVariant(policy, route, queue, owner_id, steps.status, priority, which)
