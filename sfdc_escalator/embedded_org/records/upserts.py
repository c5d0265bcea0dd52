"""Records by a key: the id, an external id, or another field that the Object Reference marks as idLookup.

`PATCH composite/sobjects/Object/Field` takes up to 200 records; one with a known key is updated, others are inserted.
"""

from __future__ import annotations

from typing import Any

from sfdc_escalator.embedded_org.basics import ids
from sfdc_escalator.embedded_org.basics.api_error import ApiError, not_found
from sfdc_escalator.embedded_org.records import records
from sfdc_escalator.embedded_org.store.schema import Field, SObject
from sfdc_escalator.embedded_org.store.work import Work


def key_of(work: Work, name: str, field_name: str) -> tuple[SObject, Field]:
    """The object and its key field. Raises ApiError."""
    sobject = work.database.visible.get(name)
    field = sobject.field(field_name) if sobject else None
    if sobject is None:
        raise not_found()
    if field is None or not field.key:
        raise not_found(f"Provided external ID field does not exist or is not accessible: {field_name}")
    return sobject, field


def named(work: Work, sobject: SObject, key: Field, value: str) -> list[str]:
    """The ids of the records with this key. Raises ApiError MALFORMED_ID."""
    if key.name != "Id":
        return records.holders(work, sobject, key, value)
    found = ids.canonical(value)
    if found is None:
        raise ApiError("MALFORMED_ID", f"Record ID: id value of incorrect type: {value}", fields=["Id"])
    return [found]


def upsert(work: Work, sobject: SObject, key: Field, record: dict[str, Any]) -> tuple[str, bool]:
    """The record's id, and True if it was created. Raises ApiError."""
    fields = {name: value for name, value in record.items() if name.lower() not in ("id", "attributes")}
    value = next((given for name, given in record.items() if name.lower() == key.name.lower()), None)
    if value is None and key.name != "Id":
        raise ApiError("MISSING_ARGUMENT", f"{key.name} not specified", fields=[])
    found = named(work, sobject, key, str(value)) if value is not None else []
    if len(found) > 1:
        message = f"{key.name}: more than one record found for external id field: [{', '.join(found)}]"
        raise ApiError("DUPLICATE_EXTERNAL_ID", message, fields=[key.name])
    if not found:
        return records.insert(work, sobject, fields), True
    changed = {name: given for name, given in fields.items() if name.lower() != key.name.lower()}
    records.update(work, sobject, found[0], changed)
    return found[0], False
