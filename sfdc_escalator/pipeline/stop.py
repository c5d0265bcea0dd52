"""The reasons to stop a run: a signal, a deadline, an org that fails again and again, a spent API budget."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf

from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.planning.plan import Plan
from sfdc_escalator.escalation.policy.policy import Guards
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.pipeline.ports.writing import Answer, Committed, NotExecuted, Unknown

ALIKE = 3
"""The number of sends in a row without a clear answer after which a run stops."""


class Stop:
    """Holds the reason to send nothing more; the first one stays. Used by several threads and signal handlers.

    `called_off`: by a signal, so that the process is to end soon, and notices wait for the next run too.
    """

    def __init__(self) -> None:
        self._reason: str | None = None
        self.called_off = False

    def pull(self, reason: str) -> None:
        if self._reason is None:
            self._reason = reason

    def call_off(self, signal: str) -> None:
        self.pull(signal)
        self.called_off = True

    @property
    def reason(self) -> str | None:
        return self._reason


@contextmanager
def stop_after(deadline: float | None) -> Iterator[Stop]:
    """A Stop that is set at the deadline (in seconds)."""
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
    """Opens after the same failure several times: each further send would leave a chunk with an unknown outcome."""

    stop: Stop
    failures: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def saw(self, answer: Answer) -> None:
        with self.lock:
            if isinstance(answer, Unknown) or (isinstance(answer, NotExecuted) and not answer.crowded):
                self.failures += 1
                if self.failures >= ALIKE:
                    self.stop.pull(f"the org failed {self.failures} times in a row ({answer.reason})")
            elif isinstance(answer, Committed):
                self.failures = 0


def call_budget(plan: Plan, org_facts: OrgFacts) -> float:
    """The number of API calls for sending: the smallest share of the calls left that one of the policies allows.

    No limit where a planned route bypasses the guards.
    """
    bypasses = any(match.route.bypass_guards for match in plan.matches if match.state is State.PLANNED)
    return budget_of([policy.guards for policy in plan.policies], org_facts, bypasses=bypasses)


def budget_of(guards: Sequence[Guards], org_facts: OrgFacts, *, bypasses: bool) -> float:
    """The same for the guards of the policies; `bypasses` says that a planned route does."""
    if bypasses:
        return inf
    shares = [one.api_budget for one in guards]
    return int(min(shares) * org_facts.api_left) if org_facts.api_left is not None and shares else 0
