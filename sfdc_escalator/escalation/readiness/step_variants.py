"""The variants of a route's steps, where tables choose queue and priority."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sfdc_escalator.escalation.policy.policy import Escalate, Policy, Route
from sfdc_escalator.escalation.world.org import OrgFacts


@dataclass(frozen=True, slots=True)
class StepVariant:
    """The steps of a route with one queue and one priority; `which` names these where there are several."""

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
    def saves_after_move(self) -> bool:
        """Whether a save follows the one that moves the case to the queue."""
        return bool(self.owner_id and (self.status or self.priority)) and not self.policy.together


def step_variants(policies: Sequence[Policy], org_facts: OrgFacts) -> list[StepVariant]:
    """Every queue and every priority that a route may give is in one of them. Queues that are missing are left out."""
    return [
        variant
        for policy in policies
        for route in policy.routes
        if route.escalate
        for variant in variants_of(policy, route, route.escalate, org_facts)
    ]


def variants_of(policy: Policy, route: Route, steps: Escalate, org_facts: OrgFacts) -> Iterator[StepVariant]:
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
