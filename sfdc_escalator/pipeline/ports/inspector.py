"""The org as the check of policies sees it, before the first run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.readiness.gap import Gap
from sfdc_escalator.escalation.readiness.inspection import OrgInspection
from sfdc_escalator.escalation.world.org import Caller, OrgFacts


@dataclass(frozen=True, slots=True)
class Rollback:
    """The result of a request of which a part fails. `refused`: the org does not even accept the note."""

    state: Literal["honoured", "broken", "refused", "not_probed"]
    reason: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The trial in a sandbox: the steps of `routes` routes were tried out.

    `rolled_back`: on a case, in requests that were rolled back; `marked`: on this number of cases made for it and
    deleted again, not with the queues `kept_from`. `failed` counts the faults; they are among the gaps.
    """

    rollback: Rollback
    routes: int = 0
    rolled_back: bool = False
    marked: int = 0
    kept_from: tuple[str, ...] = ()
    failed: int = 0
    variants: int = 0
    tried: int = 0
    gaps: tuple[Gap, ...] = ()


class Inspector(Protocol):
    """An org that is asked before the first run. Only `rehearse` writes."""

    def facts(self, caller: Caller, policies: Sequence[Policy]) -> OrgFacts:
        """The facts that every run asks for."""
        ...

    def inspect(self, org_facts: OrgFacts, policies: Sequence[Policy]) -> OrgInspection:
        """Everything else to know before the first run, by reading alone. Follows `facts`."""
        ...

    def rehearse(
        self,
        org_facts: OrgFacts,
        policies: Sequence[Policy],
        inspection: OrgInspection,
        stopped: Callable[[], str | None],
    ) -> Rehearsal:
        """Tries the steps out on an open case, rolled back, and on cases made for it, which are deleted again.

        `stopped` gives the reason why nothing more shall be sent. Raises Invalid for production, StoppedEarly.
        """
        ...
