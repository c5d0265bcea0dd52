"""Acts of other people in an org: agents edit, close, comment on, delete and merge cases, and add records to them;
approvals lock them.

An act is an object such as `{"act": "close", "case": "00001001"}`. Cases are given by Id or CaseNumber, `by` is a user
by Username or Id. Without `by` it is an agent, or a customer for a comment of a customer (both users are created on
their first act). `at` is the ISO time of the act, with its zone; not later than the org's clock, which it is by
default. The acts with their keys, [optional] ones in brackets; each takes [at]:

- create: object, fields, [by]. Adds a Task, an EmailMessage, a CaseComment or another record. A reference to a case
  takes its CaseNumber, too, OwnerId as for edit.
- edit: case, or record (an Id), and fields, [by]. Sets fields; OwnerId also by DeveloperName or Username.
- close: case, [status], [by]. Sets `status`, else the first closed status.
- comment: case, text, [as], [published], [by]. `as` agent (default) or customer; published unless false.
- delete: case, [by]. Moves it to the recycle bin, with its detail records.
- merge: case, into, [by]. Deletes `case` and sets its MasterRecordId to `into`; its child records move there.
- lock, unlock: case. An approval locks it, or unlocks it.

The rules and rights of the token's user do not apply to these people; owners bounce as after any other change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sfdc_escalator.embedded_org.basics import clock, ids
from sfdc_escalator.embedded_org.basics.api_error import ApiError
from sfdc_escalator.embedded_org.basics.problems import nearest
from sfdc_escalator.embedded_org.records import people, records
from sfdc_escalator.embedded_org.store.database import quoted
from sfdc_escalator.embedded_org.store.schema import SObject
from sfdc_escalator.embedded_org.store.work import Work

Details = Mapping[str, Any]
_STAYS = ("CaseHistory", "CaseMilestone", "UserRecordAccess")  # deleted with the merged case
_AS = ("agent", "customer")


def perform(work: Work, wanted: Any) -> dict[str, Any]:
    """Performs the act `wanted` and returns it with the written records. Raises ValueError when it is not possible."""
    if not isinstance(wanted, dict) or not isinstance(wanted.get("act"), str):
        raise ValueError('expected an object such as {"act": "close", "case": "00001001"}')
    act, details = wanted["act"], {name: value for name, value in wanted.items() if name != "act"}
    if act not in _ACTS:
        raise ValueError(f"unknown act {act}{_hint(act, _ACTS)}; the acts are {', '.join(_ACTS)}")
    keys, needed, do = _ACTS[act]
    unknown = [f"unknown key {each}{_hint(each, keys)}" for each in details if each not in keys]
    missing = [f"{each} is missing" for each in needed if each not in details]
    if unknown or missing:
        raise ValueError(f"{act}: {'; '.join([*unknown, *missing])}; its keys are {', '.join(keys)}")
    if "at" in details:
        work.moment = _moment(work, details["at"])
    work.user_id = _person(work, details)
    try:
        record_id = do(work, details)
    except ApiError as error:
        raise ValueError(f"{act}: {error.code}: {error.message}") from None
    return {
        "act": act,
        "id": record_id,
        "by": work.user_id,
        "at": clock.iso(work.moment),
        "written": list(work.written),
    }


def _hint(name: str, known: Any) -> str:
    near = nearest(name, known)
    return f" (did you mean {near}?)" if near else ""


def _person(work: Work, details: Details) -> str:
    role = details.get("as", "agent")
    if role not in _AS:
        raise ValueError(f"as: {role!r} is unknown; expected {' or '.join(_AS)}")
    if "by" not in details:
        return people.acting(work, role)
    found = people.named(work, str(details["by"]))
    if found is None:
        raise ValueError(f"by: {details['by']!r} is not an active user")
    return found


def _moment(work: Work, text: Any) -> datetime:
    """The time of an act in the past. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError(f"at: {text!r} is not a text such as 2026-03-01T10:00:00Z")
    try:
        moment = clock.instant(text)
    except ValueError as error:
        raise ValueError(f"at: {error}") from None
    if moment > work.moment:
        raise ValueError(f"at: {text} is later than the org's clock, which shows {clock.iso(work.moment)}")
    return moment


def _case(work: Work, text: Any) -> dict[str, Any]:
    """The live case with this Id or CaseNumber. Raises ValueError."""
    sql = 'SELECT Id FROM "Case" WHERE (Id = ? OR CaseNumber = ?) AND IsDeleted = 0'
    rows = work.database.query(sql, (ids.canonical(text), str(text)))
    if not rows:
        raise ValueError(f"case {text!r} does not exist, or is deleted")
    return work.database.row(_cases(work), rows[0][0]) or {}


def _cases(work: Work) -> SObject:
    return work.database.schema["Case"]


def _create(work: Work, details: Details) -> str:
    wanted = details["object"]
    sobject = work.database.schema.get(wanted) if isinstance(wanted, str) else None
    if sobject is None or "c" not in sobject.may:
        known = [each.name for each in work.database.schema if "c" in each.may]
        hint = _hint(wanted, known) if isinstance(wanted, str) else ""
        raise ValueError(f"create: {wanted!r} is not an object that can be created{hint}")
    fields = _fields("create", details)
    return records.insert(work, sobject, {name: _value(work, sobject, name, fields[name]) for name in fields})


def _fields(act: str, details: Details) -> dict[str, Any]:
    fields = details["fields"]
    if not isinstance(fields, dict):
        raise ValueError(f"{act}: fields must be an object")
    return fields


def _value(work: Work, sobject: SObject, name: str, value: Any) -> Any:
    """The value as a record holds it: the id of an owner or a case that is given by name."""
    field = sobject.field(name)
    if field is None or not isinstance(value, str):
        return value
    if field.name == "OwnerId":
        return _owner(work, value)
    found = "Case" in field.reference_to and work.database.query('SELECT Id FROM "Case" WHERE CaseNumber = ?', (value,))
    return found[0][0] if found else value


def _edit(work: Work, details: Details) -> str:
    sobject = _cases(work)
    if ("case" in details) == ("record" in details):
        raise ValueError("edit: give either case or record")
    if "case" in details:
        record_id = str(_case(work, details["case"])["Id"])
    else:
        full = ids.canonical(details["record"])
        found = work.database.schema.by_prefix(full[:3]) if full else None
        if full is None or found is None:
            raise ValueError(f"edit: {details['record']!r} is not a record id")
        record_id, sobject = full, found
    fields = _fields("edit", details)
    named = {name: _owner(work, value) if name.lower() == "ownerid" else value for name, value in fields.items()}
    records.update(work, sobject, record_id, named)
    return record_id


def _owner(work: Work, text: Any) -> Any:
    """The id of a queue by DeveloperName or of a user by Username, else the unchanged text."""
    sql = 'SELECT Id FROM "Group" WHERE DeveloperName = ? UNION ALL SELECT Id FROM "User" WHERE Username = ?'
    rows = work.database.query(sql, (text, text)) if isinstance(text, str) else []
    return rows[0][0] if rows else text


def _close(work: Work, details: Details) -> str:
    case = _case(work, details["case"])
    rows = work.database.query("SELECT ApiName FROM CaseStatus WHERE IsClosed = 1 ORDER BY SortOrder LIMIT 1")
    records.update(work, _cases(work), case["Id"], {"Status": details.get("status", rows[0][0])})
    return str(case["Id"])


def _comment(work: Work, details: Details) -> str:
    comment = {
        "ParentId": _case(work, details["case"])["Id"],
        "CommentBody": details["text"],
        "IsPublished": details.get("published", True),
    }
    return records.insert(work, work.database.schema["CaseComment"], comment)


def _delete(work: Work, details: Details) -> str:
    case = _case(work, details["case"])
    records.delete(work, _cases(work), case["Id"])
    return str(case["Id"])


def _merge(work: Work, details: Details) -> str:
    """Moves the case's child records to the master and deletes the case (Object Reference, Case, MasterRecordId)."""
    loser, master = _case(work, details["case"]), _case(work, details["into"])
    if loser["Id"] == master["Id"]:
        raise ValueError("merge: case and into are the same case")
    for child in work.database.schema:
        for field in child.fields.values():
            if "Case" in field.reference_to and child.name not in _STAYS and field.name != "MasterRecordId":
                _move(work, child, field.name, loser["Id"], master["Id"])
    records.delete(work, _cases(work), loser["Id"])
    work.database.update(_cases(work), loser["Id"], {"MasterRecordId": master["Id"]})
    work.written[-1]["fields"]["MasterRecordId"] = master["Id"]
    records.change(work, _cases(work), master, {})
    return str(loser["Id"])


def _move(work: Work, child: SObject, field: str, loser: str, master: str) -> None:
    sql = f"SELECT Id FROM {quoted(child.name)} WHERE {quoted(field)} = ? AND IsDeleted = 0"  # noqa: S608
    for (record_id,) in work.database.query(sql, (loser,)):
        stamp = {"SystemModstamp": work.now} if "SystemModstamp" in child.fields else {}
        work.database.update(child, record_id, {field: master, **stamp})
        work.wrote(child, record_id, "update", {field: master})


def _lock(work: Work, details: Details) -> str:
    case = _case(work, details["case"])
    work.database.execute("INSERT OR IGNORE INTO _locked VALUES (?)", (case["Id"],))
    return str(case["Id"])


def _unlock(work: Work, details: Details) -> str:
    case = _case(work, details["case"])
    work.database.execute("DELETE FROM _locked WHERE RecordId = ?", (case["Id"],))
    return str(case["Id"])


# The keys of each act, the required ones, and the function that performs it.
_ACTS: dict[str, tuple[tuple[str, ...], tuple[str, ...], Callable[[Work, Details], str]]] = {
    "create": (("object", "fields", "by", "at"), ("object", "fields"), _create),
    "edit": (("case", "record", "fields", "by", "at"), ("fields",), _edit),
    "close": (("case", "status", "by", "at"), ("case",), _close),
    "comment": (("case", "text", "as", "published", "by", "at"), ("case", "text"), _comment),
    "delete": (("case", "by", "at"), ("case",), _delete),
    "merge": (("case", "into", "by", "at"), ("case", "into"), _merge),
    "lock": (("case", "at"), ("case",), _lock),
    "unlock": (("case", "at"), ("case",), _unlock),
}
