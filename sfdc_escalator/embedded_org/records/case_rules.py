"""Effects of saving a case, a person or a custom object: owner, status, names, history, comments."""

from __future__ import annotations

from typing import Any

from sfdc_escalator.embedded_org.basics.api_error import ApiError
from sfdc_escalator.embedded_org.store.schema import SObject
from sfdc_escalator.embedded_org.store.work import Work

# The fields that have a history unless the data folder says differently, each with its name in the history.
TRACKED = {"OwnerId": "Owner", "Status": "Status", "Priority": "Priority", "Type": "Type", "Reason": "Reason"}


def before_insert(work: Work, sobject: SObject, record: dict[str, Any]) -> None:
    """Completes the new record. Raises ApiError."""
    if sobject.name == "Case":
        _check_owner(work, sobject, record["OwnerId"])
        record["CaseNumber"] = _next_number(work)
        record.setdefault("BusinessHoursId", _default_hours(work))
        _close(work, record, record["Status"], None)
    elif sobject.name in ("Contact", "User"):
        _full_name(record, record)
    elif sobject.name == "ReturnOrder":
        record["ReturnOrderNumber"] = record["Id"][7:15]
    elif sobject.custom:
        record["Name"] = record.get("Name") or record["Id"]
        _check_owner(work, sobject, record["OwnerId"])


def after_insert(work: Work, sobject: SObject, record: dict[str, Any], comment: str | None) -> None:
    if sobject.name == "Case":
        _history(work, record["Id"], "created", None, None, None)
        _comment(work, record["Id"], comment)


def before_update(work: Work, sobject: SObject, before: dict[str, Any], changes: dict[str, Any]) -> None:
    """Completes the changes. Raises ApiError."""
    if "OwnerId" in changes and changes["OwnerId"] != before["OwnerId"]:
        _check_owner(work, sobject, changes["OwnerId"])
    if sobject.name == "Case" and "Status" in changes:
        _close(work, changes, changes["Status"], before)
    elif sobject.name in ("Contact", "User"):
        _full_name({**before, **changes}, changes)


def after_update(
    work: Work, sobject: SObject, before: dict[str, Any], changes: dict[str, Any], comment: str | None
) -> None:
    if sobject.name != "Case":
        return
    for field, label in _tracked(work).items():
        old: Any = before.get(field)
        new: Any = changes.get(field, old)
        if old == new:
            continue
        if (
            field == "OwnerId"
        ):  # a changed reference is two rows: the names, and the ids (Object Reference, CaseHistory)
            _history(work, before["Id"], work.owner_row, "Text", _owner_name(work, old), _owner_name(work, new))
            _history(work, before["Id"], work.owner_row, "EntityId", old, new)
        elif work.database.schema["Case"].fields[field].type == "boolean":
            _history(work, before["Id"], label, "Boolean", _checkbox(old), _checkbox(new))
        else:
            _history(work, before["Id"], label, "Text", old, new)
    _comment(work, before["Id"], comment)


def _tracked(work: Work) -> dict[str, str]:
    """The fields with a history, each with its name in the history."""
    sql = 'SELECT QualifiedApiName FROM "FieldDefinition" WHERE IsFieldHistoryTracked = 1'
    kept = [name for (name,) in work.database.query(sql)]
    usual = {name: label for name, label in TRACKED.items() if name in kept}
    return {**usual, **{name: name for name in kept if name not in TRACKED}}


def _check_owner(work: Work, sobject: SObject, owner_id: str) -> None:
    """Checks that the owner is an active user or a queue of the object. Raises ApiError."""
    if owner_id.startswith("005"):
        rows = work.database.query('SELECT IsActive FROM "User" WHERE Id = ?', (owner_id,))
        if rows and not rows[0][0]:
            raise ApiError("INACTIVE_OWNER_OR_USER", "operation performed with inactive user", fields=[])
        return
    served = work.database.query(
        "SELECT 1 FROM QueueSobject q JOIN \"Group\" g ON g.Id = q.QueueId WHERE g.Type = 'Queue' AND q.QueueId = ? "
        "AND q.SobjectType = ? AND q.IsDeleted = 0", (owner_id, sobject.name),
    )  # fmt: skip
    # Custom objects of a data folder share the queues of cases: the folder cannot name other ones.
    if not served and not (sobject.custom and _is_queue(work, owner_id)):
        raise ApiError("INVALID_OPERATION", "Queue not associated with this SObject type", fields=["OwnerId"])


def _is_queue(work: Work, owner_id: str) -> bool:
    return bool(work.database.query("SELECT 1 FROM \"Group\" WHERE Id = ? AND Type = 'Queue'", (owner_id,)))


def _close(work: Work, record: dict[str, Any], status: str | None, before: dict[str, Any] | None) -> None:
    rows = work.database.query("SELECT IsClosed FROM CaseStatus WHERE folded(ApiName) = folded(?)", (status,))
    record["IsClosed"] = int(bool(rows and rows[0][0]))
    was_closed = bool(before and before["IsClosed"])
    if record["IsClosed"] != was_closed or before is None:
        record["ClosedDate"] = work.now if record["IsClosed"] else None


def _next_number(work: Work) -> str:
    last = work.database.query('SELECT max(CAST(CaseNumber AS INTEGER)) FROM "Case"')[0][0]
    return f"{max(int(last or 0), 1000) + 1:08d}"


def _default_hours(work: Work) -> str | None:
    rows = work.database.query("SELECT Id FROM BusinessHours WHERE IsDefault = 1")
    return str(rows[0][0]) if rows else None


def _full_name(person: dict[str, Any], record: dict[str, Any]) -> None:
    record["Name"] = " ".join(each for each in (person.get("FirstName"), person.get("LastName")) if each)


def _owner_name(work: Work, owner_id: str) -> str | None:
    table = "User" if owner_id.startswith("005") else "Group"
    rows = work.database.query(f'SELECT Name FROM "{table}" WHERE Id = ?', (owner_id,))  # noqa: S608
    return str(rows[0][0]) if rows else None


def _checkbox(value: object) -> str:
    return "true" if value else "false"


def _history(work: Work, case_id: str, field: str, kind: str | None, old: str | None, new: str | None) -> None:
    history = work.database.schema["CaseHistory"]
    work.database.insert(history, {
        "Id": work.database.next_id(history), "CaseId": case_id, "Field": field, "DataType": kind, "OldValue": old,
        "NewValue": new, "CreatedById": work.user_id, "CreatedDate": work.now,
    })  # fmt: skip


def _comment(work: Work, case_id: str, body: str | None) -> None:
    """Adds an internal comment for the field Case.Comments (Object Reference, Case)."""
    if not body:
        return
    comments = work.database.schema["CaseComment"]
    record: dict[str, Any] = {
        "Id": work.database.next_id(comments), "ParentId": case_id, "CommentBody": body, "IsPublished": False,
        "CreatedById": work.user_id, "CreatedDate": work.now, "LastModifiedById": work.user_id,
        "LastModifiedDate": work.now, "SystemModstamp": work.now,
    }  # fmt: skip
    work.database.insert(comments, record)
    work.wrote(
        comments, record["Id"], "insert", {name: record[name] for name in ("ParentId", "CommentBody", "IsPublished")}
    )
