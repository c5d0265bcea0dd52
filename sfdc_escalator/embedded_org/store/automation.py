"""Org automation: rules that an org applies when records are saved, given in `automation.json` of a data folder.

The file is a JSON list of objects, each with a `kind`. Queues, users and cases are given by Id or natural key
(DeveloperName, Username, CaseNumber); the default of `object` is Case. Kinds with their keys, [optional] in brackets:

- assignment_rule: to, [when]. A saved case goes to owner `to`, unless `Sforce-Auto-Assign: FALSE` came with its
  request, inside a composite with its subrequest; the first rule that matches counts.
- escalation_rule: minutes, [to], [when]. An open case of this age gets IsEscalated, and owner `to`, by
  the user Automated Process, at that minute or at its last change, once the org's clock is there; each case once, by
  the first rule that matches it, whether its time has come or not.
- owner_bounce: from, to, [times]. After the commit of an owner change to `from` the case moves on to `to`; each case
  only its first `times` times (0, the default: always).
- validation_rule: when, message, [object]. FIELD_CUSTOM_VALIDATION_EXCEPTION with `message`, for that record only.
- trigger_error: [object], [when], [batch_over], [limit]. CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY for every record of the
  batch (collection), as an uncaught exception does; only when the batch holds more than `batch_over` records;
  `limit` true makes it a System.LimitException.
- field_security: [object], [readonly], [hidden]. Fields that the token's user may only read, or does not see.
- lose_edit_right: queue. The token's user may not write a case while `queue` owns it: INSUFFICIENT_ACCESS_OR_READONLY,
  and UserRecordAccess.HasEditAccess is false.
- locked: cases. Locked by an approval: ENTITY_IS_LOCKED.
- untracked: fields. Fields of Case without a history: FieldDefinition.IsFieldHistoryTracked is false, and a change
  leaves no row in CaseHistory. Tracked are OwnerId, Status, Priority, Type, Reason, and the fields in CaseHistory.csv.
- tracked: fields. Further fields of Case with a history.
- object_security: object. An object that the token's user does not see at all.
- no_notifications: without keys. The token's user lacks the permission Send Custom Notifications.

`when` is a condition, or a list that means all: `{"field": F}` with one of `is`, `is_not` (a value),
`is_empty` (true or false), `longer_than` (characters), `changed` (true or false; a new record has not changed). It is
judged on the record as it would be after the save.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Record = Mapping[str, Any]
TESTS = ("is", "is_not", "is_empty", "longer_than", "changed")


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of one field, with its `value` as stored."""

    field: str
    test: str
    value: Any

    def holds(self, before: Record | None, after: Record) -> bool:
        """True if the record meets the condition after the save; `before` is None for a new record."""
        found = after.get(self.field)
        if self.test == "is_empty":
            return (found in (None, "")) is self.value
        if self.test == "longer_than":
            return len(str(found or "")) > int(self.value)
        if self.test == "changed":
            return (before is not None and before.get(self.field) != found) is self.value
        same: bool = _folded(found) == _folded(self.value)
        return same is (self.test == "is")


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of the file with ids in place of names; only the attributes of its kind are set."""

    kind: str
    sobject: str = "Case"
    when: tuple[Condition, ...] = ()
    to: str = ""
    source: str = ""
    times: int = 0
    minutes: int = 0
    message: str = ""
    batch_over: int = 0
    limit: bool = False
    readonly: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()

    def matches(self, sobject: str, before: Record | None, after: Record) -> bool:
        return self.sobject == sobject and all(each.holds(before, after) for each in self.when)


@dataclass(frozen=True, slots=True)
class Automation:
    """All rules of an org, in the order of the file."""

    rules: tuple[Rule, ...] = ()

    def of(self, kind: str) -> list[Rule]:
        return [each for each in self.rules if each.kind == kind]


def restored(rules: list[dict[str, Any]]) -> Automation:
    """The automation from its rules as `dataclasses.asdict` and JSON wrote them."""
    return Automation(tuple(_rule(each) for each in rules))


def _rule(plain: dict[str, Any]) -> Rule:
    fields: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in plain.items()}
    fields["when"] = tuple(Condition(**each) for each in plain["when"])
    return Rule(**fields)
