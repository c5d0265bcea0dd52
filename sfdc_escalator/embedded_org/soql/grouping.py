"""GROUP BY, HAVING and the aggregate functions of one SELECT."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sfdc_escalator.embedded_org.basics.api_error import ApiError
from sfdc_escalator.embedded_org.soql.conditions import Conditions, comparable, refuse_call
from sfdc_escalator.embedded_org.soql.dates import UserCalendar
from sfdc_escalator.embedded_org.soql.errors import error_at, unsupported
from sfdc_escalator.embedded_org.soql.nodes import Call, Path, Query
from sfdc_escalator.embedded_org.soql.scope import Column, Scope
from sfdc_escalator.embedded_org.store.schema import NUMBER_TYPES, TEXT_TYPES, Field

_AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})


class Grouping:
    """The grouped fields and the aggregates of a query. `sorted_by` is the SQL that sorts a picklist, or None."""

    def __init__(self, query: Query, scope: Scope, sorted_by: Callable[[Column], str | None]) -> None:
        self._query, self._scope, self._sorted_by, self._text = query, scope, sorted_by, query.text

    def by(self) -> str:
        """The SQL of GROUP BY, each field once. Raises ApiError."""
        fields = {self._key(each): refuse_call(self._text, each) for each in self._query.group}
        group = ", ".join(comparable(self._scope.column(each)) for each in fields.values())
        return f" GROUP BY {group}" if group else ""

    def having(self, calendar: UserCalendar) -> tuple[str, list[Any]]:
        """The SQL of HAVING with its values. Raises ApiError."""
        if self._query.having is None:
            return "", []
        conditions = Conditions(self._text, self.column, None, calendar)
        return f" HAVING {conditions.sql(self._query.having)}", conditions.values

    def column(self, operand: Path | Call) -> Column:
        """The column of a grouped field or of an aggregate. Raises ApiError."""
        if isinstance(operand, Path):
            if not self._grouped(operand):
                raise ApiError("MALFORMED_QUERY", f"Field must be grouped or aggregated: {operand}")
            return self._scope.column(operand)
        if operand.function not in _AGGREGATES:
            raise unsupported(self._text, operand.at, f"{operand.function}()")
        if operand.path is None:
            if operand.function != "COUNT":
                raise error_at(self._text, operand.at, f"{operand.function}() needs a field")
            raise unsupported(self._text, operand.at, "COUNT() beside other fields")
        if self._grouped(operand.path):
            raise error_at(self._text, operand.path.at, f"Grouped field should not be aggregated: {operand.path}")
        return self._aggregated(operand.function, operand.path)

    def _grouped(self, path: Path) -> bool:
        names = {".".join(self._scope.names(refuse_call(self._text, each))).lower() for each in self._query.group}
        return ".".join(self._scope.names(path)).lower() in names

    def _aggregated(self, function: str, path: Path) -> Column:
        column = self._scope.column(path)
        kind, numeric = column.field.type, column.field.type in NUMBER_TYPES
        not_supported = (
            column.field.long
            or (function in ("SUM", "AVG") and not numeric)
            or (function in ("MIN", "MAX") and kind == "boolean")
        )
        if not_supported:
            raise error_at(
                self._text, path.at, f"field {column.field.name} does not support aggregate operator {function}"
            )
        if function == "COUNT":
            return Column(f"count({column.sql})", Field("COUNT", "int"), column.sobject)
        if function == "COUNT_DISTINCT":
            return Column(f"count(DISTINCT {comparable(column)})", Field("COUNT_DISTINCT", "int"), column.sobject)
        text = f"{column.sql} COLLATE raised" if kind in TEXT_TYPES else column.sql  # the order of texts ignores case
        return Column(
            f"{function.lower()}({self._sorted_by(column) or text})",
            Field(function, "double" if function == "AVG" else kind),
            column.sobject,
        )

    def _key(self, operand: Path | Call) -> str:
        path = refuse_call(self._text, operand)
        column = self._scope.column(path)
        if not column.field.groupable:
            raise error_at(self._text, path.at, f"field '{column.field.name}' can not be grouped in a query call")
        return ".".join(self._scope.names(path)).lower()
