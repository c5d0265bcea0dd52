"""Compiles a parsed query: finds its objects, compiles its WHERE with semi-joins, checks the limits."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

from sfdc_escalator.embedded_org.basics.api_error import ApiError
from sfdc_escalator.embedded_org.soql.conditions import Conditions, operands_of, refuse_call
from sfdc_escalator.embedded_org.soql.dates import FUNCTIONS, OF_DATETIMES, UserCalendar
from sfdc_escalator.embedded_org.soql.errors import error_at, no_such_object, no_such_relationship, unsupported
from sfdc_escalator.embedded_org.soql.nodes import Call, Membership, Path, Query
from sfdc_escalator.embedded_org.soql.scope import ACCESS, Column, Scope
from sfdc_escalator.embedded_org.soql.select import Select, labels
from sfdc_escalator.embedded_org.soql.shape import Plan
from sfdc_escalator.embedded_org.store.schema import ID_TYPES, Schema, SObject

_FURTHEST_OFFSET = 2_000
_MOST_JOINS = 2
_NOT_JOINABLE = frozenset({"task", "event", "note", "attachment"})


class Planner:
    """The compiler for the queries of one call; `deleted` includes deleted rows (queryAll)."""

    def __init__(self, schema: Schema, user_id: str, deleted: bool, calendar: UserCalendar) -> None:
        self._schema, self._user_id, self._deleted, self.calendar = schema, user_id, deleted, calendar
        self._aliases = count()

    def plan(self, query: Query) -> Plan:
        """The query as a plan. Raises ApiError."""
        if len(query.source.names) != 1:
            raise no_such_object(query.text, query.source.at, str(query.source))
        sobject = self._schema.get(query.source.names[0])
        if sobject is None:
            raise no_such_object(query.text, query.source.at, query.source.names[0])
        if sobject.name == ACCESS and not {"userid", "recordid"} <= set(operands_of(query.where)):
            raise error_at(query.text, query.source.at, "UserRecordAccess is queried by UserId and RecordId")
        if query.offset is not None and query.offset > _FURTHEST_OFFSET:
            message = f"Maximum SOQL offset allowed for apiName {sobject.name} is {_FURTHEST_OFFSET}"
            raise ApiError("NUMBER_OUTSIDE_VALID_RANGE", message)
        return Select(self, query, self._scope(query, sobject)).plan()

    def _scope(self, query: Query, sobject: SObject) -> Scope:
        return Scope(self._schema, sobject, query.source, query.text, self._user_id, self._aliases)

    def alive(self, scope: Scope) -> str:
        """The SQL that leaves deleted rows out; an object without the field IsDeleted has no recycle bin."""
        return "1" if self._deleted and scope.sobject.field("IsDeleted") else f"{scope.alias}.IsDeleted = 0"

    def child(self, parent: Scope, query: Query) -> tuple[str, Plan]:
        """The relationship name and the plan of a subquery in the SELECT list."""
        names = parent.names(query.source)
        found = self._schema.child(parent.sobject, names[0]) if len(names) == 1 else None
        if found is None:
            raise no_such_relationship(query.text, query.source.at, names[-1])
        if any(isinstance(each, Query) for each in query.items) or query.group:
            raise unsupported(query.text, query.at, "a subquery in, or grouping of, a subquery")
        sobject, reference = found
        scope = self._scope(query, sobject)
        plan = Select(self, query, scope).plan(f'{scope.alias}."{reference.name}"')
        return str(reference.children), plan

    def joiner(self, scope: Scope, query: Query) -> Any:
        """A function that compiles the semi-joins of one WHERE and limits their number."""
        seen: list[Membership] = []

        def join(condition: Membership) -> tuple[str, list[Any]]:
            seen.append(condition)
            if len(seen) > _MOST_JOINS:
                raise error_at(
                    query.text, condition.operand.at, f"at most {_MOST_JOINS} semi join sub-selects are allowed"
                )
            return self._semi_join(scope, condition)

        return join

    def _semi_join(self, scope: Scope, condition: Membership) -> tuple[str, list[Any]]:
        inner, text, at = condition.query, condition.query.text, condition.operand.at
        outer_path = refuse_call(text, condition.operand)
        if len(scope.names(outer_path)) != 1:
            raise error_at(text, at, "The left operand of a semi join cannot be a path through a relationship")
        outer = scope.column(outer_path)
        sobject = self._schema.get(inner.source.names[0]) if len(inner.source.names) == 1 else None
        if sobject is None:
            raise no_such_object(text, inner.source.at, str(inner.source))
        if sobject.name == scope.sobject.name:
            raise error_at(text, inner.source.at, "The inner and outer selects should not be on the same object type")
        if sobject.name.lower() in _NOT_JOINABLE or sobject.name == ACCESS:
            raise error_at(
                text, inner.source.at, f"Entity '{sobject.name}' is not supported for semi join inner selects"
            )
        if inner.order or inner.limit is not None or inner.offset is not None or inner.group:
            raise error_at(text, inner.at, "Semi join sub-selects cannot have ORDER BY, LIMIT or GROUP BY")
        if len(inner.items) != 1 or not isinstance(inner.items[0], Path):
            raise error_at(text, inner.at, "Semi join sub-selects can only have one field specified")
        within = self._scope(inner, sobject)
        chosen = within.column(inner.items[0])
        if len(within.names(inner.items[0])) != 1 or not _share_object(outer, chosen):
            raise error_at(text, inner.items[0].at, "The selected field of a semi join must be an ID or a reference to "
                           "the object of the left operand", "INVALID_FIELD")  # fmt: skip
        values: list[Any] = []
        where = self.where(inner, within, values, joins=False)
        sql = f"SELECT {chosen.sql} {within.from_sql} WHERE {chosen.sql} IS NOT NULL AND {where}"
        return f"{outer.sql} {'NOT ' if condition.negated else ''}IN ({sql})", values

    def where(self, query: Query, scope: Scope, values: list[Any], joins: bool = True) -> str:
        alive = self.alive(scope)
        if query.where is None:
            return alive
        conditions = Conditions(
            query.text, lambda operand: filtered(scope, operand, self.calendar),
            self.joiner(scope, query) if joins else None, self.calendar,
        )  # fmt: skip
        sql = conditions.sql(query.where)
        values += conditions.values
        return f"{alive} AND {sql}"


def filtered(scope: Scope, operand: Path | Call, calendar: UserCalendar) -> Column:
    """The column of a field in WHERE, or of a function of it. Raises ApiError."""
    if isinstance(operand, Path):
        return scope.column(operand)
    if operand.path is None or operand.function not in (*FUNCTIONS, "TOLABEL"):
        raise unsupported(scope.text, operand.at, f"{operand.function}() here")
    column = scope.column(operand.path)
    if operand.function == "TOLABEL":
        return labels(scope.text, operand, column)
    kinds = ("datetime",) if operand.function in OF_DATETIMES else ("date", "datetime")
    if column.field.type not in kinds or (operand.local and column.field.type != "datetime"):
        message = f"field {column.field.name} does not support function {operand.function}"
        raise error_at(scope.text, operand.at, message, "INVALID_FIELD")
    if operand.function == "FISCAL_YEAR" and calendar.fiscal_start != 1:
        raise unsupported(scope.text, operand.at, "FISCAL_YEAR() with a fiscal year that does not start in January")
    zone = calendar.zone.key if operand.local else "UTC"
    sql = f"date_part('{operand.function}', {column.sql}, '{zone}', {calendar.fiscal_start})"
    return Column(sql, replace(column.field, type=FUNCTIONS[operand.function]), column.sobject)


def _share_object(outer: Column, inner: Column) -> bool:
    """True if both columns hold ids of the same object."""
    if outer.field.type not in ID_TYPES or inner.field.type not in ID_TYPES:
        return False
    return bool(_targets(outer) & _targets(inner))


def _targets(column: Column) -> set[str]:
    return set(column.field.reference_to) if column.field.type == "reference" else {column.sobject}
