"""Values that a route or a rung writes or compares although the picklist, or a record type, does not offer them."""

from collections.abc import Iterator, Mapping

from sfdc_escalator.escalation.conditions.comparison import TESTS, Literal_, Operator, as_text, fold
from sfdc_escalator.escalation.conditions.leaf import Comparison
from sfdc_escalator.escalation.policy.escalate import Escalate
from sfdc_escalator.escalation.policy.steps import FieldStep
from sfdc_escalator.escalation.readiness.gap import GIVEN_BY_TABLES, Gap, GapKind
from sfdc_escalator.escalation.readiness.inspection import OrgInspection
from sfdc_escalator.escalation.readiness.requirements import values_of
from sfdc_escalator.escalation.readiness.spelling import nearest
from sfdc_escalator.escalation.world.case import Value
from sfdc_escalator.escalation.world.org import Describe, FieldInfo

CUTOFF = 0.5
"""Values are often spelt less alike than names: `Critical` and `Critical Escalation`."""


def unknown_values(steps: Escalate | None, describe: Describe) -> Iterator[Gap]:
    """A restricted picklist rejects other values. Any other one stores them: then a case has a value that nobody can
    choose, filter or report on."""
    for step, value in values_of(steps):
        info = describe.field_at(step.field)
        if info is None or not info.values or fold(value) in {fold(one) for one in info.values}:
            continue
        keys, values = keys_of(step), {"field": step.field}
        if fold(value) in {fold(one) for one in info.inactive}:
            yield Gap(GapKind.VALUE_INACTIVE, value, keys, values, allowed=info.values, blocks=info.restricted)
        else:
            near = nearest(value, info.values, CUTOFF)
            yield Gap(GapKind.VALUE, value, keys, values, near, allowed=info.values, blocks=info.restricted)


def unknown_choice(info: FieldInfo, asked: Comparison, value: Literal_) -> Gap | None:
    """A value that a picklist does not offer, or no longer. Cases may hold it all the same: a warning."""
    if info.type not in ("picklist", "multipicklist") or not (info.values or info.inactive):
        return None
    operator = AFFIRMED.get(asked.key)
    if asked.records and asked.records.relation.lower() == "histories":
        return None  # its Field names fields by names of its own, such as Owner
    if operator is None or any(TESTS[operator](held(info, one), value) for one in info.values):
        return None
    values, subject = {"field": asked.path}, as_text(value)
    if any(TESTS[operator](held(info, one), value) for one in info.inactive):
        return Gap(GapKind.COMPARED_INACTIVE, subject, values=values, allowed=info.values, severity="warning")
    near = nearest(subject, info.values, CUTOFF)
    return Gap(GapKind.COMPARED_VALUE, subject, (), values, near, info.values, "warning")


AFFIRMED: Mapping[str, Operator] = {
    "is": "is", "is_not": "is", "in": "is", "not_in": "is", "cell": "is", "example": "is", "chosen": "is",
    "starts_with": "starts_with", "contains_any": "contains_any", "matches": "matches",
}  # fmt: skip
"""The operators that look for a value, each without its negation."""


def held(info: FieldInfo, value: str) -> Value:
    """The value as a case holds it."""
    return frozenset({value}) if info.type == "multipicklist" else value


def values_of_record_types(steps: Escalate, inspection: OrgInspection) -> Iterator[Gap]:
    for step, value in values_of(steps):
        offers = {name: fields[step.field] for name, fields in inspection.picklists.items() if step.field in fields}
        without = tuple(name for name, offered in offers.items() if fold(value) not in offered)
        if without:
            yield Gap(
                GapKind.VALUE_OF_RECORD_TYPE,
                value,
                keys_of(step),
                {"field": step.field, "record_types": without},
                severity="warning",
            )


def keys_of(step: FieldStep) -> tuple[str, ...]:
    """The keys under which a policy has a value of this step."""
    return (step.key, *GIVEN_BY_TABLES)
