"""The org's automation while a record is saved: rights, locks, triggers, validation, assignment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sfdc_escalator.embedded_org.basics.api_error import ApiError
from sfdc_escalator.embedded_org.store.schema import SObject
from sfdc_escalator.embedded_org.store.work import Work

Record = Mapping[str, Any]


class UncaughtException(ApiError):
    """An exception of a trigger; it fails every record of the batch (Apex guide, bulk DML exception handling)."""


def check_rights(work: Work, sobject: SObject, record: Record) -> None:
    """Checks that the token's user may change the record. Raises ApiError."""
    if work.automation is None or sobject.name != "Case":
        return
    if work.database.query("SELECT 1 FROM _locked WHERE RecordId = ?", (record["Id"],)):
        raise ApiError("ENTITY_IS_LOCKED", "entity is locked for approval", fields=[])
    barred = "SELECT 1 FROM _not_editable WHERE OwnerId = ? AND UserId = ?"
    if work.database.query(barred, (record["OwnerId"], work.user_id)):
        raise ApiError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", fields=[])


def check_save(work: Work, sobject: SObject, before: Record | None, after: Record) -> None:
    """Runs triggers, then validation rules (Apex guide, order of execution). Raises ApiError."""
    if work.automation is None:
        return
    for rule in work.automation.of("trigger_error"):
        if work.batch > rule.batch_over and rule.matches(sobject.name, before, after):
            raise _exception(sobject, before, rule.limit)
    for rule in work.automation.of("validation_rule"):
        if rule.matches(sobject.name, before, after):
            raise ApiError("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, fields=[])


def _exception(sobject: SObject, before: Record | None, limit: bool) -> UncaughtException:
    name = f"{sobject.name.removesuffix('__c')}Trigger"
    if limit:
        message = f"{name}: System.LimitException: Too many SOQL queries: 101"
    else:
        event = "BeforeInsert" if before is None else "BeforeUpdate"
        message = (
            f"{name}: execution of {event}\n\ncaused by: System.NullPointerException: Attempt to de-reference a null "
            f"object\n\nTrigger.{name}: line 12, column 1"
        )
    return UncaughtException("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message, fields=[])


def assigned_owner(work: Work, sobject: SObject, before: Record | None, after: Record) -> str | None:
    """The new owner that the assignment rules give a saved case; None when it keeps its owner."""
    if work.automation is None or not work.auto_assign or sobject.name != "Case":
        return None
    found = (each.to for each in work.automation.of("assignment_rule") if each.matches("Case", before, after))
    to = next(found, None)
    return None if to == after["OwnerId"] else to
