"""What stops a run from sending on: a signal, a deadline, an org that fails again and again, a spent API budget."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf

from sfdc_escalator.escalation.planning.plan import Plan
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.pipeline.ports import Answer, Committed, NotExecuted, Unknown

ALIKE = 3
"""So many sends in a row without a clear answer are no accident."""


class Stop:
    """Says why nothing more is to be sent; the first reason stays. Used by several threads and signal handlers."""

    def __init__(self) -> None:
        self._reason: str | None = None

    def pull(self, reason: str) -> None:
        if self._reason is None:
            self._reason = reason

    @property
    def reason(self) -> str | None:
        return self._reason


@contextmanager
def stop_after(deadline: float | None) -> Iterator[Stop]:
    """A Stop that the deadline (in seconds) pulls."""
    stop = Stop()
    if not deadline:
        yield stop
        return
    timer = threading.Timer(deadline, stop.pull, ["the deadline has passed"])
    timer.daemon = True
    timer.start()
    try:
        yield stop
    finally:
        timer.cancel()


@dataclass(slots=True)
class Breaker:
    """Opens when sends fail alike: each further one would leave one more chunk of cases with an unknown outcome."""

    stop: Stop
    failures: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def saw(self, answer: Answer) -> None:
        with self.lock:
            if isinstance(answer, (Unknown, NotExecuted)):
                self.failures += 1
                if self.failures >= ALIKE:
                    self.stop.pull(f"the org failed {self.failures} times in a row ({answer.reason})")
            elif isinstance(answer, Committed):
                self.failures = 0


def call_budget(plan: Plan, org_facts: OrgFacts) -> float:
    """How many API calls may go into sending: the smallest share of what is left that one of the policies allows.

    No guard holds back a route that stands over the guards, this one neither.
    """
    if any(decision.route.bypass_guards for decision in plan.planned):
        return inf
    shares = [policy.guards.api_budget for policy in plan.policies]
    return int(min(shares) * org_facts.api_left) if org_facts.api_left is not None and shares else 0
