"""A Salesforce org behind the port of the check before the first run."""

import logging
from collections.abc import Callable, Sequence

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.notices.channels_used import people_told
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.readiness.inspection import OrgInspection
from sfdc_escalator.escalation.world.org import Caller, OrgFacts
from sfdc_escalator.pipeline.ports.inspector import Rehearsal
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.line.shapes import taken_apart
from sfdc_escalator.salesforce.readiness import inspection, rehearsal
from sfdc_escalator.salesforce.reading import org_facts

PRODUCTION = (
    "this is production: --probe writes, and works in sandboxes only; nothing was written. Leave --probe out, or name "
    "a sandbox with --org"
)
log = logging.getLogger(__name__)


class SalesforceInspector:
    """Implements `Inspector`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @taken_apart()
    def facts(self, caller: Caller, policies: Sequence[Policy]) -> OrgFacts:
        people = {path for policy in policies for route in policy.routes for path in people_told(policy, route)}
        return org_facts.org_facts(self._client, caller, policies, frozenset(f"{path}.Id" for path in people))

    @taken_apart()
    def inspect(self, org_facts: OrgFacts, policies: Sequence[Policy]) -> OrgInspection:
        found = inspection.inspect(self._client, org_facts, policies)
        if found.guard_refusal:
            log.warning("salesforce.guard_weak", extra={"reason": found.guard_refusal})
        return found

    @taken_apart()
    def rehearse(
        self,
        org_facts: OrgFacts,
        policies: Sequence[Policy],
        inspection: OrgInspection,
        stopped: Callable[[], str | None],
    ) -> Rehearsal:
        if not org_facts.is_sandbox:
            raise Invalid(PRODUCTION)
        return rehearsal.rehearse(rehearsal.Stage(self._client, org_facts, inspection, stopped), policies)
