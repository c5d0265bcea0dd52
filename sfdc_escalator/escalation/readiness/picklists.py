"""Values that a route writes although the picklist, or a record type, does not offer them."""

from collections.abc import Iterator

from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.escalation.policy.steps import FieldStep
from sfdc_escalator.escalation.readiness.gap import GIVEN_BY_TABLES, Gap, GapKind
from sfdc_escalator.escalation.readiness.inspection import OrgInspection
from sfdc_escalator.escalation.readiness.requirements import values_of
from sfdc_escalator.escalation.readiness.spelling import nearest
from sfdc_escalator.escalation.world.org import Describe

CUTOFF = 0.5
"""Values are often spelt less alike than names: `Critical` and `Critical Escalation`."""


def unknown_values(route: Route, describe: Describe) -> Iterator[Gap]:
    """A restricted picklist rejects other values. Any other one stores them: then a case has a value that nobody can
    choose, filter or report on."""
    for step, value in values_of(route):
        info = describe.field_at(step.field)
        if info is None or not info.values or fold(value) in {fold(one) for one in info.values}:
            continue
        keys, values = keys_of(step), {"field": step.field}
        if fold(value) in {fold(one) for one in info.inactive}:
            yield Gap(GapKind.VALUE_INACTIVE, value, keys, values, allowed=info.values, blocks=info.restricted)
        else:
            near = nearest(value, info.values, CUTOFF)
            yield Gap(GapKind.VALUE, value, keys, values, near, allowed=info.values, blocks=info.restricted)


def values_of_record_types(route: Route, inspection: OrgInspection) -> Iterator[Gap]:
    for step, value in values_of(route):
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
