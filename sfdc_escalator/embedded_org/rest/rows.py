"""Serves `/sobjects/X` and `/sobjects/X/<id>`: single records, with conditions on their last change."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from typing import Any

from sfdc_escalator.embedded_org.basics import clock, ids
from sfdc_escalator.embedded_org.basics.api_error import ApiError, not_found
from sfdc_escalator.embedded_org.records import records, upserts
from sfdc_escalator.embedded_org.rest.calls import Answer, Call, method_not_allowed
from sfdc_escalator.embedded_org.soql.query import Queries
from sfdc_escalator.embedded_org.store.schema import Field, SObject
from sfdc_escalator.embedded_org.store.work import Work


def create(work: Work, sobject: SObject, call: Call) -> Answer:
    with work.savepoint():
        record_id = records.insert(work, sobject, call.record())
    location = {"Location": f"/services/data/v{call.version}/sobjects/{sobject.name}/{record_id}"}
    return Answer(201, {"id": record_id, "success": True, "errors": []}, location)


def serve(work: Work, queries: Queries, sobject: SObject, record_id: str, call: Call) -> Answer:
    """Answers GET, PATCH and DELETE of one record. Raises ApiError."""
    if ids.canonical(record_id) is None and not (len(record_id) in (15, 18) and record_id.isalnum()):
        raise not_found(f"Provided external ID field does not exist or is not accessible: {record_id}")
    if call.method == "GET":
        return _read(work, queries, sobject, record_id, call)
    if call.method == "PATCH":
        _check_unmodified(work, sobject, record_id, call)
        with work.savepoint():
            records.update(work, sobject, record_id, call.record())
        return Answer(204)
    if call.method == "DELETE":  # the conditional headers do not apply to it (REST guide, conditional requests)
        with work.savepoint():
            records.delete(work, sobject, record_id)
        return Answer(204)
    raise method_not_allowed(call, "DELETE,GET,HEAD,PATCH")


def serve_by_key(work: Work, queries: Queries, sobject: SObject, field: Field, value: str, call: Call) -> Answer:
    """Answers GET and PATCH of the record with this key; PATCH inserts a missing one. Raises ApiError."""
    if call.method not in ("GET", "PATCH"):
        raise method_not_allowed(call, "GET,HEAD,PATCH")
    several = upserts.named(work, sobject, field, value)
    if len(several) > 1:  # the caller must choose (REST guide, status 300)
        return Answer(300, [f"/services/data/v{call.version}/sobjects/{sobject.name}/{each}" for each in several])
    found = next(iter(several), None)
    if call.method == "GET":
        if found is None:
            raise not_found()
        return _read(work, queries, sobject, found, call)
    body = call.record()
    if any(name.lower() == field.name.lower() for name in body):
        message = f"The {field.name} field should not be specified in the sobject data."
        raise ApiError("INVALID_FIELD", message, fields=[field.name])
    with work.savepoint():
        if found:
            records.update(work, sobject, found, body)
        record_id = found or records.insert(work, sobject, {**body, field.name: value})
    # Since 46.0 an update by key answers a body as well (REST guide, upsert).
    if found and float(call.version) < 46:
        return Answer(204)
    answer = {"id": record_id, "success": True, "errors": [], "created": not found}
    return Answer(200 if found else 201, answer)


def fetch(
    queries: Queries, sobject: SObject, record_id: str, fields: list[str], version: str, now: datetime
) -> dict[str, Any]:
    """The record with the given fields, nested parents included. Raises ApiError INVALID_FIELD."""
    for name in fields:
        if not name.replace(".", "_").replace("_", "").isalnum():
            raise ApiError("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
    unique = list({each.lower(): each for each in fields}.values())
    text = f"SELECT {', '.join(unique)} FROM {sobject.name} WHERE Id = '{record_id}'"  # noqa: S608 - SOQL, names checked
    try:
        found = queries.run(text, version, now)["records"]
    except ApiError as error:
        # The REST interface reports the column without an excerpt of the query.
        raise ApiError(error.code, error.message.rsplit("\n", 1)[-1], status=error.status) from None
    if not found:
        raise not_found()
    record: dict[str, Any] = found[0]
    return record


def _read(work: Work, queries: Queries, sobject: SObject, record_id: str, call: Call) -> Answer:
    row = records.existing(work, sobject, record_id)
    headers = _modified(row)
    since = call.moment("if-modified-since")
    if since and row.get("LastModifiedDate") and clock.instant(row["LastModifiedDate"]) <= since:
        return Answer(304, None, headers)
    _check_unmodified(work, sobject, record_id, call)
    asked = call.query.get("fields", "")
    fields = [each.strip() for each in asked.split(",") if each.strip()] or list(sobject.fields)
    record = fetch(queries, sobject, row["Id"], fields, call.version, work.moment)
    if asked and "id" not in (each.lower() for each in fields):
        record["Id"] = row["Id"]  # the org always adds the id
    return Answer(200, record, headers)


def _modified(row: dict[str, Any]) -> dict[str, str]:
    stamp = row.get("LastModifiedDate")
    return {"Last-Modified": format_datetime(clock.instant(stamp), usegmt=True)} if stamp else {}


def _check_unmodified(work: Work, sobject: SObject, record_id: str, call: Call) -> None:
    limit = call.moment("if-unmodified-since")
    if limit is None:
        return
    row = records.existing(work, sobject, record_id)
    if row.get("LastModifiedDate") and clock.instant(row["LastModifiedDate"]) > limit:
        raise ApiError(
            "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE_CHECK", "Entity was modified after the date in If-Unmodified-Since",
            status=412,
        )  # fmt: skip
