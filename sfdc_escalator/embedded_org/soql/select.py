"""One SELECT as SQL: rows with their parents and children, a count, or groups."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any, Protocol

from sfdc_escalator.embedded_org.basics.api_error import ApiError
from sfdc_escalator.embedded_org.soql.conditions import refuse_call, sortable
from sfdc_escalator.embedded_org.soql.dates import UserCalendar
from sfdc_escalator.embedded_org.soql.errors import error_at, unsupported
from sfdc_escalator.embedded_org.soql.grouping import Grouping
from sfdc_escalator.embedded_org.soql.nodes import Call, Path, Query
from sfdc_escalator.embedded_org.soql.scope import ACCESS, Column, Scope
from sfdc_escalator.embedded_org.soql.shape import PARENTS, Branch, Plan
from sfdc_escalator.embedded_org.store.database import quoted
from sfdc_escalator.embedded_org.store.schema import Field, SObject

_MOST_CHILDREN = 20
_OF_ROWS = ("FIELDS", "TOLABEL")


class Subqueries(Protocol):
    """The part of the planner that a SELECT uses: WHERE clauses with their semi-joins, and child queries."""

    calendar: UserCalendar

    def where(self, query: Query, scope: Scope, values: list[Any]) -> str: ...

    def child(self, parent: Scope, query: Query) -> tuple[str, Plan]: ...


class Select:
    """The compiler of one SELECT within its scope."""

    def __init__(self, planner: Subqueries, query: Query, scope: Scope) -> None:
        self._planner, self._query, self._scope = planner, query, scope
        self._columns: list[str] = []
        self._fields: list[Field] = []
        self._children: list[Plan] = []
        self._picklists: dict[str, tuple[SObject, Field]] = {}
        self._text = query.text
        self._grouping = Grouping(query, scope, self._by_picklist)

    def plan(self, parent_sql: str | None = None) -> Plan:
        calls = [each for each in self._query.items if isinstance(each, Call) and each.function not in _OF_ROWS]
        if not calls and not self._query.group:
            return self._rows(parent_sql)
        if parent_sql:
            raise unsupported(self._text, self._query.at, "an aggregate in a subquery")
        if len(calls) == 1 and calls[0].function == "COUNT" and calls[0].path is None and not self._query.group:
            return self._count(calls[0])
        return self._groups()

    def _add(self, sql: str) -> int:
        if sql not in self._columns:
            self._columns.append(sql)
        return self._columns.index(sql)

    def _finished(
        self, kind: str, shape: Branch, before: str = "", group: str = "", having: list[Any] | None = None
    ) -> Plan:
        values: list[Any] = []
        where = self._planner.where(self._query, self._scope, values)
        order = self._order(kind == "groups")
        sql = f"SELECT {', '.join(self._columns) or '1'} {self._scope.from_sql} WHERE {before}{where}{group}{order}"
        longs = sum(each.long and each.custom for each in self._fields)
        return Plan(kind, self._scope.sobject, sql, values + (having or []), shape, self._children, self._query.limit,
                    len(self._fields), longs, self._picklists)  # fmt: skip

    def _limited(self, plan: Plan) -> Plan:
        limit, offset = self._query.limit, self._query.offset
        if limit is not None or offset is not None:
            plan.sql += f" LIMIT {-1 if limit is None else limit} OFFSET {offset or 0}"
        return plan

    def _rows(self, parent_sql: str | None) -> Plan:
        sobject = self._scope.sobject
        shape = Branch(sobject.name)
        if parent_sql:
            self._columns.append(parent_sql)
        shape.id_index = self._add(f"{self._scope.alias}.Id")
        seen: set[str] = set()
        for item in self._items():
            if isinstance(item, Query):
                self._subquery(shape, item)
                continue
            if isinstance(item, Call):
                item = self._labels(item)
            elif item.alias:
                raise error_at(self._text, item.at, "only aggregate expressions use field aliasing")
            key = (item.alias or ".".join(self._scope.names(item))).lower()
            if key in seen:
                raise ApiError("INVALID_FIELD", f"duplicate field selected: {item}")
            seen.add(key)
            self._place(shape, item)
        if parent_sql:
            if self._query.offset:
                raise unsupported(self._text, self._query.at, "OFFSET in a subquery")
            return self._finished("rows", shape, before=f"{parent_sql} IN ({PARENTS}) AND ")
        return self._limited(self._finished("rows", shape))

    def _labels(self, call: Call) -> Path:
        """The path of the picklist in toLabel(), whose labels are its values."""
        if call.function != "TOLABEL" or call.path is None:
            raise unsupported(self._text, call.at, f"{call.function}() here")
        labels(self._text, call, self._scope.column(call.path))
        return replace(call.path, alias=call.alias)

    def _items(self) -> list[Path | Call | Query]:
        items: list[Path | Call | Query] = []
        for item in self._query.items:
            if isinstance(item, Call) and item.function == "FIELDS":
                items += self._expanded(item)
            else:
                items.append(item)
        return items

    def _expanded(self, call: Call) -> list[Path]:
        which = str(call.path).upper()
        if which not in ("ALL", "CUSTOM", "STANDARD"):
            raise error_at(self._text, call.at, f"unexpected token: '{call.path}'")
        if which != "STANDARD" and (self._query.limit is None or self._query.limit > 200):
            raise error_at(
                self._text, call.at, f"The SOQL FIELDS function must have a LIMIT of at most 200 for {which}"
            )
        chosen = [
            each for each in self._scope.sobject.fields.values() if which == "ALL" or each.custom == (which == "CUSTOM")
        ]
        if not chosen:
            raise ApiError(
                "MALFORMED_QUERY", "'FIELDS(...)' expansion function must result in at least one field being selected."
            )
        return [Path((each.name,), call.at) for each in chosen]

    def _subquery(self, shape: Branch, query: Query) -> None:
        key, plan = self._planner.child(self._scope, query)
        if len(self._children) == _MOST_CHILDREN:
            raise error_at(self._text, query.at, f"more than {_MOST_CHILDREN} parent-to-child relationships")
        if any(item[0] == key for item in shape.items):
            raise ApiError("INVALID_FIELD", f"duplicate field selected: {key}")
        shape.items.append((key, plan))
        self._children.append(plan)

    def _place(self, shape: Branch, path: Path) -> None:
        """Adds a field to its record in the answer, and the records of its parents."""
        column = self._scope.column(path)
        self._fields.append(column.field)
        *relationships, _ = self._scope.names(path)
        branch = shape
        for depth in range(1, len(relationships) + 1):
            branch = self._branch(branch, path, tuple(relationships[:depth]))
        branch.items.append((path.alias or column.field.name, self._add(column.sql), column.field, None))

    def _branch(self, above: Branch, path: Path, relationships: tuple[str, ...]) -> Branch:
        access = relationships[0].lower() == ACCESS.lower()
        parent = None if access else self._scope.parent(path, relationships)
        key = parent.name if parent else ACCESS
        for item in above.items:
            if item[0] == key and isinstance(item[1], Branch):
                return item[1]
        if parent is None:
            made = Branch(ACCESS, self._add(f"{self._scope.alias}.Id"))
        elif parent.sobject is None:
            made = Branch("Name", self._add(parent.id_sql), self._add(parent.type_sql), parent.foreign_key)
        else:
            made = Branch(parent.sobject.name, self._add(parent.id_sql), foreign_key=parent.foreign_key)
        above.items.append((key, made))
        return made

    def _order(self, grouped: bool) -> str:
        parts = []
        for each in self._query.order:
            column = (
                self._grouping.column(each.operand)
                if grouped
                else self._scope.column(refuse_call(self._text, each.operand))
            )
            if not column.field.sortable:
                raise error_at(
                    self._text, each.operand.at, f"field '{column.field.name}' can not be sorted in a query call"
                )
            direction = "DESC" if each.descending else "ASC"
            sql = self._by_picklist(column) or sortable(column)
            parts.append(f"{sql} {direction} NULLS {'LAST' if each.nulls_last else 'FIRST'}")
        return f" ORDER BY {', '.join(parts)}" if parts else ""

    def _by_picklist(self, column: Column) -> str | None:
        """The SQL that sorts a picklist by the order of its values (SOQL reference, ORDER BY, MIN and MAX)."""
        sobject = self._scope.schema.get(column.sobject)
        if column.field.type != "picklist" or sobject is None or sobject.field(column.field.name) != column.field:
            return None
        name = f"{sobject.name}.{column.field.name}"
        self._picklists[name] = (sobject, column.field)
        return f"{column.sql} COLLATE {quoted(name)}"

    def _count(self, call: Call) -> Plan:
        if len(self._query.items) > 1 or call.alias:
            raise error_at(self._text, call.at, "COUNT() must be the only element in the SELECT list, without an alias")
        if self._query.order:
            raise error_at(self._text, self._query.order[0].operand.at, "COUNT() cannot be ordered")
        plan = self._limited(self._finished("count", Branch(self._scope.sobject.name)))
        return replace(plan, sql=f"SELECT count(*) FROM ({plan.sql})")  # noqa: S608

    def _groups(self) -> Plan:
        shape = Branch("AggregateResult")
        by = self._grouping.by()
        unnamed = count()
        for item in self._query.items:
            if isinstance(item, Query):
                raise unsupported(self._text, item.at, "a subquery beside an aggregate")
            column = self._grouping.column(item)
            if isinstance(item, Path):
                label, key = None, item.alias or column.field.name
            else:
                label = f"{item.function.lower()}({item.path})"
                key = item.alias or f"expr{next(unnamed)}"
            if key.lower() in (name.lower() for name, *_ in shape.items):
                raise error_at(self._text, item.at, f"duplicate alias: {key}")
            shape.items.append((key, self._add(column.sql), column.field, label))
        having, values = self._grouping.having(self._planner.calendar)
        plan = self._finished("groups", shape, group=by + having, having=values)
        if self._query.limit is not None and not self._query.group:
            message = "Non-grouped query that uses overall aggregate functions cannot also use LIMIT"
            raise error_at(self._text, self._query.at, message)
        return self._limited(plan)


def labels(text: str, call: Call, column: Column) -> Column:
    """The labels of a picklist, which are its values in this org. Raises ApiError for another field."""
    if column.field.type not in ("picklist", "multipicklist"):
        raise error_at(text, call.at, f"field {column.field.name} does not support function toLabel", "INVALID_FIELD")
    return column
