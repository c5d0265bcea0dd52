"""Results of runs and rehearsals on the org in memory, for the reports to print."""

from collections.abc import Sequence

from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.escalate import NotePart
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.pipeline.polling.read_poll import Listing
from sfdc_escalator.pipeline.run import Result, carry_out, rehearse
from sfdc_escalator.pipeline.stop import Stop
from tests.builders import caller, note, policy, remembering, render, route
from tests.pipeline.fakes import FakeLedger, FakeOrg

NEW = Field("Status", "is", "New")
URGENT = policy(route("urgent", NEW, status="Escalated", priority="Urgent"))
INCOMPLETE = policy(route("urgent", NEW, note_spec=note(NotePart("offers", ("Offers__c",), if_missing="hold"))))
OPTIONS = RunOptions()
CONTRACT = {
    "run", "org", "organization_id", "policies", "plan_digest", "now", "ledger", "level", "guard", "polled", "matched",
    "planned", "applied", "already", "held", "withheld", "rejected", "deferred", "unknown", "recovered", "bounced",
    "gone", "notices", "api_calls", "audit_head", "escalations",
}  # fmt: skip
"""The keys that every run has; the command adds `dry_run` and `exit`."""


def rehearsal(
    cases: Sequence[Case],
    of: Policy = URGENT,
    options: RunOptions = OPTIONS,
    listing: Listing | None = None,
    **org: object,
) -> Result:
    live, fake = FakeLedger(remembering(live=["urgent"])), FakeOrg(list(cases), **org)  # type: ignore[arg-type]
    return rehearse("run-1", fake, caller(), live, (of,), options, render, listing)


def run(cases: Sequence[Case], of: Policy = URGENT, options: RunOptions = OPTIONS, **org: object) -> Result:
    live, fake = FakeLedger(remembering(live=["urgent"])), FakeOrg(list(cases), **org)  # type: ignore[arg-type]
    return carry_out("run-1", fake, caller(), live, (of,), options, render, lambda *_: None, Stop(), live.post)
