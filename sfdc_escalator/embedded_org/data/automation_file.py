"""Reads `automation.json` of a data folder: replaces names by ids and reports every problem at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sfdc_escalator.embedded_org.basics import entries
from sfdc_escalator.embedded_org.basics.api_error import ApiError
from sfdc_escalator.embedded_org.basics.entries import Entry
from sfdc_escalator.embedded_org.basics.problems import nearest
from sfdc_escalator.embedded_org.data import data_folder
from sfdc_escalator.embedded_org.data.csv_files import AUTOMATION
from sfdc_escalator.embedded_org.data.data_folder import Folder, Keys, Unresolved
from sfdc_escalator.embedded_org.store import values
from sfdc_escalator.embedded_org.store.automation import TESTS, Automation, Condition, Rule
from sfdc_escalator.embedded_org.store.schema import Field, SObject

_OWNER = Field("OwnerId", "reference", 18, reference_to=("Group", "User"))
_QUEUE = Field("OwnerId", "reference", 18, reference_to=("Group",))
_CASE = Field("Id", "reference", 18, reference_to=("Case",))


def load(folder: Folder) -> Automation:
    """The folder's automation, empty without the file. The records must have their ids already."""
    if folder.path is None or not (folder.path / AUTOMATION).exists():
        return Automation()
    reader = _Reader(folder)
    found = entries.read(folder.path / AUTOMATION, folder.problems, "rules")
    return Automation(tuple(rule for each in found if (rule := reader.rule(each))))


class _Reader:
    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._keys: Keys = {}
        # The keys of each kind, and the function that reads an entry of it.
        self._kinds: dict[str, tuple[tuple[str, ...], Callable[[Entry], Rule]]] = {
            "assignment_rule": (("to", "when"), self._assignment),
            "escalation_rule": (("minutes", "to", "when"), self._escalation),
            "owner_bounce": (("from", "to", "times"), self._bounce),
            "validation_rule": (("when", "message", "object"), self._validation),
            "trigger_error": (("object", "when", "batch_over", "limit"), self._trigger),
            "field_security": (("object", "readonly", "hidden"), self._security),
            "lose_edit_right": (("queue",), self._lost_right),
            "locked": (("cases",), self._locked),
            "untracked": (("fields",), partial(self._history, "untracked")),
            "tracked": (("fields",), partial(self._history, "tracked")),
            "object_security": (("object",), lambda entry: Rule("object_security", self._hidden(entry).name)),
            "no_notifications": ((), lambda _: Rule("no_notifications")),
        }

    def rule(self, entry: Entry) -> Rule | None:
        kind = entry.kind(self._kinds)
        if kind is None:
            return None
        keys, read = self._kinds[kind]
        entry.keys(("kind", *keys))
        return read(entry)

    # --- the kinds -----------------------------------------------------------------------------------------------

    def _assignment(self, entry: Entry) -> Rule:
        case = self._folder.schema["Case"]
        return Rule("assignment_rule", when=self._conditions(entry, case), to=self._named(entry, "to", _OWNER))

    def _escalation(self, entry: Entry) -> Rule:
        if "minutes" not in entry.values:
            entry.refuse("minutes is missing", "the age at which a case is escalated")
        to = self._named(entry, "to", _OWNER) if "to" in entry.values else ""
        when = self._conditions(entry, self._folder.schema["Case"])
        return Rule("escalation_rule", when=when, to=to, minutes=entry.number("minutes", 0, 0))

    def _bounce(self, entry: Entry) -> Rule:
        source, to = self._named(entry, "from", _OWNER), self._named(entry, "to", _OWNER)
        if source and source == to:
            entry.refuse("from and to are the same owner", found=entry.values["to"])
        return Rule("owner_bounce", source=source, to=to, times=entry.number("times", 0, 0))

    def _validation(self, entry: Entry) -> Rule:
        sobject = self._sobject(entry)
        if "when" not in entry.values:
            entry.refuse("when is missing", "a condition, or a list of them")
        return Rule("validation_rule", sobject.name, self._conditions(entry, sobject), message=entry.text("message"))

    def _trigger(self, entry: Entry) -> Rule:
        sobject, over = self._sobject(entry), entry.number("batch_over", 0, 0)
        when = self._conditions(entry, sobject)
        return Rule("trigger_error", sobject.name, when, batch_over=over, limit=entry.flag("limit"))

    def _security(self, entry: Entry) -> Rule:
        sobject = self._sobject(entry)
        if not {"readonly", "hidden"} & set(entry.values):
            entry.refuse("readonly or hidden is missing", "a list of fields")
        return Rule(
            "field_security", sobject.name, readonly=self._fields(entry, sobject, "readonly"),
            hidden=self._fields(entry, sobject, "hidden"),
        )  # fmt: skip

    def _lost_right(self, entry: Entry) -> Rule:
        return Rule("lose_edit_right", source=self._named(entry, "queue", _QUEUE))

    def _locked(self, entry: Entry) -> Rule:
        if "cases" not in entry.values:
            entry.refuse("cases is missing", "a list of CaseNumbers")
        found = [self._target(entry, "cases", _CASE, each) for each in entry.texts("cases")]
        return Rule("locked", cases=tuple(each for each in found if each))

    def _history(self, kind: str, entry: Entry) -> Rule:
        if "fields" not in entry.values:
            entry.refuse("fields is missing", "a list of fields")
        found = [self._field(entry, self._folder.schema["Case"], name) for name in entry.texts("fields")]
        return Rule(kind, fields=tuple(each.name for each in found if each))

    def _hidden(self, entry: Entry) -> SObject:
        name = entry.values.get("object")
        found = self._folder.schema.get(name) if isinstance(name, str) else None
        if found is None:
            near = nearest(name, [each.name for each in self._folder.schema]) if isinstance(name, str) else None
            entry.refuse(f"{name} is not an object of the org", "an object", near, name)
        return found or self._folder.schema["Case"]

    # --- their parts ---------------------------------------------------------------------------------------------

    def _sobject(self, entry: Entry) -> SObject:
        name = entry.values.get("object", "Case")
        found = self._folder.schema.get(name) if isinstance(name, str) else None
        if found is not None and found.may:
            return found
        names = [each.name for each in self._folder.schema if each.may]
        near = nearest(name, names) if isinstance(name, str) else None
        entry.refuse(f"{name} is not an object that can be saved", ", ".join(names), near, name)
        return self._folder.schema["Case"]

    def _fields(self, entry: Entry, sobject: SObject, key: str) -> tuple[str, ...]:
        found = [each for name in entry.texts(key) if (each := self._field(entry, sobject, name))]
        for each in found:
            possible = (each.nillable or each.custom) if key == "hidden" else (each.createable or each.updateable)
            if not possible:
                reason = "every user needs it" if key == "hidden" else "no user can write it"
                entry.refuse(f"{each.name} cannot be {key}: {reason}", found=each.name)
        return tuple(each.name for each in found)

    def _field(self, entry: Entry, sobject: SObject, name: Any) -> Field | None:
        found = sobject.field(name) if isinstance(name, str) else None
        if found is None or found.via:
            near = nearest(name, sobject.fields) if isinstance(name, str) else None
            entry.refuse(f"{sobject.name} has no field {name} that is stored", "a field", near, name)
            return None
        return found

    def _conditions(self, entry: Entry, sobject: SObject) -> tuple[Condition, ...]:
        given = entry.values.get("when", [])
        listed = given if isinstance(given, list) else [given]
        return tuple(made for each in listed if (made := self._condition(entry, sobject, each)))

    def _condition(self, entry: Entry, sobject: SObject, given: Any) -> Condition | None:
        if not isinstance(given, dict):
            entry.refuse("when is not a condition", "an object with field and one of " + ", ".join(TESTS), found=given)
            return None
        inner = entry.inner(given)
        inner.keys(("field", *TESTS))
        tests = [each for each in TESTS if each in given]
        if len(tests) != 1:
            inner.refuse("a condition needs exactly one test", ", ".join(TESTS), found=given)
        field = self._field(inner, sobject, given.get("field"))
        if field is None or len(tests) != 1:
            return None
        return Condition(field.name, tests[0], self._value(inner, field, tests[0]))

    def _value(self, entry: Entry, field: Field, test: str) -> Any:
        if test == "longer_than":
            return entry.number(test, 0, 0)
        if test in ("is_empty", "changed"):
            return entry.flag(test)
        value = entry.values[test]
        if field.type == "reference":
            return self._target(entry, test, field, value)
        try:
            return values.accepted(field, value)
        except ApiError:
            entry.refuse(f"{test} is not a value of {field.name}", values.expected(field), found=value)
            return None

    def _named(self, entry: Entry, key: str, reference: Field) -> str:
        """The id of the record that a required key names."""
        if key in entry.values:
            return self._target(entry, key, reference, entry.values[key])
        entry.refuse(f"{key} is missing", " or ".join(reference.reference_to))
        return ""

    def _target(self, entry: Entry, key: str, reference: Field, text: Any) -> str:
        if not isinstance(text, str):
            entry.refuse(f"{key} is not a text", "a text", found=text)
            return ""
        found = data_folder.target(self._folder, reference, text, self._keys)
        if isinstance(found, Unresolved):
            entry.refuse(f"{key}: {text!r} does not name exactly one record", found.expected, found.nearest, text)
            return ""
        return found
