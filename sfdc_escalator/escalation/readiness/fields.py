"""Fields and related records that a route reads and the user may not read: such a route cannot be polled."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sfdc_escalator.escalation.notices.channels_used import people_told
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.user_paths import user_path
from sfdc_escalator.escalation.readiness.gap import Gap, GapKind, field_keys
from sfdc_escalator.escalation.readiness.requirements import acts_tracked_by, fields_of, records_of, tracked_by
from sfdc_escalator.escalation.readiness.spelling import SEVERAL, nearest
from sfdc_escalator.escalation.world.needs import Records
from sfdc_escalator.escalation.world.org import Describe, OrgFacts

COMPOUND = frozenset({"address", "location"})
"""Types of fields that are made of several fields; they cannot be compared."""
POSTED = ("AccountId", "ContactId")


def unreadable(policy: Policy, route: Route, describe: Describe) -> Iterator[Gap]:
    """The reasons why the org cannot be asked for this route; a warning for what only its notices and its review
    read. The paths to persons are reported as they are written."""
    only, persons = policy.only_optional(route), {user_path(one).field for one in people_told(policy, route)}
    for path in sorted((fields_of(policy, route) | only) - (only & persons)):
        if gap := unreadable_field(path, describe):
            yield replace(gap, severity="warning" if path in only else gap.severity)
    for records in records_of(policy, route):
        if gap := unreadable_records(records, describe):
            yield gap


def unreadable_field(path: str, describe: Describe) -> Gap | None:
    instead = ("also_on" if path in POSTED else "template",)
    info = describe.field_at(path)
    if info and info.type in COMPOUND:
        part = f"{path.removesuffix('Address')}City"
        return Gap(GapKind.COMPOUND_FIELD, path, field_keys(), {"part": part}, instead=instead)
    if info:
        return None
    values, near = missing_step(path, describe)
    return Gap(GapKind.FIELD, path, field_keys(), values, near, instead=instead)


def uncountable(review: Iterable[str], file: str, describe: Describe) -> Iterator[Gap]:
    """The fields of the review of this policy file by which no report can count."""
    for path in review:
        info = describe.field_at(path)
        if info and not info.is_countable:
            yield Gap(GapKind.UNCOUNTABLE, path, ("by",), {"type": info.type}, file=file)


def missing_step(path: str, describe: Describe) -> tuple[dict[str, str], str | None]:
    """The first step of the path that an object does not have, and the nearest one that it has."""
    start, known = "Case", list[str]()
    for step in path.split("."):
        fields = describe.objects.get(start, {})
        known = [*fields, *(info.relationship for info in fields.values() if info.relationship)]
        found = describe.reference(step, start)
        if found is None or not found.reference_to:
            break
        start = found.reference_to[0] if len(found.reference_to) == 1 else SEVERAL
    return {"object": start, "name": step}, nearest(step, known)


def unreadable_records(records: Records, describe: Describe) -> Gap | None:
    start, keys = records.through or "Case", ("related", "milestone")
    child = describe.child(records.relation, start)
    if child is None:
        near = nearest(records.relation, describe.children.get(start, {}))
        return Gap(GapKind.RELATION, records.relation, keys, {"object": start}, near)
    for path in (*records.fields, *records.same):
        info = describe.field_at(path, child.sobject)
        if info is None:
            return Gap(GapKind.RELATED_FIELD, records.relation, keys, {"object": child.sobject, "name": path})
    for path in records.same:
        info = describe.field_at(path, child.sobject)
        if info is None or not info.filterable or info.type == "multipicklist":
            return Gap(GapKind.RELATED_FILTER, records.relation, keys, {"name": path})
    return None


def untracked(policy: Policy, route: Route, org_facts: OrgFacts) -> Iterator[Gap]:
    """Fields without history: it is not known for how long they have held their value."""
    if org_facts.tracked is None:
        return
    tracked = {path.lower() for path in org_facts.tracked}
    for path in tracked_by(policy, route):
        if path.lower() not in tracked:
            yield Gap(GapKind.HISTORY_TRACKING, path, ("in_state", "field"))


def unseen_acts(policy: Policy, route: Route, org_facts: OrgFacts) -> Iterator[Gap]:
    """Fields without history that acknowledge an escalation: the change counts, but not everything of it is seen."""
    if org_facts.tracked is None:
        return
    tracked = {path.lower() for path in org_facts.tracked}
    for path in acts_tracked_by(policy, route):
        info = org_facts.describe.field_at(path)
        if info and info.updateable and path.lower() not in tracked:
            yield Gap(GapKind.UNSEEN_ACTS, path, field_keys(), severity="warning")
