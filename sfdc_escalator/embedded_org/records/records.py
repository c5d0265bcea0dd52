"""Saves one record by the rules of every object; case_rules has those of Case."""

from __future__ import annotations

from typing import Any

from sfdc_escalator.embedded_org.basics import ids
from sfdc_escalator.embedded_org.basics.api_error import ApiError, not_found
from sfdc_escalator.embedded_org.records import case_rules, enforcement
from sfdc_escalator.embedded_org.store import values
from sfdc_escalator.embedded_org.store.database import folded
from sfdc_escalator.embedded_org.store.schema import Field, SObject, preset
from sfdc_escalator.embedded_org.store.work import Work

_DETAILS = {
    "Case": ("CaseComment", "CaseHistory", "EmailMessage", "CaseMilestone"),
    "Group": ("GroupMember", "QueueSobject"),
}
_COMMENT = "Comments"


def insert(work: Work, sobject: SObject, body: dict[str, Any]) -> str:
    """Creates a record and returns its id. Raises ApiError; the caller holds a savepoint."""
    if "c" not in sobject.may:
        raise _forbidden(sobject, "inserted")
    given = _accepted(work, sobject, body, creating=True)
    comment = given.pop(_COMMENT, None)
    stored = work.database.schema[sobject.name]  # with the fields hidden from the user
    record = {**_preset(work, stored), **given}
    _require(stored, record)
    record_id = work.database.next_id(sobject)
    work.take_lock(record_id)
    record["Id"] = record_id
    case_rules.before_insert(work, sobject, record)
    enforcement.check_save(work, sobject, None, record)
    _check_unique(work, stored, record_id, given)
    work.database.insert(sobject, record)
    work.wrote(sobject, record_id, "insert", _shown(sobject, body))
    case_rules.after_insert(work, sobject, record, comment)
    if sobject.name == "Case":
        work.moved.append(record_id)
    _assign(work, stored, None, record)
    return record_id


def update(work: Work, sobject: SObject, record_id: str, body: dict[str, Any]) -> None:
    """Changes the fields of `body`. Raises ApiError; the caller holds a savepoint."""
    if "u" not in sobject.may:
        raise _forbidden(sobject, "updated")
    before = existing(work, sobject, record_id)
    given = _accepted(work, sobject, body, creating=False)
    comment = given.pop(_COMMENT, None)
    stored = work.database.schema[sobject.name]
    _require(stored, {**before, **given}, given)
    enforcement.check_rights(work, sobject, before)
    work.take_lock(before["Id"])
    changes = {**given, **_later(before, _audit(work, stored))}
    case_rules.before_update(work, sobject, before, changes)
    after = {**before, **changes}
    enforcement.check_save(work, sobject, before, after)
    _check_unique(work, stored, before["Id"], given)
    _store(work, stored, before, changes, _shown(sobject, body), comment)
    _assign(work, stored, before, after)


def change(work: Work, sobject: SObject, before: dict[str, Any], fields: dict[str, Any]) -> None:
    """Saves a change of the org itself: without the checks of a request, but with history and as a write."""
    changes = {**fields, **_later(before, _audit(work, sobject))}
    case_rules.before_update(work, sobject, before, changes)
    _store(work, sobject, before, changes, fields, None)


def _store(
    work: Work, sobject: SObject, before: dict[str, Any], changes: dict[str, Any], shown: dict[str, Any],
    comment: str | None,
) -> None:  # fmt: skip
    work.database.update(sobject, before["Id"], changes)
    work.wrote(sobject, before["Id"], "update", shown)
    case_rules.after_update(work, sobject, before, changes, comment)
    if sobject.name == "Case" and changes.get("OwnerId", before["OwnerId"]) != before["OwnerId"]:
        work.moved.append(before["Id"])


def _assign(work: Work, sobject: SObject, before: dict[str, Any] | None, after: dict[str, Any]) -> None:
    if owner := enforcement.assigned_owner(work, sobject, before, after):
        change(work, sobject, after, {"OwnerId": owner})


def delete(work: Work, sobject: SObject, record_id: str) -> None:
    """Marks a record and its detail records as deleted. Raises ApiError."""
    if "d" not in sobject.may:
        raise _forbidden(sobject, "deleted")
    before = existing(work, sobject, record_id)
    enforcement.check_rights(work, sobject, before)
    work.take_lock(before["Id"])
    work.database.update(sobject, before["Id"], {"IsDeleted": 1, **_audit(work, sobject)})
    for name in _DETAILS.get(sobject.name, ()):
        detail = work.database.schema[name]
        link = next(each.name for each in detail.fields.values() if each.children and sobject.name in each.reference_to)
        work.database.execute(f'UPDATE "{name}" SET IsDeleted = 1 WHERE "{link}" = ?', (before["Id"],))  # noqa: S608
    work.wrote(sobject, before["Id"], "delete", {})


def existing(work: Work, sobject: SObject, record_id: str) -> dict[str, Any]:
    """The live record. Raises ApiError MALFORMED_ID, NOT_FOUND or ENTITY_IS_DELETED."""
    full = ids.canonical(record_id)
    if full is None:
        raise ApiError("MALFORMED_ID", f"Record ID: id value of incorrect type: {record_id}", fields=["Id"])
    row = work.database.row(sobject, full)
    if row is None:
        raise not_found()
    if row["IsDeleted"]:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404, fields=[])
    return row


def _forbidden(sobject: SObject, verb: str) -> ApiError:
    return ApiError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be {verb}: {sobject.label}", fields=[])


def _shown(sobject: SObject, body: dict[str, Any]) -> dict[str, Any]:
    """The written values by the schema's names of the fields."""
    found = ((sobject.field(name), value) for name, value in body.items())
    return {field.name: value for field, value in found if field and field.name != "Id"}


def _accepted(work: Work, sobject: SObject, body: dict[str, Any], creating: bool) -> dict[str, Any]:
    given: dict[str, Any] = {}
    refused: list[str] = []
    for name, value in body.items():
        if name == "attributes":
            continue
        field = sobject.field(name)
        if field is None:
            raise ApiError("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
        if field.name == "Id":
            raise ApiError("INVALID_FIELD", "The Id field should not be specified in the sobject data.", fields=["Id"])
        if field.name in given:
            raise ApiError("INVALID_FIELD", f"Duplicate field specified: {field.name}", fields=[field.name])
        if not (field.createable if creating else field.updateable):
            refused.append(field.name)
            continue
        given[field.name] = values.accepted(field, value)
    if refused:
        raise ApiError(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {', '.join(refused)}. Please check the security settings of this field "
            "and verify that it is read/write for your profile or permission set.", fields=refused,
        )  # fmt: skip
    for name, value in given.items():
        if (field := sobject.fields[name]).type == "reference" and value is not None:
            _check_reference(work, field, value)
    return given


def _check_reference(work: Work, field: Field, value: str) -> None:
    targets = [work.database.schema[each] for each in field.reference_to]
    possible = [each for each in targets if value.startswith(each.prefix)]
    if not possible:
        raise ApiError("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", fields=[field.name])
    row = work.database.row(possible[0], value)
    if row is None:
        raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=[])
    if row["IsDeleted"]:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", fields=[])


def _require(sobject: SObject, record: dict[str, Any], given: dict[str, Any] | None = None) -> None:
    """Checks the required fields; on an update only the given ones. Raises ApiError."""
    if "OwnerId" in record and record["OwnerId"] is None and "OwnerId" in sobject.fields:
        raise ApiError("INVALID_CROSS_REFERENCE_KEY", "Owner ID: owner cannot be blank", fields=["OwnerId"])
    missing = [
        each.name for each in sobject.fields.values()
        if not each.nillable and (each.createable or each.updateable) and each.type != "boolean"
        and record.get(each.name) is None and (given is None or each.name in given)
    ]  # fmt: skip
    if missing:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise ApiError("REQUIRED_FIELD_MISSING", message, fields=missing)


def _check_unique(work: Work, sobject: SObject, record_id: str, given: dict[str, Any]) -> None:
    for name, value in given.items():
        same = holders(work, sobject, sobject.fields[name], value) if sobject.fields[name].unique else []
        if others := [each for each in same if each != record_id]:
            message = f"duplicate value found: {name} duplicates value on record with id: {others[0]}"
            raise ApiError("DUPLICATE_VALUE", message, fields=[])


def holders(work: Work, sobject: SObject, field: Field, value: str | None) -> list[str]:
    """The ids of the live records with this value of a key; only external ids are case-sensitive."""
    column, wanted = (f'"{field.name}"', value) if field.unique else (f'folded("{field.name}")', folded(value))
    sql = f'SELECT Id FROM "{sobject.name}" WHERE {column} = ? AND IsDeleted = 0 ORDER BY Id'  # noqa: S608 - schema names
    return [str(row[0]) for row in work.database.query(sql, (wanted,))]


def _preset(work: Work, sobject: SObject) -> dict[str, Any]:
    record = preset(sobject)
    record.update({name: work.user_id for name in ("OwnerId", "CreatedById") if name in sobject.fields})
    if "CreatedDate" in sobject.fields:
        record["CreatedDate"] = work.now
    return {**record, **_audit(work, sobject)}


def _later(before: dict[str, Any], stamps: dict[str, Any]) -> dict[str, Any]:
    """The stamps of a change; those of a change in the past leave the later ones of the record as they are."""
    is_past = stamps.get("LastModifiedDate", "") < (before.get("LastModifiedDate") or "")
    return {name: before[name] for name in stamps} if is_past else stamps


def _audit(work: Work, sobject: SObject) -> dict[str, Any]:
    stamps = {"LastModifiedDate": work.now, "LastModifiedById": work.user_id, "SystemModstamp": work.now}
    return {name: value for name, value in stamps.items() if name in sobject.fields}
