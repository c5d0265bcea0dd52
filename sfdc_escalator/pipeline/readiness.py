"""Is an org ready for the policies? Facts, inspection, gaps, and a rehearsal on request."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import MappingProxyType

from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.readiness.fitness import gaps
from sfdc_escalator.escalation.readiness.gap import Gap
from sfdc_escalator.escalation.readiness.inspection import OrgInspection
from sfdc_escalator.escalation.world.org import Caller, OrgFacts
from sfdc_escalator.pipeline.ports.inspector import Inspector, Rehearsal
from sfdc_escalator.pipeline.stop import Stop

Trial = Callable[[], AbstractContextManager[Stop]]
"""Opens the time in which steps are tried out; its Stop ends it early."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """The org's facts, its inspection, and the gaps to the policies. `rehearsal` None: nothing was tried out."""

    org_facts: OrgFacts
    inspection: OrgInspection
    gaps: tuple[Gap, ...]
    rehearsal: Rehearsal | None = None


def check_readiness(
    inspector: Inspector,
    caller: Caller,
    policies: Sequence[Policy],
    trial: Trial | None = None,
    bells: Mapping[str, str] = MappingProxyType({}),
) -> Readiness:
    """Reads only, unless there is a `trial`: then the steps are tried out, in a sandbox alone. For `bells` see
    `gaps`."""
    org_facts = inspector.facts(caller, policies)
    inspection = inspector.inspect(org_facts, policies)
    found = gaps(policies, org_facts, inspection, bells)
    if trial is None:
        return Readiness(org_facts, inspection, found)
    with trial() as stop:
        rehearsal = inspector.rehearse(org_facts, policies, inspection, lambda: stop.reason)
    return Readiness(org_facts, inspection, (*found, *rehearsal.gaps), rehearsal)
