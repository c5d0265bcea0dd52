"""The objects of an org and their fields: standard ones from describe.json, custom ones from its data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any

TEXT_TYPES = frozenset({"string", "picklist", "multipicklist", "textarea", "email", "phone", "url", "anyType"})
NUMBER_TYPES = frozenset({"double", "int", "currency", "percent"})
ID_TYPES = frozenset({"id", "reference"})
_LOOKED_UP = frozenset({"Id", "CaseNumber", "Email", "Username"})
LONG_TEXT = 255  # a longer textarea is a long text area: not filterable, sortable or groupable
CUSTOM_TYPES = {
    "text": ("string", 255), "number": ("double", 0), "datetime": ("datetime", 0), "date": ("date", 0),
    "checkbox": ("boolean", 0), "picklist": ("picklist", 255), "multipicklist": ("multipicklist", 4099),
    "reference": ("reference", 18), "longtext": ("textarea", 32768), "external_id": ("string", 255),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `via` is the path that a formula-like field copies, `children` the child relationship's name.

    A `unique` field is an external id: each value appears once in the object, and case matters.
    """

    name: str
    type: str
    length: int = 0
    label: str = ""
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted: bool = False
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    reference_to: tuple[str, ...] = ()
    children: str | None = None
    via: str | None = None
    unique: bool = False

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def key(self) -> bool:
        """True if a record can be looked up by this field (Object Reference: External ID and idLookup)."""
        return self.unique or self.name in _LOOKED_UP

    @property
    def relationship(self) -> str | None:
        if self.type != "reference":
            return None
        return self.name[:-1] + "r" if self.custom else self.name.removesuffix("Id")

    @property
    def long(self) -> bool:
        return self.type == "textarea" and self.length > LONG_TEXT


@dataclass(frozen=True, slots=True)
class SObject:
    """One object; `may` holds c, u and d where records can be created, updated and deleted through the API."""

    name: str
    prefix: str
    label: str
    plural: str
    name_field: str
    may: str
    fields: Mapping[str, Field]
    _by_folded: dict[str, Field] = field(default_factory=dict, repr=False, compare=False)
    _by_relationship: dict[str, Field] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        for each in self.fields.values():
            self._by_folded[each.name.lower()] = each
            if each.relationship:
                self._by_relationship[each.relationship.lower()] = each

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    def field(self, name: str) -> Field | None:
        return self._by_folded.get(name.lower())

    def parent(self, relationship: str) -> Field | None:
        return self._by_relationship.get(relationship.lower())

    def extended(self, more: Iterable[Field]) -> SObject:
        return self._with({**self.fields, **{each.name: each for each in more}})

    def restricted(self, readonly: Iterable[str], hidden: Iterable[str]) -> SObject:
        """The object for a user with read-only and hidden fields."""
        kept = {name: each for name, each in self.fields.items() if name not in set(hidden)}
        locked = {each: replace(kept[each], createable=False, updateable=False) for each in readonly if each in kept}
        return self._with({**kept, **locked})

    def _with(self, fields: Mapping[str, Field]) -> SObject:
        return replace(self, fields=fields, _by_folded={}, _by_relationship={})


class Schema:
    """All objects by name, ignoring case; objects are added only while a data folder is loaded."""

    def __init__(self, objects: Iterable[SObject]) -> None:
        self._objects = {each.name.lower(): each for each in objects}

    def __iter__(self) -> Iterator[SObject]:
        return iter(self._objects.values())

    def get(self, name: str) -> SObject | None:
        return self._objects.get(name.lower())

    def __getitem__(self, name: str) -> SObject:
        return self._objects[name.lower()]

    def put(self, sobject: SObject) -> None:
        self._objects[sobject.name.lower()] = sobject

    def drop(self, name: str) -> None:
        self._objects.pop(name.lower(), None)

    def by_prefix(self, prefix: str) -> SObject | None:
        return next((each for each in self if each.prefix == prefix), None)

    def children(self, parent: SObject) -> Iterator[tuple[SObject, Field]]:
        """Each child object with its reference to `parent`, if the relationship has a name."""
        for child in self:
            for each in child.fields.values():
                if each.children and parent.name in each.reference_to:
                    yield child, each

    def child(self, parent: SObject, relationship: str) -> tuple[SObject, Field] | None:
        wanted = relationship.lower()
        return next(((c, f) for c, f in self.children(parent) if (f.children or "").lower() == wanted), None)


@cache
def _document() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("describe.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def _field(spec: list[Any]) -> Field:
    name, kind, size, flags, label, *rest = spec
    reference = kind == "reference"
    long = kind == "textarea" and not reference and int(size) > LONG_TEXT
    continuous = kind in ("datetime", "double", "currency", "percent", "multipicklist", "time")
    return Field(
        name, kind, 18 if reference else int(size), label,
        nillable="n" in flags, createable="c" in flags, updateable="u" in flags, defaulted="d" in flags,
        filterable=("f" in flags) if long else "F" not in flags,
        sortable=("s" in flags) if long else kind != "multipicklist",
        groupable=not (long or continuous or "G" in flags),
        reference_to=tuple(size.split(",")) if reference else (),
        children=rest[0] if rest else None, via=rest[1] if len(rest) > 1 else None,
    )  # fmt: skip


def standard() -> Schema:
    """The standard objects, which every org has."""
    return Schema(_standard_objects())


@cache
def _standard_objects() -> tuple[SObject, ...]:
    document = _document()
    objects = []
    for name, spec in document["objects"].items():
        specs = [each for use in spec["use"] for each in document["common"][use]] + spec["fields"]
        label = "".join(" " + c if c.isupper() and i else c for i, c in enumerate(name))
        fields = {each[0]: _field(each) for each in specs}
        if "Id" in fields:
            fields["Id"] = replace(fields["Id"], label=f"{label} ID")
        objects.append(SObject(name, spec["prefix"], label, spec["plural"], spec["name"], spec["may"], fields))
    return tuple(objects)


def defaults() -> dict[str, dict[str, Any]]:
    """The default values of new records: object -> field -> value as JSON."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in _document()["defaults"].items():
        sobject, name = key.split(".")
        found.setdefault(sobject, {})[name] = value
    return found


def preset(sobject: SObject) -> dict[str, Any]:
    """The stored values of a new record before any is given."""
    found: dict[str, Any] = {each.name: 0 for each in sobject.fields.values() if each.type == "boolean"}
    for name, value in defaults().get(sobject.name, {}).items():
        found[name] = int(value) if isinstance(value, bool) else value
    return found


def picklists() -> dict[str, list[str]]:
    """The values that a picklist offers besides those in use, by `Object.Field`."""
    found: dict[str, list[str]] = _document()["picklists"]
    return found


def custom_field(name: str, kind: str, target: str | None = None, owner: str = "") -> Field:
    """A custom field of one of CUSTOM_TYPES; `target` is the object a reference points to."""
    stored, length = CUSTOM_TYPES[kind]
    readable = stored != "textarea"
    return Field(
        name, stored, length, name.removesuffix("__c").replace("_", " "), nillable=stored != "boolean",
        filterable=readable, sortable=readable and stored != "multipicklist",
        groupable=stored in ("string", "picklist", "reference", "date", "boolean"),
        reference_to=(target,) if target else (), children=_plural(owner) if target else None,
        unique=kind == "external_id",
    )  # fmt: skip


def _plural(owner: str) -> str:
    stem = owner.removesuffix("__c")
    return stem + "s__r"


def feed_items(schema: Schema) -> SObject:
    """The posts in feeds, each on a record of a standard object with a feed or of any custom object."""
    posts = schema["FeedItem"]
    parents = dict.fromkeys((*posts.fields["ParentId"].reference_to, *(each.name for each in schema if each.custom)))
    return posts.extended([replace(posts.fields["ParentId"], reference_to=tuple(parents))])


def custom_object(name: str, prefix: str, more: Iterable[Field]) -> SObject:
    """A custom object with Name, OwnerId and the system fields of every custom object."""
    common = _document()["common"]
    standard_fields = [_field(each) for each in common["record"] + common["audit"]]
    standard_fields.append(Field("Name", "string", 80, "Name", nillable=True))
    standard_fields.append(
        Field("OwnerId", "reference", 18, "Owner ID", nillable=False, defaulted=True, reference_to=("Group", "User"))
    )
    label = name.removesuffix("__c").replace("_", " ")
    fields = {each.name: each for each in [*standard_fields, *more]}
    return SObject(name, prefix, label, label + "s", "Name", "cud", fields)
