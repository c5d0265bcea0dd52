"""The changes of a case's fields, out of CaseHistory."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sfdc_escalator.escalation.world.case import Case, FieldChange, long_id
from sfdc_escalator.escalation.world.org import Describe
from sfdc_escalator.salesforce.line.client import Record
from sfdc_escalator.salesforce.reading.records import Column, instant, pick, read

HISTORY_FIELDS = ("CaseId", "Field", "OldValue", "NewValue", "CreatedDate")


def history_names(path: str) -> tuple[str, ...]:
    """How CaseHistory calls a field: `Owner` for OwnerId, its own name for a custom one (Object Reference)."""
    if path.lower() == "ownerid":  # how a case came to its owner has names of its own
        return ("Owner", "ownerAccepted", "ownerAssignment", "ownerEscalated")
    return (path[:-2] if path.lower().endswith("id") and not path.lower().endswith("__c") else path,)


def with_field_changes(
    cases: Sequence[Case],
    records: Sequence[Record],
    paths: Sequence[str],
    describe: Describe,
    tracked: frozenset[str] | None,
) -> Iterator[Case]:
    """`tracked` are the fields whose history the org keeps, None where it does not say."""
    columns = {name.lower(): Column(path, describe) for path in paths for name in history_names(path)}
    found: dict[tuple[str, str], list[FieldChange]] = {}
    for record in records:
        column = columns.get(str(pick(record, "Field")).lower())
        if column and not tells_names(record, column.path, describe):
            change = read(lambda one, its=column: field_change_of(one, its), [record])[0]  # type: ignore[misc]
            found.setdefault((long_id(pick(record, "CaseId")), column.path), []).append(change)
    kept = [path for path in paths if is_kept(path, tracked, {path for _, path in found})]
    for case in cases:
        yield replace(
            case, field_changes={**case.field_changes, **{path: tuple(found.get((case.id, path), ())) for path in kept}}
        )


def is_kept(path: str, tracked: frozenset[str] | None, seen: set[str]) -> bool:
    """Whether the org keeps the field's history; where it does not say, one change of any case proves it."""
    return path in seen if tracked is None else path.lower() in {name.lower() for name in tracked}


def tells_names(record: Record, path: str, describe: Describe) -> bool:
    """A change of a reference leaves two rows, one with ids and one with names; an empty side has neither."""
    info = describe.field_at(path)
    sides = (pick(record, name) for name in ("OldValue", "NewValue"))
    return info is not None and bool(info.reference_to) and not all(side is None or is_id(side) for side in sides)


def is_id(value: Any) -> bool:
    try:
        return bool(long_id(str(value)))
    except ValueError:
        return False


def field_change_of(record: Record, column: Column) -> FieldChange:
    before, after = (column.converted(pick(record, name)) for name in ("OldValue", "NewValue"))
    return FieldChange(instant(pick(record, "CreatedDate")), before, after)
