"""Does an org fit the policies? Facts, inspection, gaps; and a rehearsal where somebody asks for it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.readiness.fitness import gaps
from sfdc_escalator.escalation.readiness.gap import Gap
from sfdc_escalator.escalation.readiness.inspection import OrgInspection
from sfdc_escalator.escalation.world.org import Caller, OrgFacts
from sfdc_escalator.pipeline.stop import Stop


@dataclass(frozen=True, slots=True)
class Rollback:
    """Does the org take everything back when a part of a request fails? `refused`: it does not even take the note."""

    state: Literal["honoured", "broken", "refused", "not_probed"]
    reason: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What was tried out in a sandbox: the steps of `routes` routes.

    `rolled_back`: on a case, in requests that were rolled back; `marked`: on that many cases made for it and deleted
    again, not with the queues `kept_from`. `failed` counts what went wrong; it stands among the gaps.
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


Trial = Callable[[], AbstractContextManager[Stop]]
"""Opens the time in which steps are tried out; its Stop says that somebody wants it to end."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What the org is, what it said, and where it does not fit. `rehearsal` None: nothing was tried out."""

    org_facts: OrgFacts
    inspection: OrgInspection
    gaps: tuple[Gap, ...]
    rehearsal: Rehearsal | None = None


def check_readiness(
    inspector: Inspector, caller: Caller, policies: Sequence[Policy], trial: Trial | None = None
) -> Readiness:
    """Reads only, unless there is a `trial`: then the steps are tried out, in a sandbox alone."""
    org_facts = inspector.facts(caller, policies)
    inspection = inspector.inspect(org_facts, policies)
    found = gaps(policies, org_facts, inspection)
    if trial is None:
        return Readiness(org_facts, inspection, found)
    with trial() as stop:
        rehearsal = inspector.rehearse(org_facts, policies, inspection, lambda: stop.reason)
    return Readiness(org_facts, inspection, (*found, *rehearsal.gaps), rehearsal)
