"""A data folder as records: typed columns, ids, resolved references; every problem at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sfdc_escalator.embedded_org.basics import clock, ids
from sfdc_escalator.embedded_org.basics.problems import InvalidData, Problem, nearest
from sfdc_escalator.embedded_org.data import csv_headers
from sfdc_escalator.embedded_org.data.csv_files import Sheet, sheets
from sfdc_escalator.embedded_org.store import values
from sfdc_escalator.embedded_org.store.schema import Field, Schema, SObject, custom_object

Record = dict[str, Any]
Keys = dict[str, dict[str, list[str]]]
_MOST_COMPARED = 2_000
_KEYS = {"Case": "CaseNumber", "User": "Username", "Group": "DeveloperName", "RecordType": "DeveloperName"}


@dataclass(slots=True)
class Table:
    """The records of one object; `lines[i]` is the line of record i in `file` (0 for the org's own records)."""

    sobject: SObject
    file: str = ""
    records: list[Record] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    columns: dict[str, int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def add(self, record: Record) -> Record:
        self.records.append(record)
        self.lines.append(0)
        return record


class Folder:
    """The tables of a data folder by object name, and the schema they need."""

    def __init__(self, schema: Schema, path: Path | None = None) -> None:
        self.schema, self.path = schema, path
        self.tables: dict[str, Table] = {}
        self.problems: list[Problem] = []

    def table(self, name: str) -> Table:
        if name not in self.tables:
            self.tables[name] = Table(self.schema[name])
        return self.tables[name]

    def problem(self, table: Table, row: int, column: str, message: str, **more: str | None) -> None:
        self.problems.append(Problem(table.file, message, table.lines[row], table.columns.get(column), **more))

    def raise_problems(self) -> None:
        if self.problems:
            raise InvalidData(self.problems)


def read(path: Path, schema: Schema, now: datetime) -> Folder:
    """Reads the files. Ids and references follow later, when the org's own records exist too."""
    folder = Folder(schema, path)
    found = sheets(path, schema, folder.problems)
    _declare_objects(folder, found)
    fields = {sheet.sobject: csv_headers.fields(sheet, schema, folder.problems) for sheet in found}
    for sheet in found:
        _load(folder, sheet, fields[sheet.sobject], clock.stamp(now))
    return folder


def _declare_objects(folder: Folder, found: list[Sheet]) -> None:
    number = 0
    for sheet in found:
        if folder.schema.get(sheet.sobject) is None:
            folder.schema.put(custom_object(sheet.sobject, f"a{number:02d}", []))
            number += 1


def _load(folder: Folder, sheet: Sheet, fields: list[Field | None], now: str) -> None:
    table = folder.tables[sheet.sobject] = Table(folder.schema[sheet.sobject], sheet.file)
    table.columns = {each.name: i for i, each in enumerate(fields, 1) if each}
    for line, cells in sheet.rows:
        record: Record = {}
        table.records.append(record)
        table.lines.append(line)
        for column, text in zip(fields, cells, strict=True):
            if column and text:
                try:
                    record[column.name] = values.parsed(column, text)
                except ValueError:
                    shown = text if len(text) <= 80 else text[:77] + "..."
                    message = f"{shown!r} is not a value of {column.name}"
                    folder.problem(table, len(table.records) - 1, column.name, message, found=shown,
                                   expected=values.expected(column))  # fmt: skip
        for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp"):
            if (moment := record.get(name)) and moment > now:
                folder.problem(table, len(table.records) - 1, name, f"{name} is later than the org's clock",
                               found=moment, expected=f"at most {now}")  # fmt: skip


def check_ids(folder: Folder) -> None:
    """Checks the ids in the files."""
    for table in folder.tables.values():
        _adopt_prefix(folder, table)
        for row, record in enumerate(table.records):
            if "Id" in record:
                _check_id(folder, table, row, record)


def fill_ids(folder: Folder) -> None:
    """Makes an id for each record that has none."""
    for table in folder.tables.values():
        number = 0
        for record in table.records:
            while "Id" not in record:
                number += 1
                made = ids.make(table.sobject.prefix, number)
                if made not in table.used:
                    record["Id"] = made
                    table.used.add(made)


def _adopt_prefix(folder: Folder, table: Table) -> None:
    """Takes the prefix of a custom object from the first id in its file."""
    given = next((ids.canonical(each["Id"]) for each in table.records if each.get("Id")), None)
    if table.sobject.custom and given and folder.schema.by_prefix(given[:3]) is None:
        fields = [each for each in table.sobject.fields.values() if each.custom]
        table.sobject = custom_object(table.sobject.name, given[:3], fields)
        folder.schema.put(table.sobject)


def _check_id(folder: Folder, table: Table, row: int, record: Record) -> None:
    text, prefix = record["Id"], table.sobject.prefix
    full = ids.canonical(text)
    if full is None:
        right = ids.canonical(text[:15])
        folder.problem(table, row, "Id", f"{text!r} is not a valid id", found=text, nearest=right,
                       expected="15 characters, or 18 with the right checksum")  # fmt: skip
    elif not full.startswith(prefix):
        folder.problem(table, row, "Id", f"{text} is not an id of {table.sobject.name}", found=text,
                       expected=f"an id that begins with {prefix}")  # fmt: skip
    elif full in table.used:
        folder.problem(table, row, "Id", f"id {full} appears twice", found=text)
    else:
        table.used.add(full)
        record["Id"] = full


def resolve(folder: Folder) -> None:
    """Replaces the texts in reference fields by the ids of existing records."""
    keys: Keys = {}
    for table in folder.tables.values():
        for each in table.sobject.fields.values():
            if each.type == "reference" and (each.name in table.columns):
                _resolve_column(folder, table, each, keys)


def _resolve_column(folder: Folder, table: Table, reference: Field, keys: Keys) -> None:
    known: dict[str, str | Unresolved] = {}
    for row, record in enumerate(table.records):
        text = record.get(reference.name)
        if text is None or not table.lines[row]:
            continue
        if text not in known:
            known[text] = target(folder, reference, text, keys)
        found = known[text]
        if isinstance(found, Unresolved):
            folder.problem(table, row, reference.name, found.message, found=text, expected=found.expected,
                           nearest=found.nearest)  # fmt: skip
        else:
            record[reference.name] = found


def check_unique(folder: Folder) -> None:
    """Checks that each value of an external id appears once."""
    for table in folder.tables.values():
        for name in (each.name for each in table.sobject.fields.values() if each.unique):
            seen: set[str] = set()
            for row, record in enumerate(table.records):
                value = record.get(name)
                if value in seen:
                    folder.problem(table, row, name, f"{name} {value!r} appears twice", found=value)
                elif value is not None:
                    seen.add(value)


@dataclass(frozen=True, slots=True)
class Unresolved:
    """The problem of a reference that does not name exactly one record."""

    message: str
    expected: str
    nearest: str | None


def target(folder: Folder, reference: Field, text: str, keys: Keys) -> str | Unresolved:
    """The id of the record that a reference names by Id or natural key; `keys` caches the natural keys."""
    full = ids.canonical(text)
    tables = [folder.tables[each] for each in reference.reference_to if each in folder.tables]
    if full and any(full in each.used for each in tables):
        return full
    named = [each for table in tables for each in _named(table, keys).get(text, [])]
    if len(named) == 1:
        return named[0]
    expected = [f"{each} by Id or {_KEYS.get(each, folder.schema[each].name_field)}" for each in reference.reference_to]
    known = [key for table in tables for key in _named(table, keys)]
    close = nearest(text, known) if not named and len(known) <= _MOST_COMPARED else None
    message = f"{reference.name} {text!r} names " + (f"{len(named)} records" if named else "no record")
    return Unresolved(message, " or ".join(expected), close)


def _named(table: Table, keys: Keys) -> dict[str, list[str]]:
    """The ids of the table's records by natural key."""
    name = table.sobject.name
    if name not in keys:
        keys[name] = {}
        key = _KEYS.get(name, table.sobject.name_field)
        for record in table.records:
            keys[name].setdefault(str(record.get(key, "")), []).append(record["Id"])
    return keys[name]
