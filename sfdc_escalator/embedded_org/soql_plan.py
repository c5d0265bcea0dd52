"""A parsed query as something to run: SQL with its values, and the shape of the records it answers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from sfdc_escalator.embedded_org.api_error import ApiError
from sfdc_escalator.embedded_org.schema import ID_TYPES, NUMBER_TYPES, Field, Schema, SObject
from sfdc_escalator.embedded_org.soql_conditions import Conditions, operands_of, refuse_call
from sfdc_escalator.embedded_org.soql_errors import error_at, no_such_object, no_such_relationship, unsupported
from sfdc_escalator.embedded_org.soql_nodes import Call, Membership, Path, Query
from sfdc_escalator.embedded_org.soql_scope import ACCESS, Column, Scope

_FURTHEST_OFFSET = 2_000
_MOST_CHILDREN = 20
_MOST_JOINS = 2
_NOT_JOINABLE = frozenset({"task", "event", "note", "attachment"})
_AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
PARENTS = "/*parents*/"


@dataclass(slots=True)
class Branch:
    """The fields of one record: items are (key, column index, field type), (key, Branch) or (key, Children)."""

    type: str
    id_index: int = 0
    type_index: int | None = None  # of a polymorphic parent, whose url names the real object
    items: list[tuple[Any, ...]] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """`kind` is rows, count or groups; `sql` of a child holds PARENTS where the parents' marks belong."""

    kind: str
    sobject: SObject
    sql: str
    values: list[Any]
    shape: Branch
    children: list[Plan] = field(default_factory=list)
    limit: int | None = None
    columns: int = 0
    long_texts: int = 0


class Planner:
    """Compiles queries of one call; `deleted` includes deleted rows (queryAll)."""

    def __init__(self, schema: Schema, user_id: str, deleted: bool) -> None:
        self._schema, self._user_id, self._deleted = schema, user_id, deleted
        self._aliases = count()

    def plan(self, query: Query) -> Plan:
        """Raises ApiError."""
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
        return _Select(self, query, self._scope(query, sobject)).plan()

    def _scope(self, query: Query, sobject: SObject) -> Scope:
        return Scope(self._schema, sobject, query.source, query.text, self._user_id, self._aliases)

    def alive(self, scope: Scope) -> str:
        return "1" if self._deleted else f"{scope.alias}.IsDeleted = 0"

    def child(self, parent: Scope, query: Query) -> tuple[str, Plan]:
        """The plan of a subquery in the SELECT list, by its relationship name."""
        names = parent.names(query.source)
        found = self._schema.child(parent.sobject, names[0]) if len(names) == 1 else None
        if found is None:
            raise no_such_relationship(query.text, query.source.at, names[-1], str(query.source))
        if any(isinstance(each, Query) for each in query.items) or query.group:
            raise unsupported(query.text, query.at, "a subquery in, or grouping of, a subquery")
        sobject, reference = found
        scope = self._scope(query, sobject)
        plan = _Select(self, query, scope).plan(f'{scope.alias}."{reference.name}"')
        return str(reference.children), plan

    def joiner(self, scope: Scope, query: Query) -> Any:
        """Compiles the semi-joins of one WHERE, counting them."""
        seen: list[Membership] = []

        def join(condition: Membership) -> tuple[str, list[Any]]:
            seen.append(condition)
            if len(seen) > _MOST_JOINS:
                raise error_at(query.text, condition.operand.at, f"at most {_MOST_JOINS} semi join sub-selects are allowed")
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
            raise error_at(text, inner.source.at, f"Entity '{sobject.name}' is not supported for semi join inner selects")
        if inner.order or inner.limit is not None or inner.offset is not None or inner.group:
            raise error_at(text, inner.at, "Semi join sub-selects cannot have ORDER BY, LIMIT or GROUP BY")
        if len(inner.items) != 1 or not isinstance(inner.items[0], Path):
            raise error_at(text, inner.at, "Semi join sub-selects can only have one field specified")
        within = self._scope(inner, sobject)
        chosen = within.column(inner.items[0])
        if len(within.names(inner.items[0])) != 1 or not _kinship(outer, chosen):
            raise error_at(text, inner.items[0].at, "The selected field of a semi join must be an ID or a reference to the "
                           "object of the left operand", "INVALID_FIELD")  # fmt: skip
        values: list[Any] = []
        where = self.where(inner, within, values, joins=False)
        sql = f"SELECT {chosen.sql} {within.from_sql} WHERE {chosen.sql} IS NOT NULL AND {where}"
        return f"{outer.sql} {'NOT ' if condition.negated else ''}IN ({sql})", values

    def where(self, query: Query, scope: Scope, values: list[Any], joins: bool = True) -> str:
        alive = self.alive(scope)
        if query.where is None:
            return alive
        conditions = Conditions(
            query.text, lambda operand: scope.column(refuse_call(query.text, operand)),
            self.joiner(scope, query) if joins else None,
        )  # fmt: skip
        sql = conditions.sql(query.where)
        values += conditions.values
        return f"{alive} AND {sql}"


def _kinship(outer: Column, inner: Column) -> bool:
    """Whether two columns hold ids of a common object."""
    if outer.field.type not in ID_TYPES or inner.field.type not in ID_TYPES:
        return False
    return bool(_targets(outer) & _targets(inner))


def _targets(column: Column) -> set[str]:
    return set(column.field.reference_to) if column.field.type == "reference" else {column.sobject}


class _Select:
    """Compiles one SELECT within its scope."""

    def __init__(self, planner: Planner, query: Query, scope: Scope) -> None:
        self._planner, self._query, self._scope = planner, query, scope
        self._columns: list[str] = []
        self._fields: list[Field] = []
        self._children: list[Plan] = []
        self._text = query.text

    def plan(self, parent_sql: str | None = None) -> Plan:
        calls = [each for each in self._query.items if isinstance(each, Call) and each.function != "FIELDS"]
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

    def _finished(self, kind: str, shape: Branch, before: str = "", group: str = "", having: list[Any] | None = None) -> Plan:
        values: list[Any] = []
        where = self._planner.where(self._query, self._scope, values)
        order = self._order(kind == "groups")
        sql = f"SELECT {', '.join(self._columns) or '1'} {self._scope.from_sql} WHERE {before}{where}{group}{order}"
        longs = sum(each.long and each.custom for each in self._fields)
        return Plan(kind, self._scope.sobject, sql, values + (having or []), shape, self._children, self._query.limit,
                    len(self._fields), longs)  # fmt: skip

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
            path = refuse_call(self._text, item)
            if path.alias:
                raise error_at(self._text, path.at, "only aggregate expressions use field aliasing")
            key = ".".join(self._scope.names(path)).lower()
            if key in seen:
                raise ApiError("INVALID_FIELD", f"duplicate field selected: {path}")
            seen.add(key)
            self._place(shape, path)
        if parent_sql:
            if self._query.offset:
                raise unsupported(self._text, self._query.at, "OFFSET in a subquery")
            return self._finished("rows", shape, before=f"{parent_sql} IN ({PARENTS}) AND ")
        return self._limited(self._finished("rows", shape))

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
            raise error_at(self._text, call.at, f"The SOQL FIELDS function must have a LIMIT of at most 200 for {which}")
        chosen = [each for each in self._scope.sobject.fields.values() if which == "ALL" or each.custom == (which == "CUSTOM")]
        if not chosen:
            raise ApiError("MALFORMED_QUERY", "'FIELDS(...)' expansion function must result in at least one field being selected.")
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
        """Puts a field where it belongs in the answer, making the parents' records on the way."""
        column = self._scope.column(path)
        self._fields.append(column.field)
        *relationships, _ = self._scope.names(path)
        branch = shape
        for depth in range(1, len(relationships) + 1):
            branch = self._branch(branch, path, tuple(relationships[:depth]))
        branch.items.append((column.field.name, self._add(column.sql), column.field.type))

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
            made = Branch("Name", self._add(parent.id_sql), self._add(parent.type_sql))
        else:
            made = Branch(parent.sobject.name, self._add(parent.id_sql))
        above.items.append((key, made))
        return made

    def _order(self, grouped: bool) -> str:
        parts = []
        for each in self._query.order:
            column = self._operand(each.operand) if grouped else self._scope.column(refuse_call(self._text, each.operand))
            if not column.field.sortable:
                raise error_at(self._text, each.operand.at, f"field '{column.field.name}' can not be sorted in a query call")
            way = "DESC" if each.descending else "ASC"
            parts.append(f"folded({column.sql}) {way} NULLS {'LAST' if each.nulls_last else 'FIRST'}")
        return f" ORDER BY {', '.join(parts)}" if parts else ""

    def _count(self, call: Call) -> Plan:
        if len(self._query.items) > 1 or call.alias:
            raise error_at(self._text, call.at, "COUNT() must be the only element in the SELECT list, without an alias")
        if self._query.order:
            raise error_at(self._text, self._query.order[0].operand.at, "COUNT() cannot be ordered")
        plan = self._limited(self._finished("count", Branch(self._scope.sobject.name)))
        return replace(plan, sql=f"SELECT count(*) FROM ({plan.sql})")

    def _groups(self) -> Plan:
        shape = Branch("AggregateResult")
        grouped = {self._group_key(each): refuse_call(self._text, each) for each in self._query.group}
        unnamed = count()
        for item in self._query.items:
            if isinstance(item, Query):
                raise unsupported(self._text, item.at, "a subquery beside an aggregate")
            if isinstance(item, Path):
                column = self._scope.column(item)
                if ".".join(self._scope.names(item)).lower() not in grouped:
                    raise ApiError("MALFORMED_QUERY", f"Field must be grouped or aggregated: {item}")
                key, kind = item.alias or column.field.name, column.field.type
            else:
                column = self._operand(item)
                key, kind = item.alias or f"expr{next(unnamed)}", column.field.type
            shape.items.append((key, self._add(column.sql), kind))
        group = ", ".join(f"folded({self._scope.column(each).sql})" for each in grouped.values())
        having, values = self._having()
        plan = self._finished("groups", shape, group=(f" GROUP BY {group}" if group else "") + having, having=values)
        if self._query.limit is not None and not self._query.group:
            raise error_at(self._text, self._query.at, "Non-grouped query that uses overall aggregate functions cannot also use LIMIT")
        return self._limited(plan)

    def _group_key(self, operand: Path | Call) -> str:
        path = refuse_call(self._text, operand)
        column = self._scope.column(path)
        if not column.field.groupable:
            raise error_at(self._text, path.at, f"field '{column.field.name}' can not be grouped in a query call")
        return ".".join(self._scope.names(path)).lower()

    def _having(self) -> tuple[str, list[Any]]:
        if self._query.having is None:
            return "", []
        conditions = Conditions(self._text, self._operand, None)
        return f" HAVING {conditions.sql(self._query.having)}", conditions.values

    def _operand(self, operand: Path | Call) -> Column:
        """A grouped field or an aggregate."""
        if isinstance(operand, Path):
            names = {".".join(self._scope.names(refuse_call(self._text, each))).lower() for each in self._query.group}
            if ".".join(self._scope.names(operand)).lower() not in names:
                raise ApiError("MALFORMED_QUERY", f"Field must be grouped or aggregated: {operand}")
            return self._scope.column(operand)
        if operand.function not in _AGGREGATES:
            raise unsupported(self._text, operand.at, f"{operand.function}()")
        if operand.path is None:
            if operand.function != "COUNT":
                raise error_at(self._text, operand.at, f"{operand.function}() needs a field")
            raise unsupported(self._text, operand.at, "COUNT() beside other fields")
        return self._aggregated(operand.function, operand.path)

    def _aggregated(self, function: str, path: Path) -> Column:
        column = self._scope.column(path)
        kind, numeric = column.field.type, column.field.type in NUMBER_TYPES
        unfit = column.field.long or (function in ("SUM", "AVG") and not numeric) or (function in ("MIN", "MAX") and kind == "boolean")
        if unfit:
            raise error_at(self._text, path.at, f"field {column.field.name} does not support aggregate operator {function}")
        if function == "COUNT":
            return Column(f"count({column.sql})", Field("COUNT", "int"), column.sobject)
        if function == "COUNT_DISTINCT":
            return Column(f"count(DISTINCT folded({column.sql}))", Field("COUNT_DISTINCT", "int"), column.sobject)
        return Column(f"{function.lower()}({column.sql})", Field(function, "double" if function == "AVG" else kind), column.sobject)
