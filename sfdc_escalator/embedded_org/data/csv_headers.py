"""The header of a data file as fields: standard fields by name, custom fields with their declared type."""

from __future__ import annotations

import re

from sfdc_escalator.embedded_org.basics.problems import Problem, nearest
from sfdc_escalator.embedded_org.data.csv_files import Sheet
from sfdc_escalator.embedded_org.store.schema import CUSTOM_TYPES, LONG_TEXT, Field, Schema, custom_field

_HEADER = re.compile(r"(?P<name>[^:]*?)\s*(?::\s*(?P<type>\w+)\s*(?:\(\s*(?P<target>\w+)\s*\))?)?")
_DECLARABLE = [each for each in CUSTOM_TYPES if each != "longtext"]


class _Refused(Exception):
    """A column that cannot be used, with the details of the problem."""

    def __init__(self, message: str, expected: str | None = None, near: str | None = None) -> None:
        super().__init__(message)
        self.message, self.expected, self.near = message, expected, near


def fields(sheet: Sheet, schema: Schema, problems: list[Problem]) -> list[Field | None]:
    """The field of each column, None for a column with a problem. Adds custom fields to the schema."""
    seen: set[str] = set()
    found: list[Field | None] = []
    for column, text in enumerate(sheet.header, 1):
        try:
            declared = _column(sheet, schema, text, column)
            if declared.name.lower() in seen:
                raise _Refused(f"column {declared.name} appears twice")
            seen.add(declared.name.lower())
            found.append(declared)
        except _Refused as refused:
            found.append(None)
            problems.append(Problem(sheet.file, refused.message, 1, column, text, refused.expected, refused.near))
    schema.put(schema[sheet.sobject].extended([each for each in found if each and each.custom]))
    return found


def _column(sheet: Sheet, schema: Schema, text: str, column: int) -> Field:
    match = _HEADER.fullmatch(text)
    name = match["name"] if match else text
    if match is None or not re.fullmatch(r"[A-Za-z]\w*", name):
        raise _Refused(f"{text!r} is not a field name", "a field name, for a custom field with its type")
    if not name.endswith("__c"):
        return _standard(sheet, schema, name, match["type"])
    kind = match["type"] or "text"
    if kind == "text" and any(len(cells[column - 1]) > LONG_TEXT for _, cells in sheet.rows):
        return custom_field(name, "longtext")
    return _custom(sheet, schema, name, kind, match["target"])


def _standard(sheet: Sheet, schema: Schema, name: str, kind: str | None) -> Field:
    sobject = schema[sheet.sobject]
    known = sobject.field(name)
    if known is None:
        expected = "a standard field, or a custom one ending in __c"
        raise _Refused(f"{sheet.sobject} has no field {name}", expected, nearest(name, sobject.fields))
    if kind:
        raise _Refused(f"{known.name} is a standard field: leave its type out", known.name)
    if known.via:
        raise _Refused(f"{known.name} is a copy of {known.via} and cannot be given", known.via)
    return known


def _custom(sheet: Sheet, schema: Schema, name: str, kind: str, target: str | None) -> Field:
    if kind not in _DECLARABLE:
        raise _Refused(f"{kind} is not a type", ", ".join(_DECLARABLE), nearest(kind, _DECLARABLE))
    if (kind == "reference") != bool(target):
        raise _Refused("a reference needs the name of its object, and no other type has one", "reference(Case)")
    parent = schema.get(target) if target else None
    if target and parent is None:
        raise _Refused(f"{target} is not an object", None, nearest(target, [each.name for each in schema]))
    return custom_field(name, kind, parent.name if parent else None, sheet.sobject)
