"""The changes of a case's fields, from CaseHistory."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sfdc_escalator.escalation.world.case import Case, FieldChange, long_id
from sfdc_escalator.escalation.world.needs import AUTHOR
from sfdc_escalator.escalation.world.org import Describe
from sfdc_escalator.salesforce.line.pages import Record
from sfdc_escalator.salesforce.reading.facts import Facts
from sfdc_escalator.salesforce.reading.records import Column, is_by_person, read, user_type_of
from sfdc_escalator.salesforce.schema.values import given, instant, needed, pick, record_id, text

RULES = frozenset({"ownerassignment", "ownerescalated"})
"""The names in CaseHistory of an owner that a rule of the org gave to a case, whoever is named as the author."""
AUTOMATION = "AutomatedProcess"  # of User.UserType
PREFIXES = {"User": "005", "Group": "00G"}
"""The first characters of the ids of owners."""
HISTORY_FIELDS = ("CaseId", "Field", "OldValue", "NewValue", "CreatedDate", *AUTHOR)


def history_names(path: str) -> tuple[str, ...]:
    """The names of a field in CaseHistory: `Owner` for OwnerId, the same name for a custom field (Object Reference)."""
    if path.lower() == "ownerid":  # some changes of the owner have special names
        return ("Owner", "ownerAccepted", "ownerAssignment", "ownerEscalated")
    return (path[:-2] if path.lower().endswith("id") and not path.lower().endswith("__c") else path,)


def with_field_changes(
    cases: Sequence[Case], records: Sequence[Record], paths: Sequence[str], facts: Facts
) -> Iterator[Case]:
    """Adds field changes to the cases."""
    columns = {name.lower(): Column(path, facts.describe) for path in paths for name in history_names(path)}
    found: dict[tuple[str, str], list[FieldChange]] = {}
    for record, name in zip(records, read(lambda one: needed(one, "Field", text), records), strict=True):
        column = columns.get(name.lower())
        if column and not holds_names(record, column.path, facts.describe):
            [(case_id, change)] = read(lambda one, its=column: field_change_of(one, its, facts.us), [record])  # type: ignore[misc]
            found.setdefault((case_id, column.path), []).append(change)
    kept = [path for path in paths if is_kept(path, facts.tracked, {path for _, path in found})]
    for case in cases:
        yield replace(
            case, field_changes={**case.field_changes, **{path: tuple(found.get((case.id, path), ())) for path in kept}}
        )


def is_kept(path: str, tracked: frozenset[str] | None, seen: set[str]) -> bool:
    """True if the org keeps the field's history; if it does not report this, one change of any case proves it."""
    return path in seen if tracked is None else path.lower() in {name.lower() for name in tracked}


def holds_names(record: Record, path: str, describe: Describe) -> bool:
    """True for the row with names: a change of a reference has two rows, one with ids and one with names."""
    info = describe.field_at(path)
    sides = (pick(record, name) for name in ("OldValue", "NewValue"))
    if info is None or not info.reference_to:
        return False
    return not all(side is None or is_id(side, info.reference_to) for side in sides)


def is_id(value: Any, of: Sequence[str]) -> bool:
    """True for the id of a record of these objects. A name may have 15 letters and digits as well."""
    try:
        found = long_id(str(value))
    except ValueError:
        return False
    if all(one in PREFIXES for one in of):
        return found.startswith(tuple(PREFIXES[one] for one in of))
    return any(char.isdigit() for char in found[:15])


def field_change_of(record: Record, column: Column, us: frozenset[str]) -> tuple[str, FieldChange]:
    """The case and its change."""
    before, after = (column.once(pick(record, name)) for name in ("OldValue", "NewValue"))
    at, by = needed(record, "CreatedDate", instant), given(record, "CreatedById", record_id) or ""
    is_rule = user_type_of(record) == AUTOMATION or needed(record, "Field", text).lower() in RULES
    return needed(record, "CaseId", record_id), FieldChange(at, before, after, by, is_by_person(record, us), is_rule)
