"""An org that has, allows and takes everything; tests take something away."""

from dataclasses import replace
from typing import Any

from sfdc_escalator.escalation.readiness.inspection import OrgInspection
from sfdc_escalator.escalation.world.org import Describe, OrgFacts
from sfdc_escalator.salesforce.schema.describe import standard_describe
from tests.builders import org_facts


def complete_org() -> OrgFacts:
    """An org with the fields of a new org, and the picklists of the builders."""
    known, ours = standard_describe().objects, org_facts()
    return replace(ours, describe=Describe({**known, "Case": {**known["Case"], **ours.describe.objects["Case"]}}))


def with_field(org: OrgFacts, name: str, **changes: Any) -> OrgFacts:
    """The same org with another version of this field of the case."""
    case = dict(org.describe.objects["Case"])
    case[name] = replace(case[name], **changes)
    return replace(org, describe=Describe({**org.describe.objects, "Case": case}, org.describe.children))


def inspection(**changes: Any) -> OrgInspection:
    allowed = OrgInspection(
        username="robot@acme.example",
        open_case=("500000000000001AAA", "00000001"),
        guard_refusal=None,
        may_comment=True,
        may_post=True,
        may_delete=True,
        sharing="ReadWrite",
        modifies_all=False,
        samples={},
        picklists={},
        assignment_rules=(),
        validation_rules=(),
        flows=(),
        plans=(),
    )
    return replace(allowed, **changes)
