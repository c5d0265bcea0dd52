"""Serves `/composite/sobjects`: up to 200 records in one request, saved in order, with results in that order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sfdc_escalator.embedded_org.basics import ids
from sfdc_escalator.embedded_org.basics.api_error import ApiError, not_found
from sfdc_escalator.embedded_org.records import records, upserts
from sfdc_escalator.embedded_org.records.enforcement import UncaughtException
from sfdc_escalator.embedded_org.rest import rows
from sfdc_escalator.embedded_org.rest.calls import Answer, Call, method_not_allowed
from sfdc_escalator.embedded_org.soql.query import Queries
from sfdc_escalator.embedded_org.store.schema import SObject
from sfdc_escalator.embedded_org.store.work import Work

_MOST = 200
_MOST_READ = 2_000
_MOST_CHUNKS = 10
_ROLLED_BACK = {
    "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "message": "Record rolled back because not all records were valid and the request was using AllOrNone header",
    "fields": [],
}
Save = Callable[[], str]


class _Undo(Exception):
    """The signal to undo the whole collection."""


def serve(work: Work, queries: Queries, call: Call) -> Answer:
    """Answers POST, PATCH, DELETE and GET. Raises ApiError."""
    name = call.parts[2] if len(call.parts) == 3 else None
    if len(call.parts) == 4 and call.method == "PATCH":
        return _upserted(work, call)
    if len(call.parts) > 3:
        raise not_found()
    if name and call.method in ("GET", "POST"):
        return _read(work, queries, name, call)
    if name:
        raise method_not_allowed(call, "GET,HEAD,POST")
    if call.method == "DELETE":
        saves = _deletions(work, call)
        strict = call.flag("allOrNone")
    elif call.method in ("POST", "PATCH"):
        strict, saves = _changes(work, call)
    else:
        raise method_not_allowed(call, "DELETE,PATCH,POST")
    return Answer(200, _saved(work, saves, strict))


def _upserted(work: Work, call: Call) -> Answer:
    sobject, key = upserts.key_of(work, call.parts[2], call.parts[3])
    strict, given = _body(call)
    if any(_kind(work, record) is not sobject for record in given):
        raise ApiError("INVALID_TYPE", f"all records must be of the type {sobject.name}")
    created: dict[int, bool] = {}

    def saving(place: int, record: dict[str, Any]) -> Save:
        def save() -> str:
            record_id, created[place] = upserts.upsert(work, sobject, key, record)
            return record_id

        return save

    results = _saved(work, [(None, saving(place, record)) for place, record in enumerate(given)], strict)
    for place, result in enumerate(results):
        if result["success"]:
            result["created"] = created[place]
    return Answer(200, results)


def _saved(work: Work, saves: list[tuple[str | None, Save]], strict: bool) -> list[dict[str, Any]]:
    """Runs every save in order. The result of a failed row has an id only if the request has one."""
    results: list[dict[str, Any]] = []
    work.batch = len(saves)
    try:
        with work.savepoint():
            for given, save in saves:
                results.append(_result(work, given, save))
            if strict and not all(each["success"] for each in results):
                raise _Undo
    except UncaughtException as error:
        return [_failed(given, error.row()) for given, _ in saves]
    except _Undo:
        return [_failed(saves[i][0], _ROLLED_BACK) if each["success"] else each for i, each in enumerate(results)]
    return results


def _result(work: Work, given: str | None, save: Save) -> dict[str, Any]:
    try:
        with work.savepoint():
            return {"id": save(), "success": True, "errors": []}
    except UncaughtException:
        raise
    except ApiError as error:
        row = error.row()
        if error.code == "NOT_FOUND":
            row = {"statusCode": "INVALID_CROSS_REFERENCE_KEY", "message": "invalid cross reference id", "fields": []}
        return _failed(given, row)


def _failed(given: str | None, row: dict[str, Any]) -> dict[str, Any]:
    failed = {"success": False, "errors": [row]}
    return {"id": given, **failed} if given else failed


def _changes(work: Work, call: Call) -> tuple[bool, list[tuple[str | None, Save]]]:
    strict, given = _body(call)
    kinds = [_kind(work, each) for each in given]
    if sum(1 for i, each in enumerate(kinds) if i == 0 or each != kinds[i - 1]) > _MOST_CHUNKS:
        raise ApiError(
            "LIMIT_EXCEEDED", f"The request can't contain more than {_MOST_CHUNKS} chunks of records of one type"
        )
    saving = _creation if call.method == "POST" else _change
    if call.method == "PATCH":
        _check_distinct(given)
    return strict, [saving(work, kind, record) for kind, record in zip(kinds, given, strict=True)]


def _body(call: Call) -> tuple[bool, list[dict[str, Any]]]:
    """The flag allOrNone and the records of the body. Raises ApiError."""
    body = call.record()
    strict, given = body.get("allOrNone", False), body.get("records")
    unknown = sorted(set(body) - {"allOrNone", "records"})
    if unknown:
        raise ApiError("JSON_PARSER_ERROR", f'Unrecognized field "{unknown[0]}"')
    if not isinstance(strict, bool) or not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise ApiError("JSON_PARSER_ERROR", "allOrNone must be a boolean and records a list of objects")
    _check_size(len(given), _MOST)
    return strict, given


def _check_size(count: int, most: int) -> None:
    if count > most:
        message = f"record limit reached. cannot submit more than {most} records into this call"
        raise ApiError("EXCEEDED_ID_LIMIT", message)
    if not count:
        raise ApiError("REQUIRED_FIELD_MISSING", "At least 1 record is required")


def _kind(work: Work, record: dict[str, Any]) -> SObject:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        raise ApiError("INVALID_TYPE", "each record must have attributes with its type")
    sobject = work.database.visible.get(name)
    if sobject is None:
        raise ApiError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return sobject


def _id_of(record: dict[str, Any]) -> Any:
    return next((value for name, value in record.items() if name.lower() == "id"), None)


def _check_distinct(given: list[dict[str, Any]]) -> None:
    """Checks that no record appears twice. Raises ApiError for the whole call."""
    seen: set[str] = set()
    for record in given:
        full = ids.canonical(_id_of(record))
        if full in seen:
            raise ApiError("INVALID_ID_FIELD", f"duplicate id in list: {full}", fields=["Id"])
        if full:
            seen.add(full)


def _creation(work: Work, sobject: SObject, record: dict[str, Any]) -> tuple[str | None, Save]:
    return None, lambda: records.insert(work, sobject, record)


def _change(work: Work, sobject: SObject, record: dict[str, Any]) -> tuple[str | None, Save]:
    record_id = _id_of(record)
    fields = {name: value for name, value in record.items() if name.lower() != "id"}

    def save() -> str:
        if not isinstance(record_id, str):
            raise ApiError("MISSING_ARGUMENT", "Id not specified in an update call", fields=[])
        records.update(work, sobject, record_id, fields)
        return ids.canonical(record_id) or record_id

    return None, save  # the result of a failed update has no id: clients use its position


def _deletions(work: Work, call: Call) -> list[tuple[str | None, Save]]:
    given = [each for each in call.query.get("ids", "").split(",") if each]
    _check_size(len(given), _MOST)
    return [_deletion(work, each) for each in given]


def _deletion(work: Work, record_id: str) -> tuple[str | None, Save]:
    full = ids.canonical(record_id)

    def save() -> str:
        sobject = work.database.visible.by_prefix(full[:3]) if full else None
        if full is None or sobject is None:
            raise ApiError("MALFORMED_ID", f"malformed id {record_id}", fields=[])
        records.delete(work, sobject, full)
        return full

    return record_id, save


def _read(work: Work, queries: Queries, name: str, call: Call) -> Answer:
    """Answers records by id, with null for a missing one. Raises ApiError."""
    sobject = work.database.visible.get(name)
    if sobject is None:
        raise not_found()
    body = call.record() if call.method == "POST" else {}
    wanted = body.get("ids", call.query.get("ids", "").split(","))
    fields = body.get("fields", call.query.get("fields", "").split(","))
    if not all(isinstance(each, str) for each in [*wanted, *fields]) or not [each for each in fields if each]:
        raise ApiError("MISSING_ARGUMENT", "ids and fields are required")
    _check_size(len(wanted), _MOST_READ)
    return Answer(200, [_one(work, queries, sobject, each, fields, call) for each in wanted])


def _one(work: Work, queries: Queries, sobject: SObject, record_id: str, fields: list[str], call: Call) -> Any:
    full = ids.canonical(record_id)
    if full is None:
        raise ApiError("MALFORMED_ID", f"malformed id {record_id}")
    row = work.database.row(sobject, full)
    if row is None or row["IsDeleted"]:
        return None
    record = rows.fetch(queries, sobject, full, fields, call.version, work.moment)
    record.setdefault("Id", full)
    return record
