"""Field paths of a query as columns: joins to parents, polymorphic owners, fields that copy another one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count

from sfdc_escalator.embedded_org.soql.errors import error_at, no_such_column, no_such_relationship, unsupported
from sfdc_escalator.embedded_org.soql.nodes import Path
from sfdc_escalator.embedded_org.store.database import quoted
from sfdc_escalator.embedded_org.store.schema import Field, Schema, SObject

_DEEPEST = 5
_MOST_PARENTS = 55
ACCESS = "UserRecordAccess"
_USER_ONLY = ("FirstName", "LastName", "Username", "Alias", "Title", "Phone", "ProfileId", "UserRoleId", "IsActive")
_OF_A_NAME = ("profile", "userrole")  # the relationships of the Name object that lead from a user (Object Reference)
_RESERVED = frozenset({"with", "for", "using", "update", "typeof", "all"})


@dataclass(frozen=True, slots=True)
class Column:
    """An SQL expression for a field, and the object that has the field."""

    sql: str
    field: Field
    sobject: str


@dataclass(frozen=True, slots=True)
class Parent:
    """The target of a relationship: one table, or (`sobject` None) several, of which at most one has the record."""

    sobject: SObject | None
    targets: tuple[tuple[SObject, str], ...]
    id_sql: str
    name: str  # the relationship's name as in the schema
    foreign_key: str

    @property
    def type_sql(self) -> str:
        cases = " ".join(f"WHEN {alias}.Id IS NOT NULL THEN '{each.name}'" for each, alias in self.targets)
        return f"CASE {cases} END"


class Scope:
    """The FROM of one query, with the joins that its paths need."""

    def __init__(
        self, schema: Schema, sobject: SObject, source: Path, text: str, user_id: str, aliases: count[int]
    ) -> None:
        self.schema, self.sobject, self.text, self.user_id = schema, sobject, text, user_id
        if source.alias and source.alias.lower() in _RESERVED:
            raise unsupported(text, source.at, source.alias.upper())
        self._aliases = aliases
        self._own_names = {sobject.name.lower(), (source.alias or sobject.name).lower()}
        self.alias = self._alias()
        self._joins: list[str] = []
        self._parents: dict[tuple[str, ...], Parent] = {}

    def _alias(self) -> str:
        return f"t{next(self._aliases)}"

    @property
    def from_sql(self) -> str:
        return " ".join([f"FROM {quoted(self.sobject.name)} {self.alias}", *self._joins])

    def names(self, path: Path) -> tuple[str, ...]:
        """The path without a leading name or alias of the object."""
        own = len(path.names) > 1 and path.names[0].lower() in self._own_names
        return path.names[1:] if own and not self.sobject.parent(path.names[0]) else path.names

    def column(self, path: Path) -> Column:
        """The column of a path. Raises ApiError INVALID_FIELD."""
        *relationships, name = self.names(path)
        if len(relationships) > _DEEPEST:
            raise error_at(self.text, path.at, f"only {_DEEPEST} levels of parent relationships are allowed")
        if relationships and relationships[0].lower() == ACCESS.lower():
            return self._access(path, name)
        if not relationships:
            return self._own(self.sobject, self.alias, path, name, ())
        parent = self.parent(path, tuple(relationships))
        if parent.sobject is None:
            return self._of_name(path, parent, name)
        return self._own(parent.sobject, parent.targets[0][1], path, name, tuple(relationships))

    def _own(self, sobject: SObject, alias: str, path: Path, name: str, above: tuple[str, ...]) -> Column:
        field = sobject.field(name)
        if field is None:
            raise no_such_column(self.text, path.at, name, sobject.name)
        if field.via:
            copied = self.column(Path((*above, *field.via.split(".")), path.at))
            return Column(copied.sql, field, sobject.name)
        return Column(f"{alias}.{quoted(field.name)}", field, sobject.name)

    def parent(self, path: Path, relationships: tuple[str, ...]) -> Parent:
        """The parent at the end of `relationships`, joined once. Raises ApiError INVALID_FIELD."""
        key = tuple(each.lower() for each in relationships)
        if key not in self._parents:
            sobject, alias = self.sobject, self.alias
            if len(relationships) > 1:
                above = self.parent(path, relationships[:-1])
                sobject, alias = self._above(path, above, relationships[-1])
            self._parents[key] = self._join(path, sobject, alias, relationships[-1])
            if len(self._parents) > _MOST_PARENTS:
                raise error_at(self.text, path.at, f"more than {_MOST_PARENTS} child-to-parent relationships")
        return self._parents[key]

    def _above(self, path: Path, parent: Parent, relationship: str) -> tuple[SObject, str]:
        """The object and the alias on which a relationship of `parent` is found. Raises ApiError INVALID_FIELD."""
        if parent.sobject:
            return parent.targets[0]
        users = [each for each in parent.targets if each[0].name == "User"]
        if not users or relationship.lower() not in _OF_A_NAME:
            raise no_such_relationship(self.text, path.at, relationship)
        return users[0]

    def _join(self, path: Path, sobject: SObject, alias: str, relationship: str) -> Parent:
        field = sobject.parent(relationship)
        if field is None or not field.relationship:
            raise no_such_relationship(self.text, path.at, relationship)
        targets = []
        for name in field.reference_to:
            target, joined = self.schema[name], self._alias()
            self._joins.append(f"LEFT JOIN {quoted(name)} {joined} ON {joined}.Id = {alias}.{quoted(field.name)}")
            targets.append((target, joined))
        single = targets[0][0] if len(targets) == 1 else None
        id_sql = f"coalesce({', '.join(f'{joined}.Id' for _, joined in targets)}, NULL)"
        return Parent(single, tuple(targets), id_sql, field.relationship, field.name)

    def _of_name(self, path: Path, parent: Parent, name: str) -> Column:
        """A field of the Name object, which represents every record that a polymorphic reference can point to."""
        wanted = name.lower()
        if wanted == "id":
            return Column(parent.id_sql, Field("Id", "id", 18, "Name ID"), "Name")
        if wanted == "type":
            return Column(self._owner_type(parent), Field("Type", "picklist", 40, "Type"), "Name")
        if wanted == "name":
            parts = [f"{alias}.{quoted(each.name_field)}" for each, alias in parent.targets]
            return Column(f"coalesce({', '.join(parts)}, NULL)", Field("Name", "string", 255, "Name"), "Name")
        allowed = {each.lower() for each in (*_USER_ONLY, "Email")}
        found = [(each.field(name), alias) for each, alias in parent.targets if wanted in allowed]
        columns = [(field, f"{alias}.{quoted(field.name)}") for field, alias in found if field]
        if not columns:
            raise no_such_column(self.text, path.at, name, "Name")
        return Column(f"coalesce({', '.join(sql for _, sql in columns)}, NULL)", columns[0][0], "Name")

    def _owner_type(self, parent: Parent) -> str:
        """The SQL of `Type`: Queue for a queue, else the object's name."""
        cases = []
        for each, alias in parent.targets:
            shown = (
                f"CASE WHEN {alias}.Type = 'Queue' THEN 'Queue' ELSE 'Group' END"
                if each.name == "Group"
                else f"'{each.name}'"
            )
            cases.append(f"WHEN {alias}.Id IS NOT NULL THEN {shown}")
        return f"CASE {' '.join(cases)} END"

    def _access(self, path: Path, name: str) -> Column:
        """A field of a record's UserRecordAccess: the rights of the token's user, read-only (Object Reference)."""
        field = self.schema[ACCESS].field(name)
        if len(self.names(path)) != 2 or field is None:
            raise no_such_column(self.text, path.at, name, ACCESS)
        record = f"{self.alias}.Id"
        unfilterable = replace(field, filterable=False, sortable=False, groupable=False)
        barred = f"SELECT 1 FROM _not_editable n WHERE n.UserId = '{self.user_id}' AND n.OwnerId = {self.alias}.OwnerId"  # noqa: S608
        edits = f"NOT EXISTS ({barred})" if self.sobject.name == "Case" else "1"
        known = {
            "Id": record, "RecordId": record, "UserId": f"'{self.user_id}'", "HasReadAccess": "1",
            "MaxAccessLevel": f"CASE WHEN {edits} THEN 'All' ELSE 'Read' END",
        }  # fmt: skip
        return Column(known.get(field.name, edits), unfilterable, ACCESS)
