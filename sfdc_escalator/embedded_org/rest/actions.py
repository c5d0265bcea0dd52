"""Serves the invocable action `actions/standard/customNotificationAction`: the bell of Salesforce.

The inputs, the limits and the answer to a success are those of the Actions Developer Guide (Custom Notification
Actions). An inactive user gets nothing, and this is not an error: the guide says "if this user is active". Orgs answer
INVALID_ARGUMENT_TYPE, "Invalid parameter value for: NAME", to an id of another kind. The guide does not say what an
org answers to a missing input, a text that is too long, an unknown recipient, or a user without the permission: here
each of them is an error. A notification is not a record; its request stands in the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sfdc_escalator.embedded_org.basics import ids
from sfdc_escalator.embedded_org.basics.api_error import ApiError
from sfdc_escalator.embedded_org.rest.calls import Answer, Call, method_not_allowed
from sfdc_escalator.embedded_org.store.work import Work

ACTION = "customNotificationAction"
_NEEDED = ("customNotifTypeId", "recipientIds", "title", "body")
_KNOWN = (*_NEEDED, "targetId", "targetPageRef", "senderId", "actionGroup")
_LONGEST = {"title": 250, "body": 750}
_MOST_RECIPIENTS = 500
_DONE = {"SuccessMessage": "Your custom notification is processed successfully."}
_RECIPIENTS = ("User", "Group")


def serve(work: Work, call: Call) -> Answer:
    """Answers POST. Raises ApiError."""
    if call.parts[1:] != ["standard", ACTION]:
        raise ApiError("NOT_FOUND", f"Invalid Action Type: {call.parts[-1]}", status=404)
    if call.method != "POST":
        raise method_not_allowed(call, "POST")
    if work.automation and work.automation.of("no_notifications"):
        message = "The user lacks the permission Send Custom Notifications"
        raise ApiError("INSUFFICIENT_ACCESS", message, status=403)
    results = [_result(list(_errors(work, each))) for each in _inputs(call)]
    return Answer(200 if all(each["isSuccess"] for each in results) else 400, results)


def _inputs(call: Call) -> list[dict[str, Any]]:
    inputs = call.record().get("inputs")
    if not isinstance(inputs, list) or not inputs or not all(isinstance(each, dict) for each in inputs):
        raise ApiError("JSON_PARSER_ERROR", "inputs must be a list of at least one object")
    return inputs


def _result(errors: list[ApiError]) -> dict[str, Any]:
    return {
        "actionName": ACTION, "errors": [each.row() for each in errors] or None, "isSuccess": not errors,
        "outputValues": None if errors else _DONE,
    }  # fmt: skip


def _errors(work: Work, given: dict[str, Any]) -> Iterator[ApiError]:
    for name in given:
        if name not in _KNOWN:
            yield ApiError("INVALID_API_INPUT", f"Invalid input parameter: {name}")
    for name in _NEEDED:
        if given.get(name) in (None, "", []):
            yield _missing(name)
        elif not _valid(work, name, given[name]):
            yield _invalid(name)
    for name, longest in _LONGEST.items():
        if isinstance(text := given.get(name), str) and len(text) > longest:
            yield ApiError("STRING_TOO_LONG", f"{name}: data value too large: {text} (max length={longest})")
    if not given.get("targetId") and not given.get("targetPageRef"):
        yield _missing("targetId or targetPageRef")
    for name in ("targetId", "senderId"):
        if given.get(name) and ids.canonical(given[name]) is None:
            yield _invalid(name)


def _missing(name: str) -> ApiError:
    return ApiError("INVALID_API_INPUT", f"Missing required input parameter: {name}")


def _invalid(name: str) -> ApiError:
    return ApiError("INVALID_ARGUMENT_TYPE", f"Invalid parameter value for: {name}")


def _valid(work: Work, name: str, value: Any) -> bool:
    if name == "recipientIds":
        possible = isinstance(value, list) and len(value) <= _MOST_RECIPIENTS
        return possible and all(_is_there(work, each, _RECIPIENTS) for each in value)
    if name == "customNotifTypeId":
        return _is_there(work, value, ("CustomNotificationType",))
    return isinstance(value, str)


def _is_there(work: Work, record_id: Any, kinds: tuple[str, ...]) -> bool:
    """True for the id of a record of one of these objects."""
    full = ids.canonical(record_id)
    sobject = work.database.schema.by_prefix(full[:3]) if full else None
    row = work.database.row(sobject, full) if full and sobject and sobject.name in kinds else None
    return row is not None and not row["IsDeleted"]
