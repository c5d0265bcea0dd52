"""Values that may come out of a look-up table: `{table: name}`, or `{by, rows | values, else}` in place."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar

from sfdc_escalator.errors import counted
from sfdc_escalator.escalation.conditions.clocks.stopped_clock import BusinessHours
from sfdc_escalator.escalation.conditions.comparison import Literal_, Operand, as_text, fold, options
from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.time.business_days import BusinessDays
from sfdc_escalator.files.language import names
from sfdc_escalator.files.language.names import Info
from sfdc_escalator.files.text.fault import Fault, shown, unknown
from sfdc_escalator.files.values import amounts, operands, sources, texts

T = TypeVar("T")
KEYS = ("by", "rows", "values", "else")
FORM = "`{table: name}`, or `{by: Field, values: {cell: value}, else: value}`"


class RawTable(NamedTuple):
    """A table as the file says it, its form checked, its values not. `places` of the values, `else` at the end."""

    by: tuple[str, ...]
    rows: tuple[tuple[tuple[Operand, ...], Any], ...]
    otherwise: Any
    places: tuple[tuple[str | int, ...], ...]


def raw_table(value: Any) -> RawTable:
    """The table's form: fields, and one cell for each in every row. Raises a Fault where the form is wrong."""
    if not isinstance(value, dict):
        raise Fault("a table is a mapping", found=shown(value), expected="`by`, then `rows` or `values`, then `else`")
    for key in value:
        if key not in KEYS:
            raise unknown("key", str(key), KEYS, key=key)
    if "by" not in value or ("rows" in value) == ("values" in value):
        raise Fault(
            "the table is not complete", found=", ".join(value), expected="`by`, and one of `rows` and `values`"
        )
    by = value["by"] if isinstance(value["by"], list) else [value["by"]]
    paths = tuple(sources.field_path(path) for path in by)
    if not paths:
        raise Fault("the table compares no field", found="an empty list", expected="one field or more", key="by")
    rows = tuple(raw_rows(value, paths))
    if not rows:
        raise Fault("the table has no row", expected="one row or more", key="rows" if "rows" in value else "values")
    places = places_in(value)
    for place, given in zip(places, (*(given for _, given in rows), value.get("else", ...)), strict=True):
        if given is None:
            expected = "a value, or no such entry"
            raise Fault("the table has an empty value here", found="nothing", expected=expected, inside=place)
    return RawTable(paths, rows, value.get("else"), places)


def is_total(table: RawTable) -> bool:
    """True where the table gives a value for every case: it has an `else`, or rows for both values of a checkbox."""
    given = frozenset[str]().union(*(folded(cells[0]) for cells, _ in table.rows))
    return table.otherwise is not None or (len(table.by) == 1 and given == {"true", "false"})


def folded(cell: Operand) -> frozenset[str]:
    return frozenset(fold(as_text(one)) for one in options(cell))


def places_in(value: Mapping[str, Any]) -> tuple[tuple[str | int, ...], ...]:
    """The places of the values in the table."""
    if "values" in value:
        return (*(("values", key) for key in value["values"]), ("else",))
    return (*(("rows", place, len(row) - 1) for place, row in enumerate(value["rows"])), ("else",))


def raw_rows(value: Mapping[str, Any], paths: tuple[str, ...]) -> Iterator[tuple[tuple[Operand, ...], Any]]:
    if "values" in value:
        if len(paths) != 1 or not isinstance(value["values"], dict):
            message = "`values` is a mapping of the one field's values"
            raise Fault(message, found=shown(value["values"]), expected="`rows` for several fields", key="values")
        yield from (((cell(one),), given) for one, given in value["values"].items())
        return
    rows = value["rows"] if isinstance(value["rows"], list) else [value["rows"]]
    for place, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != len(paths) + 1:
            found = counted(len(row), "entry", "entries") if isinstance(row, list) else shown(row)
            form = f"a list of {counted(len(paths), 'cell')} and the value: [{', '.join(paths)}, value]"
            raise Fault(f"row {place} of the table does not match its fields", found=found, expected=form, key="rows")
        yield tuple(cell(one) for one in row[:-1]), row[-1]


def cell(value: Any) -> Operand:
    """A value that a field is compared with; a list means any of them."""
    if isinstance(value, list):
        return tuple(operands.scalar(one) for one in value)
    return operands.scalar(value)


def is_table(value: Any) -> bool:
    return isinstance(value, dict) and bool({"table", "by", "rows", "values"} & value.keys())


def or_table(parse: Callable[[Any, Info], T]) -> Callable[[Any, Info], T | Table[T]]:
    """The check of a value that `parse` reads, or that a table gives."""

    def check(value: Any, info: Info) -> T | Table[T]:
        return table(value, info, parse) if is_table(value) else parse(value, info)

    return check


def table(value: Any, info: Info, parse: Callable[[Any, Info], T]) -> Table[T]:
    if "table" in value:
        return named(value, info, parse)
    return built("", raw_table(value), info, parse)


def named(value: Mapping[str, Any], info: Info, parse: Callable[[Any, Info], T]) -> Table[T]:
    name, known = value["table"], info.context.tables
    if not isinstance(name, str) or not name.strip():
        raise Fault("`table` names a table", found=shown(name), expected="a table that `tables` declares")
    if len(value) > 1:
        raise Fault("`table` must be the only key", found=", ".join(map(str, value)), expected="`{table: name}`")
    if known is not None and name not in known:
        raise unknown("table", name, known, "a table that `tables` declares")
    try:
        raw = raw_table((known or {}).get(name))
    except Fault:  # reported where the table stands
        return Table(name, (), ())
    return built(name, raw, info, parse)


def built(name: str, raw: RawTable, info: Info, parse: Callable[[Any, Info], T]) -> Table[T]:
    given = [value for _, value in raw.rows] + ([] if raw.otherwise is None else [raw.otherwise])
    parsed, faults = list[T](), list[Fault]()
    for place, value in zip(raw.places, given, strict=False):
        try:
            parsed.append(parse(value, info))
        except Fault as fault:
            faults.append(placed(fault, name, place))
    if faults:
        raise together(faults, f"the table `{name}`" if name else "the table", every=len(faults) == len(given))
    rows = tuple(Row(cells, value) for (cells, _), value in zip(raw.rows, parsed, strict=False))
    return Table(name, raw.by, rows, None if raw.otherwise is None else parsed[-1])


def placed(fault: Fault, name: str, place: tuple[str | int, ...]) -> Fault:
    """The fault of a value where it stands: in the table of that name, or in the one in place."""
    return fault.but(at=("tables", name, *place) if name else None, inside=() if name else place)


def together(faults: Sequence[Fault], called: str, *, every: bool) -> Fault:
    """All faults as one. When every value is wrong, the table itself is: that is reported where the table is used."""
    if every:
        message = f"{called} gives a value that cannot be used here: {named_by('a value', faults[0])}"
        return faults[0].but(at=None, inside=(), message=message)
    first, *more = (fault.but(message=named_by(f"a value of {called}", fault)) for fault in faults)
    return first.but(more=tuple(more))


def named_by(subject: str, fault: Fault) -> str:
    start, _, rest = fault.message.partition(" ")
    return f"{subject} {rest}" if start == "this" else fault.message


def duration(value: Any, info: Info) -> timedelta | BusinessDays:
    """A limit. By a calendar minutes and hours are open time; days of open time would be unclear."""
    has_calendar = info.data.get("calendar") is not None
    if (days := amounts.business_days(value)) is not None:
        if not has_calendar:
            raise Fault("business days need a calendar", found=shown(value), expected="`calendar: ...` beside them")
        return days
    limit = amounts.duration(value)
    if has_calendar and isinstance(value, str) and value[-1] in "dw":
        expected = "minutes or hours (`16h` of open time), or `2 business days`"
        raise Fault("with a calendar a limit in days is not clear", found=value, expected=expected)
    return limit


def calendar_name(value: Any, info: Info) -> str | BusinessHours:
    if isinstance(value, dict):
        if list(value) != ["business_hours"]:
            raise Fault("this is not a calendar", found=shown(value), expected="a name, or `{business_hours: Name}`")
        return BusinessHours(texts.text(value["business_hours"]))
    name, known = texts.text(value), info.context.calendars
    if known is not None and name not in known:
        raise unknown("calendar", name, known, "a calendar that `calendars` declares")
    return name


def plain(parse: Callable[[Any], T]) -> Callable[[Any, Info], T]:
    return lambda value, _: parse(value)


def condition_table(value: Any, info: Info) -> Table[Literal_]:
    """The subject of a `table` condition: a name, or a table in place."""
    return table(value if isinstance(value, dict) else {"table": value}, info, plain(operands.scalar))


def recipient(value: Any, info: Info) -> Table[str]:
    """The table that names the team to tell."""
    return table(value if isinstance(value, dict) else {"table": value}, info, names.notified_team)


plain_duration = or_table(plain(amounts.duration))
lead_time = or_table(plain(amounts.lead_time))
scalar: Callable[[Any, Info], Literal_ | Table[Literal_]] = or_table(plain(operands.scalar))
boundary: Callable[[Any, Info], Literal_ | Table[Literal_]] = or_table(plain(operands.boundary))
limit = or_table(duration)
signed_limit: Callable[[Any, Info], timedelta | Table[timedelta]] = or_table(plain(amounts.signed_duration))
calendar = or_table(calendar_name)
team = or_table(names.team)
priority = or_table(names.priority)
quick_text = or_table(plain(texts.quick_text))
