"""`PATCH composite/sobjects/Object/Field`: up to 200 records, each updated where its key is known, else inserted."""

from __future__ import annotations

from typing import Any

from sfdc_escalator.embedded_org import ids, records
from sfdc_escalator.embedded_org.api_error import ApiError, not_found
from sfdc_escalator.embedded_org.schema import Field, SObject
from sfdc_escalator.embedded_org.work import Work

_LOOKED_UP = ("email",)
"""Types of standard fields that records can be looked up by, besides external ids (Object Reference, idLookup)."""


def key_of(work: Work, name: str, field_name: str) -> tuple[SObject, Field]:
    """The object and the field that tells its records apart. Raises ApiError."""
    sobject = work.database.visible.get(name)
    field = sobject.field(field_name) if sobject else None
    if sobject is None:
        raise not_found()
    if field is None or not (field.name == "Id" or field.unique or field.type in _LOOKED_UP):
        raise not_found(f"Provided external ID field does not exist or is not accessible: {field_name}")
    return sobject, field


def upsert(work: Work, sobject: SObject, key: Field, record: dict[str, Any]) -> tuple[str, bool]:
    """The record's id, and whether it was created. Raises ApiError."""
    fields = {name: value for name, value in record.items() if name.lower() not in ("id", "attributes")}
    value = next((said for name, said in record.items() if name.lower() == key.name.lower()), None)
    if key.name == "Id":
        found = ids.canonical(value) if value is not None else None
        if value is not None and found is None:
            raise ApiError("MALFORMED_ID", f"Record ID: id value of incorrect type: {value}", fields=["Id"])
    else:
        if value is None:
            raise ApiError("MISSING_ARGUMENT", f"{key.name} not specified", fields=[])
        found = records.holder(work, sobject, key, str(value))
    if found is None:
        return records.insert(work, sobject, fields), True
    changed = {name: said for name, said in fields.items() if name.lower() != key.name.lower()}
    records.update(work, sobject, found, changed)
    return found, False
