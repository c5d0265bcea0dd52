"""The meaning of the columns of a history file: the mapping file, checked, with all problems at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from sfdc_escalator.errors import Invalid, counted
from sfdc_escalator.files.text.document import Document, problem_of
from sfdc_escalator.files.text.document import Path as Loc
from sfdc_escalator.files.text.fault import Fault, shown, unknown
from sfdc_escalator.files.text.source_text import Unreadable, read_text
from sfdc_escalator.files.text.yaml_document import parse
from sfdc_escalator.files.values import calendar_files, sources

MAX_BYTES = 1_000_000
EXPECTED = "a mapping file in YAML: `kind`, `case`, `fields` and the columns of times"
Kind = Literal["events", "snapshot"]
Type = Literal["text", "picklist", "number", "checkbox", "datetime", "date", "multipicklist"]
TYPES: tuple[Type, ...] = get_args(Type)
COLUMNS = {"events": ("stamp",), "snapshot": ("opened", "closed")}
KEYS = {
    "events": ("kind", "case", "stamp", "order", "missing", "times", "closed", "fields"),
    "snapshot": ("kind", "case", "opened", "closed", "missing", "times", "fields"),
}
NO_ZONE = ZoneInfo("UTC")
DATETIMES = frozenset(
    {"createddate", "lastmodifieddate", "closeddate", "systemmodstamp", "slastartdate", "slaexitdate"}
)
FaultAt = tuple[Loc, Fault]


@dataclass(frozen=True, slots=True)
class FieldColumn:
    """A field of the case, and its column."""

    path: str
    column: str
    type: Type


@dataclass(frozen=True, slots=True)
class HistoryMapping:
    """`order` sorts the rows with the same stamp; a cell with one of the texts in `missing` has no value.

    Events: a row is the whole case after one update at `stamp`; `closed` lists the values of a field that close it.
    Snapshot: one row for each case, open from `opened` until `closed_at`. `time_format` None means ISO 8601.
    """

    kind: Kind
    case: str
    fields: tuple[FieldColumn, ...]
    stamp: str = ""
    order: tuple[str, ...] = ()
    opened: str = ""
    closed_at: str = ""
    closed: Mapping[str, tuple[str, ...]] | None = None
    missing: frozenset[str] = frozenset()
    time_format: str | None = None
    zone: ZoneInfo = NO_ZONE

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read, each once."""
        times = (self.stamp, *self.order, self.opened, self.closed_at)
        return tuple(dict.fromkeys(name for name in (self.case, *times, *(one.column for one in self.fields)) if name))


def load_mapping(path: Path) -> HistoryMapping:
    """The mapping. Raises Invalid with all problems of the file."""
    try:
        document = parse(str(path), read_text(path, EXPECTED, MAX_BYTES), what="mapping", holds="`kind:` and `fields:`")
    except Unreadable as error:
        raise Invalid(error.problem.message, [error.problem]) from None
    faults = list(faults_of(document.value))
    problems = [*document.problems, *(problem_of(document, loc, fault) for loc, fault in faults)]
    if problems:
        raise Invalid(f"the mapping is invalid: {counted(len(problems), 'problem')}", problems)
    return mapping_of(document)


def faults_of(value: Any) -> Iterator[FaultAt]:
    if not isinstance(value, dict):
        yield (), Fault("the mapping file is not a mapping", found=shown(value), expected=EXPECTED)
        return
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in KEYS:
        yield ("kind",), unknown("kind", shown(kind), KEYS)
        return
    for key in value:
        if key not in KEYS[kind]:
            yield (key,), unknown("key", str(key), KEYS[kind], on_key=True)
    for key in ("case", *COLUMNS[kind]):
        if not isinstance(value.get(key), str):
            message = f"`{key}` must be the name of a column"
            yield (key,) if key in value else (), Fault(message, expected=f"`{key}: column name`")
    yield from fields_faults(value.get("fields"))
    yield from times_faults(value.get("times", {}))
    if kind == "events":
        yield from closed_faults(value.get("closed", {}), value.get("fields"))
    yield from names_faults(value, "order")
    yield from names_faults(value, "missing")


def fields_faults(fields: Any) -> Iterator[FaultAt]:
    if not isinstance(fields, dict) or not fields:
        message = "`fields` must be a mapping of fields to columns"
        yield ("fields",) if fields is not None else (), Fault(message, found=shown(fields))
        return
    for path, column in fields.items():
        try:
            sources.field_path(path)
        except Fault as fault:
            yield ("fields", path), fault.but(on_key=True)
        if isinstance(column, str):
            continue
        if not isinstance(column, dict) or not isinstance(column.get("column"), str):
            expected = "a column, or `{column: name, type: number}`"
            yield ("fields", path), Fault("this does not name a column", found=shown(column), expected=expected)
        elif column.get("type", "text") not in TYPES:
            yield ("fields", path, "type"), unknown("type", shown(column["type"]), TYPES)
        else:
            for key in column.keys() - {"column", "type"}:
                yield ("fields", path, key), unknown("key", key, ("column", "type"))


def times_faults(times: Any) -> Iterator[FaultAt]:
    if not isinstance(times, dict):
        yield ("times",), Fault("`times` must be a mapping", found=shown(times), expected="`{format: ..., zone: UTC}`")
        return
    for key in times:
        if key not in ("format", "zone"):
            yield ("times", key), unknown("key", str(key), ("format", "zone"))
    if "zone" in times:
        try:
            calendar_files.zone(times["zone"])
        except Fault as fault:
            yield ("times", "zone"), fault
    form = times.get("format", "%Y")
    if not isinstance(form, str) or "%" not in form:
        expected = "a format of strptime, such as '%d/%m/%Y %H:%M'"
        yield ("times", "format"), Fault("this is not a time format", found=shown(form), expected=expected)


def closed_faults(closed: Any, fields: Any) -> Iterator[FaultAt]:
    if not isinstance(closed, dict):
        expected = "a field and its values, such as `{Status: [Closed]}`"
        message = "`closed` must be a mapping of fields to the values that close a case"
        yield ("closed",), Fault(message, found=shown(closed), expected=expected)
        return
    for path, values in closed.items():
        if isinstance(fields, dict) and path not in fields:
            yield ("closed", path), unknown("field", path, fields)
        if not texts(values):
            message = "this is not a list of values"
            yield ("closed", path), Fault(message, found=shown(values), expected="a list of texts")


def names_faults(value: Mapping[str, Any], key: str) -> Iterator[FaultAt]:
    if key in value and not texts(value[key]):
        yield (
            (key,),
            Fault(f"`{key}` must be a text or a list of texts", found=shown(value[key]), expected="texts"),
        )


def texts(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(map(str, listed)) if all(isinstance(one, (str, int)) for one in listed) else ()


def mapping_of(document: Document) -> HistoryMapping:
    value: dict[str, Any] = document.value
    times, events = value.get("times", {}), value["kind"] == "events"
    return HistoryMapping(
        kind=value["kind"],
        case=value["case"],
        fields=tuple(field_of(path, column) for path, column in value["fields"].items()),
        stamp=value.get("stamp", ""),
        order=texts(value.get("order", [])),
        opened=value.get("opened", ""),
        closed_at="" if events else value["closed"],
        closed={path: texts(values) for path, values in value.get("closed", {}).items()} if events else None,
        missing=frozenset(texts(value.get("missing", []))),
        time_format=times.get("format"),
        zone=calendar_files.zone(times.get("zone", "UTC")),
    )


def field_of(path: str, column: Any) -> FieldColumn:
    known: Type = "datetime" if path.lower() in DATETIMES else "text"
    if isinstance(column, str):
        return FieldColumn(path, column, known)
    return FieldColumn(path, column["column"], column.get("type", known))
