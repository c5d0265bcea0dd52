"""WHERE and HAVING as SQL, with types checked, and nulls and letter case compared as Salesforce does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from sfdc_escalator.embedded_org.basics.ids import canonical
from sfdc_escalator.embedded_org.soql.dates import NotSupported, UserCalendar
from sfdc_escalator.embedded_org.soql.errors import error_at, unsupported
from sfdc_escalator.embedded_org.soql.nodes import (
    Call,
    Comparison,
    Condition,
    Junction,
    Literal,
    Membership,
    Negation,
    Path,
)
from sfdc_escalator.embedded_org.soql.scope import Column
from sfdc_escalator.embedded_org.store.database import folded, raised
from sfdc_escalator.embedded_org.store.schema import ID_TYPES, NUMBER_TYPES, TEXT_TYPES, Field

Operands = Callable[["Path | Call"], Column]
Joiner = Callable[[Membership], tuple[str, list[Any]]]
_TYPE_NAMES = {"datetime": "dateTime", "int": "int", "double": "double", "currency": "double", "percent": "double"}
_EQUALITIES = ("=", "!=", "IN", "NOT IN")
_MOMENTS = ("date", "datetime")
_KINDS = {"boolean": "boolean", "datetime": "datetime", "date": "date"}


class Conditions:
    """The compiler of one WHERE or HAVING; `operands` finds columns, `joiner` compiles the query of a semi-join."""

    def __init__(self, text: str, operands: Operands, joiner: Joiner | None, calendar: UserCalendar) -> None:
        self._text, self._operands, self._joiner, self._calendar = text, operands, joiner, calendar
        self.values: list[Any] = []

    def sql(self, condition: Condition, joins_allowed: bool = True) -> str:
        """The condition as SQL. Raises ApiError."""
        if isinstance(condition, Negation):
            return f"NOT ({self.sql(condition.part, joins_allowed=False)})"
        if isinstance(condition, Junction):
            word = " OR " if condition.either else " AND "
            parts = [self.sql(each, joins_allowed and not condition.either) for each in condition.parts]
            return _balanced(parts, word)
        if isinstance(condition, Membership):
            return self._membership(condition, joins_allowed)
        return self._comparison(condition)

    def _membership(self, condition: Membership, allowed: bool) -> str:
        if self._joiner is None or not allowed:
            raise error_at(self._text, condition.operand.at, "Semi join sub-selects are only allowed at the top level "
                           "WHERE expressions and not in nested WHERE expressions or under OR or NOT")  # fmt: skip
        sql, values = self._joiner(condition)
        self.values += values
        return sql

    def _comparison(self, comparison: Comparison) -> str:
        column = self._operands(comparison.operand)
        field, at = column.field, comparison.operand.at
        if not field.filterable:
            raise error_at(self._text, at, f"field '{field.name}' can not be filtered in a query call", "INVALID_FIELD")
        operator = comparison.operator
        self._check_operator(field, operator, at)
        if operator == "LIKE":
            return self._like(column, comparison.literals[0])
        if comparison.literals[0].kind == "relative" and field.type in _MOMENTS and len(comparison.literals) == 1:
            return self._relative(column, operator, comparison.literals[0])
        bound = [self._bound(field, each, at) for each in comparison.literals]
        if operator in ("IN", "NOT IN"):
            return self._among(column, bound, operator == "IN")
        if operator in ("INCLUDES", "EXCLUDES"):
            return self._includes(column, bound, operator == "INCLUDES")
        return self._compare(column, operator, bound[0], at)

    def _check_operator(self, field: Field, operator: str, at: int) -> None:
        multiple = field.type == "multipicklist"
        allowed = {
            "LIKE": field.type in TEXT_TYPES and not multiple,
            "INCLUDES": multiple, "EXCLUDES": multiple,
        }.get(operator, operator in _EQUALITIES or not (multiple or field.type == "boolean"))  # fmt: skip
        if not allowed:
            raise error_at(self._text, at, f"invalid operator on {field.type} field", "INVALID_FIELD")

    def _compare(self, column: Column, operator: str, value: Any, at: int) -> str:
        sql, boolean = column.sql, column.field.type == "boolean"
        if value is None:
            if operator not in ("=", "!="):
                raise error_at(self._text, at, f"{operator} cannot compare with null", "INVALID_FIELD")
            if boolean:  # a boolean is never null: `= null` means false (SOQL reference)
                return f"coalesce({sql}, 0) {'=' if operator == '=' else '<>'} 0"
            return f"{sql} IS {'' if operator == '=' else 'NOT '}NULL"
        if operator in ("<", "<=", ">", ">="):
            self.values.append(raised(value) if _ignores_case(column) else value)
            return f"{sortable(column)} {operator} ?"
        self.values.append(folded(value) if _ignores_case(column) else value)
        compared = comparable(column)
        # Inequality is true for a missing value too, as in Salesforce.
        return f"({sql} IS NULL OR {compared} <> ?)" if operator == "!=" else f"{compared} {operator} ?"

    def _relative(self, column: Column, operator: str, literal: Literal) -> str:
        """A comparison with a relative date, which is a span of time."""
        try:
            span = self._calendar.span(literal.text, whole_days=column.field.type == "date")
            start, end = (_stored(column.field.type, each) for each in (span.start, span.end))
        except NotSupported as error:
            raise unsupported(self._text, literal.at, str(error)) from None
        except (ValueError, OverflowError):
            raise error_at(self._text, literal.at, f"{literal.text} is too far away") from None
        sql = column.sql
        edges = {"<": ("<", start), "<=": ("<", end), ">": (">=", end), ">=": (">=", start)}
        if operator in edges:
            sign, edge = edges[operator]
            self.values.append(edge)
            return f"{sql} {sign} ?"
        if operator not in ("=", "!="):
            raise unsupported(self._text, literal.at, f"{operator} with {literal.text}")
        self.values += [start, end]
        return f"({sql} >= ? AND {sql} < ?)" if operator == "=" else f"({sql} IS NULL OR {sql} < ? OR {sql} >= ?)"

    def _among(self, column: Column, bound: list[Any], inside: bool) -> str:
        known = [folded(each) if _ignores_case(column) else each for each in bound if each is not None]
        self.values += known
        marks = ", ".join("?" * len(known))
        listed = f"{comparable(column)} {'' if inside else 'NOT '}IN ({marks})"
        if len(known) == len(bound):
            return listed
        return f"({listed} OR {column.sql} IS NULL)" if inside else f"({listed} AND {column.sql} IS NOT NULL)"

    def _like(self, column: Column, literal: Literal) -> str:
        self.values.append(folded(literal.text))
        return f"{comparable(column)} LIKE ? ESCAPE '\\'"

    def _includes(self, column: Column, bound: list[Any], inside: bool) -> str:
        options = []
        for value in bound:
            items = [f";{each.strip()};" for each in folded(str(value or "")).split(";")]
            self.values += items
            options.append("(" + " AND ".join([f"instr(';' || {comparable(column)} || ';', ?) > 0"] * len(items)) + ")")
        found = "(" + " OR ".join(options) + ")"
        return found if inside else f"NOT {found}"

    def _bound(self, field: Field, literal: Literal, at: int) -> Any:
        """The literal as a value to compare with a column; None for null and for the empty text."""
        if literal.kind in ("relative", "currency"):
            raise unsupported(self._text, literal.at, literal.text)
        if literal.kind == "null":
            return None
        if field.type in ID_TYPES and literal.kind == "string":
            return self._id(literal)
        wanted = _KINDS.get(field.type, "number" if field.type in NUMBER_TYPES else "string")
        if field.type == "time":
            raise unsupported(self._text, at, "filtering on a time of day")
        if literal.kind != wanted:
            quotes = "should be enclosed in quotes" if wanted == "string" else "should not be enclosed in quotes"
            name = _TYPE_NAMES.get(field.type, "string" if wanted == "string" else field.type)
            message = f"value of filter criterion for field '{field.name}' must be of type {name} and {quotes}"
            raise error_at(self._text, at, message, "INVALID_FIELD")
        if field.unique:
            return literal.text or None
        try:
            return _value(wanted, literal.text)
        except (ValueError, OverflowError):
            raise error_at(self._text, literal.at, f"{literal.text} is not a valid {wanted}") from None

    def _id(self, literal: Literal) -> str | None:
        found = canonical(literal.text)
        if found is None and literal.text:
            raise error_at(self._text, literal.at, f"invalid ID field: {literal.text}", "INVALID_QUERY_FILTER_OPERATOR")
        return found


def comparable(column: Column) -> str:
    """The SQL for comparing and grouping a column: external ids are case-sensitive, other texts are not."""
    return f"folded({column.sql})" if _ignores_case(column) else column.sql


def sortable(column: Column) -> str:
    """The SQL for sorting by a column, and for `<` and `>`, which go by the same order, so that pages by key are
    whole: ids and external ids by their characters, other texts by their upper case form."""
    return f"raised({column.sql})" if _ignores_case(column) else column.sql


def _ignores_case(column: Column) -> bool:
    return column.field.type in TEXT_TYPES and not column.field.unique


def _value(kind: str, text: str) -> Any:
    if kind == "boolean":
        return int(text.lower() == "true")
    if kind == "number":
        return float(text)
    if kind == "date":
        return date.fromisoformat(text).isoformat()
    if kind == "datetime":
        return _stored(kind, datetime.fromisoformat(text.upper()))
    return text or None


def _stored(kind: str, moment: datetime) -> str:
    """The moment as it is stored in a field of type date or datetime."""
    if kind == "date":
        return moment.date().isoformat()
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "+0000"


def _balanced(parts: list[str], word: str) -> str:
    """Joins the parts as a tree, because SQLite limits the depth of an expression."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return f"({_balanced(parts[:half], word)}{word}{_balanced(parts[half:], word)})"


def operands_of(condition: Condition | None) -> list[str]:
    """The names of all compared fields, without their path and in lower case."""
    if condition is None:
        return []
    if isinstance(condition, Junction):
        return [name for each in condition.parts for name in operands_of(each)]
    if isinstance(condition, Negation):
        return operands_of(condition.part)
    operand = condition.operand
    path = operand.path if isinstance(operand, Call) else operand
    return [path.names[-1].lower()] if path else []


def refuse_call(text: str, operand: Path | Call) -> Path:
    """The path of an operand outside HAVING. Raises ApiError for a function, which is not supported there."""
    if isinstance(operand, Call):
        raise unsupported(text, operand.at, f"{operand.function}() here")
    return operand
